//! A request that stands alone, while an older server waits for something from its client. The server's stream is parked;
//! the client gets `input_required` and comes back with its answer (2026-07-28, basic/patterns/mrtr), which goes to the
//! server as the response that it waits for.

use super::{Pooled, seal::Sealer};
use crate::{
    Gateway,
    admit::Arrival,
    link::{Answer, Incoming, Incomings, Link},
    maps::Map,
    passage::{About, Passage},
    refusal::Refusal,
    reply::{Flow, Out, Reply},
    road::{Delivery, Scope},
    server::Server,
};
use doorward_bridge::{Input, modern_on_legacy};
use doorward_engine::{Cleared, Outbound, OutboundKind};
use doorward_identity::PrincipalKey;
use doorward_mcp::{Id, Message, Method, Request, RpcError, Side, decode, json::Value};
use doorward_store::KeptKind;
use doorward_vocab::{Digest, Outcome, Timestamp};
use parking_lot::Mutex;
use std::{collections::BTreeSet, mem, sync::Arc, time::Duration};

/// How long a parked request waits for its client.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How many requests may be parked, of all clients and of one.
const MOST: usize = 10_000;
const MOST_OF_ONE: usize = 64;
/// The name of the one thing that is asked for.
const KEY: &str = "input";

/// A request whose server waits for its client.
#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) passage: Arc<Passage>,
    pub(crate) link: Link,
    pub(crate) incomings: Incomings,
    pub(crate) input: Input,
    /// The id of the server's request.
    pub(crate) id: Id,
    pub(crate) until: Timestamp,
    /// The event that the server's request came in, where it has an id.
    pub(crate) last: Option<Box<str>>,
    /// Whether another gateway can go on with it.
    pub(crate) travels: bool,
}

/// All that are parked, by the number in their sealed state.
#[derive(Debug)]
pub(crate) struct Parking {
    sealer: Arc<Sealer>,
    parked: Mutex<Map<[u8; 16], Parked>>,
}

/// What a sealed state stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ticket {
    /// The request of this number.
    Parked([u8; 16]),
    /// Nothing is parked: the server refused until something was done elsewhere, and is asked again.
    Again,
}

impl Ticket {
    fn encode(self, until: Timestamp) -> Vec<u8> {
        let number = match self {
            Self::Parked(number) => number,
            Self::Again => [0; 16],
        };
        [&until.micros().to_be_bytes()[..], &number].concat()
    }
    fn decode(bytes: &[u8], now: Timestamp) -> Option<Self> {
        let (until, number) = bytes.split_first_chunk::<8>()?;
        let number: [u8; 16] = number.try_into().ok()?;
        let valid = u64::from_be_bytes(*until) > now.micros();
        valid.then_some(if number == [0; 16] { Self::Again } else { Self::Parked(number) })
    }
}

impl Parking {
    pub(crate) fn new(sealer: Arc<Sealer>) -> Self {
        Self { sealer, parked: Mutex::default() }
    }

    /// What states of requests are sealed with.
    pub(crate) fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Whether one more of this principal may be parked.
    fn has_room(parked: &Map<[u8; 16], Parked>, owner: PrincipalKey) -> bool {
        let mine = || parked.values().filter(|p| p.passage.caller.actor.key() == owner).count();
        parked.len() < MOST && mine() < MOST_OF_ONE
    }

    /// What others can go on with keeps its session at its server.
    pub(crate) fn leave(&self) {
        let parked = std::mem::take(&mut *self.parked.lock());
        parked.values().filter(|p| p.travels).for_each(|p| p.link.leave());
    }

    /// Seals `ticket` for the request of `passage`.
    fn seal(&self, ticket: Ticket, passage: &Passage, request: &Request, until: Timestamp) -> Option<String> {
        self.sealer.seal(&ticket.encode(until), &bound(passage, request))
    }

    /// How many are parked.
    pub(crate) fn count(&self) -> usize {
        self.parked.lock().len()
    }
}

/// Whom and what a state is for: it is good for the same principal, server and request only.
fn bound(passage: &Passage, request: &Request) -> Vec<u8> {
    let mut what = String::new();
    for (key, value) in request.params().into_iter().flat_map(Value::members) {
        if !matches!(&*key, "_meta" | "inputResponses" | "requestState") {
            what.push_str(&doorward_mcp::json::quote(&key));
            what.push_str(value.raw());
        }
    }
    let principal = passage.caller.actor.key();
    format!(
        "{}\n{}\n{}\n{}",
        principal.digest(),
        passage.server.profile.name,
        request.method.as_str(),
        Digest::of(what.as_bytes())
    )
    .into_bytes()
}

impl Gateway {
    /// A request of an older server on the stream of a request that stands alone: what its client gets for it, which ends
    /// the stream, or nothing where the server was answered here.
    pub(crate) async fn park(
        &self,
        scope: &Scope,
        pooled: &Pooled,
        incomings: &mut Incomings,
        incoming: Incoming,
    ) -> Option<Out> {
        let Some(Message::Request(request)) = &incoming.message else { return None };
        let (id, method) = (request.id.clone(), request.method);
        let Message::Request(asked) = scope.passage.message.inspect() else { return None };
        if pooled.is_repeated(&id) {
            return None;
        }
        if method == Method::Ping {
            self.respond_to(scope, &id, "{}").await;
            return None;
        }
        // Only these requests can be asked for input (2026-07-28, basic/patterns/mrtr), and only for what they declare.
        let may_wait = matches!(asked.method, Method::ToolsCall | Method::PromptsGet | Method::ResourcesRead);
        if !may_wait || !pooled.declared(&modern_on_legacy::input(request, KEY)) {
            self.decline(scope, &id, &RpcError::method_not_found(method.as_str())).await;
            return None;
        }
        let last = incoming.event.as_ref().and_then(|e| String::from_utf8(e.id()?.to_vec()).ok()).map(Into::into);
        let Delivery { message, decline, .. } = self.deliver(scope, incoming);
        if let Some((id, error)) = decline {
            self.decline(scope, &id, &error).await;
        }
        let cleared = message?.into_bytes();
        let Ok(Message::Request(cleared)) = decode(cleared, &scope.passage.live.limits, Side::Server) else {
            return None;
        };
        let input = modern_on_legacy::input(&cleared, KEY);
        let parked = Parked {
            passage: scope.passage.clone(),
            link: scope.link.clone(),
            incomings: mem::replace(incomings, Incomings::Once(None)),
            input,
            id: id.clone(),
            until: self.clock.now().plus(PATIENCE),
            last,
            travels: false,
        };
        match self.keep(parked, &scope.passage, asked).await {
            Ok(out) => {
                self.ended(&scope.passage, Outcome::Completed, None, None);
                Some(out)
            }
            Err(parked) => {
                *incomings = parked.incomings;
                let error = RpcError::new(RpcError::INTERNAL, 503, "Too many calls wait for their clients.");
                self.decline(scope, &id, &error).await;
                None
            }
        }
    }

    /// Parks, and says to the client what is asked.
    async fn keep(&self, mut parked: Parked, passage: &Passage, asked: &Request) -> Result<Out, Box<Parked>> {
        let number = self.entropy.draw();
        let owner = passage.caller.actor.key();
        if !Parking::has_room(&self.parking.parked.lock(), owner) {
            return Err(Box::new(parked));
        }
        let Some(state) = self.parking.seal(Ticket::Parked(number), passage, asked, parked.until) else {
            return Err(Box::new(parked));
        };
        parked.travels = self.keep_call(&number, &parked).await;
        let out = Out::answer(ask(&asked.id, std::slice::from_ref(&parked.input), &state));
        let mut all = self.parking.parked.lock();
        // Others may have come meanwhile.
        if !Parking::has_room(&all, owner) {
            self.travel.forget(KeptKind::Parked, &number);
            return Err(Box::new(parked));
        }
        all.insert(number, parked);
        Ok(out)
    }

    /// Takes out what was parked here or by another gateway: it is good once, for all of them.
    async fn unpark(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        passage: &Passage,
        number: &[u8; 16],
    ) -> Result<Option<Parked>, Refusal> {
        let here = self.parking.parked.lock().remove(number);
        match here {
            Some(parked) if !parked.travels || self.take_call(number).await => Ok(Some(parked)),
            Some(_) => Ok(None),
            None => Box::pin(self.fetch_call(arrival, server, passage, number)).await,
        }
    }

    /// Says to the client what an error of an older server asks to be done elsewhere first (2025-11-25, URL mode
    /// elicitation); the client comes back when it is done, and the server is asked again.
    pub(crate) fn ask_elsewhere(&self, passage: &Passage, cleared: &Cleared) -> Option<Cleared> {
        let Message::Request(asked) = passage.message.inspect() else { return None };
        let message = decode(cleared.bytes().clone(), &passage.live.limits, Side::Server);
        let Ok(Message::Response(response)) = message else { return None };
        let inputs = modern_on_legacy::inputs_of_error(&response)?;
        let state = self.parking.seal(Ticket::Again, passage, asked, self.clock.now().plus(PATIENCE))?;
        Some(ask(&asked.id, &inputs, &state))
    }

    /// A request that its client sends again, with what was asked for: it goes to where it was parked. `None` where it is
    /// to be sent like any other.
    pub(crate) async fn resume(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        request: &Request,
        about: &About,
        joined: bool,
    ) -> Result<Option<Reply>, Refusal> {
        let Some(state) = request.params().and_then(|p| p.get("requestState")) else { return Ok(None) };
        let passage = self.passage(arrival, server, Message::Request(request.clone()), about.clone());
        let now = self.clock.now();
        let unknown = || {
            RpcError::invalid_params(
                "`requestState` is not one of this request, or not any more; call again without it",
            )
        };
        let state = state.as_str().ok_or_else(unknown)?;
        let opened = self.parking.sealer.open(&state, &bound(&passage, request));
        let number = match opened.and_then(|plain| Ticket::decode(&plain, now)).ok_or_else(unknown)? {
            Ticket::Again => return Ok(None),
            Ticket::Parked(number) => number,
        };
        let given = request.params().and_then(|p| p.get("inputResponses")).and_then(|r| r.get(KEY));
        if given.is_some_and(|g| !g.is_object()) {
            return Err(RpcError::invalid_params(format!("`inputResponses.{KEY}` must be an object")).into());
        }
        let parked = self.unpark(arrival, server, &passage, &number).await?.ok_or_else(unknown)?;
        let Some(given) = given else {
            let out = self.keep(parked, &passage, request).await.map_err(|_| unknown())?;
            return Ok(Some(Reply::Message { status: 200, body: out.message.unwrap_or_default(), session: None }));
        };
        let bytes = modern_on_legacy::answer(&parked.id, given);
        let bytes = if parked.link.one_line() { crate::admit::on_one_line(bytes) } else { bytes };
        let passage = Arc::new(Passage { alias: parked.passage.alias.clone(), ..passage });
        let answer = Outbound { bytes, kind: OutboundKind::Response, method: "", headers: Arc::default() };
        let forwarded = match self.forward(&passage, &parked.link, answer.clone()).await {
            Err(refusal @ Refusal::Ruled(..)) => {
                // The server still waits: its client may say something else.
                // It is here only now: it was taken from where other gateways look.
                let scope = Scope { passage, session: None, joined, link: parked.link.clone() };
                self.parking.parked.lock().insert(number, Parked { travels: false, ..parked });
                return self.challenged(arrival, scope, answer, refusal).map(Some);
            }
            forwarded => forwarded?,
        };
        if let Answer::Status(status) = forwarded {
            self.ended(&passage, Outcome::Failed, None, None);
            return Ok(Some(Reply::Status(status)));
        }
        let scope = Scope { passage, session: None, joined, link: parked.link };
        Ok(Some(Reply::Stream(Flow::new(scope, parked.incomings))))
    }

    /// Answers a request of a server in the gateway's own name.
    pub(crate) async fn respond_to(&self, scope: &Scope, id: &Id, result: &str) {
        let bytes = Cleared::own(id, result).into_bytes();
        if let Ok(message) = decode(bytes.clone(), &scope.passage.live.limits, Side::Client) {
            let passage = self.own_passage(&scope.passage, message);
            let outbound = crate::admit::outbound(&passage, bytes, &scope.link);
            if let Err(refusal) = self.forward(&passage, &scope.link, outbound).await {
                tracing::debug!("could not answer a server: {refusal:?}");
            }
        }
    }

    /// Gives up what nobody came back for: its server is told.
    pub(crate) async fn sweep_parking(&self) {
        let now = self.clock.now();
        self.drop_parked_where(|parked| parked.until <= now).await;
    }

    /// Takes out what is parked for these principals.
    pub(crate) async fn drop_parked(&self, owners: &BTreeSet<PrincipalKey>) {
        self.drop_parked_where(|parked| owners.contains(&parked.passage.caller.actor.key())).await;
    }

    async fn drop_parked_where(&self, goes: impl Fn(&Parked) -> bool) {
        let old: Vec<([u8; 16], Parked)> = {
            let mut all = self.parking.parked.lock();
            let old: Vec<[u8; 16]> = all.iter().filter(|(_, p)| goes(p)).map(|(n, _)| *n).collect();
            old.into_iter().filter_map(|n| Some((n, all.remove(&n)?))).collect()
        };
        for (number, parked) in old {
            if parked.travels && !self.take_call(&number).await {
                continue; // Another gateway goes on with it.
            }
            let scope = Scope { passage: parked.passage, session: None, joined: false, link: parked.link };
            self.cancel(&scope).await;
        }
    }
}

fn ask(id: &Id, inputs: &[Input], state: &str) -> Cleared {
    Cleared::own_message(modern_on_legacy::input_required(id, inputs, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_end() {
        let at = Timestamp::from_micros;
        for ticket in [Ticket::Again, Ticket::Parked([7; 16])] {
            let bytes = ticket.encode(at(10));
            assert_eq!(Ticket::decode(&bytes, at(9)), Some(ticket));
            assert_eq!(Ticket::decode(&bytes, at(10)), None);
            assert_eq!(Ticket::decode(&bytes[..23], at(9)), None);
        }
    }
}
