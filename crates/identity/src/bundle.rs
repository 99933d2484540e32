//! The authorities of a trust domain: a SPIFFE bundle, or certificates as PEM.

use crate::{
    Algorithm, KeySetError, json,
    keys::{self, Key, Use},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls_pki_types::{CertificateDer, TrustAnchor, pem::PemObject};
use serde_json::Value;
use std::collections::HashMap;

/// The most authorities of one trust domain.
const MAX_ANCHORS: usize = 64;

/// What a trust domain signs with.
#[derive(Default)]
pub(crate) struct Bundle {
    /// For certificates.
    pub(crate) anchors: Vec<TrustAnchor<'static>>,
    /// For tokens.
    pub(crate) keys: HashMap<String, Key>,
}

/// A SPIFFE bundle (SPIFFE Trust Domain and Bundle §4), or PEM. What is meant for something else is passed over; there must be
/// something left.
pub(crate) fn parse(bytes: &[u8], algorithms: &[Algorithm]) -> Result<Bundle, KeySetError> {
    if bytes.len() > keys::MAX_BYTES {
        return Err(KeySetError::TooLarge);
    }
    let bundle = if bytes.trim_ascii_start().starts_with(b"{") { spiffe(bytes, algorithms)? } else { pem(bytes)? };
    match bundle.anchors.len() {
        0 if bundle.keys.is_empty() => Err(KeySetError::Empty),
        n if n > MAX_ANCHORS => Err(KeySetError::TooLarge),
        _ => Ok(bundle),
    }
}

fn spiffe(bytes: &[u8], algorithms: &[Algorithm]) -> Result<Bundle, KeySetError> {
    let set = json::object(bytes).ok_or(KeySetError::Form)?;
    let Some(Value::Array(items)) = set.get("keys") else { return Err(KeySetError::Form) };
    let keys = match keys::parse_for(bytes, algorithms, Use::JwtSvid) {
        Err(KeySetError::Empty) => HashMap::new(),
        other => other?,
    };
    let mut anchors = Vec::new();
    for item in items.iter().filter(|i| i.get("use").and_then(Value::as_str) == Some("x509-svid")) {
        // Exactly one certificate each, in base64 with padding (RFC 7517 §4.7).
        let one = item.get("x5c").and_then(Value::as_array).filter(|x5c| x5c.len() == 1).and_then(|x5c| x5c.first());
        let der = one.and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok()).ok_or(KeySetError::Form)?;
        anchors.push(anchor(&CertificateDer::from(der))?);
    }
    Ok(Bundle { anchors, keys })
}

fn pem(bytes: &[u8]) -> Result<Bundle, KeySetError> {
    let anchors = CertificateDer::pem_slice_iter(bytes)
        .map(|certificate| anchor(&certificate.map_err(|_| KeySetError::Form)?))
        .collect::<Result<_, _>>()?;
    Ok(Bundle { anchors, keys: HashMap::new() })
}

fn anchor(certificate: &CertificateDer<'_>) -> Result<TrustAnchor<'static>, KeySetError> {
    webpki::anchor_from_trusted_cert(certificate).map(|anchor| anchor.to_owned()).map_err(|_| KeySetError::Form)
}
