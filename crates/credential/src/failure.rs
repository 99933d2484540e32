use http::StatusCode;
use serde_json::Value;

/// Why there is no credential. It never holds any part of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It is a person's, and nobody is there.
    #[error("it belongs to a person, and this run has none")]
    NoHuman,
    /// The person has to grant it first, or again.
    #[error("the person has not granted it yet")]
    Consent,
    /// There is no token about the person that could be exchanged.
    #[error("there is no token of the person to exchange: {0}")]
    NoSubject(Box<str>),
    /// The provider refuses this order; another one may be granted.
    #[error("the provider refuses: {0}")]
    Refused(Box<str>),
    /// Who the gateway is there, or what is written in the configuration, is wrong: asking again changes nothing.
    #[error("{0}")]
    Misconfigured(Box<str>),
    /// The provider cannot be reached, or fails.
    #[error("the provider does not answer: {0}")]
    Unavailable(Box<str>),
    /// What it gave must not be used: for somebody else, of another type, over already.
    #[error("what the provider gave cannot be used: {0}")]
    Unusable(Box<str>),
}

/// How much of a provider's words is repeated.
const MOST: usize = 80;

impl Failure {
    /// What a status other than success means, with the error code of the body where it has one (RFC 6749 §5.2).
    pub fn of_status(status: StatusCode, body: &[u8]) -> Self {
        let code = code(body);
        let said: Box<str> = match &code {
            Some(code) => format!("{} {code}", status.as_u16()).into(),
            None => format!("status {}", status.as_u16()).into(),
        };
        match (status, code.as_deref()) {
            (_, Some("invalid_client" | "unauthorized_client")) => Self::Misconfigured(said),
            (_, Some("temporarily_unavailable" | "server_error" | "slow_down")) => Self::Unavailable(said),
            (StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT, _) => Self::Unavailable(said),
            (status, _) if status.is_client_error() => Self::Refused(said),
            _ => Self::Unavailable(said),
        }
    }

    /// Whether the same order may be granted a moment later.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// The error code of a body: a word, so that nothing else of a stranger's text is repeated.
fn code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let code = match body.get("error")? {
        Value::Object(error) => error.get("status").or_else(|| error.get("code"))?.as_str()?,
        other => other.as_str()?,
    };
    let plain = code.len() <= MOST && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:/".contains(&b));
    plain.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_status_means() {
        let of = |status: u16, body: &str| Failure::of_status(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        let invalid = of(400, r#"{"error":"invalid_grant","error_description":"token tok-1 is over"}"#);
        assert_eq!(invalid, Failure::Refused("400 invalid_grant".into()));
        assert!(matches!(of(401, r#"{"error":"invalid_client"}"#), Failure::Misconfigured(_)));
        assert!(of(503, "<html>").is_passing() && of(429, "").is_passing());
        assert_eq!(
            of(403, r#"{"error":{"code":403,"status":"PERMISSION_DENIED"}}"#),
            Failure::Refused("403 PERMISSION_DENIED".into())
        );
        // A stranger's text is not repeated.
        assert_eq!(of(400, r#"{"error":"your secret is hunter2"}"#), Failure::Refused("status 400".into()));
    }
}
