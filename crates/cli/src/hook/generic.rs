//! Every other host: an event on each line of standard input, its answer on each line of standard output. The host may keep
//! the bridge open for as long as it runs.
//!
//! ```json
//! {"event":"turn","conversation":"c-1","text":"mail the notes to ann@corp.example","turn":"t-1","client":"my-agent"}
//! {"event":"use","conversation":"c-1","tool_use_id":"u-1"}
//! {"event":"pause","conversation":"c-1","client":"my-agent"}
//! ```

use super::{Required, member, report::Report, tell};
use serde_json::{Value, json};
use std::{
    io::{self, BufRead, Read, Write},
    path::Path,
    process::ExitCode,
    time::Duration,
};

/// The longest line, in bytes.
const MOST_LINE: u64 = 1 << 20;

/// What a line tells.
fn read(event: &Value) -> Result<Report, String> {
    let own = |key: &str| member(event, key).map(str::to_owned);
    let maybe = |key: &str| event.get(key).and_then(Value::as_str).map(str::to_owned);
    let conversation = own("conversation")?;
    match member(event, "event")? {
        "turn" => {
            Ok(Report::Turn { conversation, text: own("text")?, client: maybe("client"), host_turn: maybe("turn") })
        }
        "use" => Ok(Report::Use { conversation, id: own("tool_use_id")? }),
        "pause" => Ok(Report::Pause { conversation, client: own("client")? }),
        other => Err(format!("there is no event `{other}`: turn, use or pause")),
    }
}

/// Answers line by line until the input ends. Exit code 2 where a report was required and did not arrive.
pub(super) fn run(state: &Path, limit: Duration, required: Required) -> ExitCode {
    let mut lines = io::stdin().lock();
    let mut failed = false;
    loop {
        let mut line = Vec::new();
        match (&mut lines).take(MOST_LINE).read_until(b'\n', &mut line) {
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let event = serde_json::from_slice::<Value>(&line).map_err(|e| format!("not a JSON object on one line: {e}"));
        let told = event
            .and_then(|event| read(&event))
            .and_then(|report| tell(state, limit, &report).map_err(|e| e.to_string()));
        failed |= told.is_err();
        let answer = match told {
            Ok(answer) => json!({ "ok": true, "turn": answer.get("turn") }),
            Err(why) => json!({ "ok": false, "error": why }),
        };
        // A host that went away is no failure of ours.
        let mut out = io::stdout().lock();
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    if failed && required == Required::Yes { ExitCode::from(2) } else { ExitCode::SUCCESS }
}
