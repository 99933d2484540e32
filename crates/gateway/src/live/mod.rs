//! What the operator configured, compiled: one immutable value that every message reads once.

mod attesting;
mod authority;
mod flow;
mod marks;
mod quotas;
mod trust;

pub(crate) use attesting::{Machines, Roles};
pub(crate) use authority::{Authority, Provider};
pub use marks::of as marks;
pub(crate) use quotas::Allowance;
pub(crate) use trust::public;
pub use trust::standing;

use crate::{
    Delegations, Endpoint,
    credentials::{self, ConfiguredError},
    leaks::Watched,
    server::{Handled, Server, ServerError},
    travel::Beyond,
};
use doorward_config::{self as config, Settings};
use doorward_detect as detect;
use doorward_engine::{Handling, OnFinding, Snapshot};
use doorward_identity as identity;
use doorward_mcp::json::Limits;
use doorward_policy::{Base, Diagnostic, Policies, Source};
use doorward_transport::{
    egress::{Egress, EgressSettings, RootsError, TlsRoots},
    guard::{Guard, GuardError, GuardSettings},
};
use doorward_vocab::{Mode, Secret, ServerName};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

/// A configuration in force.
pub struct Live {
    /// What rulings depend on.
    pub(crate) snapshot: Snapshot,
    /// The configuration itself.
    pub(crate) settings: Settings,
    /// The servers, by name.
    pub(crate) servers: BTreeMap<ServerName, Arc<Server>>,
    /// Who may speak.
    pub(crate) authenticator: Arc<identity::Authenticator>,
    /// The authorization server, where the gateway is one.
    pub(crate) authority: Option<Arc<Authority>>,
    /// The audiences that are one endpoint's alone.
    narrow: HashMap<Arc<str>, ServerName>,
    /// Protected-resource metadata, where tokens are used.
    pub(crate) resources: Option<identity::ProtectedResources>,
    /// How much everybody may use.
    pub(crate) allowance: Allowance,
    /// Which hosts and origins may call.
    pub(crate) guard: Guard,
    /// The bounds on what clients send.
    pub(crate) limits: Limits,
    /// The credentials of servers, by name.
    pub(crate) credentials: credentials::All,
    /// What placeholders stand for, by the name of the placeholder.
    pub(crate) stand_ins: credentials::All,
    /// What they are exchanged for.
    pub(crate) wants: credentials::Wants,
    /// The way out for what the gateway itself fetches.
    pub(crate) egress: Arc<Egress>,
    /// The secrets that it refers to are looked for as long as it is in force anywhere.
    _watched: Watched,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live({:?})", self.snapshot)
    }
}

/// Why a configuration cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// Mistakes in policies, all of them.
    #[error("{} mistakes in policies", .0.len())]
    Policies(Vec<Diagnostic>),
    /// A policy file cannot be read.
    #[error("cannot read the policy file `{path}`: {source}")]
    PolicyFile {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A server cannot be set up.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A credential cannot be set up.
    #[error(transparent)]
    Credential(#[from] ConfiguredError),
    /// A setting about detectors.
    #[error(transparent)]
    Detect(#[from] detect::UnknownDetector),
    /// The keys that state is sealed with.
    #[error(transparent)]
    Keys(#[from] doorward_seal::SealError),
    /// A setting about who may speak.
    #[error(transparent)]
    Identity(#[from] identity::SettingsError),
    /// A pinned key file cannot be read.
    #[error("cannot read the key file `{path}`: {source}")]
    KeyFile {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A setting about the authorization server.
    #[error(transparent)]
    Authority(#[from] authority::AuthorityError),
    /// The secret of the webhook for approvals is not there.
    #[error("the secret of `approval.webhook`: {0}")]
    Webhook(String),
    /// `public_url` cannot name resources.
    #[error(transparent)]
    PublicUrl(#[from] identity::PublicUrlError),
    /// A setting about hosts and origins.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The system's certificates.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// A mandate asks for nothing.
    #[error(
        "nothing is understood in the mandate \"{0}\": say what is to be done, in English, as you would tell a person"
    )]
    Mandate(String),
}

/// What does not come from the configuration file.
#[derive(Debug)]
pub struct Surroundings {
    /// The user of the operating system.
    pub user: String,
    /// The credential of hosts on this machine.
    pub host_token: Secret<String>,
    /// The address that the listener really has.
    pub listen: std::net::SocketAddr,
    /// What placeholders and canaries are made with.
    pub mark: Secret<[u8; 32]>,
    /// Where what outlives this gateway is kept; without it, nothing does.
    pub beyond: Option<Beyond>,
    /// What was granted to agents.
    pub delegations: Arc<Delegations>,
    /// What looks for secrets.
    pub secrets: Arc<detect::KnownSecrets>,
}

impl Live {
    /// Compiles `settings`. What `before` learned of servers that did not change is kept.
    ///
    /// # Errors
    /// [`LiveError`]; nothing was put in force.
    pub fn assemble(settings: Settings, around: &Surroundings, before: Option<&Self>) -> Result<Self, LiveError> {
        let egress = match before {
            Some(b) => b.egress.clone(),
            None => Arc::new(Egress::new(TlsRoots::system_and(None)?, EgressSettings::default())),
        };
        let marks = marks::of(&settings, &around.mark);
        let mut handled: Vec<Handled> = Vec::new();
        let mut servers = BTreeMap::new();
        for server in &settings.servers {
            let same =
                before.and_then(|b| b.servers.get(&server.name)).filter(|s| s.settings.upstream == server.upstream);
            let catalog = same.map(|s| s.catalog.clone()).unwrap_or_default();
            let ties = same.map(|s| s.ties.clone()).unwrap_or_default();
            let health = same.map(|s| s.health.clone()).unwrap_or_default();
            let standing =
                same.filter(|s| s.settings.attest == server.attest).map(|s| s.standing.clone()).unwrap_or_default();
            // Effects and labels are part of a definition's judgement: a change of them looks at the list again.
            if same.is_some_and(|s| s.settings != *server) || before.is_some_and(|b| b.settings.level != settings.level)
            {
                catalog.outdated();
            }
            let mode = settings.mode_of(server);
            servers.insert(
                server.name.clone(),
                Arc::new(Server::new(
                    &settings,
                    server,
                    mode,
                    (catalog, ties, health, standing),
                    (&egress, &marks),
                    &mut handled,
                )?),
            );
        }
        let credentials = credentials::all(&settings, &around.secrets)?;
        let stand_ins = credentials::stand_ins(&settings, &around.secrets)?;
        if let Some(empty) = settings.mandates.iter().find(|m| doorward_intent::understood(&m.text).is_empty()) {
            return Err(LiveError::Mandate(empty.text.clone()));
        }
        let version = settings.digest();
        let policies = Arc::new(policies(&settings)?);
        if let Some(webhook) = &settings.approval.webhook {
            let secret = webhook.secret.read().map_err(|error| LiveError::Webhook(error.to_string()))?;
            handled.push(("approval/webhook_secret".to_owned(), secret));
        }
        let watched = Watched::of(&around.secrets, &handled);
        let snapshot = Snapshot {
            version,
            level: settings.level,
            policies,
            scanner: detect::Scanner::new(&detectors(&settings.detect, settings.mode))?,
            handling: handling(&settings),
            poisons: before.map(|b| b.snapshot.poisons.clone()).unwrap_or_default(),
            secrets: around.secrets.clone(),
            marks,
            flow: flow::of(&settings, around, before.map(|b| &b.snapshot.flow)),
        };
        let guard = Guard::new(&GuardSettings {
            listen: around.listen,
            public_url: settings.public_url.clone(),
            allowed_hosts: settings.listen.allowed_hosts.clone(),
            allowed_origins: settings.listen.allowed_origins.clone(),
            max_target: 8 << 10,
        })?;
        // Tokens name endpoints, so the names of servers are part of who is trusted.
        let names = |s: &Settings| trust::endpoints(s).cloned().collect::<Vec<_>>();
        let authenticator = match before.filter(|b| {
            b.settings.trust == settings.trust
                && b.settings.authorization.is_some() == settings.authorization.is_some()
                && b.settings.agents == settings.agents
                && b.settings.public_url == settings.public_url
                && names(&b.settings) == names(&settings)
        }) {
            Some(b) => b.authenticator.clone(),
            None => Arc::new(identity::Authenticator::new(trust::settings(&settings, around)?)?),
        };
        let authority = Authority::of(&settings, around)?.map(Arc::new);
        let resources = match (&settings.public_url, &authority, authenticator.issuers()) {
            // Clients that come to us for a token get one for this gateway; other issuers are trusted beside it.
            (_, Some(authority), _) => Some(trust::resources(&settings, around, vec![authority.realm.issuer.clone()])?),
            (Some(_), None, issuers) if !issuers.is_empty() => Some(trust::resources(&settings, around, issuers)?),
            _ => None,
        };
        let narrow = trust::narrow(&settings, around)?;
        let limits = Limits { depth: settings.limits.depth, ..Limits::default() };
        around.delegations.book().install(standing(&settings));
        Ok(Self {
            allowance: Allowance::of(&settings),
            snapshot,
            settings,
            servers,
            authenticator,
            authority,
            narrow,
            resources,
            guard,
            limits,
            wants: credentials::Wants::of(&credentials),
            credentials,
            stand_ins,
            egress,
            _watched: watched,
        })
    }
}

impl Live {
    /// Whether a provider of credentials trusts tokens of the gateway, and so must find its keys.
    pub(crate) fn federates(&self) -> bool {
        self.credentials.values().any(|credential| credential.provider.needs().signature)
    }

    /// Whether a principal's token is good at `endpoint`. One that names other endpoints alone was asked for those
    /// (RFC 8707 §2): whoever got it there must not be able to use it here.
    pub(crate) fn is_for(&self, principal: &identity::Principal, endpoint: &Endpoint) -> bool {
        let here = match endpoint {
            Endpoint::All => None,
            Endpoint::One(name) | Endpoint::Virtual(name) => Some(name),
        };
        let audiences = &principal.audiences;
        audiences.is_empty() || audiences.iter().any(|a| self.narrow.get(a).is_none_or(|only| Some(only) == here))
    }
}

fn policies(settings: &Settings) -> Result<Policies, LiveError> {
    let mut sources = Vec::new();
    for path in &settings.policy.files {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|source| LiveError::PolicyFile { path: name.clone(), source })?;
        sources.push(Source { name, text });
    }
    let base = match settings.policy.base {
        config::PolicyBase::Level => Base::Level(settings.level),
        config::PolicyBase::None => Base::None,
    };
    Policies::compile(&sources, base).map_err(LiveError::Policies)
}

/// What is done about findings.
fn handling(settings: &Settings) -> Handling {
    let rule = |rule: &config::OnFinding| OnFinding {
        kinds: rule.kinds.as_slice().into(),
        severity: rule.severity,
        servers: rule.servers.as_slice().into(),
        channels: rule.channels.as_slice().into(),
        then: rule.then,
    };
    Handling::new(settings.level, settings.on_finding.iter().map(rule).collect::<Vec<_>>())
}

fn detectors(settings: &config::Detect, mode: Mode) -> detect::Settings {
    let switch = |m: config::DetectorMode| match m {
        config::DetectorMode::Off => detect::Switch::Off,
        config::DetectorMode::Observe => detect::Switch::On(Mode::Observe),
        config::DetectorMode::Enforce => detect::Switch::On(Mode::Enforce),
    };
    let detectors = settings.modes.keys().map(|name| (name.clone(), switch(settings.mode_of(name, mode)))).collect();
    detect::Settings { default: detect::Switch::On(mode), detectors }
}
