//! A call that stands alone comes back with its person's answer (2026-07-28, basic/patterns/mrtr). Where the answer belongs
//! is sealed, for the same principal, server and call; what the call itself was answering to its server travels in it.

use super::{KEY, Said, book::Number};
use crate::{Gateway, admit::Arrival, bridge::Sealer, refusal::Refusal, server::Server};
use doorward_detect::definition::canonical;
use doorward_identity::PrincipalKey;
use doorward_mcp::{
    Message, Method, Request, RpcError, Side, decode,
    json::{Document, Edits, Limits, Strictness, Value, quote},
};
use doorward_vocab::{Digest, ServerName, Timestamp};

/// Whom and what a state is for.
fn bound(owner: PrincipalKey, server: &ServerName, request: &Request) -> Vec<u8> {
    let params = request.params().into_iter().flat_map(Value::members);
    let asked = params.filter(|(key, _)| !matches!(&**key, "_meta" | RESPONSES | STATE));
    let asked: Vec<String> = asked.map(|(key, value)| format!("{}:{}", quote(&key), value.raw())).collect();
    let what = format!("{{{}}}", asked.join(","));
    // A client may write the same in another way when it sends it again.
    let what = canonical(what.as_bytes()).unwrap_or(what);
    format!("approval\n{}\n{server}\n{}\n{}", owner.digest(), request.method.as_str(), Digest::of(what.as_bytes()))
        .into_bytes()
}

const RESPONSES: &str = "inputResponses";
const STATE: &str = "requestState";

/// A state that leads back to question `number`.
pub(super) fn seal(
    sealer: &Sealer,
    (owner, server, request): (PrincipalKey, &ServerName, &Request),
    number: &Number,
    until: Timestamp,
) -> Option<String> {
    let own = |key: &str| request.params().and_then(|p| p.get(key)).map(|v| format!("{}:{}", quote(key), v.raw()));
    let kept: Vec<String> = [RESPONSES, STATE].into_iter().filter_map(own).collect();
    let kept = format!("{{{}}}", kept.join(","));
    let plain = [&until.micros().to_be_bytes()[..], number, kept.as_bytes()].concat();
    sealer.seal(&plain, &bound(owner, server, request))
}

impl Gateway {
    /// The request as its server is to get it. What a person answered is taken out of it, and counts from now on; what the
    /// call was answering to its server before the person was asked is put back.
    pub(crate) fn answered(&self, arrival: &Arrival, server: &Server, request: Request) -> Result<Request, Refusal> {
        if request.method != Method::ToolsCall || arrival.session.is_some() {
            return Ok(request);
        }
        let Some(params) = request.params() else { return Ok(request) };
        let given = params.get(RESPONSES);
        let said = given.and_then(|g| g.get(KEY));
        let owner = arrival.caller.actor.key();
        let state = params.get(STATE).and_then(Value::as_str);
        let bound = || bound(owner, &server.profile.name, &request);
        let opened = state.as_deref().and_then(|state| self.parking.sealer().open(state, &bound()));
        let unknown = || {
            RpcError::invalid_params(
                "`requestState` is not one of this request, or not any more; call again without it",
            )
        };
        let plain = match (said, opened) {
            (None, None) => return Ok(request),
            (Some(_), None) => return Err(unknown().into()),
            (_, Some(plain)) => plain,
        };
        let now = self.clock.now();
        let (until, rest) = plain.split_first_chunk::<8>().ok_or_else(unknown)?;
        let (number, kept) = rest.split_first_chunk::<16>().ok_or_else(unknown)?;
        if u64::from_be_bytes(*until) <= now.micros() {
            return Err(unknown().into());
        }
        let said = match said.and_then(|s| s.get("action")).and_then(Value::as_str).as_deref() {
            Some("accept") => Some(Said::Yes),
            Some(_) => Some(Said::No),
            None => None,
        };
        if let Some(said) = said
            && !self.form_answered(number, &arrival.caller, said)
            && !self.approvals.knows(number, owner, now)
        {
            return Err(unknown().into());
        }
        self.restored(arrival, &request, kept).ok_or_else(|| unknown().into())
    }

    /// The request with what it was answering to its server, and without what was ours.
    fn restored(&self, arrival: &Arrival, request: &Request, kept: &[u8]) -> Option<Request> {
        let kept = Document::parse(kept.to_vec().into(), &Limits::default(), Strictness::Request).ok()?;
        let params = request.params()?;
        // What stands in the request now goes before what stood in it then; the seal holds for neither.
        let now = params.get(RESPONSES).into_iter().flat_map(Value::members).filter(|(key, _)| *key != KEY);
        let mut responses: Vec<(String, String)> = now.map(|(k, v)| (k.into_owned(), v.raw().to_owned())).collect();
        for (key, value) in kept.root().get(RESPONSES).into_iter().flat_map(Value::members) {
            if !responses.iter().any(|(known, _)| *known == *key) {
                responses.push((key.into_owned(), value.raw().to_owned()));
            }
        }
        let mut edits = Edits::new();
        let mut set = Vec::new();
        if !responses.is_empty() || kept.root().get(RESPONSES).is_some() {
            let members: Vec<String> = responses.iter().map(|(k, v)| format!("{}:{v}", quote(k))).collect();
            set.push((RESPONSES, format!("{{{}}}", members.join(","))));
        }
        set.extend(kept.root().get(STATE).map(|state| (STATE, state.raw().to_owned())));
        edits.reshape(params, &set, |key| key == RESPONSES || key == STATE);
        match decode(edits.apply(&request.doc), &arrival.live.limits, Side::Client) {
            Ok(Message::Request(restored)) => Some(restored),
            Ok(_) | Err(_) => None,
        }
    }
}
