//! Tokens for tokens (RFC 8693, RFC 7523), and for a client of the operator alone (RFC 6749 §4.4).

use super::{Call, token::silent};
use doorward_identity::{
    KeyBinding, Refusal,
    assertion::{self, Expected, KeyIds, Opened},
};
use doorward_oauth::{
    Actor, Client, Code, Fault, Form, Proof, Proved,
    exchange::{self, Acting, Exchange, Subject, Wanted, kind},
    issue,
    metadata::path,
};
use doorward_vocab::Assurance;
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};

/// How long an assertion may be good. Providers make them for minutes.
pub(super) const MAX_LIFE: Duration = Duration::from_secs(3600);

fn invalid(why: &'static str) -> Fault {
    Fault::new(Code::InvalidGrant, why)
}

impl Call<'_> {
    /// RFC 6749 §4.4.
    pub(super) async fn alone(&self, form: &Form, client: &Client, key: Option<KeyBinding>) -> Result<String, Fault> {
        if client.proof == Proof::Nothing {
            return Err(Fault::new(Code::UnauthorizedClient, "this client proves itself by nothing"));
        }
        let (realm, now) = (&self.authority.realm, self.gateway.clock.now());
        let wanted = Wanted::of(form, client, realm)?;
        let (delegation, granted) = exchange::alone(client, wanted, realm, format!("d_{}", self.draw()), now)?;
        self.gateway.hand_over(&delegation, granted.human.as_ref()).await.map_err(silent)?;
        self.answer(&granted.bound(key), None, now).await
    }

    /// RFC 7523 §2.1 with the grant of a provider for a human (draft-ietf-oauth-identity-assertion-authz-grant §6).
    pub(super) async fn by_assertion(
        &self,
        form: &Form,
        client: &Client,
        key: Option<KeyBinding>,
    ) -> Result<String, Fault> {
        if client.proof == Proof::Nothing {
            return Err(Fault::new(Code::UnauthorizedClient, "this client proves itself by nothing"));
        }
        let text = form.need("assertion")?;
        let issuer = self.other_issuer(text)?;
        let realm = &self.authority.realm;
        let expected = Expected {
            issuer: &issuer,
            audiences: &[&realm.issuer],
            types: &[exchange::ASSERTION_TYPE],
            longest: Some(MAX_LIFE),
            kids: KeyIds::Required,
        };
        let opened = self.stated(text, &expected, "assertion").await?;
        if opened.text("client_id") != Some(&client.id) {
            return Err(invalid("the assertion is for another client"));
        }
        let id = opened.text("jti").ok_or_else(|| invalid("the assertion has no `jti`"))?;
        let once = format!("assertion\n{issuer}\n{id}");
        if !self.gateway.first_time(&once, opened.expires).await.map_err(silent)? {
            return Err(invalid("the assertion was used before"));
        }
        let human = opened.human().map_err(|_| invalid("the assertion names nobody"))?;
        let now = self.gateway.clock.now();
        let wanted = Wanted::of(form, client, realm)?.within(&opened, realm)?;
        // The provider is asked again when this token ends: what it decides about the human holds at once.
        let until = now.plus(realm.lifetimes.access);
        let subject = Subject { human: Some(human), actors: Vec::new(), delegation: None, work: None, until };
        let id = format!("d_{}", self.draw());
        let (delegation, granted) =
            exchange::delegate(subject, Acting::client(client), client, wanted, realm, id, now)?;
        self.gateway.hand_over(&delegation, granted.human.as_ref()).await.map_err(silent)?;
        self.answer(&granted.bound(key), None, now).await
    }

    /// RFC 8693 §2.
    pub(super) async fn by_exchange(
        &self,
        form: &Form,
        client: &Client,
        key: Option<KeyBinding>,
    ) -> Result<String, Fault> {
        let (realm, now) = (&self.authority.realm, self.gateway.clock.now());
        let asked = Exchange::of(form)?;
        let wanted = Wanted::of(form, client, realm)?;
        let acting = match asked.actor {
            Some(text) => self.actor(text).await?,
            None if client.proof != Proof::Nothing => Acting::client(client),
            None => return Err(Fault::new(Code::InvalidRequest, "`actor_token` is missing: nobody says who will act")),
        };
        let (subject, opened) = Box::pin(self.subject(&asked)).await?;
        let actor = &acting.actor;
        exchange::may_act(&opened, actor, realm)?;
        let themselves = opened.text("sub") == Some(&actor.id) && opened.text("iss") == actor.issuer.as_deref();
        if themselves {
            return Err(invalid("nobody acts for themselves"));
        }
        let id = format!("d_{}", self.draw());
        let (delegation, granted) = exchange::delegate(subject, acting, client, wanted, realm, id, now)?;
        self.gateway.hand_over(&delegation, granted.human.as_ref()).await.map_err(silent)?;
        let answer = self.answer(&granted.bound(key), None, now).await?;
        Ok(typed(&answer))
    }

    /// Who will act, by a token of somebody who is trusted.
    async fn actor(&self, text: &str) -> Result<Acting, Fault> {
        let issuer = self.other_issuer(text)?;
        let names = self.names();
        let audiences: Vec<&str> = names.iter().map(String::as_str).collect();
        let opened = self.stated(text, &about_us(&issuer, &audiences), "actor_token").await?;
        let actor = exchange::actor(&opened, &issuer)?;
        let (method, until) = (doorward_identity::Method::Oidc, Some(opened.expires));
        Ok(Acting { actor, proved: Proved { method, assurance: Assurance::PlatformToken, until } })
    }

    /// Whose authority is used: one of our own tokens is handed on, or a human's token begins something.
    async fn subject(&self, asked: &Exchange<'_>) -> Result<(Subject, Opened), Fault> {
        let realm = &self.authority.realm;
        let issuer = assertion::issuer(asked.subject).ok_or_else(|| invalid("`subject_token` names no issuer"))?;
        if *issuer == *realm.issuer {
            return self.handed_on(asked.subject).await;
        }
        let client = self.authority.providers.iter().find(|p| p.issuer == issuer).map(|p| p.client.as_str());
        // RFC 8693 §2.1 leaves it open; a token that was made for somebody else is somebody else's to use.
        let own: Vec<&str> = match asked.subject_kind {
            kind::IDENTITY => client.into_iter().collect(),
            _ => realm.resources.keys().map(|r| &**r).chain(client).collect(),
        };
        let names = self.names();
        let audiences: Vec<&str> = names.iter().map(String::as_str).chain(own).collect();
        let opened = self.stated(asked.subject, &about_us(&issuer, &audiences), "subject_token").await?;
        let human = opened.human().map_err(|_| invalid("`subject_token` names nobody"))?;
        let until = opened.expires;
        Ok((Subject { human: Some(human), actors: Vec::new(), delegation: None, work: None, until }, opened))
    }

    async fn handed_on(&self, text: &str) -> Result<(Subject, Opened), Fault> {
        let realm = &self.authority.realm;
        let resources: Vec<&str> = realm.resources.keys().map(|r| &**r).collect();
        let expected = Expected {
            issuer: &realm.issuer,
            audiences: &resources,
            types: &[issue::TYPE],
            longest: None,
            kids: KeyIds::Required,
        };
        let opened = self.stated(text, &expected, "subject_token").await?;
        if opened.claims.contains_key("cnf") {
            return Err(invalid("`subject_token` is bound to a key; its holder hands it on with a proof of the key"));
        }
        let id = opened.text("dlg").ok_or_else(|| invalid("`subject_token` is of no delegation"))?;
        let delegation = self.gateway.granted(id, self.gateway.clock.now()).await.map_err(silent)?;
        let delegation = delegation.ok_or_else(|| invalid("what was granted was taken back"))?;
        let human = match opened.claims.contains_key("idp") {
            true => Some(opened.human().map_err(|_| invalid("`subject_token` names nobody"))?),
            false => None,
        };
        let mut actors = exchange::actors(&opened.claims, realm);
        if actors.is_empty() {
            let id = opened.text("sub").unwrap_or_default().into();
            actors.push(Actor { id, issuer: None, class: None });
        }
        let work = opened.text("txn").map(Arc::from);
        let until = opened.expires;
        Ok((Subject { human, actors, delegation: Some(delegation), work, until }, opened))
    }

    /// What this server is called in a token that says something to it.
    pub(super) fn names(&self) -> [String; 3] {
        let issuer = &self.authority.realm.issuer;
        [issuer.to_string(), format!("{issuer}/"), format!("{issuer}{}", path::TOKEN)]
    }

    pub(super) fn other_issuer(&self, text: &str) -> Result<String, Fault> {
        let issuer = assertion::issuer(text).ok_or_else(|| invalid("the token names no issuer"))?;
        match *issuer == *self.authority.realm.issuer {
            false => Ok(issuer),
            true => Err(invalid("a token of our own is not a statement about somebody")),
        }
    }

    pub(super) async fn stated(
        &self,
        text: &str,
        expected: &Expected<'_>,
        what: &'static str,
    ) -> Result<Opened, Fault> {
        self.opened(text, expected).await.map_err(|refusal| not_good(what, &refusal))
    }
}

/// What is told of a statement that is refused; why, the operator reads.
pub(super) fn not_good(what: &'static str, refusal: &Refusal) -> Fault {
    if let Refusal::KeysUnavailable { .. } | Refusal::KeysNeeded { .. } = refusal {
        return Fault::new(Code::TemporarilyUnavailable, "the keys of an issuer cannot be fetched");
    }
    tracing::info!("`{what}` is refused: {refusal}");
    Fault::new(Code::InvalidGrant, format!("`{what}` is not good"))
}

/// A statement of `issuer` for one of `audiences`.
const fn about_us<'a>(issuer: &'a str, audiences: &'a [&'a str]) -> Expected<'a> {
    Expected { issuer, audiences, types: &["jwt", "at+jwt"], longest: None, kids: KeyIds::Required }
}

/// RFC 8693 §2.2.1: an exchange says what it gave.
pub(super) fn typed(answer: &str) -> String {
    let mut map: Map<String, Value> = serde_json::from_str(answer).unwrap_or_default();
    map.insert("issued_token_type".to_owned(), kind::ACCESS.into());
    Value::Object(map).to_string()
}
