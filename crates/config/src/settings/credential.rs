use crate::{
    Mistake, SecretRef,
    section::Section,
    value::{Item, is_header, not_a_header},
};
use serde::Serialize;

/// A credential that the gateway holds and agents never see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// Its name, unique in the file.
    pub name: String,
    /// How it is obtained and where it goes.
    pub kind: CredentialKind,
}

/// How a credential is obtained and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CredentialKind {
    /// One secret, sent in a header of every request to an HTTP server.
    Static {
        /// Where the secret is.
        secret: SecretRef,
        /// The header; `authorization`.
        header: String,
        /// What stands before the secret, with one space between; `Bearer` in `authorization`, else nothing.
        scheme: Option<String>,
    },
    /// One secret, given to a command in a variable of its environment.
    Env {
        /// Where the secret is.
        secret: SecretRef,
        /// The variable.
        variable: String,
    },
}

/// Kinds of the design that are not built yet.
const LATER: [&str; 7] = ["token-exchange", "client-credentials", "oauth", "id-jag", "aws-sts", "gcp-sts", "vault"];

#[derive(Clone, Copy)]
enum Kind {
    Static,
    Env,
}

impl Credential {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"crm\"", Item::owned);
        let kind = match section.need("kind", "kind = \"static\"", kind)? {
            Kind::Static => Self::read_static(&section),
            Kind::Env => Self::read_env(&section),
        };
        section.finish();
        Some(Self { name: name?, kind: kind? })
    }

    fn read_static(section: &Section<'_>) -> Option<CredentialKind> {
        let secret = section.need("secret", SECRET, Item::secret);
        let header = section.get("header", header).unwrap_or_else(|| "authorization".into());
        let bearer = (header == "authorization").then(|| "Bearer".to_owned());
        let scheme = if section.has("scheme") { section.get("scheme", Item::owned) } else { bearer };
        Some(CredentialKind::Static { secret: secret?, header, scheme })
    }

    fn read_env(section: &Section<'_>) -> Option<CredentialKind> {
        let secret = section.need("secret", SECRET, Item::secret);
        let variable = section.need("variable", "variable = \"API_KEY\"", Item::variable);
        Some(CredentialKind::Env { secret: secret?, variable: variable? })
    }
}

const SECRET: &str = "secret = { env = \"NAME\" }";

fn kind(item: &Item<'_>) -> Result<Kind, Mistake> {
    match item.text()? {
        later if LATER.contains(&later) => {
            let mistake = Mistake::error(format!("credentials of kind `{later}` arrive later"));
            Err(mistake.label("not available in this build").help("use `static` or `env`"))
        }
        _ => item.choice(&[("static", Kind::Static), ("env", Kind::Env)]),
    }
}

fn header(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    if is_header(text) { Ok(text.to_ascii_lowercase()) } else { Err(not_a_header(text)) }
}
