//! What `doorward scan` asks: what a server declares, over the road that every client takes.

use crate::{
    Endpoint, Gateway,
    front::pipe::{Client, Outlet},
    refusal::Refusal,
};
use bytes::Bytes;
use doorward_identity::Presented;
use doorward_mcp::{
    Message, Method, Revision, Side, decode,
    json::{Document, Limits, Strictness, quote},
    meta,
};
use doorward_transport::LinkError;
use doorward_vocab::ServerName;
use std::{borrow::Cow, sync::Arc};
use tokio::sync::mpsc;

/// Whether a command may be started that nobody has approved yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unapproved {
    /// It is not.
    Leave,
    /// It is.
    Execute,
}

/// Why nothing is known of what a server declares.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// It is a command, and not one that is approved; nothing was started.
    #[error("not executed: {0}")]
    NotApproved(String),
    /// It does not answer, or refuses.
    #[error("{0}")]
    NoAnswer(String),
}

/// One answer of a server: the method that was asked, and the whole message.
#[derive(Debug)]
pub struct Answered {
    /// `tools/list` and so on.
    pub method: Method,
    /// The JSON-RPC message as it was cleared.
    pub message: Bytes,
}

/// The methods that bring definitions.
const ASKED: [Method; 4] = [Method::Discover, Method::ToolsList, Method::PromptsList, Method::TemplatesList];
/// The most pages of one list.
const PAGES: usize = 64;

/// Asks a server for all that it declares. Nothing else is asked of it, and nobody else is served.
///
/// # Errors
/// [`SurveyError`].
pub async fn survey(
    gateway: &Arc<Gateway>,
    name: &ServerName,
    unapproved: Unapproved,
) -> Result<Vec<Answered>, SurveyError> {
    let live = gateway.live.load_full();
    let no_answer = |why: &dyn std::fmt::Display| SurveyError::NoAnswer(why.to_string());
    let server = live.servers.get(name).ok_or_else(|| no_answer(&"there is no such server"))?;
    if unapproved == Unapproved::Leave && server.command().is_some() {
        if gateway.pins.is_unknown(name, &server.label()) {
            return Err(SurveyError::NotApproved("nobody has approved it yet".into()));
        }
        gateway.attest(server).await.map_err(|refusal| refused(gateway, &refusal))?;
        if server.standing.is_withheld() {
            return Err(SurveyError::NotApproved("it is not what was approved".into()));
        }
    }
    let (sender, mut replies) = mpsc::channel(16);
    let client = Client::new(gateway.clone(), Replies(sender), Endpoint::One(name.clone()), 1);
    let mut all = Vec::new();
    for (n, method) in ASKED.into_iter().enumerate() {
        let mut cursor: Option<String> = None;
        for page in 0..PAGES {
            let id = (n * PAGES + page).to_string();
            let request = match decode(request(&id, method, cursor.as_deref()), &live.limits, Side::Client) {
                Ok(Message::Request(request)) => request,
                _ => return Err(no_answer(&"the request cannot be made")),
            };
            let here = Presented { loopback: true, server: Some(name), ..Presented::default() };
            let caller = gateway.authenticate(&live, here).await.map_err(|refusal| no_answer(&refusal))?;
            let begun = client.begin(live.clone(), caller, request).map_err(|refusal| refused(gateway, &refusal))?;
            client.clone().serve(begun).await;
            let Some(message) = answer_to(&id, &mut replies).await else { break };
            let read = Document::parse(message.clone(), &Limits::default(), Strictness::Result);
            let next = read
                .as_ref()
                .ok()
                .and_then(|d| d.root().get("result")?.get("nextCursor")?.as_str().map(Cow::into_owned));
            all.push(Answered { method, message });
            match next {
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                _ => break,
            }
        }
    }
    client.leave().await;
    Ok(all)
}

fn refused(gateway: &Gateway, refusal: &Refusal) -> SurveyError {
    gateway.refused(refusal);
    SurveyError::NoAnswer("the gateway refuses to ask it".into())
}

fn request(id: &str, method: Method, cursor: Option<&str>) -> Bytes {
    let cursor = cursor.map_or_else(String::new, |cursor| format!("\"cursor\":{},", quote(cursor)));
    let about = format!(
        "\"{}\":\"{}\",\"{}\":{{}},\"{}\":{{\"name\":\"doorward\",\"version\":\"{}\"}}",
        meta::PROTOCOL_VERSION,
        Revision::LATEST,
        meta::CLIENT_CAPABILITIES,
        meta::CLIENT_INFO,
        env!("CARGO_PKG_VERSION")
    );
    let method = method.as_str();
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{cursor}"_meta":{{{about}}}}}}}"#).into()
}

/// The answer with this id; what else a server says on the way is left.
async fn answer_to(id: &str, replies: &mut mpsc::Receiver<Bytes>) -> Option<Bytes> {
    while let Some(message) = replies.recv().await {
        let read = Document::parse(message.clone(), &Limits::default(), Strictness::Result).ok()?;
        if read.root().get("id").is_some_and(|i| i.raw() == id) {
            return Some(message);
        }
    }
    None
}

#[derive(Clone, Debug)]
struct Replies(mpsc::Sender<Bytes>);

impl Outlet for Replies {
    async fn send(&self, message: Bytes) -> Result<(), LinkError> {
        // Nobody reads what comes after the last answer.
        let _ = self.0.send(message).await;
        Ok(())
    }
}
