//! Questions with expected answers, written as TOML: what `doorward policy test` runs.
//!
//! ```
//! use doorward_policy::{Base, Policies, cases};
//! let policies = Policies::compile(&[], Base::Level(doorward_vocab::Level::Guard)).unwrap();
//! let text = r#"
//!     [[case]]
//!     name = "nobody reaches the machine's credentials"
//!     server = "web"
//!     tool = { name = "fetch", effects = ["read"] }
//!     arguments = { url = "http://0xa9fea9fe/latest/meta-data/" }
//!     expect = "deny"
//!     because = "base:metadata-hosts"
//! "#;
//! let cases = cases::read("cases.toml", text).unwrap();
//! assert!(cases.iter().all(|case| case.run(&policies).passed()));
//! ```

use crate::{
    Action, AgentFacts, ArgumentFacts, Behaviour, Context, Conversation, DefinitionState, Delegation, DelegationFacts,
    Diagnostic, Explanation, FlowFacts, HumanFacts, Leaf, LeafValue, Policies, Question, ServerFacts, Target,
    ToolFacts, Transport, Verdict, diagnostic::File,
};
use doorward_mcp::Era;
use doorward_vocab::{Assurance, Decision, Effect, Effects, FindingKind, Level, ServerName, Timestamp};
use serde::Deserialize;
use std::{fmt, time::Duration};

/// A question and, for a test, the answer it should get. What is left out is harmless: an agent with a platform's
/// token, a person, an approved definition, no arguments.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// One line that says what is tested.
    #[serde(default)]
    pub name: String,
    /// The agent: an id, or a table.
    #[serde(default)]
    pub agent: Named<AgentCase>,
    /// The person: an id, or a table.
    #[serde(default)]
    pub human: Named<HumanCase>,
    /// Nobody is there, and this owner of the delegation answers for the run. Empty: nobody does.
    #[serde(default)]
    pub autonomous: Option<String>,
    /// The delegation: an id, or a table.
    #[serde(default)]
    pub delegation: Named<DelegationCase>,
    /// The server: a name, or a table.
    pub server: Named<ServerCase>,
    /// The tool of the server: a bare name, or a table.
    #[serde(default)]
    pub tool: Option<Named<ToolCase>>,
    /// The prompt of the server.
    #[serde(default)]
    pub prompt: Option<String>,
    /// The URI of the resource of the server.
    #[serde(default)]
    pub resource: Option<String>,
    /// The action; follows from the target where left out.
    #[serde(default)]
    pub action: Option<String>,
    /// The arguments, as the call would have them.
    #[serde(default)]
    pub arguments: toml::Table,
    /// The level that policies see.
    #[serde(default)]
    pub level: Option<Level>,
    /// How well the connection is proven; the agent's where left out.
    #[serde(default)]
    pub assurance: Option<Assurance>,
    /// How many seconds ago the agent was attested.
    #[serde(default)]
    pub attested_ago: u64,
    /// Whether the agent speaks from this machine.
    #[serde(default)]
    pub loopback: bool,
    /// Whether the revision is one with sessions.
    #[serde(default)]
    pub legacy: bool,
    /// Seconds since the Unix epoch.
    #[serde(default = "noon")]
    pub time: u64,
    /// What was done before.
    #[serde(default)]
    pub conversation: ConversationCase,
    /// How its agent behaves in it.
    #[serde(default)]
    pub behaviour: BehaviourCase,
    /// Whether a recipient came only from untrusted content.
    #[serde(default)]
    pub untrusted_recipient: bool,
    /// Where the values of the arguments came from, by what they decide.
    #[serde(default)]
    pub flow: FlowFacts,
    /// The name of the credential that the server is to be called with.
    #[serde(default)]
    pub credential: String,
    /// Kinds of findings in the message.
    #[serde(default)]
    pub findings: Vec<FindingKind>,
    /// The decision that is right.
    #[serde(default)]
    pub expect: Option<Decision>,
    /// Policies that must be among the deciding ones.
    #[serde(default)]
    pub because: Names,
    /// Where it stands: file and line.
    #[serde(skip)]
    pub place: String,
}

/// One name, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// `because = "a"`
    One(String),
    /// `because = ["a", "b"]`
    Several(Vec<String>),
}

/// A name alone, or a table that says more.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Named<T> {
    /// `agent = "claude"`
    Name(String),
    /// `agent = { id = "claude", … }`
    Table(T),
}

/// More about an agent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentCase {
    id: String,
    #[serde(default = "platform_token")]
    assurance: Assurance,
    issuer: Option<String>,
    #[serde(default)]
    via: String,
    #[serde(default)]
    groups: Vec<String>,
    publisher: Option<String>,
    owner: Option<String>,
    #[serde(default = "oidc")]
    method: String,
    #[serde(default)]
    bound: bool,
}

/// More about a person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HumanCase {
    id: String,
    email: Option<String>,
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    entitlements: Vec<String>,
    #[serde(default)]
    mfa: bool,
    acr: Option<String>,
    signed_in: Option<u64>,
    risk: Option<u8>,
}

/// More about a delegation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegationCase {
    id: String,
    servers: Option<Vec<String>>,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    depth: u8,
    /// The delegation that it was made from, and so on up to the first.
    from: Option<Box<Self>>,
    purpose: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    expires: Option<u64>,
    owner: Option<String>,
}

/// More about a server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerCase {
    name: ServerName,
    #[serde(default)]
    stdio: bool,
    #[serde(default)]
    attested: bool,
    #[serde(default = "asserted")]
    assurance: Assurance,
}

/// More about a tool.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCase {
    name: String,
    #[serde(default)]
    effects: Vec<Effect>,
    read_only: Option<bool>,
    destructive: Option<bool>,
    open_world: Option<bool>,
    #[serde(default)]
    state: StateCase,
}

/// Whether a definition is approved.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are those of `DefinitionState`")]
pub enum StateCase {
    #[default]
    Approved,
    Pending,
    Quarantined,
}

/// How an agent behaves.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BehaviourCase {
    pauses: u64,
}

/// What was done before.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConversationCase {
    ambiguous: bool,
    attended: bool,
    turns: u64,
    calls: u64,
    sinks: u64,
    untrusted: bool,
    injected: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    #[serde(default, rename = "case")]
    cases: Vec<toml::Spanned<Case>>,
}

/// The cases of a file.
///
/// # Errors
/// What is not TOML, not a case, or names what does not exist.
pub fn read(name: &str, text: &str) -> Result<Vec<Case>, Vec<Diagnostic>> {
    let file = File::new(name, text);
    let cases: Cases = toml::from_str(text).map_err(|e| {
        let span = e.span().map(|span| (span.start, span.len()).into());
        vec![file.error(span, e.message().to_owned(), None)]
    })?;
    let mut wrong = Vec::new();
    let mut out = Vec::new();
    for spanned in cases.cases {
        let span = spanned.span();
        let mut case = spanned.into_inner();
        case.place = format!("{name}:{}", file.position(span.start).0);
        if let Err(message) = case.check() {
            wrong.push(file.error(Some((span.start, span.len()).into()), message, None));
        }
        out.push(case);
    }
    if wrong.is_empty() { Ok(out) } else { Err(wrong) }
}

impl Case {
    /// Whether the names in it exist.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn check(&self) -> Result<(), String> {
        self.action()?;
        self.server_name().map_err(|e| e.to_string())?;
        let targets = usize::from(self.tool.is_some())
            + usize::from(self.prompt.is_some())
            + usize::from(self.resource.is_some());
        if targets > 1 { Err("a case has one of `tool`, `prompt`, `resource`".to_owned()) } else { Ok(()) }
    }

    /// Asks the question.
    pub fn run<'c>(&'c self, policies: &Policies) -> Ran<'c> {
        self.ask(policies, |q| {
            let verdict = policies.decide(q);
            Ran { case: self, explanation: policies.explain(q), verdict }
        })
    }

    /// Asks the question, and how the answer came about.
    pub fn explain(&self, policies: &Policies) -> Explanation {
        self.ask(policies, |q| policies.explain(q))
    }

    fn ask<R>(&self, policies: &Policies, then: impl FnOnce(&Question<'_>) -> R) -> R {
        let agent = match &self.agent {
            Named::Name(id) => {
                let (assurance, method) = (Assurance::PlatformToken, "oidc");
                AgentFacts { id, name: id, assurance, method, ..AgentFacts::default() }.prepare()
            }
            Named::Table(a) => AgentFacts {
                id: &a.id,
                name: &a.id,
                assurance: a.assurance,
                issuer: a.issuer.as_deref(),
                via: &a.via,
                groups: &a.groups,
                publisher: a.publisher.as_deref(),
                owner: a.owner.as_deref(),
                method: &a.method,
                bound: a.bound,
            }
            .prepare(),
        };
        let human = match &self.human {
            Named::Name(id) => HumanFacts { id, name: id, ..HumanFacts::default() }.prepare(),
            Named::Table(h) => HumanFacts {
                id: &h.id,
                name: &h.id,
                email: h.email.as_deref(),
                issuer: &h.issuer,
                groups: &h.groups,
                entitlements: &h.entitlements,
                mfa: h.mfa,
                acr: h.acr.as_deref(),
                signed_in: h.signed_in.map(seconds),
                risk: h.risk,
            }
            .prepare(),
        };
        let owner = self.autonomous.as_deref().filter(|owner| !owner.is_empty());
        let delegations = match &self.delegation {
            Named::Name(id) => {
                vec![DelegationFacts { id, owner, autonomous: owner.is_some(), ..DelegationFacts::default() }.prepare()]
            }
            Named::Table(d) => d.chain(owner),
        };
        let arguments = facts(&self.arguments);
        let assurance = match (&self.assurance, &self.agent) {
            (Some(a), _) => *a,
            (None, Named::Table(agent)) => agent.assurance,
            (None, Named::Name(_)) => Assurance::PlatformToken,
        };
        let level = self.level.unwrap_or(match policies.base() {
            crate::Base::Level(level) => level,
            crate::Base::None => Level::Guard,
        });
        let c = self.conversation;
        let flow = self.server_name().map_or_else(|_| self.flow.clone(), |server| self.flow.clone().at(&server));
        let context = Context {
            level,
            assurance,
            attested: Some(Duration::from_secs(self.attested_ago)),
            signed_in: match &self.human {
                Named::Table(h) => h.signed_in.map(|at| Duration::from_secs(self.time.saturating_sub(at))),
                Named::Name(_) => None,
            },
            loopback: self.loopback,
            era: if self.legacy { Era::Legacy } else { Era::Modern },
            now: seconds(self.time),
            conversation: Conversation {
                ambiguous: c.ambiguous,
                attended: c.attended,
                turns: c.turns,
                calls: c.calls,
                sinks: c.sinks,
                untrusted: c.untrusted,
                injected: c.injected,
            },
            behaviour: Behaviour { pauses: self.behaviour.pauses },
            arguments: &arguments,
            untrusted_recipient: self.untrusted_recipient,
            flow: &flow,
            credential: &self.credential,
            findings: &self.findings,
        };
        let human = self.autonomous.is_none().then_some(&human);
        let action = self.action().unwrap_or(Action::Session);
        then(&Question {
            agent: &agent,
            human,
            delegations: &delegations,
            action,
            target: &self.target(),
            context: &context,
        })
    }

    fn server_name(&self) -> Result<ServerName, doorward_vocab::NameError> {
        match &self.server {
            Named::Name(name) => name.parse(),
            Named::Table(server) => Ok(server.name.clone()),
        }
    }

    fn target(&self) -> Target {
        let (stdio, attested, assurance) = match &self.server {
            Named::Name(_) => (false, true, Assurance::PlatformToken),
            Named::Table(server) => (server.stdio, server.attested, server.assurance),
        };
        // `check` has refused a name that is none; this one stands for no server that policies could name.
        #[expect(clippy::expect_used, reason = "a literal that is a server name")]
        let name = self.server_name().unwrap_or_else(|_| "x".parse().expect("a server name"));
        let transport = if stdio { Transport::Stdio } else { Transport::Http };
        let server = ServerFacts { name: &name, transport, attested, assurance }.prepare();
        match (&self.tool, &self.prompt, &self.resource) {
            (Some(Named::Name(name)), ..) => {
                let (effects, state) = (Effects::NONE, DefinitionState::Approved);
                Target::tool(
                    &server,
                    &ToolFacts { name, effects, read_only: None, destructive: None, open_world: None, state },
                )
            }
            (Some(Named::Table(t)), ..) => {
                let (effects, state) = (t.effects.iter().copied().collect(), t.state.into());
                let (read_only, destructive, open_world) = (t.read_only, t.destructive, t.open_world);
                Target::tool(&server, &ToolFacts { name: &t.name, effects, read_only, destructive, open_world, state })
            }
            (None, Some(prompt), _) => Target::prompt(&server, prompt, DefinitionState::Approved),
            (None, None, Some(uri)) => Target::resource(&server, uri, DefinitionState::Approved),
            (None, None, None) => Target::server(&server),
        }
    }

    fn action(&self) -> Result<Action, String> {
        match &self.action {
            Some(word) => word.parse(),
            None if self.tool.is_some() => Ok(Action::Call),
            None if self.prompt.is_some() => Ok(Action::Prompt),
            None if self.resource.is_some() => Ok(Action::Read),
            None => Ok(Action::Session),
        }
    }
}

/// The facts of arguments that are written as TOML.
fn facts(arguments: &toml::Table) -> ArgumentFacts {
    fn walk(pointer: &str, value: &toml::Value, out: &mut Vec<(String, toml::Value)>) {
        match value {
            toml::Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, v)| walk(&format!("{pointer}/{n}"), v, out))
            }
            toml::Value::Table(fields) => fields.iter().for_each(|(name, v)| {
                let name = name.replace('~', "~0").replace('/', "~1");
                walk(&format!("{pointer}/{name}"), v, out);
            }),
            leaf => out.push((pointer.to_owned(), leaf.clone())),
        }
    }
    let mut leaves = Vec::new();
    walk("", &toml::Value::Table(arguments.clone()), &mut leaves);
    let texts: Vec<_> = leaves.iter().map(|(_, v)| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
    ArgumentFacts::of(leaves.iter().zip(&texts).map(|((path, value), text)| Leaf {
        path,
        value: match value {
            toml::Value::Boolean(b) => LeafValue::Bool(*b),
            toml::Value::Integer(_) | toml::Value::Float(_) => LeafValue::Number(text),
            _ => LeafValue::Str(text),
        },
    }))
}

impl DelegationCase {
    /// The chain that ends with it, from the first.
    fn chain(&self, owner: Option<&str>) -> Vec<Delegation> {
        let mut chain = self.from.as_ref().map(|from| from.chain(owner)).unwrap_or_default();
        let owner = self.owner.as_deref().or(owner);
        let delegation = DelegationFacts {
            id: &self.id,
            purpose: self.purpose.as_deref(),
            scopes: &self.scopes,
            expires: self.expires.map(seconds),
            owner,
            servers: self.servers.as_deref(),
            tools: &self.tools,
            depth: self.depth,
            hops: u8::try_from(chain.len()).unwrap_or(u8::MAX),
            autonomous: owner.is_some(),
        };
        chain.push(delegation.prepare());
        chain
    }
}

const fn seconds(since_the_epoch: u64) -> Timestamp {
    Timestamp::from_micros(since_the_epoch.saturating_mul(1_000_000))
}

/// A case that was run.
#[derive(Clone, Debug)]
pub struct Ran<'c> {
    /// The case.
    pub case: &'c Case,
    /// What was decided.
    pub verdict: Verdict,
    /// How it came about.
    pub explanation: Explanation,
}

impl Ran<'_> {
    /// Whether the decision and the deciding policies are those that the case expects.
    pub fn passed(&self) -> bool {
        self.case.expect.is_none_or(|expect| expect == self.verdict.decision) && self.missing().is_empty()
    }
    fn deciding(&self) -> Vec<String> {
        self.verdict.reasons().iter().filter_map(|r| r.policy.as_deref().map(str::to_owned)).collect()
    }
    fn missing(&self) -> Vec<&str> {
        let deciding = self.deciding();
        let wanted = match &self.case.because {
            Names::One(name) => std::slice::from_ref(name),
            Names::Several(names) => names,
        };
        wanted.iter().map(String::as_str).filter(|w| !deciding.iter().any(|d| d == w)).collect()
    }
}

/// What was expected and what came, like a difference of two texts.
impl fmt::Display for Ran<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.case.name.is_empty() { "unnamed case" } else { &self.case.name };
        if self.passed() {
            return write!(f, "ok       {name}");
        }
        writeln!(f, "FAILED   {name} ({})", self.case.place)?;
        let shown = |names: &[String]| if names.is_empty() { "no policy".to_owned() } else { names.join(", ") };
        if let Some(expect) = self.case.expect.filter(|expect| *expect != self.verdict.decision) {
            writeln!(f, "  - {}", expect.as_str())?;
            writeln!(f, "  + {}", self.verdict.decision.as_str())?;
        }
        let missing: Vec<_> = self.missing().into_iter().map(str::to_owned).collect();
        if !missing.is_empty() {
            writeln!(f, "  - because {}", shown(&missing))?;
            writeln!(f, "  + because {}", shown(&self.deciding()))?;
        }
        write!(f, "    {}", self.explanation.to_string().replace('\n', "\n    "))
    }
}

impl Default for Names {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self::Name("tester".to_owned())
    }
}

impl Default for ConversationCase {
    fn default() -> Self {
        Self { ambiguous: false, attended: true, turns: 1, calls: 0, sinks: 0, untrusted: false, injected: false }
    }
}

impl From<StateCase> for DefinitionState {
    fn from(state: StateCase) -> Self {
        match state {
            StateCase::Approved => Self::Approved,
            StateCase::Pending => Self::Pending,
            StateCase::Quarantined => Self::Quarantined,
        }
    }
}

const fn platform_token() -> Assurance {
    Assurance::PlatformToken
}

const fn asserted() -> Assurance {
    Assurance::Asserted
}

fn oidc() -> String {
    "oidc".to_owned()
}

/// A Wednesday.
const fn noon() -> u64 {
    1_767_787_200
}
