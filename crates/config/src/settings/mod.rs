use crate::{
    Mistake,
    cross::{Names, Shape},
    section::Section,
    value::Item,
};
use doorward_vocab::{Assurance, Digest, Effect, Level, Mode};
use serde::Serialize;
use std::collections::BTreeMap;
use url::Url;

mod agent;
mod approval;
mod attest;
mod authorization;
mod console;
mod credential;
mod detect;
mod export;
mod flow;
mod joined;
mod limits;
mod listen;
mod log;
mod mandate;
mod on_finding;
mod placeholder;
mod policy;
mod quota;
mod seal;
mod server;
mod store;
mod trust;
mod upstream;
mod virtual_server;

pub use agent::{AgentEntry, StandingDelegation};
pub use approval::{Approval, Ask, Webhook};
pub use attest::{Attest, ClientFiles, First, Manifest};
pub use authorization::{Authorization, Client, ClientGrant, ClientProof, Registration};
pub use console::{Console, ConsoleRole, Holder};
pub use credential::{
    AwsSts, Azure, ClientCredentials, Credential, CredentialKind, CredentialRule, Databricks, Fixed, GcpSts, GithubApp,
    IdJag, JwtBearer, JwtNames, JwtSvid, OAuthProvider, OwnProof, OwnToken, Part, PersonOAuth, Scopes, SecretPlace,
    SignedJwt, Slot, Speaks, SubjectFrom, TokenAlgorithm, TokenExchange, TokenTarget, TokenType, Vault, VaultFields,
};
pub use detect::{Detect, DetectorMode};
pub use export::{Begin, Export, ExportFormat, ExportKind, Signal, SyslogTransport};
pub use flow::{FlowBudget, LabelRule};
pub use joined::{Joined, Prefix};
pub use limits::Limits;
pub use listen::{Listen, TlsFiles};
pub use log::{Log, LogFormat};
pub use mandate::Mandate;
pub use on_finding::OnFinding;
pub use placeholder::Placeholder;
pub use policy::{PolicyBase, PolicyFiles};
pub use quota::{Quota, QuotaOf};
pub use seal::Seal;
pub use server::{AssuranceRule, EffectRule, Server};
pub use store::{Durability, Engine, Store};
pub use trust::{
    Algorithm, AwsRole, AwsRoles, Bundle, CertificateName, Claims, Executable, Keys, Machine, Mtls, Must, Oidc,
    Platform, PlatformKind, Process, RelyingParty, Require, Spiffe, Subject, Tokens, Tpm, Trust, TrustKind, Wanted,
};
pub use upstream::{HttpTransport, Network, Setting, Upstream};
pub use virtual_server::{Pattern, Virtual};

/// The checked configuration: every default filled in, every cross-reference resolved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// The named set of defaults.
    pub level: Level,
    /// Whether rulings act; the level's mode unless the file overrides it.
    pub mode: Mode,
    /// What tokens and metadata name, without a trailing slash in use; absent on loopback only.
    pub public_url: Option<Url>,
    /// Where clients and operators connect.
    pub listen: Listen,
    /// Where state is kept.
    pub store: Store,
    /// Ceilings and timeouts.
    pub limits: Limits,
    /// The servers behind the gateway, in the order of the file.
    pub servers: Vec<Server>,
    /// How several servers are shown at one address.
    pub joined: Joined,
    /// Selections of what they have, each under its own address.
    pub virtuals: Vec<Virtual>,
    /// Where the credentials of servers come from.
    pub credentials: Vec<Credential>,
    /// What agents may hold in the place of secrets.
    pub placeholders: Vec<Placeholder>,
    /// Who may attest agents and humans. Empty: one local user.
    pub trust: Vec<Trust>,
    /// The gateway as an authorization server; absent: it issues no tokens.
    pub authorization: Option<Authorization>,
    /// The clients of the authorization server that the operator knows.
    pub clients: Vec<Client>,
    /// Agents as the operator calls them; the first that fits counts.
    pub agents: Vec<AgentEntry>,
    /// What agents may do without a human.
    pub delegations: Vec<StandingDelegation>,
    /// How well agents must be proven, by what a call does.
    pub assurance: BTreeMap<Effect, Assurance>,
    /// The policy set in force.
    pub policy: PolicyFiles,
    /// What detectors do.
    pub detect: Detect,
    /// What is done about what they find in what servers say, before what the level does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on_finding: Vec<OnFinding>,
    /// Which label what comes from somewhere has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelRule>,
    /// How much of a class of values may go where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<FlowBudget>,
    /// What agents are for.
    pub mandates: Vec<Mandate>,
    /// How much everybody may use, where that is another than [`Quota::usual`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quotas: Vec<Quota>,
    /// How people are asked to approve single calls.
    #[serde(skip_serializing_if = "is_usual")]
    pub approval: Approval,
    /// Who may sign in to the console.
    #[serde(skip_serializing_if = "is_nobody")]
    pub console: Console,
    /// Who is told what is recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<Export>,
    /// The diagnostic log.
    pub log: Log,
}

fn is_nobody(console: &Console) -> bool {
    *console == Console::default()
}

fn is_usual(approval: &Approval) -> bool {
    *approval == Approval::default()
}

impl Settings {
    /// What runs without a file: loopback, embedded store, level `guard`, no servers.
    pub fn default_for_loopback() -> Self {
        let level = Level::default();
        Self {
            level,
            mode: level.mode(),
            public_url: None,
            listen: Listen::default(),
            store: Store::default(),
            limits: Limits::default(),
            servers: Vec::new(),
            joined: Joined::default(),
            virtuals: Vec::new(),
            credentials: Vec::new(),
            placeholders: Vec::new(),
            trust: Vec::new(),
            authorization: None,
            clients: Vec::new(),
            agents: Vec::new(),
            delegations: Vec::new(),
            assurance: BTreeMap::new(),
            policy: PolicyFiles::default(),
            detect: Detect::default(),
            on_finding: Vec::new(),
            labels: Vec::new(),
            budgets: Vec::new(),
            mandates: Vec::new(),
            quotas: Vec::new(),
            approval: Approval::default(),
            console: Console::default(),
            exports: Vec::new(),
            log: Log::default(),
        }
    }

    /// The digest of the effective configuration, for the trail. Two files that mean the same have the same digest.
    pub fn digest(&self) -> Digest {
        // Settings hold no maps with keys other than text, so writing them cannot fail.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Whether clients are asked for a certificate when they connect.
    pub fn asks_for_certificates(&self) -> bool {
        let judged = || self.trust.iter().any(|t| matches!(t.kind, TrustKind::Spiffe(_) | TrustKind::Mtls(_)));
        self.listen.tls.as_ref().is_some_and(|tls| tls.client_certificates.unwrap_or_else(judged))
    }

    /// The server called `name`.
    pub fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|s| s.name.as_str() == name)
    }

    /// The credential called `name`.
    pub fn credential(&self, name: &str) -> Option<&Credential> {
        self.credentials.iter().find(|c| c.name == name)
    }

    /// Whether rulings about `server` act: its own mode, else the deployment's.
    pub fn mode_of(&self, server: &Server) -> Mode {
        server.mode.unwrap_or(self.mode)
    }
}

impl Shape {
    /// Reads the whole file; what is wrong is noted, and the default stands in for it.
    pub(crate) fn read(file: Section<'_>) -> Self {
        let level = file.get("level", |item| item.choice(&LEVELS)).unwrap_or_default();
        let (servers, server_names) = named(&file, "server", Server::read);
        let (virtuals, virtual_names) = named(&file, "virtual", Virtual::read);
        let (credentials, credential_names) = named(&file, "credential", Credential::read);
        let (placeholders, placeholder_names) = named(&file, "placeholder", Placeholder::read);
        let (trust, trust_names) = named(&file, "trust", Trust::read);
        let (clients, client_names) = named(&file, "client", Client::read);
        let (agents, agent_names) = named(&file, "agent", AgentEntry::read);
        let (exports, _) = named(&file, "export", Export::read);
        let (delegations, delegation_names) = named(&file, "delegation", StandingDelegation::read);
        let settings = Settings {
            level,
            mode: file.get("mode", |item| item.choice(&MODES)).unwrap_or(level.mode()),
            public_url: file.get("public_url", public_url),
            listen: file.table("listen").map(Listen::read).unwrap_or_default(),
            store: file.table("store").map(Store::read).unwrap_or_default(),
            limits: file.table("limits").map(Limits::read).unwrap_or_default(),
            servers,
            joined: file.table("joined").map(Joined::read).unwrap_or_default(),
            virtuals,
            credentials,
            placeholders,
            trust,
            authorization: file.table("authorization").map(Authorization::read),
            clients,
            agents,
            delegations,
            assurance: file.table("assurance").map(floors).unwrap_or_default(),
            policy: file.table("policy").map(PolicyFiles::read).unwrap_or_default(),
            detect: file.table("detect").map(Detect::read).unwrap_or_default(),
            on_finding: file.tables("on_finding").into_iter().filter_map(OnFinding::read).collect(),
            labels: file.tables("label").into_iter().filter_map(LabelRule::read).collect(),
            budgets: file.tables("budget").into_iter().filter_map(FlowBudget::read).collect(),
            mandates: file.tables("mandate").into_iter().filter_map(Mandate::read).collect(),
            quotas: file.tables("quota").into_iter().filter_map(Quota::read).collect(),
            approval: file.table("approval").map(Approval::read).unwrap_or_default(),
            console: file.table("console").map(Console::read).unwrap_or_default(),
            exports,
            log: file.table("log").map(Log::read).unwrap_or_default(),
        };
        file.finish();
        Self {
            settings,
            servers: server_names,
            virtuals: virtual_names,
            credentials: credential_names,
            placeholders: placeholder_names,
            trust: trust_names,
            clients: client_names,
            agents: agent_names,
            delegations: delegation_names,
        }
    }
}

/// Reads the entries of a list whose names are unique.
fn named<'a, T>(file: &Section<'a>, key: &'static str, read: fn(Section<'a>) -> Option<T>) -> (Vec<T>, Names) {
    let (mut entries, mut names) = (Vec::new(), Names::default());
    for section in file.tables(key) {
        let path = section.path.clone();
        if let Some(name) = section.name()
            && !names.all.insert(name.to_owned())
        {
            let mistake = Mistake::error(format!("there are two entries `{name}` in `{key}`"));
            let span = section.get("name", |item| Ok(item.span.clone())).unwrap_or_default();
            section.reading.tell(span, mistake.label("choose another name"));
        }
        if let Some(entry) = read(section) {
            entries.push(entry);
            names.paths.push(path);
        }
    }
    (entries, names)
}

/// `{ pay = 3, delete = 2 }`
fn floors(section: Section<'_>) -> BTreeMap<Effect, Assurance> {
    let mut floors = BTreeMap::new();
    for (span, item) in section.entries() {
        match (item.key.parse::<Effect>(), server::floor(&item)) {
            (Ok(effect), Ok(floor)) => drop(floors.insert(effect, floor)),
            (Err(unknown), _) => section.reading.tell(span, Mistake::error(unknown)),
            (_, Err(mistake)) => section.reading.tell(item.span, mistake),
        }
    }
    floors
}

const LEVELS: [(&str, Level); 3] = [("watch", Level::Watch), ("guard", Level::Guard), ("lockdown", Level::Lockdown)];
pub(crate) const MODES: [(&str, Mode); 2] = [("observe", Mode::Observe), ("enforce", Mode::Enforce)];

fn public_url(item: &Item<'_>) -> Result<Url, Mistake> {
    let url = item.url(|_| false)?;
    if url.query().is_some() {
        return Err(item.wrong("has a query").label("take away what follows `?`"));
    }
    Ok(url)
}
