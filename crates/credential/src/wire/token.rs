use crate::{Answer, Failure};
use doorward_vocab::{Secret, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// What a token endpoint gave (RFC 6749 §5.1, RFC 8693 §2.2.1).
#[derive(Debug)]
pub struct Token {
    /// The token.
    pub access: Secret<String>,
    /// How it is used: `Bearer`, `DPoP`, or `N_A` for what opens no resource.
    pub token_type: Box<str>,
    /// When it ends, where the provider says so.
    pub expires: Option<Timestamp>,
    /// What it is good for, where the provider says so.
    pub scopes: Option<Box<[Box<str>]>>,
    /// A refresh token.
    pub refresh: Option<Secret<String>>,
    /// An ID token.
    pub id: Option<Secret<String>>,
    /// What an exchange gave.
    pub issued_type: Option<Box<str>>,
}

#[derive(Deserialize)]
struct Wire {
    access_token: String,
    token_type: Option<Box<str>>,
    expires_in: Option<Value>,
    scope: Option<String>,
    refresh_token: Option<String>,
    id_token: Option<String>,
    issued_token_type: Option<Box<str>>,
}

/// The longest token, in bytes: what goes into a header.
const MOST: usize = 16 << 10;

impl Token {
    /// Reads an answer that came at `now`.
    ///
    /// # Errors
    /// What the status means, or [`Failure::Unusable`].
    pub fn read(answer: &Answer<'_>, now: Timestamp) -> Result<Self, Failure> {
        if !answer.status.is_success() {
            return Err(Failure::of_status(answer.status, answer.body));
        }
        let unusable = |why: &str| Failure::Unusable(why.into());
        // The parser's words would repeat what it read.
        let wire: Wire = serde_json::from_slice(answer.body).map_err(|_| unusable("the answer holds no token"))?;
        let expires = match wire.expires_in {
            None | Some(Value::Null) => None,
            Some(life) => {
                let seconds = life.as_u64().or_else(|| life.as_str()?.parse().ok());
                Some(seconds.ok_or_else(|| unusable("`expires_in` is no number of seconds"))?)
            }
        };
        if expires == Some(0) {
            return Err(unusable("the token is over already"));
        }
        let whole = wire.access_token.bytes().all(|b| b.is_ascii_graphic());
        let access = Secret::new(wire.access_token);
        if !whole || access.reveal(|t| t.is_empty() || t.len() > MOST) {
            return Err(unusable("the token does not fit into a header"));
        }
        Ok(Self {
            access,
            token_type: wire.token_type.ok_or_else(|| unusable("the answer has no `token_type`"))?,
            // A year stands for everything longer.
            expires: expires.map(|s| now.plus(Duration::from_secs(s.min(365 * 24 * 3600)))),
            scopes: wire.scope.map(|all| all.split_ascii_whitespace().map(Into::into).collect()),
            refresh: wire.refresh_token.filter(|t| !t.is_empty()).map(Secret::new),
            id: wire.id_token.filter(|t| !t.is_empty()).map(Secret::new),
            issued_type: wire.issued_token_type,
        })
    }

    /// Only a bearer token can be sent as it is.
    ///
    /// # Errors
    /// [`Failure::Unusable`].
    pub fn bearer(&self) -> Result<(), Failure> {
        match self.token_type.to_ascii_lowercase().as_str() {
            "bearer" => Ok(()),
            "dpop" => {
                let why = "the token is bound to a key (`token_type` DPoP): let the provider give bearer tokens to this client";
                Err(Failure::Unusable(why.into()))
            }
            _ => Err(Failure::Unusable("the token is no bearer token".into())),
        }
    }

    /// An exchange gave what was asked for (RFC 8693 §2.2.1).
    ///
    /// # Errors
    /// [`Failure::Unusable`].
    pub fn is_of(&self, wanted: &str) -> Result<(), Failure> {
        match self.issued_type.as_deref() {
            Some(given) if given == wanted => Ok(()),
            None => Err(Failure::Unusable("the answer has no `issued_token_type`".into())),
            Some(_) => Err(Failure::Unusable("the exchange gave a token of another type".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn read(body: &str) -> Result<Token, Failure> {
        Token::read(&Answer { status: StatusCode::OK, body: body.as_bytes() }, Timestamp::default())
    }

    #[test]
    fn answers() {
        let token =
            read(r#"{"access_token":"a","token_type":"bearer","expires_in":"60","scope":"x y","other":1}"#).unwrap();
        token.bearer().unwrap();
        assert_eq!(token.expires, Some(Timestamp::from_micros(60_000_000)));
        assert_eq!(token.scopes.as_deref(), Some(["x".into(), "y".into()].as_slice()));
        for (bad, why) in [
            ("[]", "holds no token"),
            (r#"{"token_type":"Bearer"}"#, "holds no token"),
            (r#"{"access_token":"a"}"#, "no `token_type`"),
            (r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#, "holds no token"),
            (r#"{"access_token":"a b","token_type":"Bearer"}"#, "does not fit"),
            (r#"{"access_token":"","token_type":"Bearer"}"#, "does not fit"),
            (r#"{"access_token":"a\r\nx: y","token_type":"Bearer"}"#, "does not fit"),
            (r#"{"access_token":"a","token_type":"Bearer","expires_in":0}"#, "over already"),
            (r#"{"access_token":"a","token_type":"Bearer","expires_in":-5}"#, "no number"),
            (r#"{"access_token":"a","token_type":"Bearer","expires_in":"soon"}"#, "no number"),
        ] {
            let failure = read(bad).unwrap_err();
            assert!(matches!(&failure, Failure::Unusable(said) if said.contains(why)), "{bad}: {failure}");
        }
        for (kind, good) in [("BEARER", true), ("DPoP", false), ("N_A", false), ("mac", false)] {
            let token = read(&format!(r#"{{"access_token":"a","token_type":"{kind}"}}"#)).unwrap();
            assert_eq!(token.bearer().is_ok(), good, "{kind}");
        }
    }

    #[test]
    fn a_refusal_is_what_its_status_says() {
        let of = |status, body: &str| {
            Token::read(&Answer { status, body: body.as_bytes() }, Timestamp::default()).unwrap_err()
        };
        assert!(matches!(of(StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#), Failure::Refused(_)));
        assert!(matches!(of(StatusCode::UNAUTHORIZED, r#"{"error":"invalid_client"}"#), Failure::Misconfigured(_)));
        assert!(of(StatusCode::SERVICE_UNAVAILABLE, "").is_passing());
    }
}
