use crate::{entity::Prepared, value::Value};
use doorward_vocab::{Assurance, ServerName, Timestamp};
use std::fmt;

/// Whose right is asked for. Each party has its own decision, and all must allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Party {
    /// The software that speaks MCP.
    Agent,
    /// The person for whom it acts.
    Human,
    /// What the person handed over.
    Delegation,
    /// The server that is used.
    Server,
}

impl Party {
    /// All parties, in the order in which they are asked.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Human, Self::Delegation, Self::Server];
    /// The word used in explanations and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Human => "human",
            Self::Delegation => "delegation",
            Self::Server => "server",
        }
    }
    /// The party whose principals have this type of the schema, or are in such a group.
    pub(crate) fn of_type(name: &str) -> Option<Self> {
        Some(match name {
            "Agent" | "AgentGroup" => Self::Agent,
            "Human" | "HumanGroup" => Self::Human,
            "Delegation" => Self::Delegation,
            "Server" => Self::Server,
            _ => return None,
        })
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What policies may know of an agent.
#[derive(Clone, Debug)]
pub struct AgentFacts<'a> {
    /// What policies name it by: `Agent::"id"`. Two agents never share one.
    pub id: &'a str,
    /// What it is called.
    pub name: &'a str,
    /// How well its identity is proven.
    pub assurance: Assurance,
    /// Who vouches for it.
    pub issuer: Option<&'a str>,
    /// How it was recognized: `loopback`, `oidc`, `mtls`, …
    pub via: &'a str,
    /// All groups it is in, near and far: `AgentGroup::"…"`.
    pub groups: &'a [String],
}

/// What policies may know of a person.
#[derive(Clone, Debug)]
pub struct HumanFacts<'a> {
    /// What policies name the person by: `Human::"id"`. Two people never share one.
    pub id: &'a str,
    /// What the person is called.
    pub name: &'a str,
    /// The verified address, with a lower-case domain.
    pub email: Option<&'a str>,
    /// Who vouches for the person.
    pub issuer: &'a str,
    /// All groups the person is in, near and far: `HumanGroup::"…"`.
    pub groups: &'a [String],
}

/// What policies may know of a delegation. Whether it is still valid was checked before.
#[derive(Clone, Debug)]
pub struct DelegationFacts<'a> {
    /// What policies name it by: `Delegation::"id"`.
    pub id: &'a str,
    /// What it is for.
    pub purpose: Option<&'a str>,
    /// What it covers.
    pub scopes: &'a [String],
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// Who answers for a run without a person.
    pub owner: Option<&'a str>,
}

/// How a server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A child process.
    Stdio,
    /// Over HTTP.
    Http,
}

/// What policies may know of a server.
#[derive(Clone, Debug)]
pub struct ServerFacts<'a> {
    /// The operator's name for it: `Server::"name"`.
    pub name: &'a ServerName,
    /// How it is reached.
    pub transport: Transport,
    /// Whether its identity was proven, and not only its address known.
    pub attested: bool,
}

macro_rules! prepared {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub(crate) Prepared);
        impl $name {
            /// What policies name it by.
            pub fn id(&self) -> &str {
                self.0.id()
            }
        }
    )*};
}
prepared! {
    /// An agent, ready to be asked about. Made by [`AgentFacts::prepare`] once per connection; cheap to clone.
    Agent,
    /// A person, ready to be asked about. Made by [`HumanFacts::prepare`].
    Human,
    /// A server, ready to be asked about. Made by [`ServerFacts::prepare`].
    Server
}

/// A delegation, ready to be asked about. Made by [`DelegationFacts::prepare`].
#[derive(Clone, Debug)]
pub struct Delegation {
    pub(crate) entity: Prepared,
    pub(crate) owned: bool,
}

impl Delegation {
    /// What policies name it by.
    pub fn id(&self) -> &str {
        self.entity.id()
    }
}

impl AgentFacts<'_> {
    /// Makes the agent ready for many questions.
    pub fn prepare(&self) -> Agent {
        let attributes = [
            ("name", Some(text(self.name))),
            ("assurance", Some(Value::Long(u8::from(self.assurance).into()))),
            ("issuer", self.issuer.map(text)),
            ("via", Some(text(self.via))),
        ];
        Agent(Prepared::new("Agent", self.id, ("AgentGroup", self.groups), &attributes))
    }
}

impl HumanFacts<'_> {
    /// Makes the person ready for many questions.
    pub fn prepare(&self) -> Human {
        let attributes =
            [("name", Some(text(self.name))), ("email", self.email.map(text)), ("issuer", Some(text(self.issuer)))];
        Human(Prepared::new("Human", self.id, ("HumanGroup", self.groups), &attributes))
    }
}

impl<'a> DelegationFacts<'a> {
    /// The delegation that starting the agent on one's own machine is: no scopes, no end, no owner but the person.
    pub const fn local() -> Self {
        Self { id: "local", purpose: None, scopes: &[], expires: None, owner: None }
    }
    /// Makes the delegation ready for many questions.
    pub fn prepare(&self) -> Delegation {
        let mut scopes = self.scopes.to_vec();
        scopes.sort();
        scopes.dedup();
        let attributes = [
            ("purpose", self.purpose.map(text)),
            ("scopes", Some(Value::Texts(scopes.into()))),
            ("expires", self.expires.map(|at| Value::count(at.secs()))),
            ("owner", self.owner.map(text)),
        ];
        let entity = Prepared::new("Delegation", self.id, ("Delegation", &[]), &attributes);
        Delegation { entity, owned: self.owner.is_some_and(|owner| !owner.trim().is_empty()) }
    }
}

impl ServerFacts<'_> {
    /// Makes the server ready for many questions.
    pub fn prepare(&self) -> Server {
        let transport = match self.transport {
            Transport::Stdio => "stdio",
            Transport::Http => "http",
        };
        let attributes = [
            ("name", Some(text(self.name.as_str()))),
            ("transport", Some(text(transport))),
            ("attested", Some(Value::Bool(self.attested))),
        ];
        Server(Prepared::new("Server", self.name.as_str(), ("Server", &[]), &attributes))
    }
}

pub(crate) fn text(t: &str) -> Value<'_> {
    Value::Text(t.into())
}
