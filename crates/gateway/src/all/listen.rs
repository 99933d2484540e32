//! `subscriptions/listen` (2026-07-28) at an address of several servers: each is asked for its part, and the client sees one
//! stream with one acknowledgement and one end. A server's stream that breaks is opened again.

use super::{
    PATIENCE,
    changes::{QUEUE, notices, out},
    ear::Ear,
    view::{Kind, View},
};
use crate::{
    Gateway,
    admit::Arrival,
    refusal::Refusal,
    reply::{Flow, Out, Reply},
    server::Server,
};
use doorward_engine::Cleared;
use doorward_mcp::{
    Message, Notice, Request, RpcError, Side, decode,
    json::{Edits, Kind as JsonKind, Value, quote},
    meta,
};
use doorward_transport::sse;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::{sync::mpsc, task::JoinSet};

/// What a server agreed to, member by member: the JSON texts of a list, or of the value itself.
pub(super) type Filter = BTreeMap<String, BTreeSet<String>>;

/// What one server's stream brings.
#[derive(Debug)]
pub(super) enum Heard {
    /// It agreed to send this.
    Acknowledged(Filter, Vec<Notice>),
    /// A message.
    Said(Out),
    /// Whether it agrees is known, or will not be soon; said once.
    Decided,
    /// It has nothing more to say, or never had.
    Ended,
}

impl Gateway {
    /// One stream of changes from all servers.
    pub(super) async fn listen_joined(
        &self,
        arrival: &Arrival,
        view: &View,
        request: Request,
    ) -> Result<Reply, Refusal> {
        let gateway = self.me.upgrade().ok_or(Refusal::Trail)?;
        let (to, mut hears) = mpsc::channel(QUEUE);
        let mut tasks = JoinSet::new();
        for server in &view.servers {
            let Some(part) = self.part_of(arrival, view, server, &request) else { continue };
            let ear = Ear {
                gateway: gateway.clone(),
                arrival: arrival.clone(),
                name: server.profile.name.clone(),
                request: part,
                notices: notices(view, server),
                returns: self.returns.subscribe(),
                to: to.clone(),
                decided: false,
            };
            tasks.spawn(ear.run());
        }
        drop(to);
        let mut stream = Stream::new(&request, tasks.len());
        let _ = tokio::time::timeout(PATIENCE, stream.gather(&mut hears)).await;
        if !stream.acknowledged {
            return Err(RpcError::upstream("No server offers a stream of changes.").into());
        }
        let (to, from) = mpsc::channel(QUEUE);
        tasks.spawn(stream.run(hears, to));
        Ok(Reply::Stream(Flow::fan(from, tasks)))
    }

    /// What `server` is asked for: nothing that this address does not show, and no task of another server. `None` where
    /// nothing is left of it.
    fn part_of(&self, arrival: &Arrival, view: &View, server: &Arc<Server>, request: &Request) -> Option<Request> {
        let Some(filter) = request.params().and_then(|p| p.get("notifications")) else {
            return Some(request.clone());
        };
        let mut edits = Edits::new();
        let (mut kept, mut cut) = (0, 0);
        for (key, value) in filter.members() {
            let asked = match &*key {
                "toolsListChanged" => view.asks(Kind::Tool, server),
                "promptsListChanged" => view.asks(Kind::Prompt, server),
                "resourcesListChanged" => view.asks(Kind::Resource, server),
                "resourceSubscriptions" => {
                    let has = |uri: &str| view.has(Kind::Resource, server, uri);
                    only(&mut edits, value, has)
                }
                "taskIds" => only(&mut edits, value, |task| {
                    self.task_owner(arrival, view, task).is_some_and(|owner| Arc::ptr_eq(&owner, server))
                }),
                _ => true,
            };
            if asked {
                kept += 1;
            } else {
                cut += 1;
                if value.kind() == JsonKind::True {
                    edits.replace(value, "false");
                }
            }
        }
        // Who asks for nothing still hears that there is nothing.
        if kept == 0 && cut > 0 {
            return None;
        }
        match decode(edits.apply(&request.doc), &view.live.limits, Side::Client) {
            Ok(Message::Request(part)) => Some(part),
            Ok(_) | Err(_) => None,
        }
    }
}

/// Leaves those texts of a list that `keep` wants, and says whether any is left.
fn only(edits: &mut Edits, list: Value<'_>, keep: impl Fn(&str) -> bool) -> bool {
    let wanted = |item: Value<'_>| item.as_str().is_some_and(|text| keep(&text));
    let cut: Vec<usize> = list.items().enumerate().filter(|(_, item)| !wanted(*item)).map(|(i, _)| i).collect();
    edits.remove_items(list, &cut);
    cut.len() < list.items().count()
}

/// The stream as the client sees it.
struct Stream {
    /// The id of the request as JSON: that of the subscription too.
    id: String,
    request: Request,
    /// What was agreed to by any server.
    filter: Filter,
    acknowledged: bool,
    /// Servers that have not said yet whether they agree.
    undecided: usize,
    /// Servers whose streams have not ended.
    open: usize,
    /// What came before the acknowledgement could be given.
    early: Vec<Out>,
}

impl Stream {
    fn new(request: &Request, servers: usize) -> Self {
        Self {
            id: request.id.json(),
            request: request.clone(),
            filter: Filter::new(),
            acknowledged: false,
            undecided: servers,
            open: servers,
            early: Vec::new(),
        }
    }

    /// Waits until every server has agreed or will not, now.
    async fn gather(&mut self, hears: &mut mpsc::Receiver<Heard>) {
        while self.undecided > 0 {
            match hears.recv().await {
                None => return,
                Some(Heard::Acknowledged(filter, _)) => {
                    self.acknowledged = true;
                    for (key, values) in filter {
                        self.filter.entry(key).or_default().extend(values);
                    }
                }
                Some(Heard::Said(out)) => {
                    self.early.push(out);
                    if self.early.len() >= QUEUE {
                        return;
                    }
                }
                Some(Heard::Decided) => self.undecided -= 1,
                Some(Heard::Ended) => self.open -= 1,
            }
        }
    }

    /// Gives the one acknowledgement, whatever comes, and the one end.
    async fn run(mut self, mut hears: mpsc::Receiver<Heard>, to: mpsc::Sender<Out>) {
        let first = out(Notice::Acknowledged, Some(&self.params(Some(&self.agreed()))));
        let early = std::mem::take(&mut self.early);
        for out in std::iter::once(first).chain(early) {
            if to.send(out).await.is_err() {
                return;
            }
        }
        while self.open > 0 {
            let heard = tokio::select! {
                biased;
                () = to.closed() => return,
                heard = hears.recv() => heard,
            };
            let outs = match heard {
                None => break,
                Some(Heard::Said(out)) => vec![out],
                // Its lists may have changed while nobody heard it.
                Some(Heard::Acknowledged(filter, notices)) => {
                    let wanted = notices.into_iter().filter(|n| self.wants(*n) && agrees(&filter, *n));
                    wanted.map(|notice| out(notice, Some(&self.params(None)))).collect()
                }
                Some(Heard::Decided) => Vec::new(),
                Some(Heard::Ended) => {
                    self.open -= 1;
                    Vec::new()
                }
            };
            for out in outs {
                if to.send(out).await.is_err() {
                    return;
                }
            }
        }
        let result = format!("{{\"resultType\":\"complete\",\"_meta\":{}}}", self.mark());
        let message = Cleared::own(&self.request.id, &result).into_bytes();
        let event = sse::encode(Some("message"), None, &message);
        // The client may be gone, too.
        let _ = to.send(Out { message: Some(message), event, last: true, status: 200 }).await;
    }

    /// Whether the client asked for such notifications.
    fn wants(&self, notice: Notice) -> bool {
        let filter = self.request.params().and_then(|p| p.get("notifications"));
        let asked = filter.zip(key_of(notice)).and_then(|(filter, key)| filter.get(key)?.as_bool());
        asked == Some(true)
    }

    fn agreed(&self) -> String {
        let member = |(key, values): (&String, &BTreeSet<String>)| {
            let list = values.iter().map(String::as_str).collect::<Vec<_>>().join(",");
            let value = if is_list(key) { format!("[{list}]") } else { list };
            format!("{}:{value}", quote(key))
        };
        format!("{{{}}}", self.filter.iter().map(member).collect::<Vec<_>>().join(","))
    }

    fn params(&self, filter: Option<&str>) -> String {
        let filter = filter.map(|filter| format!("\"notifications\":{filter},")).unwrap_or_default();
        format!("{{{filter}\"_meta\":{}}}", self.mark())
    }

    fn mark(&self) -> String {
        format!("{{{}:{}}}", quote(meta::SUBSCRIPTION_ID), self.id)
    }
}

const fn key_of(notice: Notice) -> Option<&'static str> {
    match notice {
        Notice::ToolsChanged => Some("toolsListChanged"),
        Notice::PromptsChanged => Some("promptsListChanged"),
        Notice::ResourcesChanged => Some("resourcesListChanged"),
        _ => None,
    }
}

fn agrees(filter: &Filter, notice: Notice) -> bool {
    key_of(notice).is_some_and(|key| filter.contains_key(key))
}

fn is_list(key: &str) -> bool {
    matches!(key, "resourceSubscriptions" | "taskIds")
}
