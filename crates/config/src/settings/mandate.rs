use crate::{Glob, section::Section, value::Item};
use serde::Serialize;

/// What agents are for, whatever a human says: in the words of the operator, as a human would say it to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mandate {
    /// Patterns of ids or names of agents; empty: all.
    pub agents: Vec<Glob>,
    /// What they are to do, and what not.
    pub text: String,
}

impl Mandate {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let agents = section.get("agent", Item::one_or_more).unwrap_or_default();
        let text = section.need("text", "text = \"Send the report of the day to ann@example.org.\"", Item::text);
        section.finish();
        Some(Self { agents: agents.into_iter().map(Glob::new).collect(), text: text?.to_owned() })
    }

    /// Whether it is about an agent.
    pub fn is_of(&self, id: &str, name: &str) -> bool {
        self.agents.is_empty() || self.agents.iter().any(|agent| agent.matches(id) || agent.matches(name))
    }
}
