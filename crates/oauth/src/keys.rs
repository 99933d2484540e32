//! The keys that sign them.

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_vocab::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{fmt, time::Duration};
use zeroize::Zeroize;

/// The keys that tokens are signed with: one pair signs; one before it is still known, so that its tokens stay good; one
/// after it is known already, so that whoever keeps key sets has it when it begins.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    keys: Vec<Pair>,
}

/// Keys that sign at the same time: an elliptic one, and one for those who take RSA alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pair {
    ec: Key,
    rsa: Key,
    /// From when on they sign.
    from: Timestamp,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    kid: String,
    /// PKCS #8, base64url.
    private: String,
    /// The members of the public key (RFC 7518 §6), base64url: `x` and `y`, or `n` and `e`.
    public: (String, String),
}

/// How a token is signed (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 and 2048 bits.
    Rs256,
}

impl Drop for Key {
    fn drop(&mut self) {
        self.private.zeroize();
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|k| (&k.ec.kid, &k.rsa.kid, k.from))).finish()
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

/// New private keys, each PKCS #8.
#[derive(Clone)]
pub struct Drawn {
    ec: Vec<u8>,
    rsa: Vec<u8>,
}

impl Drop for Drawn {
    fn drop(&mut self) {
        self.ec.zeroize();
        self.rsa.zeroize();
    }
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drawn(…)")
    }
}

/// New private keys. The library draws its randomness itself; the RSA key takes a moment.
///
/// # Errors
/// [`KeyError`].
pub fn draw() -> Result<Drawn, KeyError> {
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyError)?;
    let ec = ec.to_pkcs8v1().map_err(|_| KeyError)?.as_ref().to_vec();
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError)?;
    let rsa: aws_lc_rs::encoding::Pkcs8V1Der<'_> = rsa.as_der().map_err(|_| KeyError)?;
    Ok(Drawn { ec, rsa: rsa.as_ref().to_vec() })
}

impl Ring {
    /// Whether another key should be added at `now`.
    pub fn is_due(&self, turnover: Turnover, now: Timestamp) -> bool {
        self.keys.last().is_none_or(|last| last.from.plus(turnover.signs) <= now.plus(turnover.overlap))
    }

    /// The ring with `drawn` as the next keys, and without those whose tokens are over.
    ///
    /// # Errors
    /// [`KeyError`] where they cannot be used.
    pub fn with(mut self, drawn: &Drawn, turnover: Turnover, now: Timestamp) -> Result<Self, KeyError> {
        let (ec, rsa) = (elliptic(&drawn.ec)?, rsa(&drawn.rsa)?);
        // The first key has nobody to wait for.
        let from = match self.keys.last() {
            Some(last) => last.from.plus(turnover.signs).max(now),
            None => now,
        };
        self.keys.retain(|key| now <= key.from.plus(turnover.signs).plus(turnover.overlap) || key.from >= from);
        self.keys.push(Pair { ec, rsa, from });
        Ok(self)
    }

    fn signing(&self, now: Timestamp) -> Option<&Pair> {
        self.keys.iter().rev().find(|key| key.from <= now).or(self.keys.first())
    }

    /// The public keys (RFC 7517 §5).
    pub fn jwks(&self) -> String {
        let jwks = self.keys.iter().flat_map(|pair| {
            let (x, y) = &pair.ec.public;
            let (n, e) = &pair.rsa.public;
            let ec = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": pair.ec.kid, "x": x, "y": y });
            [ec, json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": pair.rsa.kid, "n": n, "e": e })]
        });
        json!({ "keys": jwks.collect::<Vec<Value>>() }).to_string()
    }

    /// A signed token with `claims` (RFC 7515 §7.1).
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn sign(&self, by: Signing, typ: &str, claims: &Value, now: Timestamp) -> Result<String, KeyError> {
        let pair = self.signing(now).ok_or(KeyError)?;
        let (alg, key) = match by {
            Signing::Es256 => ("ES256", &pair.ec),
            Signing::Rs256 => ("RS256", &pair.rsa),
        };
        let header = json!({ "alg": alg, "kid": key.kid, "typ": typ });
        let signed = format!("{}.{}", b64(header.to_string().as_bytes()), b64(claims.to_string().as_bytes()));
        let mut private = URL_SAFE_NO_PAD.decode(&key.private).map_err(|_| KeyError)?;
        let signature = match by {
            Signing::Es256 => sign_elliptic(&private, signed.as_bytes()),
            Signing::Rs256 => sign_rsa(&private, signed.as_bytes()),
        };
        private.zeroize();
        Ok(format!("{signed}.{}", b64(&signature?)))
    }
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn elliptic(private: &[u8]) -> Result<Key, KeyError> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private).map_err(|_| KeyError)?;
    let (&4, point) = pair.public_key().as_ref().split_first().ok_or(KeyError)? else { return Err(KeyError) };
    let (x, y) = point.split_at_checked(32).ok_or(KeyError)?;
    Ok(Key { kid: Digest::of(point).short(), private: b64(private), public: (b64(x), b64(y)) })
}

fn rsa(private: &[u8]) -> Result<Key, KeyError> {
    let pair = RsaKeyPair::from_pkcs8(private).map_err(|_| KeyError)?;
    let key = pair.public_key();
    let [n, e] = [key.modulus(), key.exponent()].map(|number| number.big_endian_without_leading_zero());
    Ok(Key { kid: Digest::of(n).short(), private: b64(private), public: (b64(n), b64(e)) })
}

fn sign_elliptic(private: &[u8], signed: &[u8]) -> Result<Vec<u8>, KeyError> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private).map_err(|_| KeyError)?;
    let signature = pair.sign(&SystemRandom::new(), signed).map_err(|_| KeyError)?;
    Ok(signature.as_ref().to_vec())
}

fn sign_rsa(private: &[u8], signed: &[u8]) -> Result<Vec<u8>, KeyError> {
    let pair = RsaKeyPair::from_pkcs8(private).map_err(|_| KeyError)?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed, &mut signature).map_err(|_| KeyError)?;
    Ok(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kids(ring: &Ring) -> Vec<String> {
        ring.keys.iter().map(|k| k.ec.kid.clone()).collect()
    }

    #[test]
    fn keys_follow_each_other_without_a_gap() {
        let turnover = Turnover { signs: Duration::from_secs(1000), overlap: Duration::from_secs(100) };
        let at = |s: u64| Timestamp::from_micros(s * 1_000_000);
        let add = |ring: Ring, s| ring.with(&draw().unwrap(), turnover, at(s)).unwrap();
        let ring = Ring::default();
        assert!(ring.is_due(turnover, at(5000)));
        let ring = add(ring, 5000);
        let first = ring.signing(at(5000)).unwrap().ec.kid.clone();
        assert!(!ring.is_due(turnover, at(5899)) && ring.is_due(turnover, at(5900)));
        let ring = add(ring, 5900);
        // Known before it signs, and the old one after.
        assert_eq!(kids(&ring).len(), 2);
        assert_eq!(ring.signing(at(5999)).unwrap().ec.kid, first);
        assert_ne!(ring.signing(at(6000)).unwrap().ec.kid, first);
        assert!(!ring.is_due(turnover, at(6001)));
        let ring = add(ring, 6900);
        assert!(!kids(&ring).contains(&first), "its tokens are over");
        assert_eq!(kids(&ring).len(), 2);
        assert!(!ring.jwks().contains("private") && !format!("{ring:?}").contains(&ring.keys[0].ec.private));
        // Whoever takes RSA alone finds its keys in the same set.
        let set: Value = serde_json::from_str(&ring.jwks()).unwrap();
        let of = |kty: &str| set["keys"].as_array().unwrap().iter().filter(|k| k["kty"] == kty).count();
        assert_eq!((of("EC"), of("RSA")), (2, 2));
        let token = ring.sign(Signing::Rs256, "JWT", &json!({}), at(6900)).unwrap();
        let header: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
        assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &json!(ring.keys[0].rsa.kid)));
    }
}
