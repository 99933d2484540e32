use crate::{CertificateFlaw, delegation::Broken, proof_algorithms};
use std::{fmt::Write as _, sync::Arc, time::Duration};

/// Why a token is not good. For the operator: the agent learns only what [`Refusal::answer`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Flaw {
    /// Not three parts of base64url.
    #[error("not a signed token in compact form")]
    Form,
    /// Header or claims are not a JSON object, or hold a key twice, or nest too deeply.
    #[error("header or claims are not plain JSON")]
    Json,
    /// The header asks for something that is not supported: `crit`, an embedded key, compression, encryption.
    #[error("the header asks for something that is not accepted")]
    Header,
    /// The type is not that of an access token.
    #[error("not an access token")]
    Type,
    /// The algorithm is not on the issuer's list.
    #[error("the algorithm is not allowed for this issuer")]
    Algorithm,
    /// No configured issuer.
    #[error("the issuer is not trusted")]
    Issuer,
    /// Not for this gateway, or for others too.
    #[error("the audience is not this gateway alone")]
    Audience,
    /// The header names no key.
    #[error("the header names no key")]
    KeyUnnamed,
    /// The issuer has no such key.
    #[error("the issuer has no such key")]
    KeyUnknown,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// Not valid yet, or issued in the future.
    #[error("not valid yet")]
    NotYet,
    /// A time is missing or is not a number.
    #[error("`exp`, `nbf` or `iat` is missing or not a time")]
    Time,
    /// A claim that the operator requires is missing or different.
    #[error("a required claim is missing or different")]
    Claim,
    /// The token names no agent.
    #[error("the token names no agent")]
    NoAgent,
    /// The actor chain is malformed or too long.
    #[error("the actor chain is malformed or too long")]
    ActorChain,
    /// The token is bound to a key that was not proven (RFC 9449 §7.1, RFC 8705 §3).
    #[error("the token is bound to a key, and no proof of the key came with it")]
    ProofMissing,
    /// The token says what it is bound to in a way that is not understood (RFC 7800 §3.1).
    #[error("the token is bound to a key in a way that is not understood")]
    Binding,
    /// The token names another agent than the certificate of the connection.
    #[error("the token is for another agent than the certificate names")]
    OtherAgent,
    /// The subject is not one of the trust domain whose keys signed (JWT-SVID §3).
    #[error("the subject is not of the trust domain that signed")]
    Subject,
    /// The token is not bound to a key, and the operator, or the scheme that it came by, asks for one.
    #[error("the token is not bound to a key, as it must be")]
    Unbound,
}

/// Why a proof of a key is not good (RFC 9449 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ProofFlaw {
    /// There is none, or the request cannot carry one.
    #[error("no proof came with the token")]
    Missing,
    /// Not a signed statement in compact form, or without an id.
    #[error("not a proof in compact form")]
    Form,
    /// The type is not `dpop+jwt`, or the header asks for something that is not supported.
    #[error("the header is not that of a proof")]
    Header,
    /// The algorithm is not accepted.
    #[error("the algorithm is not accepted")]
    Algorithm,
    /// No public key is inside, or one with its private part.
    #[error("no usable public key is inside")]
    Key,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// Made for another method.
    #[error("made for another method")]
    Method,
    /// Made for another address.
    #[error("made for another address")]
    Target,
    /// Too old, or made in the future.
    #[error("too old, or made in the future")]
    Time,
    /// Made for another token.
    #[error("made for another token")]
    Token,
    /// By another key than the token's.
    #[error("by another key than the token is bound to")]
    OtherKey,
    /// Shown before.
    #[error("shown before")]
    Replayed,
}

/// Why a request has no principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No credential, and none of the rules that serve without one applies.
    #[error("no credential was presented")]
    Missing,
    /// The `Authorization` header is not one well-formed credential of at most 16 KiB.
    #[error("the `Authorization` header is malformed")]
    Malformed,
    /// The token is not good.
    #[error("the token was refused: {0}")]
    Invalid(Flaw),
    /// The token was good and is over.
    #[error("the token expired")]
    Expired,
    /// The certificate of the connection proves nobody.
    #[error("the client certificate was refused: {0}")]
    Certificate(CertificateFlaw),
    /// The token was good, and what it stands for does not hold.
    #[error("the token stands for nothing: {0}")]
    Delegation(Broken),
    /// The proof of the token's key is not good.
    #[error("the proof of the token's key was refused: {0}")]
    Proof(ProofFlaw),
    /// The proof of the token's key must hold this nonce (RFC 9449 §9).
    #[error("the proof of the token's key holds no nonce of ours")]
    NonceNeeded {
        /// The nonce.
        nonce: Arc<str>,
    },
    /// More proofs were shown than can be remembered.
    #[error("more proofs were shown than can be remembered")]
    Crowded,
    /// The token is good and does not reach this far.
    #[error("the token lacks a scope of `{}`", needed.join(" "))]
    InsufficientScope {
        /// All scopes that the operation needs.
        needed: Box<[Arc<str>]>,
    },
    /// The keys of `issuer` must be fetched: do it now, call [`learn`](crate::Authenticator::learn), and ask again.
    /// Said once per refetch interval, to one caller.
    #[error("the keys of `{issuer}` are needed")]
    KeysNeeded {
        /// The issuer, as it is configured.
        issuer: Arc<str>,
    },
    /// The keys of `issuer` are not at hand, and it is too early to ask for them again.
    #[error("the keys of `{issuer}` are not available")]
    KeysUnavailable {
        /// The issuer, as it is configured.
        issuer: Arc<str>,
    },
}

/// What the outside sees of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The value of `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1).
    pub www_authenticate: Option<String>,
    /// The value of `DPoP-Nonce` (RFC 9449 §9).
    pub dpop_nonce: Option<Arc<str>>,
    /// The value of `Retry-After`.
    pub retry_after: Option<Duration>,
}

/// The schemes that a challenge names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Challenge {
    None,
    Bearer,
    Dpop,
    /// Bearer with what is wrong, then DPoP as what would be right.
    Both,
}

struct Row {
    status: u16,
    error: Option<(&'static str, &'static str)>,
    challenge: Challenge,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// The one table from refusals to answers. RFC 6750 §3.1: no error code where no credential came; a token that is
    /// bad in whatever way is `invalid_token`; only a bad *request* is 400. RFC 9449 §7.1: the same for its scheme.
    fn row(&self) -> Row {
        use Challenge::{Bearer, Both, Dpop, None as Silent};
        let row = |status, error, challenge| Row { status, error, challenge, retry_after: None };
        let later =
            |secs| Row { status: 503, error: None, challenge: Silent, retry_after: Some(Duration::from_secs(secs)) };
        match self {
            Self::Missing | Self::Certificate(_) => row(401, None, Bearer),
            Self::Malformed => row(400, Some(("invalid_request", "the Authorization header is malformed")), Bearer),
            Self::Invalid(Flaw::ProofMissing | Flaw::Unbound) => {
                row(401, Some(("invalid_token", "the access token must come with a proof of its key")), Both)
            }
            Self::Invalid(_) => row(401, Some(("invalid_token", "the access token is not valid here")), Bearer),
            Self::Delegation(_) => {
                row(401, Some(("invalid_token", "what the access token stands for has ended")), Bearer)
            }
            Self::Expired => row(401, Some(("invalid_token", "the access token expired")), Bearer),
            Self::Proof(_) => row(401, Some(("invalid_dpop_proof", "the proof is not valid for this request")), Dpop),
            Self::NonceNeeded { .. } => row(401, Some(("use_dpop_nonce", "the proof must hold this nonce")), Dpop),
            Self::InsufficientScope { .. } => {
                row(403, Some(("insufficient_scope", "the access token does not reach this far")), Bearer)
            }
            Self::KeysNeeded { .. } | Self::KeysUnavailable { .. } | Self::Crowded => later(5),
        }
    }

    /// What the outside sees. `metadata_url` is where the protected-resource metadata stands; `scope` is what a token
    /// for this resource should ask for, used unless the refusal itself names scopes.
    pub fn answer(&self, metadata_url: Option<&str>, scope: Option<&str>) -> Answer {
        let Row { status, error, challenge, retry_after } = self.row();
        let needed = if let Self::InsufficientScope { needed } = self { Some(needed.join(" ")) } else { None };
        let scope = needed.as_deref().or(scope);
        let said = [
            ("error", error.map(|e| e.0)),
            ("error_description", error.map(|e| e.1)),
            ("scope", scope),
            ("resource_metadata", metadata_url),
        ];
        let algorithms = proof_algorithms().join(" ");
        let with_algorithms = said.into_iter().chain([("algs", Some(algorithms.as_str()))]);
        let www_authenticate = match challenge {
            Challenge::None => None,
            Challenge::Bearer => Some(scheme("Bearer", said)),
            Challenge::Dpop => Some(scheme("DPoP", with_algorithms)),
            Challenge::Both => {
                let dpop = scheme("DPoP", [("algs", Some(algorithms.as_str()))]);
                Some(format!("{}, {dpop}", scheme("Bearer", said)))
            }
        };
        let dpop_nonce = if let Self::NonceNeeded { nonce } = self { Some(nonce.clone()) } else { None };
        Answer { status, www_authenticate, dpop_nonce, retry_after }
    }
}

/// A challenge of one scheme (RFC 9110 §11.3).
fn scheme<'a>(name: &str, pairs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let mut text = name.to_owned();
    let mut before = " ";
    for (name, value) in pairs {
        if let Some(value) = value {
            // Writing to a String cannot fail.
            let _ = write!(text, "{before}{name}=\"{}\"", quoted(value));
            before = ", ";
        }
    }
    text
}

/// The inside of a quoted-string (RFC 9110 §5.6.4): printable ASCII without quote and backslash.
fn quoted(value: &str) -> String {
    value.chars().filter(|c| (' '..='~').contains(c) && !matches!(c, '"' | '\\')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_answer() {
        let issuer: Arc<str> = "https://idp.example.com".into();
        let rows = [
            (Refusal::Missing, 401, Some("Bearer resource_metadata=\"https://gw/m\"")),
            (
                Refusal::Malformed,
                400,
                Some(
                    "Bearer error=\"invalid_request\", error_description=\"the Authorization header is malformed\", \
                     resource_metadata=\"https://gw/m\"",
                ),
            ),
            (
                Refusal::Invalid(Flaw::Signature),
                401,
                Some(
                    "Bearer error=\"invalid_token\", error_description=\"the access token is not valid here\", \
                     resource_metadata=\"https://gw/m\"",
                ),
            ),
            (
                Refusal::Expired,
                401,
                Some(
                    "Bearer error=\"invalid_token\", error_description=\"the access token expired\", \
                     resource_metadata=\"https://gw/m\"",
                ),
            ),
            (
                Refusal::Delegation(Broken::Revoked),
                401,
                Some(
                    "Bearer error=\"invalid_token\", error_description=\"what the access token stands for has ended\", \
                     resource_metadata=\"https://gw/m\"",
                ),
            ),
            (
                Refusal::InsufficientScope { needed: Box::new(["a".into(), "b\"c".into()]) },
                403,
                Some(
                    "Bearer error=\"insufficient_scope\", error_description=\"the access token does not reach this far\", \
                     scope=\"a bc\", resource_metadata=\"https://gw/m\"",
                ),
            ),
            (
                Refusal::Invalid(Flaw::ProofMissing),
                401,
                Some(
                    "Bearer error=\"invalid_token\", error_description=\"the access token must come with a proof of its \
                     key\", resource_metadata=\"https://gw/m\", DPoP algs=\"ES256 ES384 EdDSA PS256 RS256\"",
                ),
            ),
            (
                Refusal::Proof(ProofFlaw::Replayed),
                401,
                Some(
                    "DPoP error=\"invalid_dpop_proof\", error_description=\"the proof is not valid for this request\", \
                     resource_metadata=\"https://gw/m\", algs=\"ES256 ES384 EdDSA PS256 RS256\"",
                ),
            ),
            (
                Refusal::NonceNeeded { nonce: "n".into() },
                401,
                Some(
                    "DPoP error=\"use_dpop_nonce\", error_description=\"the proof must hold this nonce\", \
                     resource_metadata=\"https://gw/m\", algs=\"ES256 ES384 EdDSA PS256 RS256\"",
                ),
            ),
            (Refusal::Certificate(CertificateFlaw::Path), 401, Some("Bearer resource_metadata=\"https://gw/m\"")),
            (Refusal::Crowded, 503, None),
            (Refusal::KeysNeeded { issuer: issuer.clone() }, 503, None),
            (Refusal::KeysUnavailable { issuer }, 503, None),
        ];
        for (refusal, status, header) in rows {
            let answer = refusal.answer(Some("https://gw/m"), None);
            assert_eq!((answer.status, answer.www_authenticate.as_deref()), (status, header), "{refusal}");
            assert_eq!(answer.retry_after.is_some(), status == 503);
        }
        assert_eq!(Refusal::Missing.answer(None, None).www_authenticate.as_deref(), Some("Bearer"));
        assert_eq!(
            Refusal::Missing.answer(None, Some("mcp")).www_authenticate.as_deref(),
            Some("Bearer scope=\"mcp\"")
        );
    }

    #[test]
    fn all_flaws_look_alike_from_outside() {
        let a = Refusal::Invalid(Flaw::KeyUnknown).answer(None, None);
        let b = Refusal::Invalid(Flaw::Audience).answer(None, None);
        assert_eq!(a, b);
    }
}
