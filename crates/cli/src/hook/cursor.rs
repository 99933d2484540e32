//! Hooks of Cursor: one JSON object on standard input for each event and one on standard output, as its hooks reference says
//! (as of 2026-08-25).
//!
//! What is printed where the host goes on decides nothing: an `allow` might spare the human a question.

use super::{Said, member, report::Report};
use serde_json::{Value, json};

/// How the name of its MCP client begins: `cursor-vscode`.
const CLIENT: &str = "cursor";

/// What an event tells; nothing where it tells nothing of turns.
pub(super) fn read(event: &Value) -> Result<Option<Report>, String> {
    let conversation = || member(event, "conversation_id").map(str::to_owned);
    Ok(match member(event, "hook_event_name")? {
        "beforeSubmitPrompt" => Some(Report::Turn {
            conversation: conversation()?,
            text: member(event, "prompt")?.to_owned(),
            client: Some(CLIENT.to_owned()),
            host_turn: event.get("generation_id").and_then(Value::as_str).map(str::to_owned),
        }),
        "stop" | "sessionEnd" => Some(Report::Pause { conversation: conversation()?, client: CLIENT.to_owned() }),
        _ => None,
    })
}

/// The host goes on.
pub(super) fn go_on(event: &Value) -> Said {
    let out = match member(event, "hook_event_name") {
        Ok("beforeSubmitPrompt") => json!({ "continue": true }),
        _ => json!({}),
    };
    Said { out: Some(out.to_string()), ..Said::default() }
}

/// The way in which this host is stopped.
pub(super) fn stop(event: &Value, why: &str) -> Said {
    let said = |out: Value| Said { out: Some(out.to_string()), err: Some(why.to_owned()), code: 0 };
    match member(event, "hook_event_name") {
        Ok("beforeSubmitPrompt") => said(json!({ "continue": false, "user_message": why })),
        Ok(before) if before.starts_with("before") || before == "preToolUse" => {
            said(json!({ "permission": "deny", "user_message": why, "agent_message": why }))
        }
        Ok(_) => said(json!({})),
        Err(_) => Said { err: Some(why.to_owned()), code: 2, ..Said::default() },
    }
}
