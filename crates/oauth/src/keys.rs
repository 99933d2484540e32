//! The keys that sign them.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_vocab::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{fmt, time::Duration};
use zeroize::Zeroize;

/// The keys that tokens are signed with: one signs; one before it is still known, so that its tokens stay good; one after
/// it is known already, so that whoever keeps key sets has it when it begins.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    keys: Vec<Key>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    kid: String,
    /// PKCS #8, base64url.
    private: String,
    x: String,
    y: String,
    /// From when on it signs.
    from: Timestamp,
}

impl Drop for Key {
    fn drop(&mut self) {
        self.private.zeroize();
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|k| (&k.kid, k.from))).finish()
    }
}

/// How keys follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turnover {
    /// How long a key signs.
    pub signs: Duration,
    /// How long a key is published before it signs, and after: longer than any token lasts and any key set is kept.
    pub overlap: Duration,
}

impl Default for Turnover {
    fn default() -> Self {
        Self { signs: Duration::from_secs(7 * 24 * 3600), overlap: Duration::from_secs(2 * 3600) }
    }
}

/// A key could not be made or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signing key cannot be used")]
pub struct KeyError;

/// A new private key, PKCS #8. The library draws its randomness itself.
///
/// # Errors
/// [`KeyError`].
pub fn draw() -> Result<Vec<u8>, KeyError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyError)?;
    let der = pair.to_pkcs8v1().map_err(|_| KeyError)?;
    Ok(der.as_ref().to_vec())
}

impl Ring {
    /// Whether another key should be added at `now`.
    pub fn is_due(&self, turnover: Turnover, now: Timestamp) -> bool {
        self.keys.last().is_none_or(|last| last.from.plus(turnover.signs) <= now.plus(turnover.overlap))
    }

    /// The ring with `private` (PKCS #8) as the next key, and without those whose tokens are over.
    ///
    /// # Errors
    /// [`KeyError`] where it is no P-256 key.
    pub fn with(mut self, private: &[u8], turnover: Turnover, now: Timestamp) -> Result<Self, KeyError> {
        let pair = pair(private)?;
        let (&4, point) = pair.public_key().as_ref().split_first().ok_or(KeyError)? else { return Err(KeyError) };
        let (x, y) = point.split_at_checked(32).ok_or(KeyError)?;
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        // The first key has nobody to wait for.
        let from = match self.keys.last() {
            Some(last) => last.from.plus(turnover.signs).max(now),
            None => now,
        };
        self.keys.retain(|key| now <= key.from.plus(turnover.signs).plus(turnover.overlap) || key.from >= from);
        self.keys.push(Key { kid: Digest::of(point).short(), private: b64(private), x: b64(x), y: b64(y), from });
        Ok(self)
    }

    fn signing(&self, now: Timestamp) -> Option<&Key> {
        self.keys.iter().rev().find(|key| key.from <= now).or(self.keys.first())
    }

    /// The public keys (RFC 7517 §5).
    pub fn jwks(&self) -> String {
        let jwk = |k: &Key| json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": k.kid, "x": k.x, "y": k.y });
        json!({ "keys": self.keys.iter().map(jwk).collect::<Vec<Value>>() }).to_string()
    }

    /// A signed token with `claims` (RFC 7515 §7.1), by ES256.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn sign(&self, typ: &str, claims: &Value, now: Timestamp) -> Result<String, KeyError> {
        let key = self.signing(now).ok_or(KeyError)?;
        let header = json!({ "alg": "ES256", "kid": key.kid, "typ": typ });
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!("{}.{}", b64(header.to_string().as_bytes()), b64(claims.to_string().as_bytes()));
        let private = URL_SAFE_NO_PAD.decode(&key.private).map_err(|_| KeyError)?;
        let signature = pair(&private)?.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| KeyError)?;
        Ok(format!("{signed}.{}", b64(signature.as_ref())))
    }
}

fn pair(private: &[u8]) -> Result<EcdsaKeyPair, KeyError> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private).map_err(|_| KeyError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kids(ring: &Ring) -> Vec<String> {
        ring.keys.iter().map(|k| k.kid.clone()).collect()
    }

    #[test]
    fn keys_follow_each_other_without_a_gap() {
        let turnover = Turnover { signs: Duration::from_secs(1000), overlap: Duration::from_secs(100) };
        let at = |s: u64| Timestamp::from_micros(s * 1_000_000);
        let add = |ring: Ring, s| ring.with(&draw().unwrap(), turnover, at(s)).unwrap();
        let ring = Ring::default();
        assert!(ring.is_due(turnover, at(5000)));
        let ring = add(ring, 5000);
        let first = ring.signing(at(5000)).unwrap().kid.clone();
        assert!(!ring.is_due(turnover, at(5899)) && ring.is_due(turnover, at(5900)));
        let ring = add(ring, 5900);
        // Known before it signs, and the old one after.
        assert_eq!(kids(&ring).len(), 2);
        assert_eq!(ring.signing(at(5999)).unwrap().kid, first);
        assert_ne!(ring.signing(at(6000)).unwrap().kid, first);
        assert!(!ring.is_due(turnover, at(6001)));
        let ring = add(ring, 6900);
        assert!(!kids(&ring).contains(&first), "its tokens are over");
        assert_eq!(kids(&ring).len(), 2);
        assert!(!ring.jwks().contains("private") && !format!("{ring:?}").contains(&ring.keys[0].private));
    }
}
