//! `/mcp`: all servers as one. Tools and prompts carry their server's name (`server__tool`) as the operator wants it,
//! each server fails alone, and what one cannot answer for all is put together from what each answers. A virtual server
//! (`/mcp/{name}`) is the same for a selection.
//!
//! | file | story |
//! |---|---|
//! | `view` | what an address shows |
//! | `names`, `shown` | the names of tools and prompts, derived; and kept |
//! | `open` | a session, or the answer to a question about all of them |
//! | `link`, `health` | the way to each server; the ones that do not answer |
//! | `lists`, `cursor` | everything that all servers list, as one list, page by page |
//! | `calls` | a name goes to its server: tools, prompts, completion |
//! | `resources` | a URI goes to the server that has it |
//! | `changes`; `listen`, `ear` | streams of what servers send by themselves: of a session; and of 2026 |
//! | `told` | what a client tells: notifications, and answers to requests of servers |

mod calls;
mod changes;
mod cursor;
mod ear;
mod health;
mod link;
mod listen;
mod lists;
mod names;
mod open;
mod resources;
mod shown;
mod told;
mod view;

pub(crate) use cursor::CursorKey;
pub(crate) use health::Health;
pub(crate) use shown::Shown;
pub(crate) use view::Kind;

use crate::{
    Gateway, admit::Arrival, passage::About, refusal::Refusal, reply::Reply, server::Server, session::Endpoint,
};
use doorward_engine::Cleared;
use doorward_mcp::{Method, Request, RpcError};
use futures_util::future::join_all;
use std::{sync::Arc, time::Duration};
use view::View;

/// How long the slowest server may hold up an answer about all of them.
const PATIENCE: Duration = Duration::from_secs(10);

impl Gateway {
    /// A request to all servers of an address, or to the one that its target names.
    pub(crate) async fn request_all(
        &self,
        arrival: &Arrival,
        endpoint: &Endpoint,
        request: Request,
    ) -> Result<Reply, Refusal> {
        let view = &View::of(&arrival.live, endpoint);
        let own = |result: &str| {
            Ok(Reply::Message { status: 200, body: Cleared::own(&request.id, result).into_bytes(), session: None })
        };
        match request.method {
            Method::Ping => own("{}"),
            Method::Discover => own(&self.discover(arrival, view).await),
            Method::ToolsList | Method::PromptsList | Method::ResourcesList | Method::TemplatesList => {
                own(&self.list(arrival, view, &request).await?)
            }
            Method::ToolsCall | Method::PromptsGet => self.call_joined(arrival, view, request).await,
            Method::ResourcesRead
            | Method::DirectoryRead
            | Method::ResourcesSubscribe
            | Method::ResourcesUnsubscribe => self.resource_joined(arrival, view, request).await,
            Method::Complete => self.complete_joined(arrival, view, request).await,
            Method::SetLevel => {
                let setting = view.servers.iter().map(|server| async {
                    let set = tokio::time::timeout(PATIENCE, self.set_level(arrival, server, &request)).await;
                    if set.is_err() {
                        tracing::warn!(server = %server.profile.name, "its level of logging was not set in time");
                    }
                });
                join_all(setting).await;
                own("{}")
            }
            Method::Listen => self.listen_joined(arrival, view, request).await,
            Method::TasksGet | Method::TasksResult | Method::TasksCancel | Method::TasksUpdate => {
                let task = request.target().unwrap_or_default().into_owned();
                let owner = self.task_owner(arrival, view, &task);
                let server = owner.ok_or_else(|| RpcError::invalid_params(format!("Unknown task: {task}")))?;
                let link = self.way(arrival, &server).await?;
                let bytes = request.doc.bytes().clone();
                self.relay(arrival, &server, &link, request, About::Server, bytes, true).await
            }
            Method::TasksList | Method::Initialize | Method::Sample | Method::Elicit | Method::RootsList => {
                Err(RpcError::method_not_found(request.method.as_str()).into())
            }
        }
    }

    /// The server of this address at which this principal began a task.
    fn task_owner(&self, arrival: &Arrival, view: &View, task: &str) -> Option<Arc<Server>> {
        let name = self.tasks.get(&(arrival.caller.actor.key(), task.into()))?;
        view.servers.iter().find(|server| server.profile.name == name).cloned()
    }

    /// Passes a level of logging on. The session waits for one answer only, and that is the gateway's.
    async fn set_level(&self, arrival: &Arrival, server: &Arc<Server>, request: &Request) {
        let aside = Arrival { session: None, ..arrival.clone() };
        if !server.health.is_good(arrival.revision.era()) {
            return;
        }
        let Ok(link) = self.link_for(arrival, server).await else { return };
        let bytes = request.doc.bytes().clone();
        let set = self.relay(&aside, server, &link, request.clone(), About::Server, bytes, true).await;
        if let Ok(Reply::Stream(mut flow)) = set {
            while flow.next(self).await.is_some_and(|out| !out.last) {}
        }
    }
}
