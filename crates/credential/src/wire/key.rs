use super::jwt;
use crate::{Alg, Failure};
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPairComponents, PublicKeyComponents},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use doorward_vocab::Secret;
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use serde::Deserialize;
use serde_json::Value;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// A private key of the operator.
pub struct PrivateKey {
    pair: Pair,
    id: Option<Box<str>>,
}

enum Pair {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// A text is no private key that can sign here. No part of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no private key of P-256 or RSA (2048 bits or more), as PEM or JWK")]
pub struct KeyError;

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?}, {:?})", self.alg(), self.id)
    }
}

impl PrivateKey {
    /// Reads a key: PEM (PKCS #8, PKCS #1, SEC 1) or JWK (RFC 7517 §4). `id` is the `kid` of what it signs; a JWK may bring its
    /// own.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(text: &Secret<String>, id: Option<&str>) -> Result<Self, KeyError> {
        let mut key = text.reveal(|text| match text.trim_start().starts_with('{') {
            true => jwk(text),
            false => pem(text),
        })?;
        key.id = id.map(Into::into).or(key.id);
        Ok(key)
    }

    /// What it signs by.
    pub const fn alg(&self) -> Alg {
        match self.pair {
            Pair::P256(_) => Alg::Es256,
            Pair::Rsa(_) => Alg::Rs256,
        }
    }

    /// A signed token with `claims` (RFC 7515 §7.1).
    ///
    /// # Errors
    /// [`Failure::Misconfigured`] where the key does not sign.
    pub fn sign(&self, typ: &str, claims: &Value) -> Result<Secret<String>, Failure> {
        jwt::sealed(self.alg(), typ, self.id.as_deref(), claims, |text| self.signature(text))
    }

    /// The digest of its public part (SubjectPublicKeyInfo, SHA-256, base64), as some servers name keys.
    ///
    /// # Errors
    /// [`Failure::Misconfigured`] where the public part cannot be written down.
    pub fn fingerprint(&self) -> Result<String, Failure> {
        let der: PublicKeyX509Der<'_> = match &self.pair {
            Pair::P256(pair) => pair.public_key().as_der(),
            Pair::Rsa(pair) => pair.public_key().as_der(),
        }
        .map_err(|_| Failure::Misconfigured("the key has no public part".into()))?;
        Ok(STANDARD.encode(doorward_vocab::Digest::of(der.as_ref()).as_bytes()))
    }

    fn signature(&self, text: &[u8]) -> Result<Vec<u8>, Failure> {
        let cannot = |_| Failure::Misconfigured("the key cannot sign".into());
        let random = SystemRandom::new();
        match &self.pair {
            Pair::P256(pair) => pair.sign(&random, text).map(|s| s.as_ref().to_vec()).map_err(cannot),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).map_err(cannot)?;
                Ok(signature)
            }
        }
    }
}

fn pem(text: &str) -> Result<PrivateKey, KeyError> {
    let mut der = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| KeyError)?;
    let bytes = der.secret_der();
    let rsa = || RsaKeyPair::from_pkcs8(bytes).or_else(|_| RsaKeyPair::from_der(bytes));
    let pair = match EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes) {
        Ok(pair) => Ok(Pair::P256(pair)),
        Err(_) => rsa().map(Pair::Rsa).map_err(|_| KeyError),
    };
    der.zeroize();
    Ok(PrivateKey { pair: pair?, id: None })
}

/// RFC 7518 §6.2.2 and §6.3.2. The private members are wiped.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    kid: Option<Box<str>>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<String>,
    p: Option<String>,
    q: Option<String>,
    dp: Option<String>,
    dq: Option<String>,
    qi: Option<String>,
}

impl Drop for Jwk {
    fn drop(&mut self) {
        for part in [&mut self.d, &mut self.p, &mut self.q, &mut self.dp, &mut self.dq, &mut self.qi] {
            part.zeroize();
        }
    }
}

fn jwk(text: &str) -> Result<PrivateKey, KeyError> {
    let jwk: Jwk = serde_json::from_str(text).map_err(|_| KeyError)?;
    let open = |part: &Option<String>| {
        let text = part.as_deref().ok_or(KeyError)?;
        URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).map_err(|_| KeyError)
    };
    let pair = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("EC", Some("P-256")) => {
            let point = [&[4][..], &open(&jwk.x)?, &open(&jwk.y)?].concat();
            let d = open(&jwk.d)?;
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, &point)
                .map(Pair::P256)
                .map_err(|_| KeyError)?
        }
        ("RSA", _) => {
            let (n, e, d) = (open(&jwk.n)?, open(&jwk.e)?, open(&jwk.d)?);
            let [p, q, dp, dq, qi] = [&jwk.p, &jwk.q, &jwk.dp, &jwk.dq, &jwk.qi].map(open);
            let components = KeyPairComponents {
                public_key: PublicKeyComponents { n: n.as_slice(), e: e.as_slice() },
                d: d.as_slice(),
                p: &p?,
                q: &q?,
                dP: &dp?,
                dQ: &dq?,
                qInv: &qi?,
            };
            RsaKeyPair::from_components(&components).map(Pair::Rsa).map_err(|_| KeyError)?
        }
        _ => return Err(KeyError),
    };
    Ok(PrivateKey { pair, id: jwk.kid.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::{
        encoding::AsDer,
        signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey},
    };
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    fn armored(label: &str, der: &[u8]) -> Secret<String> {
        Secret::new(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der)))
    }

    #[test]
    fn what_a_key_signs_its_public_half_verifies() {
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let rsa = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (point, private) = (ec.public_key().as_ref(), ec.private_key());
        let d: aws_lc_rs::encoding::EcPrivateKeyBin<'_> =
            aws_lc_rs::encoding::AsBigEndian::as_be_bytes(&private).unwrap();
        let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "k1", "x": b64(&point[1..33]), "y": b64(&point[33..]),
            "d": b64(d.as_ref()) });
        let sec1: aws_lc_rs::encoding::EcPrivateKeyRfc5915Der<'_> = private.as_der().unwrap();
        let pkcs8: aws_lc_rs::encoding::Pkcs8V1Der<'_> = rsa.as_der().unwrap();
        let texts = [
            (Secret::new(jwk.to_string()), Alg::Es256, Some("k1")),
            (armored("PRIVATE KEY", ec.to_pkcs8v1().unwrap().as_ref()), Alg::Es256, None),
            (armored("EC PRIVATE KEY", sec1.as_ref()), Alg::Es256, None),
            (armored("PRIVATE KEY", pkcs8.as_ref()), Alg::Rs256, None),
        ];
        for (text, alg, id) in texts {
            let key = PrivateKey::read(&text, None).unwrap();
            assert_eq!((key.alg(), key.id.as_deref()), (alg, id));
            let token = key.sign("JWT", &json!({ "iss": "gw" })).unwrap().reveal(String::clone);
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let verified = match alg {
                Alg::Es256 => {
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), &signature)
                }
                Alg::Rs256 => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa.public_key().as_ref())
                    .verify(signed.as_bytes(), &signature),
            };
            verified.unwrap();
            assert!(!format!("{key:?}").contains(&b64(d.as_ref())));
        }
        assert_eq!(PrivateKey::read(&Secret::new(jwk.to_string()), Some("mine")).unwrap().id.as_deref(), Some("mine"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let public = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }).to_string();
        for text in ["", "hunter2", "{}", &public, r#"{"kty":"oct","k":"AAAA"}"#, "-----BEGIN PRIVATE KEY-----\nAAAA\n"]
        {
            assert_eq!(PrivateKey::read(&Secret::new(text.to_owned()), None).unwrap_err(), KeyError, "{text}");
        }
    }
}
