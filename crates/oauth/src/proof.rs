//! How a client proves itself at the token endpoint (RFC 6749 §2.3, RFC 7523 §2.2).

use crate::{Client, Code, Fault, Form, Proof, Realm, metadata::path};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward_identity::assertion::{self, Expected, KeyIds, Keys};
use doorward_vocab::{Digest, Timestamp};
use std::{borrow::Cow, time::Duration};
use url::form_urlencoded;

/// RFC 7523 §2.2.
pub const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion may be good.
const MAX_LIFE: Duration = Duration::from_secs(600);

/// What a request shows of its client. Nothing is proved by it yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Shows<'a> {
    /// The client that it says it is.
    pub client: Cow<'a, str>,
    how: How<'a>,
}

#[derive(Clone, PartialEq, Eq)]
enum How<'a> {
    Nothing,
    Secret(Cow<'a, str>),
    Assertion(&'a str),
}

/// A one-time name that must not be seen again before a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The name.
    pub name: String,
    /// Until when it would be good.
    pub until: Timestamp,
}

fn invalid(why: &'static str) -> Fault {
    Fault::new(Code::InvalidClient, why)
}

impl<'a> Shows<'a> {
    /// What a request shows, with its `Authorization` header.
    ///
    /// # Errors
    /// `invalid_request` where it shows more than one thing (RFC 6749 §2.3), `invalid_client`.
    pub fn of(form: &'a Form, authorization: Option<&str>) -> Result<Self, Fault> {
        let twice = || Fault::new(Code::InvalidRequest, "prove the client in one way");
        let named = form.get("client_id");
        let posted = form.get("client_secret");
        if let Some(assertion) = form.get("client_assertion") {
            if authorization.is_some() || posted.is_some() {
                return Err(twice());
            }
            if form.get("client_assertion_type") != Some(ASSERTION) {
                return Err(invalid("`client_assertion_type` is not that of a JWT"));
            }
            let client = match named {
                Some(id) => Cow::Borrowed(id),
                None => assertion::subject(assertion)
                    .map(Cow::Owned)
                    .ok_or_else(|| invalid("the assertion names no client"))?,
            };
            return Ok(Self { client, how: How::Assertion(assertion) });
        }
        if let Some(header) = authorization {
            let (client, secret) = basic(header).ok_or_else(|| invalid("`Authorization` is not HTTP Basic"))?;
            if posted.is_some() || named.is_some_and(|id| id != client) {
                return Err(twice());
            }
            return Ok(Self { client: client.into(), how: How::Secret(secret.into()) });
        }
        let client = Cow::Borrowed(named.ok_or_else(|| invalid("`client_id` is missing"))?);
        Ok(Self { client, how: posted.map_or(How::Nothing, |secret| How::Secret(secret.into())) })
    }

    /// Whether it shows what `client` has to show; `keys` are those of a client whose keys are elsewhere. The one-time name of
    /// an assertion comes back, for whoever remembers them.
    ///
    /// # Errors
    /// `invalid_client`.
    pub fn prove(
        &self,
        client: &Client,
        keys: Option<&str>,
        realm: &Realm,
        now: Timestamp,
    ) -> Result<Option<Once>, Fault> {
        match (&client.proof, &self.how) {
            (Proof::Nothing, How::Nothing) => Ok(None),
            // A client that made up a secret where none was given proves nothing by it, and harms nobody.
            (Proof::Nothing, How::Secret(_)) => Err(invalid("this client has no secret")),
            (Proof::Secret(digest), How::Secret(secret)) => {
                let shown = Digest::of(secret.as_bytes());
                match verify_slices_are_equal(shown.as_bytes(), digest.as_bytes()) {
                    Ok(()) => Ok(None),
                    Err(_) => Err(invalid("the secret is not that of the client")),
                }
            }
            (Proof::Keys(set), How::Assertion(text)) => signed(text, client, set, realm, now).map(Some),
            (Proof::KeysAt(_), How::Assertion(text)) => {
                let set = keys
                    .ok_or_else(|| Fault::new(Code::TemporarilyUnavailable, "the client's keys cannot be fetched"))?;
                signed(text, client, set, realm, now).map(Some)
            }
            _ => Err(invalid("this client proves itself in another way")),
        }
    }

    /// Whether it proves anything.
    pub const fn is_proof(&self) -> bool {
        !matches!(self.how, How::Nothing)
    }
}

/// RFC 7523 §3: by the client, about itself, for us, short, once.
fn signed(text: &str, client: &Client, set: &str, realm: &Realm, now: Timestamp) -> Result<Once, Fault> {
    let keys = Keys::parse(set.as_bytes()).map_err(|_| invalid("the client's keys cannot be used"))?;
    let token_endpoint = format!("{}{}", realm.issuer, path::TOKEN);
    let slash = format!("{}/", realm.issuer);
    let expected = Expected {
        issuer: &client.id,
        audiences: &[&realm.issuer, &token_endpoint, &slash],
        types: &["jwt", "client-authentication+jwt"],
        longest: Some(MAX_LIFE),
        kids: KeyIds::Optional,
    };
    let opened = keys
        .open(text, &expected, now)
        .map_err(|why| Fault::new(Code::InvalidClient, format!("the assertion is not good: {why}")))?;
    if opened.text("sub") != Some(&*client.id) {
        return Err(invalid("the assertion is about another client"));
    }
    let id = opened.text("jti").ok_or_else(|| invalid("the assertion has no `jti`"))?;
    Ok(Once { name: format!("client\n{}\n{id}", client.id), until: opened.expires })
}

/// RFC 6749 §2.3.1: id and secret are encoded like a form before they are joined.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |part: &str| {
        form_urlencoded::parse(format!("v={}", part.replace('&', "%26")).as_bytes()).next().map(|(_, v)| v.into_owned())
    };
    Some((decoded(id)?, decoded(secret)?)).filter(|(id, secret)| !id.is_empty() && !secret.is_empty())
}
