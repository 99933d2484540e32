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
    /// Who made it, where the operator says so.
    pub publisher: Option<&'a str>,
    /// Who answers for it, where the operator says so.
    pub owner: Option<&'a str>,
    /// How it was attested: `asserted`, `local-process`, `oidc`, `x509-svid`, …
    pub method: &'a str,
    /// Whether its credential is bound to a key that it proved to hold.
    pub bound: bool,
}

impl Default for AgentFacts<'_> {
    /// An agent of which nothing is known.
    fn default() -> Self {
        Self {
            id: "",
            name: "",
            assurance: Assurance::Asserted,
            issuer: None,
            via: "",
            groups: &[],
            publisher: None,
            owner: None,
            method: "asserted",
            bound: false,
        }
    }
}

/// What policies may know of a person.
#[derive(Clone, Debug, Default)]
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
    /// Entitlements, as the issuer names them.
    pub entitlements: &'a [String],
    /// Whether the person signed in with more than one factor.
    pub mfa: bool,
    /// The class of the sign-in, as the issuer names it.
    pub acr: Option<&'a str>,
    /// When the person signed in.
    pub signed_in: Option<Timestamp>,
    /// The risk that the issuer sees in the sign-in, 0 to 100.
    pub risk: Option<u8>,
}

/// What policies may know of a delegation. Whether it covers the call was checked before.
#[derive(Clone, Debug, Default)]
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
    /// The servers that it opens; none where it opens all.
    pub servers: Option<&'a [String]>,
    /// The tools that it opens, as `server__tool`, of those servers of which it opens some tools alone.
    pub tools: &'a [String],
    /// How many more hand-overs may follow.
    pub depth: u8,
    /// How many hand-overs came before it.
    pub hops: u8,
    /// Whether no person granted it.
    pub autonomous: bool,
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
    /// How well it is proven.
    pub assurance: Assurance,
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
            ("publisher", self.publisher.map(text)),
            ("owner", self.owner.map(text)),
            ("method", Some(text(self.method))),
            ("bound", Some(Value::Bool(self.bound))),
        ];
        Agent(Prepared::new("Agent", self.id, ("AgentGroup", self.groups), &attributes))
    }
}

impl HumanFacts<'_> {
    /// Makes the person ready for many questions.
    pub fn prepare(&self) -> Human {
        let attributes = [
            ("name", Some(text(self.name))),
            ("email", self.email.map(text)),
            ("issuer", Some(text(self.issuer))),
            ("entitlements", Some(texts(self.entitlements))),
            ("mfa", Some(Value::Bool(self.mfa))),
            ("acr", self.acr.map(text)),
            ("authTime", self.signed_in.map(|at| Value::count(at.secs()))),
            ("risk", self.risk.map(|risk| Value::Long(risk.into()))),
        ];
        Human(Prepared::new("Human", self.id, ("HumanGroup", self.groups), &attributes))
    }
}

impl DelegationFacts<'_> {
    /// The delegation that starting the agent on one's own machine is: no scopes, no end, no owner but the person.
    pub fn local() -> Self {
        Self { id: "local", ..Self::default() }
    }
    /// Makes the delegation ready for many questions.
    pub fn prepare(&self) -> Delegation {
        let attributes = [
            ("purpose", self.purpose.map(text)),
            ("scopes", Some(texts(self.scopes))),
            ("expires", self.expires.map(|at| Value::count(at.secs()))),
            ("owner", self.owner.map(text)),
            ("servers", self.servers.map(texts)),
            ("tools", Some(texts(self.tools))),
            ("depth", Some(Value::Long(self.depth.into()))),
            ("hops", Some(Value::Long(self.hops.into()))),
            ("autonomous", Some(Value::Bool(self.autonomous))),
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
            ("assurance", Some(Value::Long(u8::from(self.assurance).into()))),
        ];
        Server(Prepared::new("Server", self.name.as_str(), ("Server", &[]), &attributes))
    }
}

pub(crate) fn text(t: &str) -> Value<'_> {
    Value::Text(t.into())
}

/// A set; the order in which it is written says nothing.
fn texts(all: &[String]) -> Value<'static> {
    let mut all = all.to_vec();
    all.sort();
    all.dedup();
    Value::Texts(all.into())
}
