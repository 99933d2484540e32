//! A call that waits for its client outlives its gateway: its server still waits for the answer, in a session that is not
//! tied to a connection, and says the rest on a stream that can be taken up after its last event (2025-11-25,
//! basic/transports, resumability). Nothing is sent twice: where the stream cannot be taken up, the client calls again.

use super::{
    Name, Silent,
    record::{self, CallRecord, Upstream},
};
use crate::{
    Gateway,
    admit::Arrival,
    bridge::{Parked, Pooled},
    link::Link,
    passage::Passage,
    refusal::Refusal,
    server::Server,
};
use doorward_bridge::{Client, Input};
use doorward_identity::PrincipalKey;
use doorward_mcp::{Id, Message, Method, RpcError, Side, decode};
use doorward_store::KeptKind;
use doorward_vocab::Digest;
use std::sync::Arc;

impl Gateway {
    /// Keeps a call that is about to be parked under `number`. Gives whether it can be taken up elsewhere.
    pub(crate) async fn keep_call(&self, number: &[u8; 16], parked: &Parked) -> bool {
        if !self.travel.is_possible() {
            return false;
        }
        let (server, owner) = (&parked.passage.server, parked.passage.caller.actor.key());
        let name = name(number, owner, server.profile.name.as_str());
        let packed = call(parked)
            .and_then(|call| record::encode(&call))
            .and_then(|plain| self.travel.pack(&name, parked.until, &plain));
        let Some(kept) = packed else { return false };
        // The client may come back to another gateway as soon as it has its state.
        self.travel.ask(move |store| store.put(&kept)).await.is_ok()
    }

    /// Whether the parked call is still this gateway's to go on with. A store that is silent has given it to nobody.
    pub(crate) async fn take_call(&self, number: &[u8; 16]) -> bool {
        let key = Digest::of(number);
        match self.travel.ask(move |store| store.take(KeptKind::Parked, &key)).await {
            Ok(taken) => taken.is_some(),
            Err(Silent) => true,
        }
    }

    /// The call that another gateway parked under `number`, to go on with here; `None` where there is none.
    pub(crate) async fn fetch_call(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        passage: &Passage,
        number: &[u8; 16],
    ) -> Result<Option<Parked>, Refusal> {
        let key = Digest::of(number);
        let Ok(Some(kept)) = self.travel.ask(move |store| store.take(KeptKind::Parked, &key)).await else {
            return Ok(None);
        };
        let name = name(number, passage.caller.actor.key(), server.profile.name.as_str());
        let plain = self.travel.unpack(&name, &kept, self.clock.now());
        let Some(call) = plain.and_then(|plain| record::decode::<CallRecord>(&plain)) else { return Ok(None) };
        match self.go_on(arrival, server, passage, call).await {
            Some(parked) => Ok(Some(Parked { until: kept.until, ..parked })),
            None => Err(RpcError::upstream(
                "The call was interrupted while it waited for its input, and its server does not go on with it. \
                 Call again, without `requestState`.",
            )
            .into()),
        }
    }

    async fn go_on(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        passage: &Passage,
        call: CallRecord,
    ) -> Option<Parked> {
        if call.place != server.place() {
            return None;
        }
        let input = Input { key: call.key.into(), method: Method::parse(&call.method)?, params: call.params.into() };
        let alias = match call.alias {
            Some(json) => Some(Id::parse(&json)?),
            None => None,
        };
        let client = Client { capabilities: call.capabilities.into(), info: call.info.map(Into::into) };
        let greeting = decode(call.greeting.into(), &arrival.live.limits, Side::Server);
        let Ok(Message::Response(greeting)) = greeting else { return None };
        let way = server.resumed(call.upstream.id.as_deref(), call.upstream.revision.as_deref())?;
        let pooled: Arc<Pooled> = self.pooled_again(arrival, server, client, greeting, way).await?;
        let Link::Http(http) = pooled.link.wire() else { return None };
        // Before anything is sent: what the server says from now on must reach the client.
        let held = self.exchange(passage).await.ok()?;
        let incomings = match http.listen(Some(&call.last), held.as_deref()).await {
            Ok(Ok(incomings)) => incomings,
            refused => {
                tracing::warn!(server = %server.profile.name, "a parked call cannot be taken up: {refused:?}");
                return None;
            }
        };
        let question = Id::parse(&call.question)?;
        pooled.may_repeat(question.clone());
        let passage = Arc::new(Passage { alias, ..passage.clone() });
        Some(Parked {
            passage,
            link: Link::Pooled(pooled),
            incomings,
            input,
            id: question,
            until: self.clock.now(),
            last: Some(call.last.into()),
            travels: false,
        })
    }
}

const fn name<'a>(number: &'a [u8; 16], owner: PrincipalKey, server: &'a str) -> Name<'a> {
    Name { kind: KeptKind::Parked, known_as: number, owner, route: server }
}

/// What a parked call can be taken up with; `None` where its stream cannot, since its server is a process, or numbers no
/// events.
fn call(parked: &Parked) -> Option<CallRecord> {
    let (Link::Pooled(pooled), Link::Http(http)) = (&parked.link, parked.link.wire()) else { return None };
    let (id, revision) = http.known_as();
    Some(CallRecord {
        place: parked.passage.server.place(),
        upstream: Upstream { id, revision },
        capabilities: pooled.client().capabilities.to_string(),
        info: pooled.client().info.as_deref().map(str::to_owned),
        greeting: String::from_utf8(pooled.greeting().doc.bytes().to_vec()).ok()?,
        alias: parked.passage.alias.as_ref().map(Id::json),
        question: parked.id.json(),
        key: parked.input.key.to_string(),
        method: parked.input.method.as_str().to_owned(),
        params: parked.input.params.to_string(),
        last: parked.last.as_deref()?.to_owned(),
    })
}
