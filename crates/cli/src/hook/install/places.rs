//! Where each host has its hooks, and in which form.

use super::{Args, Host};
use crate::Failure;
use serde_json::{Value, json};
use std::{env, path::PathBuf};

/// The settings of a host.
pub(super) struct Place {
    pub(super) host: Host,
    pub(super) file: PathBuf,
}

impl Place {
    pub(super) fn of(args: &Args) -> Result<Self, Failure> {
        let (folder, name, own) = match args.host {
            Host::ClaudeCode => (".claude", "settings.json", Some("CLAUDE_CONFIG_DIR")),
            Host::Cursor => (".cursor", "hooks.json", None),
            Host::Generic => {
                let what = "there are no settings of a generic host";
                return Err(Failure::usage(what, "let it run `doorward hook generic`, see docs/hooks.md"));
            }
        };
        let set = |variable: &str| env::var_os(variable).filter(|v| !v.is_empty()).map(PathBuf::from);
        let folder = if args.project {
            PathBuf::from(folder)
        } else {
            let home = || set("HOME").map(|home| home.join(folder));
            let nowhere = || Failure::usage("there is no home folder: `HOME` is not set", "say `--project`, or set it");
            own.and_then(set).or_else(home).ok_or_else(nowhere)?
        };
        Ok(Self { host: args.host, file: folder.join(name) })
    }

    /// What is to stand under each event.
    pub(super) fn entries(&self, command: &str, required: bool) -> Vec<(&'static str, Value)> {
        match self.host {
            // MCP tools are called `mcp__SERVER__TOOL` there.
            Host::ClaudeCode => {
                let entry = |matcher: Option<&str>| {
                    let hooks = json!([{ "type": "command", "command": command }]);
                    matcher.map_or_else(|| json!({ "hooks": hooks }), |m| json!({ "matcher": m, "hooks": hooks }))
                };
                let events =
                    [("UserPromptSubmit", None), ("PreToolUse", Some("mcp__.*")), ("Stop", None), ("SessionEnd", None)];
                events.map(|(event, matcher)| (event, entry(matcher))).into()
            }
            Host::Cursor => {
                let entry = if required {
                    json!({ "command": command, "failClosed": true })
                } else {
                    json!({ "command": command })
                };
                ["beforeSubmitPrompt", "stop", "sessionEnd"].map(|event| (event, entry.clone())).into()
            }
            Host::Generic => Vec::new(),
        }
    }
}
