use super::{Form, Token, jwt};
use crate::{Call, Failure, Issued, Order};
use serde_json::{Map, Value};
use std::time::Duration;

/// What a token must be for.
#[derive(Clone, Debug)]
pub struct Target {
    /// What is named as `resource` (RFC 8707 §2).
    pub resource: Resource,
    /// What is named as `audience` (RFC 8693 §2.1, and some providers elsewhere).
    pub audience: Option<Box<str>>,
    /// What a token that can be read must name as `aud`.
    pub accepts: Accepts,
    /// For how long a token serves of which the provider does not say when it ends.
    pub life: Duration,
}

/// What is named as `resource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The server that is called.
    Server,
    /// Something else.
    Other(Box<str>),
    /// Nothing: the provider does not know resources.
    Nothing,
}

/// What a token must name as `aud`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// What was asked for.
    Asked,
    /// One of these: the provider has names of its own.
    These(Box<[Box<str>]>),
    /// Anything.
    Any,
}

impl Target {
    /// What is named as `resource` in a request for this call.
    pub fn resource<'a>(&'a self, call: &Call<'a>) -> Option<&'a str> {
        match &self.resource {
            Resource::Server => Some(call.resource),
            Resource::Other(other) => Some(other),
            Resource::Nothing => None,
        }
    }

    /// Asks for a token for this call, and for no more scopes than it needs.
    pub fn ask(&self, form: &mut Form, call: &Call<'_>) {
        form.maybe("resource", self.resource(call)).maybe("audience", self.audience.as_deref()).scopes(call.scopes);
    }

    /// Refuses a token that is for somebody else. What it says is given, where it can be read.
    ///
    /// # Errors
    /// [`Failure::Unusable`].
    pub fn check(&self, token: &Token, call: &Call<'_>) -> Result<Option<Map<String, Value>>, Failure> {
        token.bearer()?;
        let Some(claims) = jwt::claims(&token.access) else { return Ok(None) };
        let these: Vec<&str> = match &self.accepts {
            Accepts::Any => return Ok(Some(claims)),
            Accepts::These(these) => these.iter().map(|t| &**t).collect(),
            Accepts::Asked => self.resource(call).into_iter().chain(self.audience.as_deref()).collect(),
        };
        match jwt::is_for(&claims, &these) {
            Some(true) => Ok(Some(claims)),
            _ if these.is_empty() => Ok(Some(claims)),
            Some(false) => Err(Failure::Unusable(format!("the token is not for `{}`", these.join("` or `")).into())),
            None => Err(Failure::Unusable("the token does not say what it is for".into())),
        }
    }

    /// The token as a credential for this call.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn issued(&self, token: Token, order: &Order<'_>) -> Result<(Issued, Option<Map<String, Value>>), Failure> {
        let claims = self.check(&token, &order.call)?;
        let says = claims.as_ref().and_then(|c| c.get("exp")).and_then(Value::as_u64);
        let says = says.map(|exp| doorward_vocab::Timestamp::from_micros(exp.saturating_mul(1_000_000)));
        let expires = match (token.expires, says) {
            (Some(told), Some(says)) => told.min(says),
            (told, says) => told.or(says).unwrap_or_else(|| order.now.plus(self.life)),
        };
        if expires <= order.now {
            return Err(Failure::Unusable("the token is over already".into()));
        }
        let remark = remark(token.scopes.as_deref(), order.call.scopes);
        let issued = Issued {
            expires: Some(expires),
            scopes: token.scopes,
            grant: token.refresh,
            remark,
            ..Issued::token(token.access)
        };
        Ok((issued, claims))
    }
}

/// What was asked for and not granted (RFC 6749 §5.1).
fn remark(granted: Option<&[Box<str>]>, asked: &[Box<str>]) -> Option<Box<str>> {
    let granted = granted?;
    let missing: Vec<&str> = asked.iter().filter(|s| !granted.contains(s)).map(|s| &**s).collect();
    (!missing.is_empty()).then(|| format!("the provider left out the scopes `{}`", missing.join("`, `")).into())
}
