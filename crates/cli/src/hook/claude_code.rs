//! Hooks of Claude Code: one JSON object on standard input for each event, as its hooks reference says (as of 2.1.319).
//!
//! Standard output of `UserPromptSubmit` would be added to what the model reads, so nothing is printed there. Exit code 2
//! blocks, with standard error as the reason; every other code lets the host go on.

use super::{Said, member, report::Report};
use serde_json::Value;

/// What its MCP client calls itself.
const CLIENT: &str = "claude-code";

/// How results of agents in the background are put to the model. They come through `UserPromptSubmit` too, and the human did
/// not write them: what an agent read may stand in them.
const NOT_THE_HUMAN: &str = "<task-notification";

/// What an event tells; nothing where it tells nothing of turns and MCP calls.
pub(super) fn read(event: &Value) -> Result<Option<Report>, String> {
    let conversation = || member(event, "session_id").map(str::to_owned);
    Ok(match member(event, "hook_event_name")? {
        "UserPromptSubmit" => {
            let text = member(event, "prompt")?.to_owned();
            if text.contains(NOT_THE_HUMAN) {
                return Ok(None);
            }
            // The id is absent before the first prompt of old releases.
            let host_turn = event.get("prompt_id").and_then(Value::as_str).map(str::to_owned);
            Some(Report::Turn { conversation: conversation()?, text, client: Some(CLIENT.to_owned()), host_turn })
        }
        // The same id is in `_meta["claudecode/toolUseId"]` of the call.
        "PreToolUse" if member(event, "tool_name")?.starts_with("mcp__") => {
            Some(Report::Use { conversation: conversation()?, id: member(event, "tool_use_id")?.to_owned() })
        }
        "Stop" | "SessionEnd" => Some(Report::Pause { conversation: conversation()?, client: CLIENT.to_owned() }),
        _ => None,
    })
}

/// Nothing is to be said: the host goes on.
pub(super) fn go_on() -> Said {
    Said::default()
}

/// The way in which this host is stopped.
pub(super) fn stop(event: &Value, why: &str) -> Said {
    let stopped = matches!(member(event, "hook_event_name"), Ok("UserPromptSubmit" | "PreToolUse") | Err(_));
    // Blocking a `Stop` would make the agent go on.
    Said { err: Some(why.to_owned()), code: if stopped { 2 } else { 0 }, ..Said::default() }
}
