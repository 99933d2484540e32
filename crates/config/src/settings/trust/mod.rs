//! Who may attest agents and humans. A kind is one file here and one line in `Kind`.

mod oidc;

pub use oidc::{Algorithm, Claims, Keys, Oidc};

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
    /// Requests without any credential, for these servers only.
    Anonymous {
        /// The servers; each exists.
        servers: Vec<ServerName>,
    },
}

#[derive(Clone, Copy)]
enum Kind {
    Oidc,
    Anonymous,
}

impl Trust {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"corp-idp\"", Item::owned);
        let kind = match section.need("kind", "kind = \"oidc\"", kind)? {
            Kind::Oidc => Oidc::read(&section).map(|oidc| TrustKind::Oidc(Box::new(oidc))),
            Kind::Anonymous => {
                section.need("servers", "servers = [\"docs\"]", servers).map(|servers| TrustKind::Anonymous { servers })
            }
        };
        section.finish();
        Some(Self { name: name?, kind: kind? })
    }
}

/// Kinds of the design that are not built yet.
const LATER: [&str; 7] = ["spiffe", "mtls", "kubernetes", "github-actions", "dpop", "issuer", "host"];

fn kind(item: &Item<'_>) -> Result<Kind, Mistake> {
    match item.text()? {
        later if LATER.contains(&later) => {
            let mistake = Mistake::error(format!("trust of kind `{later}` arrives later"));
            Err(mistake.label("not available in this build").help("use `oidc` or `anonymous`"))
        }
        _ => item.choice(&[("oidc", Kind::Oidc), ("anonymous", Kind::Anonymous)]),
    }
}

fn servers(item: &Item<'_>) -> Result<Vec<ServerName>, Mistake> {
    if item.is_empty_list() {
        return Err(item.wrong("is empty").label("name the servers that anybody may call"));
    }
    item.all("a list of server names", Item::parse)
}
