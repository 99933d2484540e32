//! Calls that a person has to approve first, through real gateways, clients and servers.

mod bounds;
mod forms;
mod inputs;
mod pages;
mod step_up;

use crate::{
    client::{Client, Exchange, is_refused, soon, text_of},
    front::{Front, http_server},
};
use doorward_audit::{Approval, ApprovalChange, Event, Record};
use doorward_testkit::fixture::{Options, Server};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

pub(crate) const KEY: &str = "dev.doorward/approval";
pub(crate) const ENDPOINTS: [(&str, &str); 2] = [("/mcp/fixture", ""), ("/mcp", "fixture__")];

/// Everything but the tool that counts needs an approval.
const POLICY: &str = r#"
@id("ask-first")
@challenge("approval")
@reason("somebody has to look at it")
forbid (principal is Server, action == Action::"call", resource is Tool)
unless { resource.name == "count_calls" };
"#;

/// A gateway in front of a server whose tools need approvals.
pub(crate) struct Scene {
    pub(crate) front: Front,
    _server: Server,
    folder: TempDir,
    toml: String,
}

impl Scene {
    pub(crate) async fn start(more: &str) -> Self {
        Self::with(more, Options::default()).await
    }

    pub(crate) async fn with(more: &str, options: Options) -> Self {
        let server = Server::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let toml = configured(folder.path(), &http_server("fixture", &server.url()), POLICY, more);
        Self { front: Front::start(&toml).await, _server: server, folder, toml }
    }

    /// The same configuration with other policies in force.
    pub(crate) fn edit_policy(&self, more: &str) {
        std::fs::write(self.folder.path().join("own.cedar"), format!("{POLICY}{more}")).unwrap();
        self.front.reload(&self.toml);
    }

    /// What the trail says of approvals, once it says so much.
    pub(crate) async fn told(&self, changes: &[ApprovalChange]) -> Vec<Approval> {
        let told = |records: &[Record]| approvals(records);
        let records = self.front.records_until(|records| told(records).len() >= changes.len()).await;
        let told = told(&records);
        assert_eq!(told.iter().map(|a| a.change).collect::<Vec<_>>(), changes, "{told:#?}");
        told
    }

    /// How often `tool` ran at the server.
    pub(crate) async fn ran(&self, tool: &str) -> u64 {
        let client = Client::modern(&self.front, "/mcp/fixture");
        client.counts("").await[tool].as_u64().unwrap_or(0)
    }
}

pub(crate) fn configured(folder: &Path, servers: &str, policy: &str, more: &str) -> String {
    let file = folder.join("own.cedar");
    std::fs::write(&file, policy).unwrap();
    format!("{servers}{more}\n[policy]\nfiles = [{file:?}]\n")
}

pub(crate) fn approvals(records: &[Record]) -> Vec<Approval> {
    let told = |record: &Record| match &record.event {
        Event::Approval(approval) => Some(approval.as_ref().clone()),
        _ => None,
    };
    records.iter().filter_map(told).collect()
}

pub(crate) fn capable() -> Value {
    json!({ "elicitation": {}, "sampling": {}, "roots": {} })
}

/// A call of 2026-07-28 with the person's answer.
pub(crate) fn retried(tool: &str, arguments: Value, asked: &Value, action: &str) -> Value {
    json!({ "name": tool, "arguments": arguments, "requestState": asked["result"]["requestState"],
        "inputResponses": { KEY: { "action": action, "content": {} } } })
}

/// What a client of 2026-07-28 is asked.
pub(crate) fn question(answer: &Value) -> &Value {
    assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
    let asked = &answer["result"]["inputRequests"][KEY];
    assert_eq!(asked["method"], "elicitation/create", "{answer}");
    &asked["params"]
}

/// The question on the stream of a call.
pub(crate) async fn asked_on(stream: &mut Exchange) -> Value {
    let asked = soon("the question", stream.message()).await.unwrap();
    assert_eq!(asked["method"], "elicitation/create", "{asked}");
    asked
}

pub(crate) fn refusal(answer: &Value) -> String {
    assert!(is_refused(answer) && answer["result"]["isError"] == true, "{answer}");
    text_of(answer).unwrap()
}
