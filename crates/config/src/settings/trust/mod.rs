//! Who may attest agents and humans. A kind is one file here and one line in `Kind`.

mod certificates;
mod oidc;
mod platform;
mod process;
mod require;
mod tokens;

pub use certificates::{Bundle, CertificateName, Mtls, Spiffe};
pub use oidc::{Claims, Oidc, RelyingParty, Subject};
pub use platform::{Platform, PlatformKind};
pub use process::{Executable, Process};
pub use require::{Must, Require, Wanted};
pub use tokens::{Algorithm, Keys, Tokens};

use crate::{Mistake, section::Section, value::Item};
use doorward_vocab::ServerName;
use serde::Serialize;

/// Somebody who may attest agents and humans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trust {
    /// Its name, unique in the file.
    pub name: String,
    /// What it may say.
    pub kind: TrustKind,
}

/// What a trust entry may say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TrustKind {
    /// Tokens of an OpenID Connect provider.
    Oidc(Box<Oidc>),
    /// Tokens of a platform, for what runs on it.
    Platform(Box<Platform>),
    /// Certificates and tokens of a SPIFFE trust domain.
    Spiffe(Box<Spiffe>),
    /// Certificates of another authority.
    Mtls(Box<Mtls>),
    /// Processes of this machine, over the socket of the listener.
    Process(Process),
    /// Requests without any credential, for these servers only.
    Anonymous {
        /// The servers; each exists.
        servers: Vec<ServerName>,
    },
}

#[derive(Clone, Copy)]
enum Kind {
    Oidc,
    Platform(PlatformKind),
    Spiffe,
    Mtls,
    Process,
    Anonymous,
}

impl Trust {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"corp-idp\"", Item::owned);
        let kind = match section.need("kind", "kind = \"oidc\"", kind)? {
            Kind::Oidc => Oidc::read(&section).map(|oidc| TrustKind::Oidc(Box::new(oidc))),
            Kind::Platform(which) => Platform::read(&section, which).map(|p| TrustKind::Platform(Box::new(p))),
            Kind::Spiffe => Spiffe::read(&section).map(|s| TrustKind::Spiffe(Box::new(s))),
            Kind::Mtls => Mtls::read(&section).map(|m| TrustKind::Mtls(Box::new(m))),
            Kind::Process => Process::read(&section).map(TrustKind::Process),
            Kind::Anonymous => {
                section.need("servers", "servers = [\"docs\"]", servers).map(|servers| TrustKind::Anonymous { servers })
            }
        };
        section.finish();
        Some(Self { name: name?, kind: kind? })
    }
}

/// Kinds of the design that are not built yet.
const LATER: [&str; 2] = ["issuer", "host"];

const KINDS: [(&str, Kind); 12] = [
    ("oidc", Kind::Oidc),
    ("kubernetes", Kind::Platform(PlatformKind::Kubernetes)),
    ("github-actions", Kind::Platform(PlatformKind::GithubActions)),
    ("gitlab", Kind::Platform(PlatformKind::Gitlab)),
    ("gcp", Kind::Platform(PlatformKind::Gcp)),
    ("azure", Kind::Platform(PlatformKind::Azure)),
    ("aws", Kind::Platform(PlatformKind::Aws)),
    ("terraform", Kind::Platform(PlatformKind::Terraform)),
    ("spiffe", Kind::Spiffe),
    ("mtls", Kind::Mtls),
    ("process", Kind::Process),
    ("anonymous", Kind::Anonymous),
];

fn kind(item: &Item<'_>) -> Result<Kind, Mistake> {
    match item.text()? {
        later if LATER.contains(&later) => {
            let mistake = Mistake::error(format!("trust of kind `{later}` arrives later"));
            Err(mistake
                .label("not available in this build")
                .help("use `oidc`, a platform, `spiffe`, `mtls` or `anonymous`"))
        }
        _ => item.choice(&KINDS),
    }
}

fn servers(item: &Item<'_>) -> Result<Vec<ServerName>, Mistake> {
    if item.is_empty_list() {
        return Err(item.wrong("is empty").label("name the servers that anybody may call"));
    }
    item.all("a list of server names", Item::parse)
}
