use super::{
    super::{CredentialKind, OwnToken},
    endpoint,
};
use crate::{Mistake, section::Section, value::Item};
use serde::Serialize;
use url::Url;

/// A secret of a vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vault {
    /// Where it answers.
    pub url: Url,
    /// Where its JWT auth method is.
    pub mount: String,
    /// The role.
    pub role: String,
    /// The namespace.
    pub namespace: Option<String>,
    /// What is read.
    pub path: String,
    /// Which fields of it are the credential.
    pub fields: VaultFields,
    /// The gateway's own token.
    pub own: OwnToken,
}

/// Which fields of a secret are the credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VaultFields {
    /// One.
    One(String),
    /// A name, and its password.
    Basic(String, String),
    /// Keys of AWS.
    Aws,
}

pub(in super::super) fn read(section: &Section<'_>) -> Option<CredentialKind> {
    let url = section.need("url", "url = \"https://vault.internal:8200\"", endpoint);
    let mount = section.get("mount", path).unwrap_or_else(|| "jwt".to_owned());
    let role = section.need("role", "role = \"mcp\"", Item::owned);
    let namespace = section.get("namespace", Item::owned);
    let path = section.need("path", "path = \"secret/data/crm\"", path);
    let fields = fields(section);
    let own = OwnToken::read(section, "server:{server}");
    Some(CredentialKind::Vault(Vault {
        url: url?,
        mount,
        role: role?,
        namespace,
        path: path?,
        fields: fields?,
        own: own?,
    }))
}

fn fields(section: &Section<'_>) -> Option<VaultFields> {
    let one = section.get("field", Item::owned);
    let user = section.get("user_field", Item::owned);
    let password = section.get("password_field", Item::owned);
    match (one, user, password) {
        (Some(one), None, None) => Some(VaultFields::One(one)),
        (None, Some(user), Some(password)) => Some(VaultFields::Basic(user, password)),
        (None, None, None) if section.has("service") || section.has("variables") => Some(VaultFields::Aws),
        _ => {
            let mistake = Mistake::error("nothing says which fields of the secret are the credential");
            let help = "add `field = \"api_key\"`, or `user_field` and `password_field`; keys of AWS need `service` or `variables`";
            section.reading.tell(section.span.clone(), mistake.help(help));
            None
        }
    }
}

/// A path within the vault, as it is written in policies: it climbs nowhere.
fn path(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?.trim_matches('/');
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/@+".contains(&b));
    let climbs = text.split('/').any(|part| matches!(part, "" | "." | ".."));
    if plain && !climbs {
        Ok(text.to_owned())
    } else {
        Err(item.wrong("is not a path").label("as in `secret/data/crm`"))
    }
}
