//! What the tests of this crate say often.

use crate::{
    Agent, AgentFacts, ArgumentFacts, Base, Context, DefinitionState, Delegation, DelegationFacts, Diagnostic, Human,
    HumanFacts, Leaf, LeafValue, Policies, Server, ServerFacts, Source, Target, ToolFacts, Transport,
};
use doorward_vocab::{Assurance, Effect, Effects, Level, Timestamp};

pub(crate) fn compile(text: &str, base: Base) -> Result<Policies, Vec<Diagnostic>> {
    Policies::compile(&[Source { name: "p.cedar".to_owned(), text: text.to_owned() }], base)
}

pub(crate) fn policies(text: &str, base: Base) -> Policies {
    compile(text, base).unwrap_or_else(|errors| panic!("{}", render(&errors)))
}

pub(crate) fn render(errors: &[Diagnostic]) -> String {
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor()).with_width(100);
    let mut out = String::new();
    for e in errors {
        handler.render_report(&mut out, e).unwrap();
    }
    out
}

pub(crate) fn agent(id: &str, groups: &[&str]) -> Agent {
    let groups: Vec<_> = groups.iter().map(|g| (*g).to_owned()).collect();
    let facts = AgentFacts {
        id,
        name: id,
        assurance: Assurance::PlatformToken,
        issuer: Some("corp"),
        via: "oidc",
        groups: &groups,
        method: "oidc",
        ..AgentFacts::default()
    };
    facts.prepare()
}

pub(crate) fn human(id: &str, groups: &[&str]) -> Human {
    let groups: Vec<_> = groups.iter().map(|g| (*g).to_owned()).collect();
    let email = Some("anna@example.com");
    HumanFacts { id, name: id, email, issuer: "corp", groups: &groups, ..HumanFacts::default() }.prepare()
}

/// A chain of one.
pub(crate) fn delegation(id: &str, scopes: &[&str], owner: Option<&str>) -> [Delegation; 1] {
    let scopes: Vec<_> = scopes.iter().map(|s| (*s).to_owned()).collect();
    [DelegationFacts { id, scopes: &scopes, owner, ..DelegationFacts::default() }.prepare()]
}

pub(crate) fn server(name: &str) -> Server {
    ServerFacts {
        name: &name.parse().unwrap(),
        transport: Transport::Http,
        attested: true,
        assurance: Assurance::KeyBound,
    }
    .prepare()
}

pub(crate) fn tool(server: &Server, name: &str, effect: Effect) -> Target {
    tool_in(server, name, effect, DefinitionState::Approved)
}

pub(crate) fn tool_in(server: &Server, name: &str, effect: Effect, state: DefinitionState) -> Target {
    let effects = Effects::just(effect);
    Target::tool(
        server,
        &ToolFacts { name, effects, read_only: None, destructive: Some(true), open_world: None, state },
    )
}

pub(crate) fn context(arguments: &ArgumentFacts) -> Context<'_> {
    let now = Timestamp::from_micros(1_795_000_000_000_000);
    Context { arguments, assurance: Assurance::PlatformToken, ..Context::bare(Level::Guard, now) }
}

pub(crate) fn arguments(leaves: &[(&str, &str)]) -> ArgumentFacts {
    ArgumentFacts::of(leaves.iter().map(|(path, text)| Leaf { path, value: LeafValue::Str(text) }))
}
