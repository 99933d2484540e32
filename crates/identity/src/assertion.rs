//! Signed statements that are no access tokens: identity tokens, assertions of clients (RFC 7523), grants of an identity
//! provider for somebody else's authorization server. Whoever takes one says exactly what it expects.

use crate::{
    Algorithm, Flaw, Human, Refusal, claims, json,
    keys::{self, Key, KeySetError},
    settings::IssuerSettings,
    token::Token,
};
use doorward_vocab::Timestamp;
use serde_json::{Map, Value};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// How far clocks may differ.
const SKEW: Duration = Duration::from_secs(30);

/// What a statement must be.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// `iss`, byte for byte.
    pub issuer: &'a str,
    /// `aud` is one of these, alone.
    pub audiences: &'a [&'a str],
    /// `typ`, in small letters and without `application/`; where `jwt` is among them, it may be absent.
    pub types: &'a [&'a str],
    /// How far ahead `exp` may be.
    pub longest: Option<Duration>,
    /// Whether the key must be named.
    pub kids: KeyIds,
}

/// Whether a statement must name its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyIds {
    /// Always.
    Required,
    /// Not where the set holds one key.
    Optional,
}

/// A statement that was checked.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What it says.
    pub claims: Map<String, Value>,
    /// When it ends.
    pub expires: Timestamp,
    /// How its issuer's claims are read, where it is one of those that are trusted.
    settings: Option<Arc<IssuerSettings>>,
}

impl Opened {
    /// A claim that is a text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str().filter(|text| !text.is_empty())
    }

    /// The human that it is about, as its issuer's claims are read.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] where it names nobody.
    pub fn human(&self) -> Result<Human, Refusal> {
        let settings = self.settings.as_ref().ok_or(Refusal::Invalid(Flaw::Issuer))?;
        let subject = claims::id(json::at(&self.claims, &settings.claims.human)).map_err(Refusal::Invalid)?;
        let subject = subject.ok_or(Refusal::Invalid(Flaw::Claim))?;
        claims::human(&self.claims, subject, settings).map_err(Refusal::Invalid)
    }

    /// Says whose statement it is.
    pub(crate) fn of(mut self, settings: Arc<IssuerSettings>) -> Self {
        self.settings = Some(settings);
        self
    }
}

/// Somebody's public keys.
pub struct Keys(HashMap<String, Key>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({:?})", self.0.keys())
    }
}

const ALGORITHMS: [Algorithm; 4] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ps256, Algorithm::Rs256];

impl Keys {
    /// The usable keys of a key set (RFC 7517 §5). A single key may have no id.
    ///
    /// # Errors
    /// [`KeySetError`].
    pub fn parse(jwks: &[u8]) -> Result<Self, KeySetError> {
        keys::parse_lonely(jwks, &ALGORITHMS).map(Self)
    }

    /// What `text` says, if one of these keys signed it and it is what is expected.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub fn open(&self, text: &str, expected: &Expected<'_>, now: Timestamp) -> Result<Opened, Refusal> {
        let token = Token::parse_unnamed(text).map_err(Refusal::Invalid)?;
        if !ALGORITHMS.contains(&token.algorithm) {
            return Err(Refusal::Invalid(Flaw::Algorithm));
        }
        let key = match (&*token.kid, expected.kids) {
            ("", KeyIds::Optional) if self.0.len() == 1 => self.0.values().next(),
            ("", _) => return Err(Refusal::Invalid(Flaw::KeyUnnamed)),
            // A single key without an id is meant by every name.
            (kid, _) => self.0.get(kid).or_else(|| self.0.get("")),
        };
        let key = key.ok_or(Refusal::Invalid(Flaw::KeyUnknown))?;
        if !key.verify(token.algorithm, token.signed, token.signature) {
            return Err(Refusal::Invalid(Flaw::Signature));
        }
        check(token, expected, now)
    }
}

/// The subject that an assertion says it has: which client's keys to look for, and nothing else.
pub fn subject(text: &str) -> Option<String> {
    claimed(text, "sub")
}

/// The type that a statement says it has, in small letters and without `application/`: how to look at it, and nothing else.
pub fn kind(text: &str) -> Option<String> {
    Token::parse_unnamed(text).ok()?.plain_typ()
}

/// The issuer that a statement says it has: whose keys to look for, and nothing else.
pub fn issuer(text: &str) -> Option<String> {
    claimed(text, "iss")
}

fn claimed(text: &str, claim: &str) -> Option<String> {
    Token::parse_unnamed(text).ok()?.text(claim).filter(|s| !s.is_empty()).map(str::to_owned)
}

/// The rest of the check, once the signature holds.
pub(crate) fn check(token: Token<'_>, expected: &Expected<'_>, now: Timestamp) -> Result<Opened, Refusal> {
    let bad = |flaw| Err(Refusal::Invalid(flaw));
    if !expected.types.contains(&token.plain_typ().as_deref().unwrap_or("jwt")) {
        return bad(Flaw::Type);
    }
    if token.text("iss") != Some(expected.issuer) {
        return bad(Flaw::Issuer);
    }
    let ours = |v: &Value| v.as_str().is_some_and(|a| expected.audiences.contains(&a));
    let good = match token.claims.get("aud") {
        Some(Value::Array(all)) => all.len() == 1 && all.iter().all(ours),
        Some(one) => ours(one),
        None => false,
    };
    if !good {
        return bad(Flaw::Audience);
    }
    let times = claims::check_times(&token.claims, SKEW, now)?;
    if expected.longest.is_some_and(|most| times.expires > now.plus(most).plus(SKEW)) {
        return bad(Flaw::Time);
    }
    Ok(Opened { expires: times.expires.plus(SKEW), claims: token.claims, settings: None })
}

/// What stands at a place of the claims: a name, or a JSON pointer.
pub fn at<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    json::at(claims, path)
}
