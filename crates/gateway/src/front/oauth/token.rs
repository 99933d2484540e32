//! The token endpoint (RFC 6749 §3.2).

use super::{Call, Silence, private, refuse, workload};
use crate::front::plain::json;
use crate::front::who::chain;
use bytes::Bytes;
use doorward_identity::{Asked, Authenticator, Delegation, KeyBinding, Presented, Refusal};
use doorward_oauth::{
    Client, Code, Family, Fault, Form, Granted, Turned, attested,
    code::Code as Kept,
    family, issue,
    metadata::grant,
    proof::{Once, Shows},
};
use doorward_store::KeptKind;
use doorward_transport::serve::Body;
use doorward_vocab::Timestamp;
use http::{Response, header};
use std::sync::Arc;

/// What comes of a code.
enum Redeemed {
    Granted(Box<Granted>),
    /// It was redeemed before: what was made of it is taken back.
    Again {
        family: Arc<str>,
        delegation: Arc<str>,
    },
    Refused(Fault),
}

impl Call<'_> {
    pub(super) async fn token(&self, body: Bytes) -> Response<Body> {
        match self.issue(&body).await {
            Ok(answer) => private(json(200, answer.into())),
            Err(fault) => {
                tracing::info!("no token: {fault}");
                refuse(&fault)
            }
        }
    }

    async fn issue(&self, body: &Bytes) -> Result<String, Fault> {
        let form = self.form(body)?;
        let kind = form.need("grant_type")?.to_owned();
        if !grant::ALL.contains(&kind.as_str()) {
            return Err(Fault::new(Code::UnsupportedGrantType, "there is no such grant here"));
        }
        self.proof(Authenticator::nonce)?;
        // Evidence is all that such an agent has: it is no client of anybody.
        if self.authority.realm.attests && attested::is_shown(&form) {
            return Box::pin(self.by_evidence(&form, self.key()?)).await;
        }
        if kind == grant::ASSERTION && workload::is_meant(&form) {
            return Box::pin(self.by_workload(&form, self.key()?)).await;
        }
        let client = self.proved(&form).await?;
        client.may(&kind)?;
        let key = self.key()?;
        match kind.as_str() {
            grant::CODE => self.by_code(form, &client, key).await,
            grant::REFRESH => self.by_refresh(form, &client, key).await,
            grant::CLIENT => Box::pin(self.alone(&form, &client, key)).await,
            grant::ASSERTION => Box::pin(self.by_assertion(&form, &client, key)).await,
            grant::EXCHANGE => Box::pin(self.by_exchange(&form, &client, key)).await,
            _ => Err(Fault::new(Code::UnsupportedGrantType, "there is no such grant here")),
        }
    }

    /// The client, proved as far as it can be.
    pub(super) async fn proved(&self, form: &Form) -> Result<Arc<Client>, Fault> {
        let authorization = match self.head.headers.get(header::AUTHORIZATION).map(|v| v.to_str()) {
            None => None,
            Some(Ok(text)) => Some(text),
            Some(Err(_)) => return Err(Fault::new(Code::InvalidClient, "`Authorization` is not text")),
        };
        let shows = Shows::of(form, authorization)?;
        let client = self.client(&shows.client).await?;
        let keys = self.keys_of(&client).await;
        let now = self.gateway.clock.now();
        if let Some(Once { name, until }) = shows.prove(&client, keys.as_deref(), &self.authority.realm, now)? {
            match self.gateway.first_time(&name, until).await {
                Ok(true) => {}
                Ok(false) => return Err(Fault::new(Code::InvalidClient, "the assertion was used before")),
                Err(Silence) => return Err(silent(Silence)),
            }
        }
        Ok(client)
    }

    /// The key that the request shows.
    fn key(&self) -> Result<Option<KeyBinding>, Fault> {
        self.proof(Authenticator::key)
    }

    /// What `ask` says of the key that the request shows.
    fn proof<T>(
        &self,
        ask: impl FnOnce(&Authenticator, Presented<'_>, Timestamp) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        let proof = self.head.headers.get("dpop").map(|v| v.to_str()).transpose();
        let proof = proof.map_err(|_| Fault::new(Code::InvalidDpopProof, "`DPoP` is not text"))?;
        let presented = Presented {
            request: Some(Asked { method: self.head.method.as_str(), path: self.head.uri.path(), proof }),
            certificates: chain(&self.peer),
            ..Presented::default()
        };
        ask(&self.live.authenticator, presented, self.gateway.clock.now()).map_err(|refusal| match refusal {
            Refusal::NonceNeeded { nonce } => Fault::nonce(nonce.as_ref()),
            Refusal::Crowded => Fault::new(Code::TemporarilyUnavailable, "too many proofs; try again"),
            refusal => Fault::new(Code::InvalidDpopProof, refusal.to_string()),
        })
    }

    async fn by_code(&self, form: Form, client: &Client, key: Option<KeyBinding>) -> Result<String, Fault> {
        let code = form.need("code")?.to_owned();
        let now = self.gateway.clock.now();
        let (id, secret, who) = (self.draw(), self.draw(), client.id.clone());
        let family: Arc<str> = id.into();
        let named = family.clone();
        let redeem = move |kept: Option<Kept>| match kept {
            None => (Redeemed::Refused(Fault::new(Code::InvalidGrant, "the code is over or was never given")), None),
            Some(Kept::Spent { family, delegation }) => (Redeemed::Again { family, delegation }, None),
            Some(Kept::Fresh(fresh)) => match fresh.redeem(&form, &who) {
                Ok(granted) => {
                    let granted = granted.bound(key);
                    let spent = Kept::Spent { family: named, delegation: granted.delegation.clone() };
                    // As long as anything that was made of it can last.
                    (Redeemed::Granted(Box::new(granted.clone())), Some((granted.until, spent)))
                }
                Err(fault) => (Redeemed::Refused(fault), None),
            },
        };
        match self.gateway.change(KeptKind::Code, &code, redeem).await.map_err(silent)? {
            Redeemed::Granted(granted) => {
                let family = Family::new(family, *granted, &secret);
                let refresh = family.token(&secret);
                let until = family.granted.until;
                self.gateway.hold(KeptKind::Family, &family.id, until, &family).await.map_err(silent)?;
                let lasting = client.may(grant::REFRESH).is_ok();
                self.answer(&family.granted, lasting.then_some(&*refresh), now).await
            }
            Redeemed::Again { family, delegation } => {
                self.end(&family, &delegation, "a code was used twice").await?;
                Err(Fault::new(Code::InvalidGrant, "the code was used before"))
            }
            Redeemed::Refused(fault) => Err(fault),
        }
    }

    async fn by_refresh(&self, form: Form, client: &Client, key: Option<KeyBinding>) -> Result<String, Fault> {
        let unknown = || Fault::new(Code::InvalidGrant, "the refresh token is over or was never given");
        let token = form.need("refresh_token")?.to_owned();
        let (id, secret) = family::split(&token).ok_or_else(unknown)?;
        let now = self.gateway.clock.now();
        let (next, secret, who) = (self.draw(), secret.to_owned(), client.id.clone());
        let following = next.clone();
        let turn = move |kept: Option<Family>| match kept {
            None => (None, None),
            Some(family) => {
                let before = family.clone();
                match family.turn(&secret, &following, &who, key, &form, now) {
                    // The next one is kept before the token is given: who asks has it, or asks the human again.
                    Turned::Next(next) => (Some(Ok((*next).clone())), Some((next.granted.until, *next))),
                    Turned::Reused => (Some(Err((before, None))), None),
                    Turned::Refused(fault) => {
                        let until = before.granted.until;
                        (Some(Err((before.clone(), Some(fault)))), Some((until, before)))
                    }
                }
            }
        };
        match self.gateway.change(KeptKind::Family, id, turn).await.map_err(silent)? {
            None => Err(unknown()),
            Some(Ok(family)) => self.answer(&family.granted, Some(&family.token(&next)), now).await,
            Some(Err((_, Some(fault)))) => Err(fault),
            Some(Err((family, None))) => {
                self.end(&family.id, &family.granted.delegation, "a refresh token was used twice").await?;
                Err(unknown())
            }
        }
    }

    /// Takes back everything that one grant was.
    async fn end(&self, family: &str, delegation: &str, why: &str) -> Result<(), Fault> {
        tracing::warn!(delegation, "{why}: somebody has a copy");
        self.gateway.take::<Family>(KeptKind::Family, family).await.map_err(silent)?;
        self.gateway.withdraw(delegation, why).await.map_err(silent)
    }

    /// The answer with an access token, as long as what was granted is in force.
    pub(super) async fn answer(
        &self,
        granted: &Granted,
        refresh: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Fault> {
        let delegation: Option<Delegation> = self.gateway.granted(&granted.delegation, now).await.map_err(silent)?;
        let delegation = delegation.ok_or_else(|| Fault::new(Code::InvalidGrant, "what was granted was taken back"))?;
        let ring = self.gateway.ring().await.map_err(silent)?;
        let id = format!("t_{}", self.draw());
        let issued = issue(granted, &delegation, &self.authority.realm, &ring, &id, now)
            .map_err(|e| Fault::new(Code::ServerError, e.to_string()))?;
        Ok(issue::answer(&issued, granted, refresh, now))
    }
}

pub(super) fn silent(_: Silence) -> Fault {
    Fault::new(Code::TemporarilyUnavailable, "the gateway cannot reach what it keeps")
}
