use crate::{Detector, Findings, View};
use doorward_vocab::Channel;

/// What surrounds a definition that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct DefinitionContext<'a> {
    /// The server that declares it.
    pub server: &'a str,
    /// The name of the tool, prompt or resource.
    pub name: &'a str,
    /// The tools of the other servers, as (server, tool).
    pub others: &'a [(&'a str, &'a str)],
}

/// To come.
pub(crate) struct Shadowing;

impl Detector for Shadowing {
    fn name(&self) -> &'static str {
        "shadowing"
    }
    fn doc(&self) -> &'static str {
        ""
    }
    fn channels(&self) -> &'static [Channel] {
        &[Channel::Definition]
    }
    fn scan(&self, _view: &View<'_>, _out: &mut Findings) {}
}
