//! The first half of the road: a request becomes a passage, with everything looked up that its ruling needs.

use crate::{
    Gateway, Live, bridge,
    credentials::{Chosen, consent},
    link::Link,
    pace::Slot,
    passage::{About, Away, Caller, Passage},
    refusal::Refusal,
    road::Scope,
    server::Server,
    session::Session,
};
use bytes::Bytes;
use doorward_engine::{Definition, Outbound, OutboundKind};
use doorward_mcp::{
    Era, HeaderParameter, Id, Message, Method, Request, Revision, RpcError, Side, decode,
    json::{Document, Edits, Limits, Strictness},
    meta, mirror,
};
use doorward_vocab::{CallId, Label, Mode, Tainted, Timestamp};
use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

/// What is known about a message before it is known where it goes.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) live: Arc<Live>,
    pub(crate) caller: Caller,
    pub(crate) revision: Revision,
    pub(crate) session: Option<Arc<Session>>,
    /// The request itself, where it stands alone and says what its client can do.
    pub(crate) asked: Option<Request>,
}

impl Gateway {
    /// The passage of `message` to `server`: correlated, and with its target looked up for this principal.
    pub(crate) fn passage(&self, arrival: &Arrival, server: &Arc<Server>, message: Message, about: About) -> Passage {
        let now = self.clock.now();
        let principal = arrival.caller.actor.principal();
        let mut correlation = self.conversations.correlate(principal, &message, arrival.session.as_deref(), now);
        let (found, session) = (&mut correlation.conversation, arrival.session.as_deref());
        let recall = || self.recalled_under_way(principal.key);
        self.hosted.place(found, (principal.key, now), &message, session, &self.sessions, recall);
        let conversation = self.conversation(principal.key, &correlation.conversation.id);
        if matches!(&message, Message::Request(request) if request.method == Method::ToolsCall) {
            self.stand(&arrival.live, principal, &correlation.conversation, &conversation, now);
        }
        {
            let history = conversation.lock();
            correlation.turn = history.turn;
            correlation.parent = history.last;
        }
        let chosen = Chosen::of(&arrival.live, server, &arrival.caller, &about);
        Passage {
            call: CallId::mint(now, &*self.entropy),
            live: arrival.live.clone(),
            server: server.clone(),
            seen: server.seen(),
            caller: arrival.caller.clone(),
            // The agent wrote it, and nobody knows yet after reading what.
            message: Tainted::new(message, Label::OUTSIDE),
            alias: None,
            stop: None,
            about,
            revision: arrival.revision,
            correlation,
            conversation,
            began: now,
            opens: arrival.asked.as_ref().is_some_and(consent::opens),
            chosen,
            worn: OnceLock::new(),
            approval: OnceLock::new(),
            away: Away::default(),
            paced: Slot::default(),
        }
    }

    /// A message of the gateway's own, on behalf of whoever `of` belongs to.
    pub(crate) fn own_passage(&self, of: &Passage, message: Message) -> Passage {
        let now = self.clock.now();
        let chosen = Chosen::of(&of.live, &of.server, &of.caller, &About::Server);
        Passage {
            call: CallId::mint(now, &*self.entropy),
            message: Tainted::new(message, Label::BOTTOM),
            alias: None,
            stop: None,
            about: About::Server,
            began: now,
            chosen,
            worn: OnceLock::new(),
            approval: OnceLock::new(),
            away: Away::default(),
            ..of.clone()
        }
    }

    /// What a request to one server is about. A tool that is not known makes the gateway look at the server's list first.
    pub(crate) async fn resolve(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        link: &Link,
        request: &Request,
        name: Option<&str>,
    ) -> Result<About, Refusal> {
        let target = name.map(Cow::Borrowed).or_else(|| request.target());
        Ok(match (request.method, target) {
            (Method::ToolsCall, Some(name)) => {
                let now = self.clock.now();
                let mut known = server.catalog.tool(&name);
                let held = known.as_ref().is_some_and(|d| d.is_held_back(arrival.live.snapshot.level));
                if self.heed_decisions(&arrival.live, held || server.standing.is_withheld(), now).await {
                    known = server.catalog.tool(&name);
                }
                if !server.catalog.is_current(now) || known.is_none() {
                    Box::pin(self.look_at_tools(arrival, server, link)).await?;
                    known = server.catalog.tool(&name);
                }
                match known {
                    // What only observes tells what it would have done.
                    Some(definition) if server.seen().mode == Mode::Observe => About::Tool(definition),
                    Some(definition) => {
                        let arguments = request.params().and_then(|p| p.get("arguments"));
                        About::Tool(Definition::for_call(&definition, arguments, arrival.live.snapshot.level))
                    }
                    None => About::Unknown(name.as_ref().into()),
                }
            }
            (Method::ToolsCall | Method::PromptsGet, None) => {
                return Err(RpcError::invalid_params("`name` is required").into());
            }
            (Method::PromptsGet, Some(name)) => match self.is_withheld_prompt(&arrival.live, server, &name).await {
                true => About::Unknown(name.as_ref().into()),
                false => About::Prompt(name.as_ref().into()),
            },
            (
                Method::ResourcesRead
                | Method::DirectoryRead
                | Method::ResourcesSubscribe
                | Method::ResourcesUnsubscribe,
                Some(uri),
            ) => About::Resource(uri.as_ref().into()),
            _ => About::Server,
        })
    }

    /// Forgets what is known of definitions where a person has approved or rejected some; whether it did.
    pub(crate) async fn heed_decisions(&self, live: &Live, urgent: bool, now: Timestamp) -> bool {
        let moved = self.pins.moved(now, urgent);
        if moved {
            self.recall();
            live.servers.values().for_each(|server| server.catalog.forget());
            Box::pin(self.heed_approvals(live.servers.values())).await;
        }
        moved
    }

    /// Asks a server for its tools, all pages of them, and judges each.
    async fn look_at_tools(&self, arrival: &Arrival, server: &Arc<Server>, link: &Link) -> Result<(), Refusal> {
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let (_, reply) = self.ask(arrival, server, link, Method::ToolsList, cursor.as_deref()).await?;
            let next = Document::parse(reply.into_bytes(), &Limits::default(), Strictness::Result)
                .ok()
                .and_then(|d| d.root().get("result")?.get("nextCursor")?.as_str().map(Cow::into_owned));
            match next {
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                _ => break,
            }
        }
        server.catalog.complete(self.clock.now());
        Ok(())
    }

    /// A request of the gateway's own for a list, or for what the server offers.
    pub(crate) async fn ask(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        link: &Link,
        method: Method,
        cursor: Option<&str>,
    ) -> Result<(u16, doorward_engine::Cleared), Refusal> {
        let cursor = cursor.map(|cursor| format!("\"cursor\":{}", doorward_mcp::json::quote(cursor)));
        self.ask_about(arrival, server, link, method, cursor.as_slice(), About::Server).await
    }

    /// A request of the gateway's own, with these members of `params`.
    pub(crate) async fn ask_about(
        &self,
        arrival: &Arrival,
        server: &Arc<Server>,
        link: &Link,
        method: Method,
        params: &[String],
        about: About,
    ) -> Result<(u16, doorward_engine::Cleared), Refusal> {
        let id = Id::Str(format!("{OWN_ID}{}", CallId::mint(self.clock.now(), &*self.entropy)).into());
        let mut params = params.to_vec();
        if arrival.revision.era() == Era::Modern {
            params.push(format!(
                "\"_meta\":{{\"{}\":\"{}\",\"{}\":{{}},\"{}\":{{\"name\":\"doorward\",\"version\":\"{}\"}}}}",
                meta::PROTOCOL_VERSION,
                arrival.revision,
                meta::CLIENT_CAPABILITIES,
                meta::CLIENT_INFO,
                env!("CARGO_PKG_VERSION")
            ));
        }
        let text = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"{}\",\"params\":{{{}}}}}",
            id.json(),
            method.as_str(),
            params.join(",")
        );
        let bytes = Bytes::from(text);
        let message = decode(bytes.clone(), &Limits::default(), Side::Client).map_err(Refusal::Decode)?;
        if let (Message::Request(request), Link::Pooled(pooled)) = (&message, link)
            && method == Method::Discover
        {
            return Ok((200, pooled.discovered(request)));
        }
        let alias = link.alias();
        let passage = Arc::new(Passage { alias, ..self.passage(arrival, server, message, about) });
        let outbound = outbound(&passage, bytes, link);
        let scope = Scope { passage: passage.clone(), session: None, joined: false, link: link.clone() };
        let answer = self.forward(&passage, link, outbound).await?;
        self.complete(&scope, answer).await
    }
}

/// The most pages of a list that are read; a server that has more does not end.
pub(crate) const MAX_PAGES: usize = 64;

/// What ids of the gateway's own requests begin with.
pub(crate) const OWN_ID: &str = "doorward/";

/// The form in which a message leaves: the bytes, and for the 2026 era the headers that mirror them.
pub(crate) fn outbound(passage: &Passage, bytes: Bytes, link: &Link) -> Outbound {
    let message = passage.message.inspect();
    let bytes = match (&passage.alias, message) {
        (Some(alias), Message::Request(request)) => {
            bridge::outward(link, request, alias, &bytes).unwrap_or_else(|| under_alias(bytes, alias))
        }
        _ => bytes,
    };
    let (kind, method) = match message {
        Message::Request(r) => {
            let id = passage.alias.as_ref().unwrap_or(&r.id);
            (OutboundKind::Request { id: id.json().into() }, r.method.as_str())
        }
        Message::Notification(n) => (OutboundKind::Notification, n.notice.as_str()),
        Message::Response(_) => (OutboundKind::Response, ""),
    };
    let era = link.other_era().unwrap_or(passage.revision.era());
    let headers = match message {
        Message::Request(r) if era == Era::Modern && !link.one_line() => {
            let arguments = r.params().and_then(|p| p.get("arguments"));
            let (name, parameters): (Option<Cow<'_, str>>, &[HeaderParameter]) = match &passage.about {
                About::Tool(d) => (Some(Cow::Borrowed(&*d.name)), &d.parameters),
                About::Prompt(name) | About::Unknown(name) => (Some(Cow::Borrowed(&**name)), &[]),
                About::Resource(_) | About::Server => (r.target(), &[]),
            };
            mirror(r.method, Revision::LATEST, name.as_deref(), arguments, parameters).into()
        }
        _ => Arc::default(),
    };
    Outbound { bytes: if link.one_line() { on_one_line(bytes) } else { bytes }, kind, method, headers }
}

/// A request under another id, which is its progress token too.
fn under_alias(bytes: Bytes, alias: &Id) -> Bytes {
    let Ok(doc) = Document::parse(bytes.clone(), &Limits::default(), Strictness::Request) else { return bytes };
    let root = doc.root();
    let token = root.get("params").and_then(|p| p.get("_meta")).and_then(|m| m.get("progressToken"));
    let mut edits = Edits::new();
    for value in root.get("id").into_iter().chain(token) {
        edits.replace(value, alias.json());
    }
    edits.apply(&doc)
}

/// A JSON text without line breaks: between the tokens of JSON one kind of white space is as good as another, and
/// inside of strings there are none.
pub(crate) fn on_one_line(bytes: Bytes) -> Bytes {
    if !bytes.iter().any(|b| matches!(b, b'\n' | b'\r')) {
        return bytes;
    }
    bytes.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }).collect::<Vec<u8>>().into()
}
