use super::{
    super::{CredentialKind, OwnToken, by_tool::by_tool},
    endpoint, json,
};
use crate::{Mistake, section::Section, value::Item};
use doorward_vocab::ByName;
use serde::Serialize;
use std::time::Duration;
use url::Url;

/// A token of Google Cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GcpSts {
    /// Where the token service answers.
    pub endpoint: Url,
    /// Where service accounts are impersonated.
    pub impersonation: Url,
    /// The provider of the pool.
    pub provider: String,
    /// The service account.
    pub service_account: Option<String>,
    /// How long its token lasts.
    pub lifetime: Duration,
    /// Access boundaries, by tool.
    pub boundary: ByName<String>,
    /// The gateway's own token.
    pub own: OwnToken,
}

const STS: &str = "https://sts.googleapis.com/v1/token";
const IMPERSONATION: &str = "https://iamcredentials.googleapis.com/";
const EXAMPLE: &str =
    "provider = \"//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/mcp/providers/gateway\"";

pub(in super::super) fn read(section: &Section<'_>) -> Option<CredentialKind> {
    let provider = section.need("provider", EXAMPLE, provider);
    let service_account = section.get("service_account", account);
    let lifetime = section.get("duration", lifetime).unwrap_or(Duration::from_secs(15 * 60));
    let boundary = by_tool(section, "boundary", json);
    let sts = section.get("endpoint", endpoint).or_else(|| STS.parse().ok());
    let impersonation = section.get("impersonation_endpoint", endpoint).or_else(|| IMPERSONATION.parse().ok());
    let own = OwnToken::read(section, "agent:{agent}:server:{server}");
    Some(CredentialKind::GcpSts(GcpSts {
        endpoint: sts?,
        impersonation: impersonation?,
        provider: provider?,
        service_account,
        lifetime,
        boundary,
        own: own?,
    }))
}

fn provider(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    let pool = text.strip_prefix("//iam.googleapis.com/").is_some_and(|rest| {
        rest.contains("/workloadIdentityPools/") && rest.contains("/providers/") && !rest.contains([' ', '?', '#'])
    });
    if pool {
        Ok(text.to_owned())
    } else {
        Err(item.wrong("is not the name of a provider").help(format!("as in `{EXAMPLE}`")))
    }
}

/// It becomes part of a path.
fn account(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._@".contains(&b)) && text.contains('@');
    if plain { Ok(text.to_owned()) } else { Err(item.wrong("is not the address of a service account")) }
}

fn lifetime(item: &Item<'_>) -> Result<Duration, Mistake> {
    let lifetime = item.duration()?;
    let within = (Duration::from_secs(60)..=Duration::from_secs(12 * 3600)).contains(&lifetime);
    if within { Ok(lifetime) } else { Err(item.wrong("is out of range").label("from 1 minute to 12 hours")) }
}
