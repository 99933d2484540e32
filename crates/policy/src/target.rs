use crate::{Server, entity::Prepared, party::text, value::Value};
use doorward_vocab::{Digest, Effects, ServerName};

/// Whether the operator has approved a definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DefinitionState {
    /// It is the one that was approved.
    #[default]
    Approved,
    /// New or changed, and nobody has looked yet.
    Pending,
    /// Held back until somebody looks.
    Quarantined,
}

impl DefinitionState {
    /// The word used in policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Pending => "pending",
            Self::Quarantined => "quarantined",
        }
    }
}

/// What policies may know of a tool.
#[derive(Clone, Debug)]
pub struct ToolFacts<'a> {
    /// The bare name, without the server's.
    pub name: &'a str,
    /// What it does; [`Effects::NONE`] where unknown. Whether it is a sink follows.
    pub effects: Effects,
    /// The server's hint that it changes nothing.
    pub read_only: Option<bool>,
    /// The server's hint that it may destroy.
    pub destructive: Option<bool>,
    /// The server's hint that it reaches beyond the server.
    pub open_world: Option<bool>,
    /// Whether its definition is approved.
    pub state: DefinitionState,
}

/// What an action is done to, ready to be asked about. Made once per definition; cheap to clone.
#[derive(Clone, Debug)]
pub struct Target {
    pub(crate) entity: Prepared,
    pub(crate) server: Server,
    /// Of the target and its server.
    pub(crate) fingerprint: Digest,
}

impl Target {
    /// The server as a whole: sessions, lists, listening.
    pub fn server(server: &Server) -> Self {
        Self::new(server.0.clone(), server)
    }
    /// A tool of `server`.
    pub fn tool(server: &Server, tool: &ToolFacts<'_>) -> Self {
        let effects: Vec<_> = tool.effects.iter().map(|e| e.as_str().to_owned()).collect();
        let attributes = [
            ("name", Some(text(tool.name))),
            ("effects", Some(Value::Texts(effects.into()))),
            ("sink", Some(Value::Bool(tool.effects.is_sink()))),
            ("readOnly", tool.read_only.map(Value::Bool)),
            ("destructive", tool.destructive.map(Value::Bool)),
            ("openWorld", tool.open_world.map(Value::Bool)),
            ("state", Some(text(tool.state.as_str()))),
        ];
        Self::part_of(server, "Tool", tool.name, &attributes)
    }
    /// A prompt of `server`.
    pub fn prompt(server: &Server, name: &str, state: DefinitionState) -> Self {
        let attributes = [("name", Some(text(name))), ("state", Some(text(state.as_str())))];
        Self::part_of(server, "Prompt", name, &attributes)
    }
    /// A resource, or a resource template, of `server`, by its URI as the server spells it.
    pub fn resource(server: &Server, uri: &str, state: DefinitionState) -> Self {
        // RFC 3986 §3.1: a letter, then letters, digits, `+`, `-`, `.`; case does not matter.
        let scheme = uri.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        let scheme = scheme.filter(|s| {
            s.starts_with(|c: char| c.is_ascii_alphabetic())
                && s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        });
        let attributes = [
            ("uri", Some(text(uri))),
            ("scheme", Some(text(scheme.as_deref().unwrap_or_default()))),
            ("state", Some(text(state.as_str()))),
        ];
        Self::part_of(server, "Resource", uri, &attributes)
    }

    /// What policies name it by: `server__name`.
    pub fn id(&self) -> &str {
        self.entity.id()
    }

    /// A server's name never holds the separator, so the joined id splits in one way only.
    fn part_of(
        server: &Server,
        kind: &'static str,
        name: &str,
        attributes: &[(&'static str, Option<Value<'_>>)],
    ) -> Self {
        let id = format!("{}{}{name}", server.id(), ServerName::SEPARATOR);
        Self::new(Prepared::new(kind, &id, ("Server", &[server.id().to_owned()]), attributes), server)
    }

    fn new(entity: Prepared, server: &Server) -> Self {
        let both = [*entity.fingerprint().as_bytes(), *server.0.fingerprint().as_bytes()].concat();
        Self { entity, server: server.clone(), fingerprint: Digest::of(&both) }
    }
}
