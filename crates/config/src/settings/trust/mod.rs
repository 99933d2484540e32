//! Who may attest agents and humans. A kind is one file here and one line in `Kind`.

mod aws_role;
mod certificates;
mod oidc;
mod platform;
mod process;
mod require;
mod tokens;
mod tpm;

pub use aws_role::{AwsRole, AwsRoles};
pub use certificates::{Bundle, CertificateName, Mtls, Spiffe};
pub use oidc::{Claims, Oidc, RelyingParty, Subject};
pub use platform::{Platform, PlatformKind};
pub use process::{Executable, Process};
pub use require::{Must, Require, Wanted};
pub use tokens::{Algorithm, Keys, Tokens};
pub use tpm::{Machine, Tpm};

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
    /// Roles of AWS accounts.
    AwsRole(Box<AwsRoles>),
    /// Machines, by their TPM.
    Tpm(Box<Tpm>),
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
    AwsRole,
    Tpm,
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
            Kind::AwsRole => AwsRoles::read(&section).map(|roles| TrustKind::AwsRole(Box::new(roles))),
            Kind::Tpm => Tpm::read(&section).map(|tpm| TrustKind::Tpm(Box::new(tpm))),
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

const KINDS: [(&str, Kind); 14] = [
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
    ("aws-role", Kind::AwsRole),
    ("tpm", Kind::Tpm),
    ("anonymous", Kind::Anonymous),
];

fn kind(item: &Item<'_>) -> Result<Kind, Mistake> {
    match item.text()? {
        later if LATER.contains(&later) => {
            let mistake = Mistake::error(format!("trust of kind `{later}` arrives later"));
            Err(mistake
                .label("not available in this build")
                .help("use `oidc`, a platform, `spiffe`, `mtls`, `aws-role`, `tpm` or `anonymous`"))
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
