//! A server behind the gateway: how to reach it and what it declared.

use crate::{
    all::Health,
    attest::{Gate, Known, Standing},
    bridge::Ties,
    catalog::Catalog,
    credentials::Held,
    link::{EventSession, HttpSession, Link, Process, Routing},
};
use doorward_config as config;
use doorward_credential::Rule;
use doorward_engine::{Floors, Marks, ServerProfile};
use doorward_identity::attest::manifest::ManifestKeys;
use doorward_mcp::json::Limits;
use doorward_policy::{ServerFacts, Transport};
#[cfg(test)]
use doorward_transport::stdio::{StdioInbox, StdioLink};
use doorward_transport::{
    LinkError,
    egress::{Egress, PeerRules, RootsError, Trust},
    stdio::{Command, Executable, StdioSettings},
    upstream::{HttpLink, HttpSettings},
};
use doorward_vocab::{Assurance, Digest, Mode, Secret};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use url::Url;

/// How well a server may be proven.
const LEVELS: [Assurance; 5] =
    [Assurance::Asserted, Assurance::LocalProcess, Assurance::PlatformToken, Assurance::KeyBound, Assurance::Hardware];

/// A server as it is configured now.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) profile: ServerProfile,
    pub(crate) settings: config::Server,
    /// What it declared; kept over a reload that does not change how the server is reached.
    pub(crate) catalog: Arc<Catalog>,
    /// What is held open with it; kept like the catalog.
    pub(crate) ties: Arc<Ties>,
    /// Whether it answers; kept like the catalog.
    pub(crate) health: Arc<Health>,
    /// Whether it is what was approved; kept like the catalog.
    pub(crate) standing: Arc<Standing>,
    /// Which credentials it is called with.
    pub(crate) rules: Vec<Rule>,
    /// Its resource identifier (RFC 8707 §2): its address, or for a command its name.
    pub(crate) resource: Box<str>,
    /// Who may sign what it declares.
    pub(crate) manifest_keys: Option<Arc<ManifestKeys>>,
    /// What rulings know of it while that is not proven, and when it is.
    seen: [Arc<ServerProfile>; 5],
    /// The same where nothing was proved of it.
    plain: Arc<ServerProfile>,
    reach: Reach,
    limits: Limits,
    /// How long a call waits without any sign of the server.
    patience: Duration,
}

#[expect(clippy::large_enum_variant, reason = "one for each server")]
enum Reach {
    Http {
        link: HttpLink,
        stateless: Arc<HttpSession>,
        speaks: Speaks,
    },
    Command {
        command: Arc<Command>,
        settings: StdioSettings,
    },
    /// A server of a simulation, started anew for each session.
    #[cfg(test)]
    Simulated(Start),
}

/// Starts a server of a simulation.
#[cfg(test)]
pub(crate) type Start = Box<dyn Fn() -> (StdioLink, StdioInbox) + Send + Sync>;

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { link, .. } => link.fmt(f),
            Self::Command { command, .. } => command.fmt(f),
            #[cfg(test)]
            Self::Simulated(_) => f.write_str("Simulated"),
        }
    }
}

/// What is known of the transport of a server over HTTP.
#[derive(Debug)]
struct Speaks {
    stated: config::HttpTransport,
    /// It was found to speak HTTP+SSE alone.
    sse: AtomicBool,
}

/// A server that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A secret that its settings refer to is not there.
    #[error("server `{server}`: {error}")]
    Secret {
        /// The server.
        server: String,
        /// Which secret, and why.
        error: String,
    },
    /// A file with which it, or the gateway at it, proves who that is.
    #[error("server `{server}`: {error}")]
    Proof {
        /// The server.
        server: String,
        /// What is wrong.
        error: String,
    },
    /// Its address cannot be used.
    #[error("server `{server}`: {error}")]
    Address {
        /// The server.
        server: String,
        /// Why.
        #[source]
        error: LinkError,
    },
}

/// A secret that was read while setting up a server: its name for the operator, and its value.
pub(crate) type Handled = (String, Secret<String>);

impl Server {
    /// Sets a server up, and adds every secret that it handles to `handled`.
    pub(crate) fn new(
        all: &config::Settings,
        settings: &config::Server,
        mode: Mode,
        (catalog, ties, health, standing): (Arc<Catalog>, Arc<Ties>, Arc<Health>, Arc<Standing>),
        (egress, marks): (&Arc<Egress>, &Marks),
        handled: &mut Vec<Handled>,
    ) -> Result<Self, ServerError> {
        let limits = Limits { depth: all.limits.depth.max(16) * 2, ..Limits::default() };
        let patience = settings.timeout.unwrap_or(all.limits.upstream_timeout);
        let (reach, transport) = match &settings.upstream {
            config::Upstream::Command { program, args, env, inherit_env, cwd } => {
                let mut full = inherited(inherit_env);
                for (name, value) in env {
                    full.push((name.clone(), resolve(settings, name, value, handled)?));
                }
                if let Some(variable) = &settings.canary {
                    full.push((variable.clone(), Secret::new(marks.canary(&format!("server:{}", settings.name)))));
                }
                let argv = std::iter::once(program.clone()).chain(args.iter().cloned()).collect();
                let failed = |e: doorward_seal::ShieldError| ServerError::Secret {
                    server: settings.name.to_string(),
                    error: e.to_string(),
                };
                let command = Arc::new(Command::new(argv, full, cwd.clone()).map_err(failed)?);
                let stdio = StdioSettings { max_line: all.limits.result, ..StdioSettings::default() };
                (Reach::Command { command, settings: stdio }, Transport::Stdio)
            }
            config::Upstream::Http { url, headers, network, transport } => {
                let mut fixed = Vec::new();
                for (name, value) in headers {
                    fixed.push((name.clone(), resolve(settings, name, value, handled)?));
                }
                let trust = match network {
                    config::Network::Public => Trust::Configured,
                    config::Network::Private => Trust::ConfiguredPrivate,
                };
                let proof = |error: String| ServerError::Proof { server: settings.name.to_string(), error };
                let http = HttpSettings {
                    peer: peer_rules(&settings.attest, mode, egress, &standing).map_err(|e| proof(e.to_string()))?,
                    reply: patience,
                    quiet: Some(patience),
                    max_reply: all.limits.result,
                    max_event: all.limits.result,
                    idle: all.limits.idle_timeout,
                    ..HttpSettings::default()
                };
                let address = |error| ServerError::Address { server: settings.name.to_string(), error };
                let link = HttpLink::new(url, trust, &fixed, egress.clone(), http).map_err(address)?;
                let stateless = HttpSession::shared(link.clone(), limits);
                let speaks =
                    Speaks { stated: *transport, sse: AtomicBool::new(*transport == config::HttpTransport::Sse) };
                (Reach::Http { link, stateless, speaks }, Transport::Http)
            }
        };
        let manifest_keys = match &settings.attest.manifest {
            Some(manifest) => Some(manifest_keys(settings, manifest)?),
            None => None,
        };
        let floors = Floors {
            effects: all.assurance.clone(),
            tools: settings.assurance.iter().map(|rule| (rule.tools.clone(), rule.floor)).collect(),
        };
        let profile = |attested, assurance| {
            let party = ServerFacts { name: &settings.name, transport, attested, assurance }.prepare();
            let mut profile = ServerProfile::new(settings.name.clone(), mode, settings.label, party);
            profile.floors = floors.clone();
            profile.checks_arguments = settings.check_arguments;
            profile.checks_mandate = settings.check_mandate;
            profile.checks_flow = settings.check_flow;
            let asks = u32::try_from(all.limits.asks).unwrap_or(u32::MAX);
            profile.asks = settings.asks.unwrap_or(asks);
            profile
        };
        let plain = profile(false, Assurance::Asserted);
        // What was measured of it says how well it is proven: a program of this machine, or a key.
        let seen = LEVELS.map(|assurance| Arc::new(profile(true, assurance)));
        let rules = settings.credentials.iter().map(rule).collect();
        let resource = match &settings.upstream {
            config::Upstream::Command { .. } => settings.name.as_str().into(),
            config::Upstream::Http { url, .. } => resource(url),
        };
        let settings = settings.clone();
        Ok(Self {
            profile: plain.clone(),
            plain: Arc::new(plain),
            settings,
            rules,
            resource,
            catalog,
            ties,
            health,
            standing,
            manifest_keys,
            seen,
            reach,
            limits,
            patience,
        })
    }

    /// The server as rulings see it now.
    pub(crate) fn seen(&self) -> Arc<ServerProfile> {
        match self.standing.known() {
            Known::Nothing | Known::Admitted => self.plain.clone(),
            Known::Attested(proof) => {
                self.seen.get(usize::from(u8::from(proof.assurance))).unwrap_or(&self.plain).clone()
            }
            Known::Withheld(why) => Arc::new(ServerProfile::clone(&self.plain).withhold(why)),
        }
    }

    /// What is started, where it is a command.
    pub(crate) fn command(&self) -> Option<&Arc<Command>> {
        match &self.reach {
            Reach::Command { command, .. } => Some(command),
            Reach::Http { .. } => None,
            #[cfg(test)]
            Reach::Simulated(_) => None,
        }
    }

    /// The way to it, where that is over HTTP.
    pub(crate) const fn http(&self) -> Option<&HttpLink> {
        match &self.reach {
            Reach::Http { link, .. } => Some(link),
            Reach::Command { .. } => None,
            #[cfg(test)]
            Reach::Simulated(_) => None,
        }
    }

    /// What is approved of it goes by its program or host, and by a sign of all else that says how it is reached.
    pub(crate) fn label(&self) -> String {
        let what = match &self.settings.upstream {
            config::Upstream::Command { program, .. } => program,
            config::Upstream::Http { url, .. } => url.host_str().unwrap_or_default(),
        };
        format!("{what} {}", Digest::of(format!("{:?}", self.settings.upstream).as_bytes()).short())
    }

    /// A link of its own for one session of the 2025 era. A command executes what was `measured`, where it was, and finds
    /// `held` in its environment.
    pub(crate) fn session(
        &self,
        routing: Routing,
        measured: Option<&Executable>,
        held: Option<Arc<Held>>,
    ) -> Result<Link, LinkError> {
        match &self.reach {
            Reach::Http { speaks, link, .. } => Ok(if speaks.sse.load(Relaxed) {
                self.events(link, routing)
            } else {
                Link::Http(HttpSession::new(link.clone(), self.limits))
            }),
            Reach::Command { command, settings, .. } => {
                let failed = |error| LinkError::Spawn {
                    program: command.argv.first().map_or("", String::as_str).into(),
                    source: std::io::Error::other(error),
                };
                let variables = held.as_deref().map_or_else(Vec::new, Held::in_environment);
                let with = (!variables.is_empty()).then(|| command.with(&variables)).transpose().map_err(failed)?;
                let command = with.as_ref().unwrap_or_else(|| command.as_ref());
                let name = self.profile.name.as_str();
                let catalog = self.catalog.clone();
                Process::spawn(name, (command, measured, held), *settings, self.limits, self.patience, routing, catalog)
                    .map(Link::Process)
            }
            #[cfg(test)]
            Reach::Simulated(start) => {
                let (name, catalog) = (self.profile.name.as_str(), self.catalog.clone());
                Ok(Link::Process(Process::over(start(), name, self.limits, self.patience, routing, catalog)))
            }
        }
    }

    /// The link to try where a server over HTTP refused to open a session as one does that knows only HTTP+SSE, and the
    /// operator did not say what it speaks (2025-11-25, backwards compatibility).
    pub(crate) fn older(&self, status: u16, routing: Routing) -> Option<Link> {
        match &self.reach {
            Reach::Http { speaks, link, .. }
                if matches!(status, 400 | 404 | 405)
                    && speaks.stated == config::HttpTransport::Auto
                    && !speaks.sse.load(Relaxed) =>
            {
                Some(self.events(link, routing))
            }
            Reach::Http { .. } | Reach::Command { .. } => None,
            #[cfg(test)]
            Reach::Simulated(_) => None,
        }
    }

    /// Remembers what `link` showed: that the server speaks HTTP+SSE, or where it did not open, that it may not any more.
    pub(crate) fn found(&self, link: &Link, opened: bool) {
        if let (Reach::Http { speaks, .. }, Link::Events(_)) = (&self.reach, link)
            && speaks.stated == config::HttpTransport::Auto
        {
            speaks.sse.store(opened, Relaxed);
        }
    }

    /// Whether it speaks HTTP+SSE alone, as far as is known: there are sessions only.
    pub(crate) fn is_older(&self) -> bool {
        matches!(&self.reach, Reach::Http { speaks, .. } if speaks.sse.load(Relaxed))
    }

    fn events(&self, link: &HttpLink, routing: Routing) -> Link {
        let (link, catalog) = (link.clone(), self.catalog.clone());
        let name = self.profile.name.as_str();
        Link::Events(EventSession::new(name, link, self.limits, self.patience, routing, catalog))
    }

    /// The link of a session that the server gave before; `None` where sessions end with their process.
    pub(crate) fn resumed(&self, id: Option<&str>, revision: Option<&str>) -> Option<Link> {
        match &self.reach {
            Reach::Http { link, .. } => Some(Link::Http(HttpSession::resumed(link.clone(), self.limits, id, revision))),
            Reach::Command { .. } => None,
            #[cfg(test)]
            Reach::Simulated(_) => None,
        }
    }

    /// How it is reached, as a digest: what is kept of it is good as long as that stays.
    pub(crate) fn place(&self) -> String {
        Digest::of(format!("{:?}", self.settings.upstream).as_bytes()).to_string()
    }

    /// The same server, reached in another way.
    #[cfg(test)]
    pub(crate) fn simulated(&mut self, start: Start) {
        self.reach = Reach::Simulated(start);
    }

    /// The link for requests that stand alone (2026 era), where that is over HTTP.
    pub(crate) fn over_http(&self) -> Option<Link> {
        match &self.reach {
            Reach::Http { stateless, .. } => Some(Link::Http(stateless.clone())),
            Reach::Command { .. } => None,
            #[cfg(test)]
            Reach::Simulated(_) => None,
        }
    }
}

/// How a server over HTTP must prove who it is; `None` where a certificate for its name is enough.
fn peer_rules(
    attest: &config::Attest,
    mode: Mode,
    egress: &Egress,
    standing: &Arc<Standing>,
) -> Result<Option<PeerRules>, RootsError> {
    let usual = attest.spki.is_empty() && attest.bundle.is_none() && attest.client.is_none();
    if usual && attest.first == config::First::Off {
        return Ok(None);
    }
    let client = attest.client.as_ref().map(|files| (files.cert.as_path(), files.key.as_path()));
    let gate = Arc::new(Gate::new(attest, mode, standing));
    PeerRules::new(egress.roots(), client, attest.bundle.as_deref(), attest.spiffe.as_deref(), gate).map(Some)
}

fn rule(rule: &config::CredentialRule) -> Rule {
    Rule {
        name: rule.name.as_deref().map(Into::into),
        tools: rule.tools.clone().into(),
        agents: rule.agents.clone().into(),
        humans: rule.humans.clone().into(),
        groups: rule.groups.iter().map(|g| g.as_str().into()).collect(),
    }
}

/// A resource identifier has no fragment, and should have no query (RFC 8707 §2). The slash of an empty path is left out,
/// as servers write it (2025-11-25, authorization: canonical server URI).
fn resource(url: &Url) -> Box<str> {
    let mut url = url.clone();
    url.set_fragment(None);
    url.set_query(None);
    let text = url.as_str();
    if url.path() == "/" { text.trim_end_matches('/').into() } else { text.into() }
}

fn manifest_keys(server: &config::Server, manifest: &config::Manifest) -> Result<Arc<ManifestKeys>, ServerError> {
    let bad = |error: String| ServerError::Proof { server: server.name.to_string(), error };
    let path = manifest.keys.display();
    let bytes = std::fs::read(&manifest.keys).map_err(|e| bad(format!("cannot read `{path}`: {e}")))?;
    ManifestKeys::read(&bytes).map(Arc::new).map_err(|e| bad(format!("`{path}`: {e}")))
}

fn inherited(more: &[String]) -> Vec<(String, Secret<String>)> {
    let usual =
        config::Upstream::PASSED_ON.iter().filter_map(|n| Some(((*n).to_owned(), Secret::new(std::env::var(n).ok()?))));
    let asked = more.iter().filter_map(|name| match config::variable(name) {
        Ok(value) => Some((name.clone(), value)),
        Err(config::SecretError::Unset(_)) => None,
        Err(error) => {
            tracing::warn!("not passed on: {error}");
            None
        }
    });
    usual.chain(asked).collect()
}

fn resolve(
    server: &config::Server,
    name: &str,
    value: &config::Setting,
    handled: &mut Vec<Handled>,
) -> Result<Secret<String>, ServerError> {
    match value {
        config::Setting::Plain(text) => Ok(Secret::new(text.clone())),
        config::Setting::Secret(reference) => read(server, name, reference, handled),
    }
}

fn read(
    server: &config::Server,
    name: &str,
    reference: &config::SecretRef,
    handled: &mut Vec<Handled>,
) -> Result<Secret<String>, ServerError> {
    let bad = |e: config::SecretError| ServerError::Secret { server: server.name.to_string(), error: e.to_string() };
    let secret = reference.read().map_err(bad)?;
    secret.reveal(|s| handled.push((format!("{}/{name}", server.name), Secret::new(s.clone()))));
    Ok(secret)
}
