//! `/mcp`: all servers as one. Tools and prompts carry their server's name (`server__tool`), each server fails alone,
//! and what one cannot answer for all is put together from what each answers.
//!
//! | file | story |
//! |---|---|
//! | `open` | a session, or the answer to a question about all of them |
//! | `link` | the way to each server |
//! | `lists` | everything that all servers list, as one list |
//! | `calls` | a name goes to its server: tools, prompts, completion |
//! | `resources` | a URI goes to the server that has it |
//! | `changes` | streams of what servers send by themselves |
//! | `told` | what a client tells: notifications, and answers to requests of servers |

mod calls;
mod changes;
mod link;
mod lists;
mod open;
mod resources;
mod told;

use crate::{Gateway, admit::Arrival, passage::About, refusal::Refusal, reply::Reply, server::Server};
use doorward_engine::Cleared;
use doorward_mcp::{Method, Request, RpcError};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// How long the slowest server may hold up an answer about all of them.
const PATIENCE: Duration = Duration::from_secs(10);

impl Gateway {
    /// A request to all servers, or to the one that its target names.
    pub(crate) async fn request_all(&self, arrival: &Arrival, request: Request) -> Result<Reply, Refusal> {
        let own = |result: &str| {
            Ok(Reply::Message { status: 200, body: Cleared::own(&request.id, result).into_bytes(), session: None })
        };
        match request.method {
            Method::Ping => own("{}"),
            Method::Discover => {
                let answers = self.each(arrival, Method::Discover).await;
                own(&open::discover_result(&answers))
            }
            Method::ToolsList | Method::PromptsList | Method::ResourcesList | Method::TemplatesList => {
                // Everything comes on one page, so there is no cursor that could have been given.
                if request.params().is_some_and(|p| p.get("cursor").is_some()) {
                    return Err(RpcError::invalid_params("`cursor` is not one of this list").into());
                }
                let list = self.list(arrival, request.method).await;
                own(&lists::list_result(request.method, arrival.revision.era(), &list))
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
}
