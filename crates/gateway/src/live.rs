//! What the operator configured, compiled: one immutable value that every message reads once.

use crate::{
    server::{Handled, Server, ServerError},
    travel::Beyond,
};
use doorward_config::{self as config, Settings};
use doorward_detect as detect;
use doorward_engine::Snapshot;
use doorward_identity as identity;
use doorward_mcp::json::Limits;
use doorward_policy::{Base, Diagnostic, Policies, Source};
use doorward_transport::{
    egress::{Egress, EgressSettings, RootsError, TlsRoots},
    guard::{Guard, GuardError, GuardSettings},
};
use doorward_vocab::{Mode, Secret, ServerName};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

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
    /// Protected-resource metadata, where tokens are used.
    pub(crate) resources: Option<identity::ProtectedResources>,
    /// Which hosts and origins may call.
    pub(crate) guard: Guard,
    /// The bounds on what clients send.
    pub(crate) limits: Limits,
    /// The way out for what the gateway itself fetches.
    pub(crate) egress: Arc<Egress>,
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
    /// A setting about detectors.
    #[error(transparent)]
    Detect(#[from] detect::UnknownDetector),
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
    /// `public_url` cannot name resources.
    #[error(transparent)]
    PublicUrl(#[from] identity::PublicUrlError),
    /// A setting about hosts and origins.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The system's certificates.
    #[error(transparent)]
    Roots(#[from] RootsError),
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
    /// Where what outlives this gateway is kept; without it, nothing does.
    pub beyond: Option<Beyond>,
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
        let mut handled: Vec<Handled> = Vec::new();
        let mut servers = BTreeMap::new();
        for server in &settings.servers {
            let same =
                before.and_then(|b| b.servers.get(&server.name)).filter(|s| s.settings.upstream == server.upstream);
            let catalog = same.map(|s| s.catalog.clone()).unwrap_or_default();
            let ties = same.map(|s| s.ties.clone()).unwrap_or_default();
            let health = same.map(|s| s.health.clone()).unwrap_or_default();
            // Effects and labels are part of a definition's judgement: a change of them looks at the list again.
            if same.is_some_and(|s| s.settings != *server) || before.is_some_and(|b| b.settings.level != settings.level)
            {
                catalog.outdated();
            }
            let mode = settings.mode_of(server);
            servers.insert(
                server.name.clone(),
                Arc::new(Server::new(&settings, server, mode, (catalog, ties, health), &egress, &mut handled)?),
            );
        }
        let version = settings.digest();
        let policies = Arc::new(policies(&settings)?);
        let secrets: Vec<(String, Vec<u8>)> =
            handled.iter().map(|(name, secret)| (name.clone(), secret.reveal(|s| s.as_bytes().to_vec()))).collect();
        let (known, short) = detect::KnownSecrets::new(secrets.iter().map(|(n, s)| (n.as_str(), s.as_slice())));
        for short in short {
            tracing::warn!("{short}");
        }
        let snapshot = Snapshot {
            version,
            level: settings.level,
            policies,
            scanner: detect::Scanner::new(&detectors(&settings.detect, settings.mode))?,
            secrets: known,
        };
        let guard = Guard::new(&GuardSettings {
            listen: around.listen,
            public_url: settings.public_url.clone(),
            allowed_hosts: settings.listen.allowed_hosts.clone(),
            allowed_origins: settings.listen.allowed_origins.clone(),
            max_target: 8 << 10,
        })?;
        // Tokens name endpoints, so the names of servers are part of who is trusted.
        let names = |s: &Settings| endpoints(s).cloned().collect::<Vec<_>>();
        let authenticator = match before.filter(|b| {
            b.settings.trust == settings.trust
                && b.settings.public_url == settings.public_url
                && names(&b.settings) == names(&settings)
        }) {
            Some(b) => b.authenticator.clone(),
            None => Arc::new(identity::Authenticator::new(trust(&settings, around)?)?),
        };
        let resources = match (&settings.public_url, authenticator.issuers()) {
            (Some(url), issuers) if !issuers.is_empty() => {
                Some(identity::ProtectedResources::new(url.as_str(), issuers, Vec::new())?)
            }
            _ => None,
        };
        let limits = Limits { depth: settings.limits.depth, ..Limits::default() };
        Ok(Self { snapshot, settings, servers, authenticator, resources, guard, limits, egress })
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

fn detectors(settings: &config::Detect, mode: Mode) -> detect::Settings {
    let switch = |m: config::DetectorMode| match m {
        config::DetectorMode::Off => detect::Switch::Off,
        config::DetectorMode::Observe => detect::Switch::On(Mode::Observe),
        config::DetectorMode::Enforce => detect::Switch::On(Mode::Enforce),
    };
    let detectors = settings.modes.keys().map(|name| (name.clone(), switch(settings.mode_of(name, mode)))).collect();
    detect::Settings { default: detect::Switch::On(mode), detectors }
}

/// The `[[trust]]` entries as the identity room wants them. Without any, the user of this machine is trusted on loopback.
fn trust(settings: &Settings, around: &Surroundings) -> Result<identity::Settings, LiveError> {
    let mut out = identity::Settings {
        host_token: Some(around.host_token.reveal(|t| Secret::new(t.clone()))),
        local_user: settings.trust.is_empty().then(|| around.user.as_str().into()),
        ..identity::Settings::default()
    };
    let own = identifiers(settings, around)?;
    let mut skew = None;
    for entry in &settings.trust {
        match &entry.kind {
            config::TrustKind::Anonymous { servers } => out.anonymous.extend(servers.iter().cloned()),
            config::TrustKind::Oidc(oidc) => {
                out.skew = skew.map_or(oidc.clock_skew, |s: Duration| s.max(oidc.clock_skew));
                skew = Some(out.skew);
                out.issuers.push(issuer(oidc, &own)?);
            }
        }
    }
    Ok(out)
}

/// The names of the endpoints below `/mcp/`: those of servers and of virtual ones.
fn endpoints(settings: &Settings) -> impl Iterator<Item = &ServerName> {
    settings.servers.iter().map(|s| &s.name).chain(settings.virtuals.iter().map(|v| &v.name))
}

/// What tokens may name as their audience where a trust entry does not say it: the public URL, or else the address that is
/// listened on, and each endpoint under it
/// (RFC 8707 §2).
fn identifiers(settings: &Settings, around: &Surroundings) -> Result<Vec<Arc<str>>, LiveError> {
    let url = settings.public_url.as_ref().map_or_else(|| format!("http://{}", around.listen), ToString::to_string);
    let resources = identity::ProtectedResources::new(&url, Vec::new(), Vec::new())?;
    let servers = endpoints(settings).map(identity::Resource::Server);
    let endpoints = std::iter::once(identity::Resource::All).chain(servers).map(|r| resources.identifier(r));
    let whole = url.trim_end_matches('/').to_owned();
    Ok([whole.clone(), format!("{whole}/")].into_iter().chain(endpoints).map(Into::into).collect())
}

/// A claim's place as the configuration writes it: a dot goes into an object, unless the whole is an address.
fn place(claim: &str) -> Arc<str> {
    if !claim.contains('.') || claim.contains("://") {
        return claim.into();
    }
    claim.split('.').fold(String::new(), |path, key| path + "/" + &key.replace('~', "~0")).into()
}

fn issuer(oidc: &config::Oidc, own: &[Arc<str>]) -> Result<identity::IssuerSettings, LiveError> {
    let named: Vec<Arc<str>> = oidc.audience.iter().map(|a| a.as_str().into()).collect();
    let audiences: Box<[Arc<str>]> = if named.is_empty() { own.into() } else { named.into() };
    let keys = match &oidc.keys {
        config::Keys::Discover => identity::KeySource::Discovery,
        config::Keys::Url(url) => identity::KeySource::Url(url.as_str().into()),
        config::Keys::File(path) => {
            let bad = |source| LiveError::KeyFile { path: path.display().to_string(), source };
            identity::KeySource::Pinned(std::fs::read(path).map_err(bad)?.into())
        }
    };
    let usual = config::Claims::default();
    let claims = identity::ClaimMap {
        name: place(&oidc.claims.name),
        email: place(&oidc.claims.email),
        groups: place(&oidc.claims.groups),
        // The usual ones are tried anyway, after the one that the operator names.
        agent: oidc.claims.agent.iter().find(|c| !usual.agent.contains(c)).map(|c| place(c)),
        ..identity::ClaimMap::default()
    };
    Ok(identity::IssuerSettings {
        audiences,
        algorithms: oidc.algorithms.iter().filter_map(|a| format!("{a:?}").parse().ok()).collect(),
        keys,
        claims,
        ..identity::IssuerSettings::new(oidc.issuer.as_str(), "")
    })
}
