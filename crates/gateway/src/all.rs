//! `/mcp`: all servers as one. Tools and prompts carry their server's name (`server__tool`), each server fails alone,
//! and what one cannot answer for all is put together from what each answers.

use crate::{
    Gateway,
    admit::{Arrival, MAX_PAGES},
    link::{Link, Pipe, Routing},
    one::{ambient, requested_revision},
    passage::About,
    refusal::Refusal,
    reply::{Flow, Reply},
    server::Server,
    session::{Endpoint, Opened, Session, unwrap},
};
use bytes::Bytes;
use doorward_engine::Cleared;
use doorward_mcp::{
    Era, Id, Message, Method, Notice, Request, Revision, RpcError, Side, decode,
    json::{Document, Edits, Limits, Strictness, Value, quote},
};
use doorward_vocab::{Outcome, ServerName};
use futures_util::future::join_all;
use std::{borrow::Cow, sync::Arc, time::Duration};

/// How long the slowest server may hold up an answer about all of them.
const PATIENCE: Duration = Duration::from_secs(10);

impl Gateway {
    /// Opens a session with every server. A server that does not answer is left out; it is tried again when it is asked
    /// for.
    pub(crate) async fn open_all(&self, arrival: &mut Arrival, request: Request) -> Result<Reply, Refusal> {
        let session = self.new_session(arrival, Endpoint::All)?;
        arrival.session = Some(session.clone());
        arrival.revision = requested_revision(&request);
        let _ = session.revision.set(arrival.revision);
        let servers: Vec<Arc<Server>> = arrival.live.servers.values().cloned().collect();
        let opening = servers.iter().map(|server| async {
            let opened =
                tokio::time::timeout(PATIENCE, self.initialize(arrival, server, request.clone(), Routing::ByRequest));
            match opened.await {
                Ok(Ok((Some((opened, _)), _, answer))) => {
                    self.initialized(arrival, server, &opened).await;
                    session.add_link(server.profile.name.clone(), opened);
                    Some((server.profile.name.clone(), answer))
                }
                Ok(Ok((None, _, _)) | Err(_)) | Err(_) => {
                    tracing::warn!(server = %server.profile.name, "left out of a session: it did not open one");
                    None
                }
            }
        });
        let answers: Vec<(ServerName, Bytes)> = join_all(opening).await.into_iter().flatten().collect();
        let result = initialize_result(arrival.revision, &answers);
        let body = Cleared::own(&request.id, &result).into_bytes();
        Ok(Reply::Message { status: 200, body, session: Some(session.id.clone()) })
    }

    /// Tells a server that the session is ready; at this endpoint the gateway is its client.
    pub(crate) async fn initialized(&self, arrival: &Arrival, server: &Arc<Server>, opened: &Opened) {
        let bytes = Bytes::from_static(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        if let Ok(message) = decode(bytes.clone(), &Limits::default(), Side::Client)
            && let Err(refusal) = self.tell(arrival, server, &opened.link, message, bytes).await
        {
            tracing::warn!(server = %server.profile.name, "{refusal:?}");
        }
    }

    /// The way to `server` for this client: its link in the session, or the stateless one.
    pub(crate) async fn link_for(&self, arrival: &Arrival, server: &Arc<Server>) -> Result<Link, Refusal> {
        let name = &server.profile.name;
        match &arrival.session {
            None => self.stateless(arrival, server).await,
            Some(session) => match session.link(name) {
                Some(opened) if opened.link.is_alive() => Ok(opened.link),
                _ => self.reopen(arrival, session, server).await,
            },
        }
    }

    /// A server that was not there when the session began, or ended since.
    async fn reopen(&self, arrival: &Arrival, session: &Session, server: &Arc<Server>) -> Result<Link, Refusal> {
        let params = format!(
            "{{\"protocolVersion\":\"{}\",\"capabilities\":{{}},\"clientInfo\":{{\"name\":\"doorward\",\"version\":\"{}\"}}}}",
            arrival.revision,
            env!("CARGO_PKG_VERSION")
        );
        let text = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":\"{}0\",\"method\":\"initialize\",\"params\":{params}}}",
            crate::admit::OWN_ID
        );
        let Ok(Message::Request(request)) = decode(text.into(), &Limits::default(), Side::Client) else {
            return Err(Refusal::Trail);
        };
        let fresh = Arrival { session: None, ..arrival.clone() };
        let opened = tokio::time::timeout(PATIENCE, self.initialize(&fresh, server, request, Routing::ByRequest)).await;
        match opened {
            Ok(Ok((Some((opened, _)), _, _))) => {
                self.initialized(arrival, server, &opened).await;
                let link = opened.link.clone();
                session.add_link(server.profile.name.clone(), opened);
                Ok(link)
            }
            Ok(Err(refusal)) => Err(refusal),
            Ok(Ok(_)) | Err(_) => {
                Err(RpcError::upstream(format!("The server `{}` does not open a session.", server.profile.name)).into())
            }
        }
    }

    /// A request to all servers, or to the one that its target names.
    pub(crate) async fn request_all(&self, arrival: &Arrival, request: Request) -> Result<Reply, Refusal> {
        let own = |result: &str| {
            Ok(Reply::Message { status: 200, body: Cleared::own(&request.id, result).into_bytes(), session: None })
        };
        match request.method {
            Method::Ping => own("{}"),
            Method::Discover => {
                let answers = self.each(arrival, Method::Discover).await;
                own(&discover_result(&answers))
            }
            Method::ToolsList | Method::PromptsList | Method::ResourcesList | Method::TemplatesList => {
                // Everything comes on one page, so there is no cursor that could have been given.
                if request.params().is_some_and(|p| p.get("cursor").is_some()) {
                    return Err(RpcError::invalid_params("`cursor` is not one of this list").into());
                }
                let list = self.list(arrival, request.method).await;
                own(&list_result(request.method, arrival.revision.era(), &list))
            }
            Method::ToolsCall | Method::PromptsGet => self.call_joined(arrival, request).await,
            Method::ResourcesRead
            | Method::DirectoryRead
            | Method::ResourcesSubscribe
            | Method::ResourcesUnsubscribe => {
                let uri = request.target().map(Cow::into_owned).unwrap_or_default();
                let server = self.owner_of(arrival, &uri).await?;
                let link = self.link_for(arrival, &server).await?;
                let bytes = request.doc.bytes().clone();
                self.relay(arrival, &server, &link, request, About::Resource(uri.into()), bytes, true).await
            }
            Method::Complete => self.complete_joined(arrival, request).await,
            Method::SetLevel => {
                let aside = Arrival { session: None, ..arrival.clone() };
                for server in self.servers_of(arrival) {
                    let Ok(link) = self.link_for(arrival, &server).await else { continue };
                    let bytes = request.doc.bytes().clone();
                    let set = self.relay(&aside, &server, &link, request.clone(), About::Server, bytes, true).await;
                    if let Ok(Reply::Stream(mut flow)) = set {
                        while flow.next(self).await.is_some_and(|out| !out.last) {}
                    }
                }
                own("{}")
            }
            Method::Listen => self.listen_joined(arrival, request).await,
            Method::TasksGet | Method::TasksResult | Method::TasksCancel | Method::TasksUpdate => {
                let task = request.target().unwrap_or_default().into_owned();
                let server = self.tasks.get(&(arrival.caller.actor.key(), task.clone().into()));
                let server = server.and_then(|name| arrival.live.servers.get(&name).cloned());
                let server = server.ok_or_else(|| RpcError::invalid_params(format!("Unknown task: {task}")))?;
                let link = self.link_for(arrival, &server).await?;
                let bytes = request.doc.bytes().clone();
                self.relay(arrival, &server, &link, request, About::Server, bytes, true).await
            }
            Method::TasksList | Method::Initialize | Method::Sample | Method::Elicit | Method::RootsList => {
                Err(RpcError::method_not_found(request.method.as_str()).into())
            }
        }
    }

    fn servers_of(&self, arrival: &Arrival) -> Vec<Arc<Server>> {
        arrival.live.servers.values().cloned().collect()
    }

    /// `server__name` goes to `name` at `server`.
    async fn call_joined(&self, arrival: &Arrival, request: Request) -> Result<Reply, Refusal> {
        let joined =
            request.target().map(Cow::into_owned).ok_or_else(|| RpcError::invalid_params("`name` is required"))?;
        let unknown = || {
            RpcError::invalid_params(format!(
                "Unknown {}: {joined}",
                if request.method == Method::ToolsCall { "tool" } else { "prompt" }
            ))
        };
        let (server, name) = ServerName::split(&joined).ok_or_else(unknown)?;
        let server = arrival.live.servers.get(server).cloned().ok_or_else(unknown)?;
        let link = self.link_for(arrival, &server).await?;
        let about = self.resolve(arrival, &server, &link, &request, Some(name)).await?;
        let bytes = rename(&request, &["name"], name);
        self.relay(arrival, &server, &link, request, about, bytes, true).await
    }

    async fn complete_joined(&self, arrival: &Arrival, request: Request) -> Result<Reply, Refusal> {
        let reference = request.params().and_then(|p| p.get("ref"));
        let text = |key| reference.and_then(|r| r.get(key)).and_then(Value::as_str).map(Cow::into_owned);
        if let Some(joined) = text("name") {
            let unknown = || RpcError::invalid_params(format!("Unknown prompt: {joined}"));
            let (server, name) = ServerName::split(&joined).ok_or_else(unknown)?;
            let server = arrival.live.servers.get(server).cloned().ok_or_else(unknown)?;
            let link = self.link_for(arrival, &server).await?;
            let bytes = rename(&request, &["ref", "name"], name);
            return self.relay(arrival, &server, &link, request, About::Prompt(name.into()), bytes, true).await;
        }
        let uri = text("uri").ok_or_else(|| RpcError::invalid_params("`ref` needs a name or a uri"))?;
        let server = self.owner_of(arrival, &uri).await?;
        let link = self.link_for(arrival, &server).await?;
        let bytes = request.doc.bytes().clone();
        self.relay(arrival, &server, &link, request, About::Resource(uri.into()), bytes, true).await
    }

    /// The one server that lists `uri`, or has a template for it. Two that do are told apart only at their own endpoints.
    async fn owner_of(&self, arrival: &Arrival, uri: &str) -> Result<Arc<Server>, Refusal> {
        let mut owners = Vec::new();
        for method in [Method::ResourcesList, Method::TemplatesList] {
            for (server, item) in self.list(arrival, method).await {
                let doc = Document::parse(item.into(), &Limits::default(), Strictness::Result);
                let owns = doc.is_ok_and(|d| {
                    let text = |key| d.root().get(key).and_then(Value::as_str);
                    text("uri").is_some_and(|u| u == uri) || text("uriTemplate").is_some_and(|t| fits(&t, uri))
                });
                if owns && !owners.contains(&server) {
                    owners.push(server);
                }
            }
            if !owners.is_empty() {
                break;
            }
        }
        let not_found = |why: &str| RpcError::invalid_params(format!("Resource not found: {uri}{why}"));
        match owners.as_slice() {
            [one] => arrival.live.servers.get(one).cloned().ok_or_else(|| not_found("").into()),
            [] => Err(not_found("").into()),
            _ => Err(not_found(" (several servers have it; ask one at /mcp/{server})").into()),
        }
    }

    /// Everything that all servers list, each item with its server; whoever fails is left out.
    async fn list(&self, arrival: &Arrival, method: Method) -> Vec<(ServerName, String)> {
        let servers = self.servers_of(arrival);
        let lists = servers.iter().map(|server| async {
            match tokio::time::timeout(PATIENCE, self.list_of(arrival, server, method)).await {
                Ok(Ok(items)) => items.into_iter().map(|i| (server.profile.name.clone(), i)).collect(),
                Ok(Err(refusal)) => {
                    tracing::debug!(server = %server.profile.name, "left out of {}: {refusal:?}", method.as_str());
                    Vec::new()
                }
                Err(_) => {
                    tracing::warn!(server = %server.profile.name, "left out of {}: too slow", method.as_str());
                    Vec::new()
                }
            }
        });
        join_all(lists).await.into_iter().flatten().collect()
    }

    /// All pages of one server's list, with names joined.
    async fn list_of(&self, arrival: &Arrival, server: &Arc<Server>, method: Method) -> Result<Vec<String>, Refusal> {
        let mut link = self.link_for(arrival, server).await?;
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut asked = self.ask(arrival, server, &link, method, cursor.as_deref()).await;
            if asked.is_err() && !link.is_alive() {
                link = self.link_for(arrival, server).await?;
                asked = self.ask(arrival, server, &link, method, cursor.as_deref()).await;
            }
            let (_, reply) = asked?;
            let Ok(doc) = Document::parse(reply.into_bytes(), &Limits::default(), Strictness::Result) else { break };
            let Some(result) = doc.root().get("result") else { break };
            for item in method.list_key().and_then(|key| result.get(key)).into_iter().flat_map(Value::items) {
                items.push(join_name(&server.profile.name, method, &doc, item));
            }
            match result.get("nextCursor").and_then(Value::as_str).map(Cow::into_owned) {
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                _ => break,
            }
        }
        if method == Method::ToolsList {
            server.catalog.complete(self.clock.now());
        }
        Ok(items)
    }

    /// The results of a request of the gateway's own to each server.
    async fn each(&self, arrival: &Arrival, method: Method) -> Vec<(ServerName, Bytes)> {
        let servers = self.servers_of(arrival);
        let answers = servers.iter().map(|server| async {
            let link = self.link_for(arrival, server).await.ok()?;
            let asked = tokio::time::timeout(PATIENCE, self.ask(arrival, server, &link, method, None)).await;
            let (_, answer) = asked.ok()?.ok()?;
            Some((server.profile.name.clone(), answer.into_bytes()))
        });
        join_all(answers).await.into_iter().flatten().collect()
    }

    /// One stream of changes from all servers. Each is asked with the client's own id, so what it sends fits as it is.
    async fn listen_joined(&self, arrival: &Arrival, request: Request) -> Result<Reply, Refusal> {
        let mut flow = Flow::joined();
        for server in self.servers_of(arrival) {
            let Ok(link) = self.link_for(arrival, &server).await else { continue };
            let bytes = request.doc.bytes().clone();
            let relayed = self.relay(arrival, &server, &link, request.clone(), About::Server, bytes, true);
            if let Ok(Ok(Reply::Stream(one))) = tokio::time::timeout(PATIENCE, relayed).await {
                flow.absorb(one);
            }
        }
        if flow.is_empty() {
            return Err(RpcError::upstream("No server offers a stream of changes.").into());
        }
        Ok(Reply::Stream(flow))
    }

    /// The stream of what servers send by themselves (2025 era): all of them, or after `last_event_id` the one whose
    /// stream broke off.
    pub(crate) async fn listen_session(
        &self,
        session: &Arc<Session>,
        last_event_id: Option<&str>,
    ) -> Result<Reply, u16> {
        let joined = session.endpoint == Endpoint::All;
        let resumed = match (joined, last_event_id) {
            (true, Some(id)) => Some(id.split_once(':').ok_or(400_u16)?),
            (false, Some(id)) => Some(("", id)),
            (_, None) => None,
        };
        let mut flow = Flow::joined();
        let mut refused = 405;
        for (name, opened) in session.links() {
            let event = match resumed {
                Some((server, event)) if !joined || server == name.as_str() => Some(event),
                Some(_) => continue,
                None => None,
            };
            let scope = ambient(session, &opened, joined);
            match &opened.link {
                Link::Events(_) | Link::Process(_) => {
                    if let Some(incomings) = opened.link.pipe().and_then(Pipe::ambient) {
                        flow.add(scope, incomings);
                    }
                }
                Link::Lifted(lifted) => {
                    if let Some(incomings) = self.listen_lifted(lifted, &opened.by) {
                        flow.add(scope, incomings);
                    }
                }
                Link::Pooled(_) => {}
                Link::Http(http) => match http.listen(event).await {
                    Ok(Ok(incomings)) => flow.add(scope, incomings),
                    Ok(Err(status)) => refused = status,
                    Err(error) => {
                        tracing::warn!(server = %name, "{error}");
                        refused = 502;
                    }
                },
            }
        }
        if flow.is_empty() { Err(refused) } else { Ok(Reply::Stream(flow)) }
    }

    /// A notification or a response of a client to whichever server it is for.
    pub(crate) async fn pass_on(
        &self,
        arrival: &Arrival,
        session: &Arc<Session>,
        message: Message,
    ) -> Result<(), Refusal> {
        let joined = session.endpoint == Endpoint::All;
        let one = |session: &Session| session.links().into_iter().next();
        match &message {
            Message::Response(response) => {
                let id = response.id.clone().filter(|id| session.answered(id));
                let Some(id) = id else {
                    return Err(RpcError::new(RpcError::INVALID_REQUEST, 400, "Nobody asked this.").into());
                };
                let (server, bytes) = if joined {
                    let (server, json) = unwrap(&id)
                        .ok_or_else(|| RpcError::new(RpcError::INVALID_REQUEST, 400, "Nobody asked this."))?;
                    let mut edits = Edits::new();
                    if let Some(value) = message.doc().root().get("id") {
                        edits.replace(value, json);
                    }
                    (session.link(&server).map(|o| (server, o)), edits.apply(message.doc()))
                } else {
                    (one(session), message.doc().bytes().clone())
                };
                self.tell_link(arrival, server, message, bytes).await
            }
            Message::Notification(notification) => {
                let params = notification.params();
                let bytes = message.doc().bytes().clone();
                match notification.notice {
                    Notice::Cancelled => {
                        let id = params.and_then(|p| p.get("requestId")).and_then(Id::read);
                        let Some(id) = id else { return Ok(()) };
                        let Some(passage) = session.pending(&id) else { return Ok(()) };
                        let name = passage.server.profile.name.clone();
                        if let Some(stop) = &passage.stop {
                            stop.cancel();
                            if session.end(&id, &name).is_some() {
                                self.ended(&passage, Outcome::Cancelled, None, None);
                            }
                            return Ok(());
                        }
                        let link = session.link(&name).map(|o| (name.clone(), o));
                        let told = self.tell_link(arrival, link, message, bytes).await;
                        // A server that stops as it is asked to does not answer any more.
                        if told.is_ok() && session.end(&id, &name).is_some() {
                            self.ended(&passage, Outcome::Cancelled, None, None);
                        }
                        told
                    }
                    Notice::Progress if joined => {
                        let token = params.and_then(|p| p.get("progressToken"));
                        let Some((server, json)) =
                            token.and_then(Id::read).and_then(|t| unwrap(&t).map(|(s, j)| (s, j.to_owned())))
                        else {
                            return Ok(());
                        };
                        let mut edits = Edits::new();
                        if let Some(token) = token {
                            edits.replace(token, json);
                        }
                        let bytes = edits.apply(message.doc());
                        let link = session.link(&server).map(|o| (server, o));
                        self.tell_link(arrival, link, message, bytes).await
                    }
                    // Each server was told when its link was opened.
                    Notice::Initialized if joined => Ok(()),
                    _ => {
                        for link in session.links() {
                            let told = self.tell_link(arrival, Some(link), message.clone(), bytes.clone()).await;
                            if !joined {
                                return told;
                            }
                        }
                        Ok(())
                    }
                }
            }
            Message::Request(_) => Ok(()),
        }
    }

    async fn tell_link(
        &self,
        arrival: &Arrival,
        link: Option<(ServerName, Opened)>,
        message: Message,
        bytes: Bytes,
    ) -> Result<(), Refusal> {
        let Some((name, opened)) = link else { return Ok(()) };
        let Some(server) = arrival.live.servers.get(&name).cloned() else { return Ok(()) };
        self.tell(arrival, &server, &opened.link, message, bytes).await
    }
}

/// The request with another name at `path` of its params; everything else stays byte for byte.
fn rename(request: &Request, path: &[&str], name: &str) -> Bytes {
    let mut edits = Edits::new();
    if let Some(value) = path.iter().try_fold(request.params(), |v, key| Some(v?.get(key))).flatten() {
        edits.replace(value, quote(name));
    }
    edits.apply(&request.doc)
}

/// An item of a list under its joined name; resources keep their URIs.
fn join_name(server: &ServerName, method: Method, doc: &Document, item: Value<'_>) -> String {
    let raw = item.raw();
    if !matches!(method, Method::ToolsList | Method::PromptsList) {
        return raw.to_owned();
    }
    let Some(name) = item.get("name") else { return raw.to_owned() };
    let (start, end) = (name.span().start - item.span().start, name.span().end - item.span().start);
    let joined = quote(&server.join(&name.as_str().unwrap_or_default()));
    let _ = doc;
    format!("{}{joined}{}", raw.get(..start).unwrap_or_default(), raw.get(end..).unwrap_or_default())
}

/// Whether `uri` can come from a template (RFC 6570): its literal parts occur in order.
fn fits(template: &str, uri: &str) -> bool {
    let mut rest = uri;
    let mut first = true;
    let mut tail = template;
    while let Some((literal, more)) = tail.split_once('{') {
        let Some(at) = rest.find(literal).filter(|at| !first || *at == 0) else { return false };
        rest = rest.get(at + literal.len()..).unwrap_or_default();
        tail = more.split_once('}').map_or("", |(_, t)| t);
        first = false;
    }
    if first { rest == tail } else { rest.ends_with(tail) }
}

fn list_result(method: Method, era: Era, items: &[(ServerName, String)]) -> String {
    let items: Vec<&str> = items.iter().map(|(_, item)| item.as_str()).collect();
    let modern =
        if era == Era::Modern { ",\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\"" } else { "" };
    format!("{{\"{}\":[{}]{modern}}}", method.list_key().unwrap_or_default(), items.join(","))
}

/// The members of an object that any of the answers has, and their instructions under the names of their servers.
fn union(answers: &[(ServerName, Bytes)], object: &str) -> (String, Option<String>) {
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut instructions = String::new();
    for (server, answer) in answers {
        let Ok(doc) = Document::parse(answer.clone(), &Limits::default(), Strictness::Result) else { continue };
        let Some(result) = doc.root().get("result") else { continue };
        for (key, value) in result.get(object).into_iter().flat_map(Value::members) {
            match seen.iter_mut().find(|(k, _)| *k == key) {
                None => seen.push((key.into_owned(), value.raw().to_owned())),
                // The richer declaration wins: `{"listChanged":true}` over `{}`.
                Some((_, old)) if value.raw().len() > old.len() => *old = value.raw().to_owned(),
                Some(_) => {}
            }
        }
        if let Some(text) = result.get("instructions").and_then(Value::as_str) {
            instructions.push_str(&format!("# {server}\n{text}\n\n"));
        }
    }
    let members: Vec<String> = seen.iter().map(|(k, v)| format!("{}:{v}", quote(k))).collect();
    let instructions = (!instructions.is_empty()).then(|| instructions.trim_end().to_owned());
    (format!("{{{}}}", members.join(",")), instructions)
}

fn server_info() -> String {
    format!("{{\"name\":\"doorward\",\"version\":\"{}\"}}", env!("CARGO_PKG_VERSION"))
}

fn initialize_result(revision: Revision, answers: &[(ServerName, Bytes)]) -> String {
    let (capabilities, instructions) = union(answers, "capabilities");
    let instructions = instructions.map(|i| format!(",\"instructions\":{}", quote(&i))).unwrap_or_default();
    format!(
        "{{\"protocolVersion\":\"{revision}\",\"capabilities\":{capabilities},\"serverInfo\":{}{instructions}}}",
        server_info()
    )
}

fn discover_result(answers: &[(ServerName, Bytes)]) -> String {
    let (capabilities, instructions) = union(answers, "capabilities");
    let instructions = instructions.map(|i| format!(",\"instructions\":{}", quote(&i))).unwrap_or_default();
    format!(
        "{{\"supportedVersions\":[\"{}\"],\"capabilities\":{capabilities}{instructions},\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\",\"_meta\":{{\"io.modelcontextprotocol/serverInfo\":{}}}}}",
        Revision::LATEST,
        server_info()
    )
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn templates() {
        assert!(fits("test://template/{id}/data", "test://template/7/data"));
        assert!(!fits("test://template/{id}/data", "test://template/7/other"));
        assert!(!fits("test://template/{id}", "file://test://template/7"));
        assert!(fits("static://x", "static://x") && !fits("static://x", "static://xy"));
    }
}
