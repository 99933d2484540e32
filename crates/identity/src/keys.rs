//! The keys of one issuer: what they are, how old, and whether it is time to ask for them again.

use crate::{Algorithm, bundle::Bundle, json};
use doorward_vocab::Timestamp;
use jsonwebtoken::DecodingKey;
use rustls_pki_types::TrustAnchor;
use serde_json::{Map, Value};
use std::{collections::HashMap, time::Duration};

pub(crate) const MAX_BYTES: usize = 512 * 1024;
const MAX_KEYS: usize = 256;
/// How long a fetch may take before another caller is told to fetch.
const FETCH: Duration = Duration::from_secs(10);

/// Why a key set cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// The issuer is not configured.
    #[error("the issuer is not configured")]
    UnknownIssuer,
    /// Larger than 512 KiB or more than 256 keys.
    #[error("the key set is too large")]
    TooLarge,
    /// Not a key set (RFC 7517 §5).
    #[error("not a key set: expected a JSON object with an array `keys`")]
    Form,
    /// Two usable keys have the same id.
    #[error("two keys have the id `{0}`")]
    Ambiguous(String),
    /// No key in it can verify a signature by an accepted algorithm.
    #[error("no usable key: each needs a `kid`, and a type that fits an accepted algorithm")]
    Empty,
}

/// The type of a key, as far as algorithms care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyType {
    P256,
    P384,
    Rsa,
    Ed25519,
}

/// A key with the algorithms that it may be used for.
pub(crate) struct Key {
    key: DecodingKey,
    kind: KeyType,
    only: Option<Algorithm>,
}

impl Key {
    /// The public key that `jwk` is (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2), if it is of a type that is used here.
    pub(crate) fn of(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let only = match jwk.get("alg") {
            None => None,
            Some(alg) => Some(alg.as_str()?.parse().ok()?),
        };
        let (kind, key) = match (text("kty")?, text("crv")) {
            ("EC", Some("P-256")) => (KeyType::P256, DecodingKey::from_ec_components(text("x")?, text("y")?)),
            ("EC", Some("P-384")) => (KeyType::P384, DecodingKey::from_ec_components(text("x")?, text("y")?)),
            ("OKP", Some("Ed25519")) => (KeyType::Ed25519, DecodingKey::from_ed_components(text("x")?)),
            ("RSA", _) => (KeyType::Rsa, DecodingKey::from_rsa_components(text("n")?, text("e")?)),
            _ => return None,
        };
        Some(Self { key: key.ok()?, kind, only })
    }

    /// Whether `signature` (base64url) over `signed` holds. The algorithm must fit the key: a key never serves an
    /// algorithm of another family (RFC 8725 §3.1).
    pub(crate) fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &str) -> bool {
        self.fits(algorithm)
            && jsonwebtoken::crypto::verify(signature, signed, &self.key, wire(algorithm)).unwrap_or(false)
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        self.only.is_none_or(|only| only == algorithm)
            && match algorithm {
                Algorithm::Es256 => self.kind == KeyType::P256,
                Algorithm::Es384 => self.kind == KeyType::P384,
                Algorithm::EdDsa => self.kind == KeyType::Ed25519,
                Algorithm::Rs256
                | Algorithm::Rs384
                | Algorithm::Rs512
                | Algorithm::Ps256
                | Algorithm::Ps384
                | Algorithm::Ps512 => self.kind == KeyType::Rsa,
            }
    }
}

const fn wire(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Es384 => jsonwebtoken::Algorithm::ES384,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Rs384 => jsonwebtoken::Algorithm::RS384,
        Algorithm::Rs512 => jsonwebtoken::Algorithm::RS512,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::Ps384 => jsonwebtoken::Algorithm::PS384,
        Algorithm::Ps512 => jsonwebtoken::Algorithm::PS512,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
    }
}

/// What keys of a set are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// `sig`, or what says nothing (RFC 7517 §4.2).
    Signatures,
    /// `jwt-svid` (SPIFFE Trust Domain and Bundle §4.2.2).
    JwtSvid,
}

/// The usable keys of a key set, by id. Keys for encryption, of other types, or without an id are passed over.
pub(crate) fn parse(bytes: &[u8], algorithms: &[Algorithm]) -> Result<HashMap<String, Key>, KeySetError> {
    parse_for(bytes, algorithms, Use::Signatures)
}

/// The same of a set whose keys are for `purpose`.
pub(crate) fn parse_for(
    bytes: &[u8],
    algorithms: &[Algorithm],
    purpose: Use,
) -> Result<HashMap<String, Key>, KeySetError> {
    if bytes.len() > MAX_BYTES {
        return Err(KeySetError::TooLarge);
    }
    let set = json::object(bytes).ok_or(KeySetError::Form)?;
    let Some(Value::Array(items)) = set.get("keys") else { return Err(KeySetError::Form) };
    if items.len() > MAX_KEYS {
        return Err(KeySetError::TooLarge);
    }
    let mut keys = HashMap::new();
    for item in items {
        let Some((kid, key)) = item.as_object().and_then(|jwk| usable(jwk, algorithms, purpose)) else { continue };
        if keys.insert(kid.to_owned(), key).is_some() {
            return Err(KeySetError::Ambiguous(kid.to_owned()));
        }
    }
    if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(keys) }
}

/// The same for a set that may be a single key without an id, which is found under the empty one.
pub(crate) fn parse_lonely(bytes: &[u8], algorithms: &[Algorithm]) -> Result<HashMap<String, Key>, KeySetError> {
    let set = Some(bytes).filter(|b| b.len() <= MAX_BYTES).and_then(json::object).ok_or(KeySetError::Form)?;
    let Some(Value::Array(items)) = set.get("keys") else { return Err(KeySetError::Form) };
    if let [Value::Object(only)] = items.as_slice()
        && !only.contains_key("kid")
    {
        let mut named = only.clone();
        named.insert("kid".to_owned(), "only".into());
        let (_, key) = usable(&named, algorithms, Use::Signatures).ok_or(KeySetError::Empty)?;
        return Ok(HashMap::from([(String::new(), key)]));
    }
    parse(bytes, algorithms)
}

fn usable<'a>(jwk: &'a Map<String, Value>, algorithms: &[Algorithm], purpose: Use) -> Option<(&'a str, Key)> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let fits = match purpose {
        Use::Signatures => text("use").is_none_or(|u| u == "sig"),
        Use::JwtSvid => text("use") == Some("jwt-svid"),
    };
    if !fits {
        return None;
    }
    if let Some(Value::Array(operations)) = jwk.get("key_ops")
        && !operations.iter().any(|o| o == "verify")
    {
        return None;
    }
    let kid = jwk.get("kid")?.as_str().filter(|k| !k.is_empty())?;
    let key = Key::of(jwk)?;
    algorithms.iter().any(|a| key.fits(*a)).then_some((kid, key))
}

/// How old keys may be and how often they may be asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ages {
    pub(crate) fresh: Duration,
    pub(crate) stale: Duration,
    pub(crate) refetch: Duration,
}

/// What to do when a key is not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// Fetch the set: the caller is the one who was chosen to.
    Fetch,
    /// It was asked for, or the last try failed; there is nothing to judge by.
    Wait,
    /// The set is at hand and holds no such key.
    Unknown,
}

/// The keys of one issuer and when they were asked for and learned.
#[derive(Default)]
pub(crate) struct KeySet {
    keys: Bundle,
    learned: Option<Timestamp>,
    asked: Option<Timestamp>,
    answered: bool,
    pinned: bool,
}

impl KeySet {
    pub(crate) fn pinned(keys: Bundle) -> Self {
        Self { keys, pinned: true, ..Self::default() }
    }

    pub(crate) fn learn(&mut self, keys: Bundle, now: Timestamp) {
        if !self.pinned {
            self.keys = keys;
            self.learned = Some(now);
        }
        self.answered = true;
    }

    /// The fetch ended without a usable set.
    pub(crate) const fn missed(&mut self) {
        self.answered = true;
    }

    /// The key `kid`, unless the whole set is too old to be believed.
    pub(crate) fn key(&self, kid: &str, ages: Ages, now: Timestamp) -> Option<&Key> {
        if self.at_hand(ages, now) { self.keys.keys.get(kid) } else { None }
    }

    /// The authorities for certificates, unless the whole set is too old to be believed.
    pub(crate) fn anchors(&self, ages: Ages, now: Timestamp) -> Option<&[TrustAnchor<'static>]> {
        self.at_hand(ages, now).then_some(&self.keys.anchors)
    }

    fn at_hand(&self, ages: Ages, now: Timestamp) -> bool {
        self.pinned || self.learned.is_some_and(|t| now.since(t) <= ages.fresh + ages.stale)
    }

    /// Until when the set may be used.
    pub(crate) fn usable_until(&self, ages: Ages) -> Timestamp {
        match self.learned {
            Some(learned) if !self.pinned => learned.plus(ages.fresh + ages.stale),
            _ => Timestamp::from_micros(u64::MAX),
        }
    }

    /// What to do about a key that is absent. Says `Fetch` to one caller per refetch interval, however many unknown
    /// keys are asked for: tokens with made-up keys cannot turn the gateway against the issuer.
    pub(crate) fn absent(&mut self, ages: Ages, now: Timestamp) -> Absent {
        if self.pinned {
            return Absent::Unknown;
        }
        match self.asked {
            Some(asked) if !self.answered && now.since(asked) < FETCH => Absent::Wait,
            Some(asked) if now.since(asked) < ages.refetch => {
                if self.at_hand(ages, now) {
                    Absent::Unknown
                } else {
                    Absent::Wait
                }
            }
            _ => {
                self.ask(now);
                Absent::Fetch
            }
        }
    }

    /// Whether the set should be renewed now; if so, the caller is the one to do it.
    pub(crate) fn due(&mut self, ages: Ages, now: Timestamp) -> bool {
        let old = !self.pinned && self.learned.is_none_or(|t| now.since(t) >= ages.fresh);
        let soon = self.asked.is_some_and(|t| now.since(t) < ages.refetch);
        if old && !soon {
            self.ask(now);
        }
        old && !soon
    }

    const fn ask(&mut self, now: Timestamp) {
        self.asked = Some(now);
        self.answered = false;
    }
}
