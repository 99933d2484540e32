//! Clients of one era in front of servers of the other. What crosses is put into the other era's words (`doorward-bridge`)
//! before it is ruled, and back before it is cleared: the road, its rulings and its proofs are the same for everybody.
//!
//! | file | story |
//! |---|---|
//! | `era` | which era a server speaks: asked once, remembered, asked again when it no longer fits |
//! | `pooled` | requests that stand alone, over a session that the gateway holds with an older server |
//! | `parking` | such a request while its client is asked something: parked, under a sealed `requestState` |
//! | `changes` | one stream of changes of a session, for every client that listens |
//! | `lifted` | a session of a client over a server that has none |
//! | `asking` | such a request while its client is asked something: asked as servers of old do, then sent again |

mod asking;
mod changes;
mod era;
mod lifted;
mod parking;
mod pooled;
mod seal;

pub(crate) use asking::{Asking, Next};
pub(crate) use era::Ties;
pub(crate) use lifted::Lifted;
pub(crate) use parking::{Parked, Parking};
pub(crate) use pooled::Pooled;
pub(crate) use seal::Sealer;

use crate::{
    Gateway,
    admit::Arrival,
    link::Link,
    passage::{About, Passage},
    refusal::Refusal,
    reply::Reply,
    server::Server,
};
use bytes::Bytes;
use doorward_bridge::{legacy_on_modern, modern_on_legacy};
use doorward_mcp::{
    Era, Id, Message, Method, Request, Side, decode,
    json::{Document, Limits, Strictness},
};
use std::sync::Arc;

/// A request in the words of the server at the end of `link`, under `id`. `bytes` are the request as it would be sent in
/// the client's own era.
pub(crate) fn outward(link: &Link, asked: &Request, id: &Id, bytes: &Bytes) -> Option<Bytes> {
    let renamed = (asked.doc.bytes().as_ptr() != bytes.as_ptr())
        .then(|| Document::parse(bytes.clone(), &Limits::default(), Strictness::Request).ok())
        .flatten()
        .map(|doc| Request { doc, ..asked.clone() });
    let asked = renamed.as_ref().unwrap_or(asked);
    match link {
        Link::Pooled(_) if crosses(asked, Era::Legacy) => Some(modern_on_legacy::request(asked, id)),
        Link::Lifted(lifted) if crosses(asked, Era::Modern) => {
            Some(legacy_on_modern::request(asked, id, &lifted.client, lifted.level().as_deref(), None))
        }
        _ => None,
    }
}

/// Whether an answer that came at once is not the end: its client is asked something first.
pub(crate) fn goes_on(link: &Link, message: &Message) -> bool {
    let Message::Response(response) = message else { return false };
    match link {
        Link::Pooled(_) => modern_on_legacy::inputs_of_error(response).is_some(),
        Link::Lifted(_) => legacy_on_modern::required(response).is_some(),
        Link::Http(_) | Link::Events(_) | Link::Process(_) => false,
    }
}

/// Whether a request has to be put into other words for a server of `era`: what the gateway asks by itself is in the right
/// ones already.
fn crosses(asked: &Request, era: Era) -> bool {
    asked.era() != era
}

/// What a server says, in the words of the client that asked. `None` where it is not for that client.
pub(crate) fn inward(link: &Link, passage: &Passage, message: Message) -> Option<Message> {
    let Message::Request(asked) = passage.message.inspect() else { return Some(message) };
    let bytes = match (link, &message) {
        (Link::Pooled(pooled), Message::Response(answer)) if crosses(asked, Era::Legacy) => {
            if answer.id != passage.alias {
                return None;
            }
            modern_on_legacy::response(asked, answer, pooled.server_info())
        }
        (Link::Lifted(lifted), Message::Response(answer)) if crosses(asked, Era::Modern) => {
            // A process that many share has its ids exchanged already.
            if answer.id != passage.alias && answer.id.as_ref() != Some(&asked.id) {
                return None;
            }
            legacy_on_modern::response(asked, answer, lifted.revision)
        }
        (Link::Pooled(_), Message::Notification(told)) if asked.method == Method::Listen => {
            changes::heard(asked, told)?
        }
        (Link::Pooled(_), Message::Notification(told)) => modern_on_legacy::notification(asked, told)?,
        (Link::Lifted(_), Message::Notification(told)) if asked.method == Method::Initialize => {
            legacy_on_modern::change(told)?
        }
        (Link::Lifted(_), Message::Notification(told)) => legacy_on_modern::notification(asked, told)?,
        _ => return Some(message),
    };
    decode(bytes, &passage.live.limits, Side::Server).ok()
}

/// What a request comes to where the gateway answers it, for what the server's era does not have. `None` where the
/// request goes to the server.
pub(crate) async fn answer(
    gateway: &Gateway,
    arrival: &Arrival,
    server: &Arc<Server>,
    link: &Link,
    request: &Request,
    about: &About,
    joined: bool,
) -> Result<Option<Reply>, Refusal> {
    match link {
        Link::Http(_) | Link::Events(_) | Link::Process(_) => Ok(None),
        Link::Lifted(lifted) => Box::pin(gateway.answer_lifted(arrival, server, lifted, request, about)).await,
        Link::Pooled(pooled) => Box::pin(gateway.answer_pooled(arrival, server, pooled, request, about, joined)).await,
    }
}
