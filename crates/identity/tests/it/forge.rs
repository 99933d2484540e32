//! Makes keys, key sets and tokens, honest and not.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_identity::{Authenticator, IssuerSettings, KeySource, Presented, Principal, Refusal, Settings, Verified};
use doorward_vocab::Timestamp;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

pub(crate) const ISSUER: &str = "https://idp.example.com";
pub(crate) const AUDIENCE: &str = "https://gw.example.com/mcp";
/// The moment of all tests, in seconds.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn now() -> Timestamp {
    at(0)
}

pub(crate) fn at(secs: u64) -> Timestamp {
    Timestamp::from_micros((NOW + secs) * 1_000_000)
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) enum Key {
    Es256(EcdsaKeyPair),
    Rs256(Box<RsaKeyPair>),
    EdDsa(Ed25519KeyPair),
    Hmac(Vec<u8>),
}

impl Key {
    pub(crate) fn es256() -> Self {
        Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }
    pub(crate) fn rs256() -> Self {
        Self::Rs256(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
    }
    pub(crate) fn eddsa() -> Self {
        Self::EdDsa(Ed25519KeyPair::generate().unwrap())
    }
    pub(crate) fn alg(&self) -> &'static str {
        match self {
            Self::Es256(_) => "ES256",
            Self::Rs256(_) => "RS256",
            Self::EdDsa(_) => "EdDSA",
            Self::Hmac(_) => "HS256",
        }
    }
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Es256(k) => k.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Self::Rs256(k) => {
                let mut out = vec![0; k.public_modulus_len()];
                k.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut out).unwrap();
                out
            }
            Self::EdDsa(k) => k.sign(message).as_ref().to_vec(),
            Self::Hmac(k) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, k), message).as_ref().to_vec(),
        }
    }
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Es256(k) => {
                let point = k.public_key().as_ref();
                json!({"kty":"EC","crv":"P-256","kid":kid,"use":"sig","alg":"ES256","x":b64(&point[1..33]),"y":b64(&point[33..])})
            }
            Self::Rs256(k) => {
                let parts: RsaPublicKeyComponents<Vec<u8>> = k.public_key().into();
                json!({"kty":"RSA","kid":kid,"use":"sig","n":b64(parts.n),"e":b64(parts.e)})
            }
            Self::EdDsa(k) => {
                json!({"kty":"OKP","crv":"Ed25519","kid":kid,"key_ops":["verify"],"x":b64(k.public_key().as_ref())})
            }
            Self::Hmac(k) => json!({"kty":"oct","kid":kid,"k":b64(k)}),
        }
    }
}

/// The issuer's keys: `ec`, `rsa` and `ed`, and a stranger's.
pub(crate) struct Keys {
    pub(crate) ec: Key,
    pub(crate) rsa: Key,
    pub(crate) ed: Key,
    pub(crate) foreign: Key,
}

pub(crate) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys { ec: Key::es256(), rsa: Key::rs256(), ed: Key::eddsa(), foreign: Key::es256() })
}

pub(crate) fn jwks() -> Vec<u8> {
    let k = keys();
    let set = json!({"keys":[
        k.ec.jwk("ec"), k.rsa.jwk("rsa"), k.ed.jwk("ed"),
        {"kty":"RSA","kid":"enc","use":"enc","n":"AQAB","e":"AQAB"},
        {"kty":"oct","kid":"oct","k":"c2VjcmV0"},
        {"kty":"later","kid":"what"},
    ]});
    serde_json::to_vec(&set).unwrap()
}

pub(crate) fn issuer() -> IssuerSettings {
    IssuerSettings { keys: KeySource::Pinned(jwks().into()), ..IssuerSettings::new(ISSUER, AUDIENCE) }
}

pub(crate) fn door(issuer: IssuerSettings) -> Authenticator {
    Authenticator::new(Settings { issuers: vec![issuer], ..Settings::default() }).unwrap()
}

pub(crate) fn ask(door: &Authenticator, token: &str, now: Timestamp) -> Result<Arc<Verified<Principal>>, Refusal> {
    let header = format!("Bearer {token}");
    door.authenticate(Presented { authorization: Some(&header), ..Presented::default() }, now)
}

pub(crate) fn header() -> Value {
    json!({"typ":"at+jwt","alg":"ES256","kid":"ec"})
}

pub(crate) fn claims() -> Value {
    json!({"iss":ISSUER,"aud":AUDIENCE,"sub":"u-1","client_id":"agent-1","iat":NOW - 10,"exp":NOW + 300,"jti":"j-1"})
}

/// `base` with the members of `change`; `null` takes a member away.
pub(crate) fn with(mut base: Value, change: Value) -> Value {
    for (k, v) in change.as_object().unwrap() {
        if v.is_null() {
            base.as_object_mut().unwrap().remove(k);
        } else {
            base[k] = v.clone();
        }
    }
    base
}

/// Header and claims as texts, signed by `key`.
pub(crate) fn raw(key: &Key, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", b64(header), b64(claims));
    let signature = b64(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

pub(crate) fn token(key: &Key, header: &Value, claims: &Value) -> String {
    raw(key, &header.to_string(), &claims.to_string())
}

/// A good token with these claims changed.
pub(crate) fn claiming(change: Value) -> String {
    token(&keys().ec, &header(), &with(claims(), change))
}

/// A good token with these header members changed.
pub(crate) fn heading(change: Value) -> String {
    token(&keys().ec, &with(header(), change), &claims())
}

/// The address of the gateway, as proofs name it.
pub(crate) const OWN: &str = "https://gw.example.com";

/// A door that knows its own address, and has a secret for nonces.
pub(crate) fn own_door(issuer: IssuerSettings) -> Authenticator {
    let host_token = Some(doorward_vocab::Secret::new("0123456789abcdef0123456789abcdef".to_owned()));
    let own = Box::new([OWN.into()]);
    Authenticator::new(Settings { issuers: vec![issuer], host_token, own, ..Settings::default() }).unwrap()
}

/// The thumbprint of a public key, by the words of RFC 7638 for these types.
pub(crate) fn thumbprint(key: &Key) -> String {
    let jwk = key.jwk("x");
    let members: &[&str] = match key {
        Key::Es256(_) => &["crv", "kty", "x", "y"],
        Key::Rs256(_) => &["e", "kty", "n"],
        Key::EdDsa(_) => &["crv", "kty", "x"],
        Key::Hmac(_) => &["k", "kty"],
    };
    let parts: Vec<String> = members.iter().map(|m| format!("\"{m}\":{}", jwk[*m])).collect();
    let text = format!("{{{}}}", parts.join(","));
    b64(doorward_vocab::Digest::of(text.as_bytes()).as_bytes())
}

/// A token that is bound to `key`.
pub(crate) fn bound(key: &Key) -> String {
    claiming(json!({"cnf":{"jkt":thumbprint(key)}}))
}

/// The public part of `key`, as proofs carry it.
pub(crate) fn public(key: &Key) -> Value {
    with(key.jwk("x"), json!({"kid":null,"use":null,"alg":null,"key_ops":null}))
}

pub(crate) fn proof_header(key: &Key) -> Value {
    json!({"typ":"dpop+jwt","alg":key.alg(),"jwk":public(key)})
}

/// The claims of a proof for `POST /mcp` with `token`, with the id `jti`.
pub(crate) fn proof_claims(token: &str, jti: &str) -> Value {
    let ath = b64(doorward_vocab::Digest::of(token.as_bytes()).as_bytes());
    json!({"htm":"POST","htu":format!("{OWN}/mcp"),"iat":NOW,"jti":jti,"ath":ath})
}

/// A proof by `key` with these claims changed.
pub(crate) fn proof(key: &Key, bearing: &str, jti: &str, change: Value) -> String {
    token(key, &proof_header(key), &with(proof_claims(bearing, jti), change))
}

/// Shows `token` and `proof` with `POST /mcp`.
pub(crate) fn show(
    door: &Authenticator,
    token: &str,
    proof: Option<&str>,
    now: Timestamp,
) -> Result<Arc<Verified<Principal>>, Refusal> {
    let header = format!("DPoP {token}");
    let request = Some(doorward_identity::Asked { method: "POST", path: "/mcp", proof });
    door.authenticate(Presented { authorization: Some(&header), request, ..Presented::default() }, now)
}
