//! Fetching the keys of token issuers. Destinations that metadata names are not the operator's word: the egress guard
//! lets them be public HTTPS only, or loopback on a gateway that serves loopback.

use crate::{
    Gateway, Live,
    fetching::{self, Whence},
};
use doorward_identity::{KeySource, discovery_urls, jwks_uri};
use doorward_vocab::Timestamp;
use url::Url;

/// The largest document that is read, in bytes.
const MAX: usize = 512 << 10;

/// Fetches the keys of `issuer` and teaches them to the authenticator; a failure is remembered, so that it is not
/// repeated at once.
pub(crate) async fn fetch(gateway: &Gateway, live: &Live, issuer: &str, now: Timestamp) {
    match keys(gateway, live, issuer).await {
        Ok(jwks) => {
            if let Err(e) = live.authenticator.learn(issuer, &jwks, now) {
                tracing::warn!(issuer, "the issuer's keys cannot be used: {e}");
                live.authenticator.missed(issuer);
            }
        }
        Err(error) => {
            tracing::warn!(issuer, "cannot fetch the issuer's keys: {error}");
            live.authenticator.missed(issuer);
        }
    }
}

async fn keys(gateway: &Gateway, live: &Live, issuer: &str) -> Result<Vec<u8>, String> {
    match live.authenticator.key_source(issuer) {
        Some(KeySource::Given) if live.authority.as_ref().is_some_and(|a| *a.realm.issuer == *issuer) => {
            let ring = gateway.ring().await;
            ring.map(|ring| ring.jwks().into_bytes()).map_err(|_| "they are not at hand".to_owned())
        }
        Some(KeySource::Url(url)) => get(live, url, Whence::Operator).await,
        Some(KeySource::Discovery) => {
            let mut last = "no discovery address".to_owned();
            for url in discovery_urls(issuer).map_err(|e| e.to_string())? {
                let found = match get(live, &url, Whence::Operator).await {
                    Ok(document) => jwks_uri(issuer, &document).map_err(|e| e.to_string()),
                    Err(e) => Err(e),
                };
                match found {
                    Ok(uri) => return get(live, &uri, Whence::Stranger).await,
                    Err(e) => last = e,
                }
            }
            Err(last)
        }
        Some(KeySource::Pinned(_) | KeySource::Given) | None => Err("its keys are not fetched".to_owned()),
    }
}

async fn get(live: &Live, url: &str, whence: Whence) -> Result<Vec<u8>, String> {
    let url = Url::parse(url).map_err(|e| format!("`{url}`: {e}"))?;
    fetching::get(live, &url, whence, MAX).await
}
