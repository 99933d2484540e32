//! A signed list of what a server may declare: a JWS (RFC 7515) over the digests of its tools, made where the server is
//! released and checked where it is used. A server that is taken over cannot sign another one.
//!
//! ```json
//! {"server":"crm","iat":1795000000,"exp":1797592000,"tools":{"read_customer":"sha256:…","mail":"sha256:…"}}
//! ```
//!
//! A digest is that of the canonical text of a definition (RFC 8785), as pins have it. The header names `alg`, `kid` and
//! the type `mcp-manifest+jws`.

use crate::{Algorithm, Flaw, KeySetError, keys, token::Token};
use doorward_vocab::{Digest, Timestamp};
use serde_json::Value;
use std::{collections::BTreeMap, collections::HashMap, sync::Arc, time::Duration};

/// The path at which a server has its manifest, where the operator gives no file.
pub const WELL_KNOWN: &str = "/.well-known/mcp-manifest.jws";

/// The largest manifest, in bytes.
pub const MAX: usize = 1 << 20;

const TYPE: &str = "mcp-manifest+jws";
/// How far clocks may differ.
const SKEW: Duration = Duration::from_secs(60);

/// Who may sign.
pub struct ManifestKeys(HashMap<String, keys::Key>);

impl std::fmt::Debug for ManifestKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// What a server may declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The digest of the signed text.
    pub evidence: Digest,
    /// The key that signed it.
    pub signer: Arc<str>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    tools: BTreeMap<Arc<str>, Digest>,
}

/// Why a manifest is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is no JWS, or a malformed one.
    #[error("the manifest cannot be read: {0:?}")]
    Form(Flaw),
    /// It is a signed text of another kind.
    #[error("the manifest is not of type `mcp-manifest+jws`")]
    Type,
    /// No key of this name may sign.
    #[error("the manifest is signed by `{0}`, which is not among the keys")]
    Key(String),
    /// The signature does not hold.
    #[error("the signature of the manifest does not hold")]
    Signature,
    /// It is of another server.
    #[error("the manifest is of the server `{0}`")]
    Server(String),
    /// It is over, or not yet.
    #[error("the manifest is not of this time")]
    Time,
    /// Its list of tools is none.
    #[error("the manifest has no `tools` with digests")]
    Tools,
}

impl ManifestKeys {
    /// Reads a JWK set.
    ///
    /// # Errors
    /// [`KeySetError`].
    pub fn read(jwks: &[u8]) -> Result<Self, KeySetError> {
        keys::parse(jwks, &SIGNERS).map(Self)
    }

    /// Checks the manifest of `server`.
    ///
    /// # Errors
    /// [`ManifestError`]; nothing of it may be believed then.
    pub fn verify(&self, manifest: &str, server: &str, now: Timestamp) -> Result<Manifest, ManifestError> {
        let manifest = manifest.trim_ascii();
        let token = Token::parse(manifest).map_err(ManifestError::Form)?;
        if token.typ() != Some(TYPE) {
            return Err(ManifestError::Type);
        }
        let key = self.0.get(&token.kid).ok_or_else(|| ManifestError::Key(token.kid.clone()))?;
        if !SIGNERS.contains(&token.algorithm) || !key.verify(token.algorithm, token.signed, token.signature) {
            return Err(ManifestError::Signature);
        }
        match token.claims.get("server") {
            None => {}
            Some(named) if named == server => {}
            Some(named) => return Err(ManifestError::Server(named.to_string())),
        }
        let time = |claim: &str| match token.claims.get(claim) {
            None => Ok(None),
            Some(at) => at
                .as_u64()
                .map(|s| Some(Timestamp::from_micros(s.saturating_mul(1_000_000))))
                .ok_or(ManifestError::Time),
        };
        let expires = time("exp")?;
        let early = time("iat")?.max(time("nbf")?).is_some_and(|at| at > now.plus(SKEW));
        if early || expires.is_some_and(|at| at.plus(SKEW) <= now) {
            return Err(ManifestError::Time);
        }
        let tools = token.claims.get("tools").and_then(Value::as_object).ok_or(ManifestError::Tools)?;
        let digest = |value: &Value| value.as_str().and_then(|text| text.parse().ok()).ok_or(ManifestError::Tools);
        let tools = tools.iter().map(|(name, value)| Ok((name.as_str().into(), digest(value)?)));
        Ok(Manifest {
            evidence: Digest::of(manifest.as_bytes()),
            signer: token.kid.as_str().into(),
            expires,
            tools: tools.collect::<Result<_, ManifestError>>()?,
        })
    }
}

/// Symmetric ones have no place where the verifier must not be able to sign.
const SIGNERS: [Algorithm; 5] =
    [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384, Algorithm::Ps256, Algorithm::Rs256];

impl Manifest {
    /// Whether it has just this definition of a tool.
    pub fn has(&self, tool: &str, definition: Digest) -> bool {
        self.tools.get(tool) == Some(&definition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
    };
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
    use serde_json::json;

    fn pair() -> EcdsaKeyPair {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
    }

    fn jwks(pair: &EcdsaKeyPair) -> ManifestKeys {
        let point = pair.public_key().as_ref();
        let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "release",
            "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..]) });
        ManifestKeys::read(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap()
    }

    fn sign(pair: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", B64.encode(signature.as_ref()))
    }

    #[test]
    fn a_signed_manifest_says_what_may_be_declared() {
        let pair = pair();
        let keys = jwks(&pair);
        let now = Timestamp::from_micros(1_000_000_000_000);
        let secs = now.secs();
        let header = json!({ "alg": "ES256", "kid": "release", "typ": "mcp-manifest+jws" });
        let tool = Digest::of(b"{}");
        let claims = json!({ "server": "crm", "iat": secs, "exp": secs + 100, "tools": { "mail": tool.to_string() } });
        let verify = |header: &Value, claims: &Value| keys.verify(&sign(&pair, header, claims), "crm", now);
        let manifest = verify(&header, &claims).unwrap();
        assert!(manifest.has("mail", tool) && !manifest.has("mail", Digest::of(b"x")) && !manifest.has("more", tool));
        let with = |key: &str, value: Value| {
            let mut claims = claims.clone();
            claims[key] = value;
            verify(&header, &claims).unwrap_err()
        };
        assert_eq!(with("exp", (secs - 61).into()), ManifestError::Time);
        assert_eq!(with("iat", (secs + 61).into()), ManifestError::Time);
        assert_eq!(with("exp", "soon".into()), ManifestError::Time);
        assert_eq!(with("server", "mail".into()), ManifestError::Server("\"mail\"".into()));
        assert_eq!(with("tools", json!({ "mail": "x" })), ManifestError::Tools);
        assert_eq!(with("tools", json!(["mail"])), ManifestError::Tools);
        let named = |key: &str, value: Value| {
            let mut header = header.clone();
            header[key] = value;
            verify(&header, &claims).unwrap_err()
        };
        assert_eq!(named("typ", "JWT".into()), ManifestError::Type);
        assert_eq!(named("kid", "other".into()), ManifestError::Key("other".into()));
        assert_eq!(named("alg", "ES384".into()), ManifestError::Signature);
        assert!(matches!(named("alg", "none".into()), ManifestError::Form(_)));
        assert!(matches!(named("alg", "HS256".into()), ManifestError::Form(_)));
        // Another key of the same name, and one bit of the text.
        let foreign = sign(&super::tests::pair(), &header, &claims);
        assert_eq!(keys.verify(&foreign, "crm", now), Err(ManifestError::Signature));
        let good = sign(&pair, &header, &claims);
        let mut parts = good.split('.');
        let (head, _, signature) = (parts.next().unwrap(), parts.next(), parts.next().unwrap());
        let mut claims = claims.clone();
        claims["tools"]["evil"] = tool.to_string().into();
        let edited = format!("{head}.{}.{signature}", B64.encode(claims.to_string()));
        assert_eq!(keys.verify(&edited, "crm", now), Err(ManifestError::Signature));
    }
}
