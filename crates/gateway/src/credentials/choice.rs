use super::Configured;
use crate::{
    Live,
    passage::{About, Caller as Who},
    server::Server,
};
use doorward_credential::{
    Failure,
    choice::{Caller, choose},
};
use std::sync::Arc;

/// The credential that a server is to be called with.
#[derive(Clone, Debug)]
pub(crate) enum Chosen {
    /// None is needed.
    Without,
    /// This one.
    Serves(Arc<Configured>),
    /// None that there is, for this reason.
    Nothing(Failure),
}

impl Chosen {
    /// Its name; empty where there is none.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Serves(configured) => &configured.name,
            Self::Without | Self::Nothing(_) => "",
        }
    }

    /// What serves a message about `about` from `who` to `server`.
    pub(crate) fn of(live: &Live, server: &Server, who: &Who, about: &About) -> Self {
        match choose_for(live, server, who, about) {
            None => Self::Without,
            Some(Ok(configured)) => Self::Serves(configured),
            Some(Err(why)) => Self::Nothing(why),
        }
    }
}

fn choose_for(live: &Live, server: &Server, who: &Who, about: &About) -> Option<Result<Arc<Configured>, Failure>> {
    if server.rules.is_empty() {
        return None;
    }
    let principal = who.actor.principal();
    let human = principal.human.as_ref();
    let caller = Caller {
        agent: &principal.agent.id,
        human: human.map(|h| (&*h.id, h.email.as_deref())),
        groups: human.map_or(&[], |h| &*h.groups),
        tool: tool(about),
    };
    let Some(rule) = choose(&server.rules, &caller) else {
        return Some(Err(Failure::Misconfigured("no credential is meant for this agent, person and tool".into())));
    };
    let name = rule.name.as_deref()?;
    let missing = || Failure::Misconfigured(format!("there is no credential `{name}`").into());
    Some(live.credentials.get(name).cloned().ok_or_else(missing))
}

/// The tool that is called, by the server's own name.
pub(super) fn tool(about: &About) -> Option<&str> {
    match about {
        About::Tool(definition) => Some(&definition.name),
        About::Unknown(name) => Some(name),
        About::Prompt(_) | About::Resource(_) | About::Server => None,
    }
}
