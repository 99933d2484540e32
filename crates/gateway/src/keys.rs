//! Fetching the keys of token issuers. Destinations that metadata names are not the operator's word: the egress guard
//! lets them be public HTTPS only, or loopback on a gateway that serves loopback.

use crate::{
    Gateway, Live,
    fetching::{self, Whence},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward_identity::{KeySource, discovery_urls, jwks_uri};
use doorward_transport::workload::{self, Bundles};
use doorward_vocab::Timestamp;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};
use tokio::io::AsyncReadExt;
use url::Url;

/// The largest document that is read, in bytes.
const MAX: usize = 512 << 10;
/// How long the Workload API may take.
const PATIENCE: Duration = Duration::from_secs(5);

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
        Some(KeySource::File(path)) => read(path).await,
        Some(KeySource::WorkloadApi(socket)) => {
            let bundles = workload::bundles(socket, PATIENCE).await.map_err(|e| e.to_string())?;
            bundle(&bundles, issuer).ok_or_else(|| format!("the Workload API has no bundle of `{issuer}`"))
        }
        Some(KeySource::Pinned(_) | KeySource::Given) | None => Err("its keys are not fetched".to_owned()),
    }
}

/// The bundle of one trust domain as a document (SPIFFE Trust Domain and Bundle §4).
fn bundle(bundles: &Bundles, domain: &str) -> Option<Vec<u8>> {
    let certificates = bundles.certificates.get(domain)?;
    let mut keys: Vec<Value> =
        certificates.iter().map(|der| json!({ "use": "x509-svid", "x5c": [STANDARD.encode(der)] })).collect();
    let set = bundles.keys.get(domain).and_then(|set| serde_json::from_slice::<Value>(set).ok());
    for mut key in set.iter().filter_map(|set| set.get("keys")?.as_array()).flatten().cloned() {
        if let Some(key) = key.as_object_mut() {
            key.insert("use".to_owned(), "jwt-svid".into());
        }
        keys.push(key);
    }
    serde_json::to_vec(&json!({ "keys": keys })).ok()
}

/// A file of the operator's, up to the size of a fetched document.
async fn read(path: &Path) -> Result<Vec<u8>, String> {
    let told = |e: std::io::Error| format!("`{}`: {e}", path.display());
    let mut bytes = Vec::new();
    let file = tokio::fs::File::open(path).await.map_err(told)?;
    file.take(MAX as u64 + 1).read_to_end(&mut bytes).await.map_err(told)?;
    if bytes.len() > MAX { Err(format!("`{}` is too large", path.display())) } else { Ok(bytes) }
}

async fn get(live: &Live, url: &str, whence: Whence) -> Result<Vec<u8>, String> {
    let url = Url::parse(url).map_err(|e| format!("`{url}`: {e}"))?;
    fetching::get(live, &url, whence, MAX).await
}
