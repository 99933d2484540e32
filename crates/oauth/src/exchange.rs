//! Tokens for tokens: a human's and an agent's become one (RFC 8693), a provider's word for a human becomes one (RFC 7523,
//! identity assertion grant), and a client of the operator gets one for itself (RFC 6749 §4.4).

use crate::{Actor, Client, Code, Fault, Form, Granted, Proved, Realm};
use doorward_identity::{Delegation, Human, PartyId, assertion::Opened, delegation::TooWide};
use doorward_vocab::{ServerName, Timestamp};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

/// Types of tokens (RFC 8693 §3).
pub mod kind {
    /// An access token.
    pub const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
    /// An identity token.
    pub const IDENTITY: &str = "urn:ietf:params:oauth:token-type:id_token";
    /// Any JWT.
    pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
}

/// What an identity assertion grant says it is (draft-ietf-oauth-identity-assertion-authz-grant §5).
pub const ASSERTION_TYPE: &str = "oauth-id-jag+jwt";

/// Agents in a row, the one that acts now among them.
const MAX_ACTORS: usize = 3;

/// A request for an exchange.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// Whose authority is used.
    pub subject: &'a str,
    /// What kind of token that is.
    pub subject_kind: &'a str,
    /// Who will act; absent: the client itself.
    pub actor: Option<&'a str>,
}

impl<'a> Exchange<'a> {
    /// Reads the request (RFC 8693 §2.1).
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn of(form: &'a Form) -> Result<Self, Fault> {
        let invalid = |why: &'static str| Fault::new(Code::InvalidRequest, why);
        let known = [kind::ACCESS, kind::IDENTITY, kind::JWT];
        let subject_kind = form.need("subject_token_type")?;
        if !known.contains(&subject_kind) {
            return Err(invalid("`subject_token_type` is not a type that is exchanged here"));
        }
        let actor = form.get("actor_token");
        match (actor, form.get("actor_token_type")) {
            (None, None) => {}
            (Some(_), Some(kind)) if known.contains(&kind) => {}
            _ => return Err(invalid("`actor_token` and `actor_token_type` stand together")),
        }
        if form.get("requested_token_type").is_some_and(|kind| kind != kind::ACCESS && kind != kind::JWT) {
            return Err(invalid("only access tokens are given here"));
        }
        Ok(Self { subject: form.need("subject_token")?, subject_kind, actor })
    }
}

/// Whose authority is used.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The human; absent where an agent hands on what it holds for itself.
    pub human: Option<Human>,
    /// Who acted so far, the last one first.
    pub actors: Vec<Actor>,
    /// The delegation that is handed on; absent where the human's own token was shown.
    pub delegation: Option<Delegation>,
    /// The work that it belongs to.
    pub work: Option<Arc<str>>,
    /// When its token ends.
    pub until: Timestamp,
}

/// Who will act, and how that was proved.
#[derive(Clone, Debug)]
pub struct Acting {
    /// Who.
    pub actor: Actor,
    /// How.
    pub proved: Proved,
}

impl Acting {
    /// The client itself.
    pub fn client(client: &Client) -> Self {
        let actor = Actor { id: client.id.clone(), issuer: None, class: client.class.clone() };
        Self { actor, proved: Proved::of(client) }
    }
}

/// What a client wants of an exchange, checked.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub(crate) resource: Arc<str>,
    scopes: BTreeSet<Arc<str>>,
    servers: BTreeSet<ServerName>,
}

impl Wanted {
    /// What `client` asks for, within what it is limited to. `resource` names what the token is for, else `audience` does
    /// (RFC 8693 §2.1).
    ///
    /// # Errors
    /// `invalid_target`.
    pub fn of(form: &Form, client: &Client, realm: &Realm) -> Result<Self, Fault> {
        let named = match form.at_most_one("resource")? {
            Some(resource) => Some(resource),
            None => form.at_most_one("audience")?.filter(|audience| **audience != *realm.issuer),
        };
        let resource = realm.resource(named)?;
        let (scopes, mut servers) = realm.scope(form.get("scope"), &resource);
        if let Some(limit) = &client.servers {
            servers.retain(|server| limit.contains(server));
        }
        match servers.is_empty() {
            false => Ok(Self { resource, scopes, servers }),
            true => Err(Fault::new(Code::InvalidTarget, "this client is for other servers")),
        }
    }

    /// The same, no more than `scope` of an assertion allows, and for one of its resources.
    ///
    /// # Errors
    /// `invalid_target`, `invalid_scope`.
    pub fn within(mut self, assertion: &Opened, realm: &Realm) -> Result<Self, Fault> {
        let named: Vec<&str> = match assertion.claims.get("resource") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => return Err(Fault::new(Code::InvalidTarget, "the assertion names no resource")),
        };
        if !named.iter().any(|name| realm.resource(Some(name)).is_ok_and(|known| known == self.resource)) {
            return Err(Fault::new(Code::InvalidTarget, "the assertion is for another resource"));
        }
        if let Some(scope) = assertion.text("scope") {
            let (scopes, servers) = realm.scope(Some(scope), &self.resource);
            self.scopes.retain(|s| scopes.contains(s) || scopes.contains(crate::realm::EVERYTHING));
            self.servers.retain(|s| servers.contains(s));
            if self.scopes.is_empty() {
                self.scopes = scopes;
            }
        }
        match self.servers.is_empty() {
            false => Ok(self),
            true => Err(Fault::new(Code::InvalidScope, "the assertion allows nothing of this")),
        }
    }
}

/// Who acts, by a token that says so: an agent's, not a human's login.
///
/// # Errors
/// `invalid_grant`.
pub fn actor(opened: &Opened, issuer: &str) -> Result<Actor, Fault> {
    let bad = |why: &'static str| Fault::new(Code::InvalidGrant, why);
    // What binds a token to a login of a human (OpenID Connect Core §2).
    if ["nonce", "at_hash", "c_hash", "auth_time", "sid"].iter().any(|claim| opened.claims.contains_key(*claim)) {
        return Err(bad("`actor_token` is the login of a human"));
    }
    let id = opened.text("sub").ok_or_else(|| bad("`actor_token` names nobody"))?;
    Ok(Actor { id: id.into(), issuer: Some(issuer.into()), class: None })
}

/// Whether the human's token lets this agent act (RFC 8693 §4.4). A token without `may_act` says nothing about it.
///
/// # Errors
/// `invalid_grant`.
pub fn may_act(subject: &Opened, actor: &Actor, realm: &Realm) -> Result<(), Fault> {
    let Some(may) = subject.claims.get("may_act") else { return Ok(()) };
    let text = |claim: &str| may.get(claim).and_then(Value::as_str);
    let issuer = actor.issuer.as_deref().unwrap_or(&realm.issuer);
    let named = text("sub") == Some(&actor.id) && text("iss").is_none_or(|iss| iss == issuer);
    match named {
        true => Ok(()),
        false => Err(Fault::new(Code::InvalidGrant, "the subject lets another agent act")),
    }
}

/// The delegation `id` by which `actor` acts for the subject, and what its token says.
///
/// # Errors
/// `invalid_grant` where nothing may be handed on.
pub fn delegate(
    subject: Subject,
    Acting { actor, proved }: Acting,
    client: &Client,
    wanted: Wanted,
    realm: &Realm,
    id: impl Into<Arc<str>>,
    now: Timestamp,
) -> Result<(Delegation, Granted), Fault> {
    let bad = |why: &'static str| Fault::new(Code::InvalidGrant, why);
    if subject.actors.len() >= MAX_ACTORS {
        return Err(bad("there were too many hand-overs"));
    }
    let id = id.into();
    let until = subject.until.min(now.plus(realm.lifetimes.grant));
    let agent =
        PartyId { issuer: Some(actor.issuer.clone().unwrap_or_else(|| realm.issuer.clone())), id: actor.id.clone() };
    let asked = Delegation {
        human: subject.human.as_ref().map(|h| PartyId { issuer: Some(h.issuer.clone()), id: h.id.clone() }),
        owner: client.owner.clone().filter(|_| subject.human.is_none()),
        reach: Realm::reach(&wanted.servers),
        scopes: wanted.scopes,
        depth: realm.hand_overs,
        not_before: Some(now),
        expires: Some(until),
        ..Delegation::new(id.clone(), agent)
    };
    let delegation = match &subject.delegation {
        None => asked,
        Some(parent) => parent.narrowed(asked).map_err(|why| match why {
            TooWide::Depth => bad("this may not be handed on"),
            TooWide::Nothing => bad("nothing of this was granted"),
        })?,
    };
    let granted = Granted {
        client: client.id.clone(),
        client_name: client.name.clone(),
        human: subject.human,
        actors: std::iter::once(actor).chain(subject.actors).collect(),
        delegation: id.clone(),
        resource: wanted.resource,
        scopes: delegation.scopes.clone(),
        proved,
        key: None,
        work: subject.work.unwrap_or(id),
        until: delegation.expires.unwrap_or(until),
    };
    Ok((delegation, granted))
}

/// A client of the operator for itself: no human, but somebody who answers for it.
///
/// # Errors
/// `unauthorized_client` where nobody does.
pub fn alone(
    client: &Client,
    wanted: Wanted,
    realm: &Realm,
    id: impl Into<Arc<str>>,
    now: Timestamp,
) -> Result<(Delegation, Granted), Fault> {
    let nobody = || Fault::new(Code::UnauthorizedClient, "nobody answers for this client");
    client.owner.as_ref().ok_or_else(nobody)?;
    let subject = Subject {
        human: None,
        actors: Vec::new(),
        delegation: None,
        work: None,
        until: now.plus(realm.lifetimes.access),
    };
    delegate(subject, Acting::client(client), client, wanted, realm, id, now)
}

/// The actors in the claims of one of our own tokens, the last one first.
pub fn actors(claims: &serde_json::Map<String, Value>, realm: &Realm) -> Vec<Actor> {
    let mut all = Vec::new();
    let mut next = claims.get("act");
    while let Some(act) = next {
        let text = |claim: &str| act.get(claim).and_then(Value::as_str);
        let Some(id) = text("sub") else { break };
        let issuer = text("iss").filter(|iss| **iss != *realm.issuer).map(Arc::from);
        all.push(Actor { id: id.into(), issuer, class: text("sub_profile").map(Arc::from) });
        next = act.get("act");
    }
    all
}
