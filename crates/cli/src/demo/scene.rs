//! The language of the files under `attacks/`.

use super::outcome::Outcome;
use doorward_vocab::Level;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A scene: what happens, step by step, and what must come of it at each level.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scene {
    #[serde(skip)]
    pub(super) name: String,
    /// A headline.
    pub(super) title: String,
    /// What happens and why it is bad, for people.
    pub(super) story: String,
    /// Where it happened, or the class of attacks it belongs to; absent in honest scenes.
    pub(super) incident: Option<String>,
    /// The conversation it belongs to, where it goes on with that of another scene.
    conversation: Option<String>,
    #[serde(rename = "step")]
    pub(super) steps: Vec<Step>,
}

/// One step. It has exactly one of `turn`, `install`, `open`, `list`, `call`, `post`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// Who does what.
    pub(super) tells: String,
    /// The human says something: the agent's host reports it.
    pub(super) turn: Option<String>,
    /// The operator adds servers of the demo.
    pub(super) install: Option<Vec<String>>,
    /// The agent opens a session at this endpoint, and reads how the servers introduce themselves.
    pub(super) open: Option<String>,
    /// The agent asks for the list of tools, and looks for this one.
    pub(super) list: Option<String>,
    /// The agent calls this tool.
    pub(super) call: Option<String>,
    /// The conversation of the call, where it is another than that of the scene.
    pub(super) conversation: Option<String>,
    /// The arguments of the call.
    #[serde(default)]
    pub(super) arguments: serde_json::Map<String, serde_json::Value>,
    /// Somebody posts these bytes.
    pub(super) post: Option<String>,
    /// Headers of the post, over the usual ones.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// The post carries the session that the agent has at this endpoint.
    pub(super) session: Option<String>,
    /// The post carries the credential of the agent's host: another principal than the agent.
    #[serde(default)]
    pub(super) as_host: bool,
    /// The endpoint.
    #[serde(default = "all")]
    pub(super) at: String,
    /// The revision of the protocol; `2025-11-25` where nothing is said.
    #[serde(default)]
    pub(super) modern: bool,
    /// Whether this is the attack: what it comes to decides whether the scene was stopped.
    #[serde(default)]
    pub(super) attack: bool,
    /// Whether the server is to ask the person something during the call.
    #[serde(default)]
    pub(super) asks: bool,
    /// What the agent must not get to see, where the outcome is a stop.
    pub(super) hides: Option<String>,
    /// What the agent must get to see all the same, where something is cut out.
    pub(super) keeps: Option<String>,
    /// What must come of it; absent where nothing can go wrong.
    pub(super) expect: Option<Expect>,
}

/// One outcome for all levels, or one for each.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Expect {
    Always(Outcome),
    ByLevel { guard: Outcome, watch: Outcome, lockdown: Outcome },
}

fn all() -> String {
    "/mcp".into()
}

impl Scene {
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut scene: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        scene.name = name.to_owned();
        for step in &scene.steps {
            let acts = [
                step.turn.is_some(),
                step.install.is_some(),
                step.open.is_some(),
                step.list.is_some(),
                step.call.is_some(),
                step.post.is_some(),
            ];
            if acts.iter().filter(|a| **a).count() != 1 {
                return Err(format!(
                    "the step `{}` needs exactly one of turn, install, open, list, call and post",
                    step.tells
                ));
            }
            if step.expect.is_none() && (step.attack || step.turn.is_none() && step.install.is_none()) {
                return Err(format!("the step `{}` needs `expect`", step.tells));
            }
        }
        Ok(scene)
    }

    /// Whether somebody attacks.
    pub(super) const fn is_attack(&self) -> bool {
        self.incident.is_some()
    }

    /// The conversation it belongs to.
    pub(super) fn conversation(&self) -> &str {
        self.conversation.as_deref().unwrap_or(&self.name)
    }
}

impl Step {
    /// What must come of it.
    pub(super) fn expected(&self, level: Level) -> Option<Outcome> {
        self.expect.map(|e| match (e, level) {
            (Expect::Always(outcome), _) | (Expect::ByLevel { guard: outcome, .. }, Level::Guard) => outcome,
            (Expect::ByLevel { watch: outcome, .. }, Level::Watch) => outcome,
            (Expect::ByLevel { lockdown: outcome, .. }, Level::Lockdown) => outcome,
        })
    }

    /// The server that the step is about, where it is about one.
    pub(super) fn server(&self) -> Option<&str> {
        let by_path = self.at.strip_prefix("/mcp/");
        by_path.or_else(|| self.call.as_deref()?.split_once("__").map(|(server, _)| server))
    }
}
