//! The client that stays: a job on each line of standard input, what it saw on each line of standard output. The jobs are
//! those of the client scripts; `peers/README.md` lists the operations.

use std::{
    io::{BufRead, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rmcp::{
    ClientHandler, ClientServiceExt, ErrorData, RoleClient,
    model::{
        CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
        GetPromptRequestParams, Implementation, JsonObject, ProgressNotificationParam, ProtocolVersion,
        ReadResourceRequestParams, ResourceContents, ResourceUpdatedNotificationParam, ServerNotification,
        SubscribeRequestParams, SubscriptionFilter, UnsubscribeRequestParams,
    },
    service::{NotificationContext, RequestContext, RunningService},
    transport::StreamableHttpClientTransport,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{Failure, Options, text};

const PATIENCE: Duration = Duration::from_secs(15);
const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
const RESOURCES_CHANGED: &str = "notifications/resources/list_changed";
const UPDATED: &str = "notifications/resources/updated";

/// What the server said, and what the human says.
#[derive(Default)]
struct Notes {
    progress: Mutex<Vec<f64>>,
    asked: Mutex<Vec<String>>,
    answer: Mutex<Value>,
    heard: Mutex<Vec<(&'static str, String)>>,
    news: Notify,
}

impl Notes {
    fn hear(&self, method: &'static str, uri: String) {
        locked(&self.heard).push((method, uri));
        self.news.notify_waiters();
    }
}

#[derive(Clone)]
struct Me(Arc<Notes>);

impl ClientHandler for Me {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(capabilities, Implementation::new("doorward-peer", "1.0.0"))
    }
    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        if let ElicitRequestParams::FormElicitationParams { message, .. } = request {
            locked(&self.0.asked).push(message);
        }
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(locked(&self.0.answer).clone()))
    }
    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        locked(&self.0.progress).push(params.progress);
        self.0.news.notify_waiters();
    }
    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.0.hear(TOOLS_CHANGED, String::new());
    }
    async fn on_resource_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.0.hear(RESOURCES_CHANGED, String::new());
    }
    async fn on_resource_updated(&self, params: ResourceUpdatedNotificationParam, _: NotificationContext<RoleClient>) {
        self.0.hear(UPDATED, params.uri);
    }
}

/// Does the jobs until there are no more.
pub(crate) async fn serve(options: &Options) {
    let next = || tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().next());
    while let Ok(Some(Ok(line))) = next().await {
        let seen = meet(options, &line).await.unwrap_or_else(|error| json!({ "error": error.to_string() }));
        let _ = writeln!(std::io::stdout(), "{seen}");
    }
}

async fn meet(options: &Options, line: &str) -> Result<Value, Failure> {
    let job: Value = serde_json::from_str(line)?;
    let me = Me(Arc::default());
    let transport = StreamableHttpClientTransport::from_uri(string(&job, "url")?);
    let connecting = me.clone().serve_with_lifecycle(transport, options.lifecycle());
    let client = tokio::time::timeout(PATIENCE, connecting).await??;
    let version = client.peer_info().map(|info| info.protocol_version.clone());
    let tour =
        Tour { modern: version.as_ref().is_some_and(|v| *v >= ProtocolVersion::V_2026_07_28), client, notes: me.0 };
    let mut saw = serde_json::Map::new();
    for (name, op) in job.get("ops").and_then(Value::as_object).into_iter().flatten() {
        let seen = tokio::time::timeout(PATIENCE, tour.operate(name, op)).await;
        let seen = seen.unwrap_or_else(|_| Err("no end within 15 s".into()));
        saw.insert(name.clone(), seen.unwrap_or_else(|error| json!({ "error": error.to_string() })));
    }
    tour.client.cancel().await?;
    Ok(json!({ "peer": "rust", "version": version, "saw": saw }))
}

/// One visit.
struct Tour {
    client: RunningService<RoleClient, Me>,
    notes: Arc<Notes>,
    modern: bool,
}

impl Tour {
    async fn operate(&self, name: &str, op: &Value) -> Result<Value, Failure> {
        match name {
            "list" => {
                let tools = self.client.list_all_tools().await?;
                Ok(tools.iter().map(|tool| Value::from(&*tool.name)).collect())
            }
            "call" => Ok(self.say(op).await?.into()),
            "read" => self.read(op.as_str().unwrap_or_default()).await,
            "prompt" => self.prompt(op).await,
            "progress" => {
                locked(&self.notes.progress).clear();
                self.say(op).await?;
                // The library hands every report to a task of its own, which may come to it after the answer.
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(json!(*locked(&self.notes.progress)))
            }
            "cancel" => self.cancel(op).await,
            "elicit" => {
                locked(&self.notes.asked).clear();
                *locked(&self.notes.answer) = op.get("answer").cloned().unwrap_or_default();
                let text = self.say(op).await?;
                Ok(json!({ "asked": *locked(&self.notes.asked), "text": text }))
            }
            "changed" if op.get("kind") == Some(&json!("tools")) => {
                let filter = SubscriptionFilter::builder().tools_list_changed().build();
                self.told(filter, op, TOOLS_CHANGED).await
            }
            "changed" => {
                let filter = SubscriptionFilter::builder().resources_list_changed().build();
                self.told(filter, op, RESOURCES_CHANGED).await
            }
            "updated" => {
                let seen = self.updated(op).await?;
                if op.get("switch") == Some(&json!(true)) {
                    self.say(op).await?;
                }
                Ok(seen)
            }
            other => Err(format!("there is no operation `{other}`").into()),
        }
    }

    /// Calls a tool and gives its text.
    async fn say(&self, op: &Value) -> Result<String, Failure> {
        let arguments = op.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default();
        let call = CallToolRequestParams::new(string(op, "name")?).with_arguments(arguments);
        let result = self.client.call_tool(call).await?;
        Ok(result.content.iter().filter_map(text).collect())
    }

    async fn read(&self, uri: &str) -> Result<Value, Failure> {
        let read = self.client.read_resource(ReadResourceRequestParams::new(uri)).await?;
        match read.contents.first() {
            Some(ResourceContents::TextResourceContents { text, .. }) => Ok(text.as_str().into()),
            other => Err(format!("no text: {other:?}").into()),
        }
    }

    async fn prompt(&self, op: &Value) -> Result<Value, Failure> {
        let mut request = GetPromptRequestParams::new(string(op, "name")?);
        if let Some(arguments) = op.get("arguments").and_then(Value::as_object) {
            request = request.with_arguments(JsonObject::clone(arguments));
        }
        let prompt = self.client.get_prompt(request).await?;
        Ok(prompt.messages.first().and_then(|message| text(&message.content)).into())
    }

    async fn cancel(&self, op: &Value) -> Result<Value, Failure> {
        let before = self.count(op).await?;
        locked(&self.notes.progress).clear();
        let begun = async {
            while locked(&self.notes.progress).is_empty() {
                let _ = tokio::time::timeout(Duration::from_millis(20), self.notes.news.notified()).await;
            }
        };
        // The library cancels a call whose future is dropped.
        let ended = tokio::select! {
            ended = self.say(op) => ended?,
            _ = tokio::time::timeout(Duration::from_secs(1), begun) => "cancelled".to_owned(),
        };
        let mut counted = 0;
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            counted = self.count(op).await? - before;
            if counted > 0 {
                break;
            }
        }
        Ok(json!({ "ended": ended, "counted": counted }))
    }

    async fn count(&self, op: &Value) -> Result<i64, Failure> {
        let counts: Value = serde_json::from_str(&self.say(op.get("count").unwrap_or(&Value::Null)).await?)?;
        Ok(counts.get(string(op, "key")?).and_then(Value::as_i64).unwrap_or(0))
    }

    #[expect(deprecated, reason = "the way of the older era")]
    async fn updated(&self, op: &Value) -> Result<Value, Failure> {
        let uri = string(op, "uri")?;
        if self.modern {
            let filter = SubscriptionFilter::builder().resource_subscriptions([uri.as_str()]).build();
            return self.told(filter, op, UPDATED).await;
        }
        self.client.subscribe(SubscribeRequestParams::new(uri.as_str())).await?;
        let seen = self.told(SubscriptionFilter::new(), op, UPDATED).await;
        self.client.unsubscribe(UnsubscribeRequestParams::new(uri.as_str())).await?;
        seen
    }

    /// What the server says by itself after a call: on a stream of its own, or in the session.
    async fn told(&self, filter: SubscriptionFilter, op: &Value, method: &'static str) -> Result<Value, Failure> {
        if self.modern {
            let mut stream = self.client.listen(filter).await?;
            self.say(op).await?;
            let said = stream.next().await?;
            stream.cancel().await?;
            return match said {
                Some(ServerNotification::ResourceUpdatedNotification(updated)) => Ok(updated.params.uri.into()),
                Some(ServerNotification::ToolListChangedNotification(_)) => Ok(TOOLS_CHANGED.into()),
                Some(ServerNotification::ResourceListChangedNotification(_)) => Ok(RESOURCES_CHANGED.into()),
                other => Err(format!("the stream said {other:?}").into()),
            };
        }
        locked(&self.notes.heard).clear();
        self.say(op).await?;
        loop {
            let found = locked(&self.notes.heard).iter().find(|(said, _)| *said == method).cloned();
            match found {
                Some((_, uri)) if !uri.is_empty() => return Ok(uri.into()),
                Some((said, _)) => return Ok(said.into()),
                None => drop(tokio::time::timeout(Duration::from_millis(20), self.notes.news.notified()).await),
            }
        }
    }
}

fn string(value: &Value, key: &str) -> Result<String, Failure> {
    let text = value.get(key).and_then(Value::as_str);
    Ok(text.ok_or_else(|| format!("`{key}` is missing in {value}"))?.to_owned())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
