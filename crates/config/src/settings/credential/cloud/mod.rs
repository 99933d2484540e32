//! Kinds of credentials that clouds give for a token of the gateway, or for a key of the operator.

pub(super) mod aws;
pub(super) mod azure;
pub(super) mod gcp;
pub(super) mod github;
pub(super) mod signed;
pub(super) mod vault;

pub use aws::AwsSts;
pub use azure::Azure;
pub use gcp::GcpSts;
pub use github::GithubApp;
pub use signed::{Databricks, JwtNames, JwtSvid, SignedJwt};
pub use vault::{Vault, VaultFields};

use crate::{Mistake, value::Item};
use url::Url;

/// Where a provider answers.
fn endpoint(item: &Item<'_>) -> Result<Url, Mistake> {
    item.url(|_| false)
}

/// The text of an object of JSON.
fn json(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    let object: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
    let help = "write it as JSON in ''' quotes";
    object.map_err(|error| item.wrong("is no JSON object").label(error.to_string()).help(help))?;
    Ok(text.to_owned())
}
