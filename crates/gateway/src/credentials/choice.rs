use super::Configured;
use crate::passage::{About, Passage};
use doorward_credential::{
    Failure,
    choice::{Caller, choose},
};
use std::sync::Arc;

/// The credential that serves a message; `None` where its server is called without one.
pub(super) fn of(passage: &Passage) -> Option<Result<Arc<Configured>, Failure>> {
    let rules = &passage.server.rules;
    if rules.is_empty() {
        return None;
    }
    let principal = passage.caller.actor.principal();
    let human = principal.human.as_ref();
    let caller = Caller {
        agent: &principal.agent.id,
        human: human.map(|h| (&*h.id, h.email.as_deref())),
        groups: human.map_or(&[], |h| &*h.groups),
        tool: tool(passage),
    };
    let Some(rule) = choose(rules, &caller) else {
        return Some(Err(Failure::Misconfigured("no credential is meant for this agent, person and tool".into())));
    };
    let name = rule.name.as_deref()?;
    let missing = || Failure::Misconfigured(format!("there is no credential `{name}`").into());
    Some(passage.live.credentials.get(name).cloned().ok_or_else(missing))
}

/// The tool that is called, by the server's own name.
pub(super) fn tool(passage: &Passage) -> Option<&str> {
    match &passage.about {
        About::Tool(definition) => Some(&definition.name),
        About::Unknown(name) => Some(name),
        About::Prompt(_) | About::Resource(_) | About::Server => None,
    }
}
