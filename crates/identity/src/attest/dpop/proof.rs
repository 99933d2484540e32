use super::{AGE, ALGORITHMS, Asked};
use crate::{
    Algorithm, ProofFlaw,
    compact::{self, Broken, Compact},
    keys::Key,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use doorward_vocab::{Digest, Timestamp};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};
use url::Url;

/// The longest accepted proof, in bytes: an RSA key of 4096 bits and its signature, with room.
const MAX: usize = 8 * 1024;
/// The longest accepted `jti`, in bytes.
const MAX_ID: usize = 256;
/// The parts of a private or symmetric key (RFC 7518 §6.2.2, §6.3.2, §6.4).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// What a proof must speak of.
pub(crate) struct ProofFor<'a> {
    pub(crate) asked: Asked<'a>,
    /// The addresses that this gateway has, without a slash at the end.
    pub(crate) own: &'a [Arc<str>],
    /// The digest of the token that it goes with; `None` where a token is asked for (RFC 9449 §5).
    pub(crate) token: Option<&'a Digest>,
    /// How far clocks may differ.
    pub(crate) skew: Duration,
    pub(crate) now: Timestamp,
}

/// A proof that speaks of this request, this token and this moment. Whether its signature holds is not known yet.
pub(crate) struct Proof<'a> {
    signed: &'a [u8],
    signature: &'a str,
    algorithm: Algorithm,
    key: Key,
    /// The thumbprint of the key that is inside it.
    pub(crate) thumbprint: Digest,
    pub(crate) id: String,
    pub(crate) nonce: Option<String>,
}

impl From<Broken> for ProofFlaw {
    fn from(_: Broken) -> Self {
        Self::Form
    }
}

impl<'a> Proof<'a> {
    /// RFC 9449 §4.3, what costs little; the signature is for [`Self::check_signature`].
    pub(crate) fn read(wanted: &ProofFor<'a>) -> Result<Self, ProofFlaw> {
        let text = wanted.asked.proof.ok_or(ProofFlaw::Missing)?;
        if text.len() > MAX {
            return Err(ProofFlaw::Form);
        }
        let compact = Compact::parse(text)?;
        if compact.header_text("typ")? != Some("dpop+jwt")
            || ["crit", "b64", "enc", "zip"].iter().any(|h| compact.header.contains_key(*h))
        {
            return Err(ProofFlaw::Header);
        }
        let algorithm = compact.algorithm()?.filter(|a| ALGORITHMS.contains(a)).ok_or(ProofFlaw::Algorithm)?;

        let claim = |name: &str| compact.claims.get(name).and_then(Value::as_str);
        if claim("htm") != Some(wanted.asked.method) {
            return Err(ProofFlaw::Method);
        }
        if !claim("htu").is_some_and(|htu| names(htu, wanted.own, wanted.asked.path)) {
            return Err(ProofFlaw::Target);
        }
        if let Some(token) = wanted.token {
            let ath = claim("ath").and_then(compact::digest).ok_or(ProofFlaw::Token)?;
            if verify_slices_are_equal(ath.as_bytes(), token.as_bytes()).is_err() {
                return Err(ProofFlaw::Token);
            }
        }
        let made = compact.claims.get("iat").and_then(crate::claims::numeric_date).ok_or(ProofFlaw::Time)?;
        if made > wanted.now.plus(wanted.skew) || made.plus(AGE + wanted.skew) <= wanted.now {
            return Err(ProofFlaw::Time);
        }
        let id = claim("jti").filter(|id| !id.is_empty() && id.len() <= MAX_ID).ok_or(ProofFlaw::Form)?.to_owned();
        let nonce = match compact.claims.get("nonce") {
            None => None,
            Some(nonce) => Some(nonce.as_str().ok_or(ProofFlaw::Form)?.to_owned()),
        };

        let jwk = compact.header.get("jwk").and_then(Value::as_object).ok_or(ProofFlaw::Key)?;
        if PRIVATE.iter().any(|part| jwk.contains_key(*part)) {
            return Err(ProofFlaw::Key);
        }
        let thumbprint = thumbprint(jwk).ok_or(ProofFlaw::Key)?;
        let key = Key::of(jwk).ok_or(ProofFlaw::Key)?;
        let Compact { signed, signature, .. } = compact;
        Ok(Self { signed, signature, algorithm, key, thumbprint, id, nonce })
    }

    /// Whether who made it has the key.
    pub(crate) fn check_signature(&self) -> Result<(), ProofFlaw> {
        if self.key.verify(self.algorithm, self.signed, self.signature) { Ok(()) } else { Err(ProofFlaw::Signature) }
    }
}

/// Whether `htu` is the address of `path` at this gateway: without query and fragment, after normalisation (RFC 9449
/// §4.3, RFC 3986 §6.2.2).
fn names(htu: &str, own: &[Arc<str>], path: &str) -> bool {
    if own.iter().any(|base| htu.strip_prefix(&**base) == Some(path)) {
        return true;
    }
    let plain = |text: &str| {
        let mut url = Url::parse(text).ok().filter(|u| u.username().is_empty() && u.password().is_none())?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    let Some(said) = plain(htu) else { return false };
    own.iter().any(|base| plain(&format!("{base}{path}")).is_some_and(|meant| meant == said))
}

/// The thumbprint of a public key: the digest of its required members in alphabetical order (RFC 7638 §3, RFC 8037 §2).
pub(crate) fn thumbprint(jwk: &Map<String, Value>) -> Option<Digest> {
    // Texts of these alphabets need no escaping in JSON.
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let text = |name: &str| jwk.get(name)?.as_str().filter(|t| !t.is_empty() && t.chars().all(plain));
    let canonical = match text("kty")? {
        "EC" => format!(r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#, text("crv")?, text("x")?, text("y")?),
        "OKP" => format!(r#"{{"crv":"{}","kty":"OKP","x":"{}"}}"#, text("crv")?, text("x")?),
        "RSA" => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text("e")?, text("n")?),
        _ => return None,
    };
    Some(Digest::of(canonical.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_of_the_rfc() {
        // RFC 7638 §3.1.
        let jwk = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
        let jwk: Map<String, Value> = serde_json::from_str(jwk).unwrap();
        assert_eq!(thumbprint(&jwk), compact::digest("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
    }

    #[test]
    fn addresses_are_compared_as_addresses() {
        let own: [Arc<str>; 2] = ["https://gw.example.com".into(), "http://127.0.0.1:8787".into()];
        let is = |htu| names(htu, &own, "/mcp/files");
        for good in [
            "https://gw.example.com/mcp/files",
            "HTTPS://GW.example.com:443/mcp/files",
            "https://gw.example.com/mcp/files?x=1#y",
            "https://gw.example.com/x/../mcp/files",
            "http://127.0.0.1:8787/mcp/files",
        ] {
            assert!(is(good), "{good}");
        }
        for bad in [
            "https://gw.example.com/mcp",
            "https://gw.example.com/mcp/files/",
            "https://gw.example.com/MCP/files",
            "http://gw.example.com/mcp/files",
            "https://gw.example.com:8443/mcp/files",
            "https://gw.example.com.evil.example/mcp/files",
            "https://u@gw.example.com/mcp/files",
            "https://evil.example/https://gw.example.com/mcp/files",
            "/mcp/files",
            "",
        ] {
            assert!(!is(bad), "{bad}");
        }
    }
}
