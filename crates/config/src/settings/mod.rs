use doorward_vocab::{Digest, Level, Mode};
use serde::Serialize;
use url::Url;

mod credential;
mod detect;
mod limits;
mod listen;
mod log;
mod policy;
mod server;
mod store;
mod trust;

pub use credential::{Credential, CredentialKind};
pub use detect::{Detect, DetectorMode};
pub use limits::Limits;
pub use listen::{Listen, TlsFiles};
pub use log::{Log, LogFormat};
pub use policy::{PolicyBase, PolicyFiles};
pub use server::{EffectRule, Network, Server, Setting, Upstream};
pub use store::{Durability, Engine, Store};
pub use trust::{Algorithm, Claims, Keys, Oidc, Trust, TrustKind};

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
    /// Where the credentials of servers come from.
    pub credentials: Vec<Credential>,
    /// Who may attest agents and humans. Empty: one local user.
    pub trust: Vec<Trust>,
    /// The policy set in force.
    pub policy: PolicyFiles,
    /// What detectors do.
    pub detect: Detect,
    /// The diagnostic log.
    pub log: Log,
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
            credentials: Vec::new(),
            trust: Vec::new(),
            policy: PolicyFiles::default(),
            detect: Detect::default(),
            log: Log::default(),
        }
    }

    /// The digest of the effective configuration, for the trail. Two files that mean the same have the same digest.
    pub fn digest(&self) -> Digest {
        // Settings hold no maps with keys other than text, so writing them cannot fail.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
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
