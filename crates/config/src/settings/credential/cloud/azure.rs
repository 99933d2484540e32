use super::{
    super::{CredentialKind, OwnToken},
    endpoint,
};
use crate::{Mistake, section::Section, value::Item};
use serde::Serialize;
use url::Url;

/// A token of Microsoft Entra ID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Azure {
    /// The token endpoint of the tenant.
    pub endpoint: Url,
    /// The application.
    pub client_id: String,
    /// The agent identity.
    pub agent_identity: Option<String>,
    /// The gateway's own token.
    pub own: OwnToken,
}

pub(in super::super) fn read(section: &Section<'_>) -> Option<CredentialKind> {
    let tenant = section.need("tenant", "tenant = \"8f6c…\"", id);
    let client_id = section.need("client_id", "client_id = \"1d2e…\"", id);
    let agent_identity = section.get("agent_identity", id);
    let base = section.get("endpoint", endpoint).or_else(|| "https://login.microsoftonline.com/".parse().ok());
    let own = OwnToken::read_rsa(section, "server:{server}");
    if !section.has("scopes") {
        section.missing("scopes", "scopes = [\"api://crm/.default\"]");
        return None;
    }
    let mut endpoint = base?;
    let path = format!("{}/{}/oauth2/v2.0/token", endpoint.path().trim_end_matches('/'), tenant?);
    endpoint.set_path(&path);
    Some(CredentialKind::Azure(Azure { endpoint, client_id: client_id?, agent_identity, own: own? }))
}

/// An id or the domain of a tenant.
fn id(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) && !text.contains("..");
    if plain { Ok(text.to_owned()) } else { Err(item.wrong("is not an id").label("letters, digits, `-` and `.`")) }
}
