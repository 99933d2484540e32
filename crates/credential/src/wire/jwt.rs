//! Signed tokens (RFC 7515 §7.1), made and read.

use crate::{Alg, Failure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_vocab::Secret;
use serde_json::{Map, Value, json};

/// The claims of a token, where it is a JWT that can be read. Nobody checked its signature: it came from whoever issued it,
/// over TLS.
pub fn claims(token: &Secret<String>) -> Option<Map<String, Value>> {
    token.reveal(|token| {
        let mut parts = token.split('.');
        let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        doorward_identity::json::object(&URL_SAFE_NO_PAD.decode(claims).ok()?)
    })
}

/// Whether the `aud` of `claims` names one of `any`, or nothing where there is no `aud`.
pub fn is_for(claims: &Map<String, Value>, any: &[&str]) -> Option<bool> {
    let named = |value: &Value| value.as_str().is_some_and(|aud| any.contains(&aud));
    Some(match claims.get("aud")? {
        Value::Array(all) => all.iter().any(named),
        one => named(one),
    })
}

/// A token of these claims with the signature that `sign` gives.
pub(super) fn sealed(
    alg: Alg,
    typ: &str,
    kid: Option<&str>,
    claims: &Value,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Failure>,
) -> Result<Secret<String>, Failure> {
    let alg = match alg {
        Alg::Es256 => "ES256",
        Alg::Rs256 => "RS256",
    };
    let mut header = json!({ "alg": alg, "typ": typ });
    if let (Some(kid), Value::Object(header)) = (kid, &mut header) {
        header.insert("kid".to_owned(), kid.into());
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = sign(signed.as_bytes())?;
    Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
}
