//! Why a message stops, and the one table from that to what its sender sees.

use crate::credentials::{NoCredential, consent::Invitation};
use doorward_engine::{Cleared, Judgement};
use doorward_mcp::{DecodeError, Era, HeaderError, Id, Method, RpcError, json::quote};
use doorward_transport::LinkError;
use doorward_vocab::{CallId, Decision, Reason};
use std::{borrow::Cow, fmt::Write as _};

/// Why a message stops.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It cannot be read.
    Decode(DecodeError),
    /// Its headers say something else than its body.
    Header(HeaderError),
    /// It is not for here, now: an error of the protocol.
    Rpc(RpcError),
    /// It was ruled out.
    Ruled(CallId, Box<Judgement>),
    /// It has to wait, and what programs are told of that: a JSON object.
    Paused(CallId, Box<Judgement>, Box<str>),
    /// A person would have to approve it, and did not; what the agent is told.
    Unapproved(CallId, Cow<'static, str>),
    /// The decision cannot be recorded, so nothing may be done.
    Trail,
    /// The server takes the credential no more; another one may be tried.
    Outworn,
    /// There is no credential for the server.
    Credential(Box<NoCredential>),
    /// The server cannot be reached or broke off.
    Link(Box<str>, LinkError),
}

impl From<RpcError> for Refusal {
    fn from(e: RpcError) -> Self {
        Self::Rpc(e)
    }
}

/// What the sender of a refused request sees.
#[derive(Debug)]
pub(crate) struct Told {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The message.
    pub(crate) message: Cleared,
}

impl Refusal {
    /// The one table. A refused tool call is a result that the model can read and act on; it names neither a policy nor a
    /// detector, nor whether a thing that may not be seen exists.
    pub(crate) fn told(&self, id: Option<&Id>, method: Option<Method>, era: Era) -> Told {
        let error = match self {
            Self::Decode(e) => e.to_rpc(),
            Self::Header(e) => RpcError::new(RpcError::HEADER_MISMATCH, 400, e.to_string()),
            Self::Rpc(e) => e.clone(),
            Self::Trail => RpcError::new(
                RpcError::INTERNAL,
                503,
                "The gateway cannot record decisions now, so it makes none. Try again later.",
            ),
            Self::Link(server, e) => {
                RpcError::upstream(format!("The server `{server}` did not answer ({}).", e.code()))
                    .with_data(quote(e.code()))
            }
            Self::Credential(missing) => {
                let told = missing.told();
                // What a person can do something about is for them and the model to read.
                if let (Some(id), Some(Method::ToolsCall), Some(invitation)) = (id, method, &missing.invitation) {
                    let message = invited(id, &told.message, invitation, era);
                    return Told { status: 200, message };
                }
                told
            }
            Self::Outworn => RpcError::upstream("The server does not accept who calls."),
            Self::Unapproved(call, why) => {
                let ruling = told_ruling(*call, "challenge", &[why]);
                if let (Some(id), Some(Method::ToolsCall)) = (id, method) {
                    return Told { status: 200, message: refused_call(id, why, &ruling, era) };
                }
                let status = if era == Era::Modern { 403 } else { 200 };
                RpcError::new(RpcError::REFUSED, status, why.as_ref()).with_data(ruling)
            }
            Self::Ruled(call, judgement) | Self::Paused(call, judgement, _) => {
                let mut ruling = ruling(*call, judgement.decision, &judgement.reasons);
                if let Self::Paused(_, _, pause) = self {
                    ruling.truncate(ruling.len() - 1);
                    let _ = write!(ruling, ",\"pause\":{pause}}}");
                }
                if let (Some(id), Some(Method::ToolsCall)) = (id, method) {
                    return Told { status: 200, message: refused_call(id, &judgement.told(), &ruling, era) };
                }
                let status = if era == Era::Modern { 403 } else { 200 };
                RpcError::new(RpcError::REFUSED, status, judgement.told()).with_data(ruling)
            }
        };
        let id = id.or(match self {
            Self::Decode(e) => e.id(),
            _ => None,
        });
        Told { status: error.status, message: Cleared::error(&error, id) }
    }
}

/// What the client gets in place of an answer of which nothing may pass: it is told as if its request had been refused.
pub(crate) fn withheld(
    id: Option<&Id>,
    method: Option<Method>,
    era: Era,
    call: CallId,
    (decision, reasons): (Decision, &[Reason]),
) -> Cleared {
    let (told, ruling) = (told(reasons), ruling(call, decision, reasons));
    match (id, method) {
        (Some(id), Some(Method::ToolsCall)) => refused_call(id, told, &ruling, era),
        _ => Cleared::error(&RpcError::new(RpcError::REFUSED, 200, told).with_data(ruling), id),
    }
}

fn told(reasons: &[Reason]) -> &'static str {
    reasons.first().map_or("This is not permitted.", Reason::told)
}

/// `{id, effect, reasons[]}`, in words for the agent.
fn ruling(call: CallId, decision: Decision, reasons: &[Reason]) -> String {
    let effect = if decision == Decision::Challenge { "challenge" } else { "deny" };
    let mut told: Vec<&str> = reasons.iter().map(Reason::told).collect();
    told.dedup();
    told_ruling(call, effect, &told)
}

fn told_ruling(call: CallId, effect: &str, told: &[&str]) -> String {
    let reasons: Vec<String> = told.iter().map(|text| quote(text)).collect();
    format!("{{\"id\":\"{call}\",\"effect\":\"{effect}\",\"reasons\":[{}]}}", reasons.join(","))
}

/// The answer of a call that waits for a person: a question to the client that can ask it (2026-07-28,
/// basic/patterns/mrtr), a result with the address for all others.
fn invited(id: &Id, told: &str, invitation: &Invitation, era: Era) -> Cleared {
    let result = match (era, invitation.opens) {
        (Era::Modern, true) => format!(
            "{{\"resultType\":\"input_required\",\"inputRequests\":{{\"dev.doorward/connect\":{{\"method\":\"elicitation/create\",\
             \"params\":{{\"mode\":\"url\",\"url\":{},\"message\":{}}}}}}}}}",
            quote(&invitation.address),
            quote("Connect your account at this server, so that the call can go on.")
        ),
        (era, _) => {
            let complete = if era == Era::Modern { ",\"resultType\":\"complete\"" } else { "" };
            let told = quote(told);
            format!("{{\"content\":[{{\"type\":\"text\",\"text\":{told}}}],\"isError\":true{complete}}}")
        }
    };
    Cleared::own(id, &result)
}

fn refused_call(id: &Id, told: &str, ruling: &str, era: Era) -> Cleared {
    let mut result = String::from("{\"content\":[{\"type\":\"text\",\"text\":");
    doorward_mcp::json::quote_into(told, &mut result);
    let _ = write!(result, "}}],\"isError\":true,\"_meta\":{{\"dev.doorward/ruling\":{ruling}}}");
    if era == Era::Modern {
        result.push_str(",\"resultType\":\"complete\"");
    }
    result.push('}');
    Cleared::own(id, &result)
}
