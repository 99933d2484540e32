//! What the provider gave at which a human signed in. It is kept, sealed, only where a credential is exchanged for it, and
//! renewed there when it is over.

use super::{fetch, wanted::Wanted};
use crate::{Gateway, Live, live::Provider};
use doorward_credential::{
    Agent, Call, Failure, Issued, Order, Step,
    wire::{Client, Form, Proof, SecretIn, Server, Token, Where, grant, jwt, token_type},
};
use doorward_store::KeptKind;
use doorward_vocab::{Digest, Secret, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};
use zeroize::Zeroize;

/// How long a login is kept that can be renewed, from when it was last used.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);
/// A token that ends sooner is renewed first.
const MARGIN: Duration = Duration::from_secs(60);
/// The tokens of a login.
#[derive(Serialize, Deserialize)]
struct SignedIn {
    /// What the operator calls the provider.
    provider: String,
    id: String,
    ends: Timestamp,
    access: Option<String>,
    refresh: Option<String>,
}

impl Drop for SignedIn {
    fn drop(&mut self) {
        self.id.zeroize();
        self.access.zeroize();
        self.refresh.zeroize();
    }
}

impl SignedIn {
    /// The token of this type, where it serves for longer than `margin`.
    fn token(&self, kind: &str, now: Timestamp, margin: Duration) -> Option<Arc<Secret<String>>> {
        let text = match kind {
            token_type::REFRESH => self.refresh.as_ref()?,
            _ if self.ends <= now.plus(margin) => return None,
            token_type::ACCESS => self.access.as_ref()?,
            _ => &self.id,
        };
        Some(Arc::new(Secret::new(text.clone())))
    }

    /// OpenID Connect Core §12.2: what is new is about the same person at the same provider.
    fn renew(&mut self, token: Token, now: Timestamp) -> Result<(), Failure> {
        let id = token.id.ok_or_else(|| Failure::NoSubject("the provider gives no new ID token".into()))?;
        let before = jwt::claims(&Secret::new(self.id.clone())).unwrap_or_default();
        let claims = jwt::claims(&id).unwrap_or_default();
        if ["iss", "sub"].into_iter().any(|claim| claims.get(claim).is_none() || claims.get(claim) != before.get(claim))
        {
            return Err(Failure::Unusable("the new ID token is about another person".into()));
        }
        self.ends = [ends(&claims), token.expires].into_iter().flatten().min().unwrap_or(now);
        self.id = id.reveal(String::clone);
        self.access = Some(token.access.reveal(String::clone));
        if let Some(next) = token.refresh {
            self.refresh = Some(next.reveal(String::clone));
        }
        Ok(())
    }

    fn until(&self, now: Timestamp) -> Timestamp {
        if self.refresh.is_some() { now.plus(KEPT) } else { self.ends }
    }
}

/// When a token with these claims ends.
fn ends(claims: &Map<String, Value>) -> Option<Timestamp> {
    let exp = claims.get("exp").and_then(Value::as_u64)?;
    Some(Timestamp::from_micros(exp.saturating_mul(1_000_000)))
}

fn name(issuer: &str, person: &str) -> String {
    format!("login\n{issuer}\n{person}")
}

const SILENT: &str = "the store does not answer";

impl Gateway {
    /// Keeps what a provider `answer`ed when a human signed in.
    pub(crate) async fn keep_login(&self, live: &Live, provider: &Provider, person: &str, answer: &Map<String, Value>) {
        if !live.wants.login {
            return;
        }
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let Some(id) = text("id_token") else { return };
        let Some(ends) = ends(&jwt::claims(&Secret::new(id.clone())).unwrap_or_default()) else { return };
        let (access, refresh) = (text("access_token"), text("refresh_token"));
        let login = SignedIn { provider: provider.name.clone(), id, ends, access, refresh };
        let (name, until) = (name(&provider.issuer, person), login.until(self.clock.now()));
        if self.hold(KeptKind::SignIn, &name, until, &login).await.is_err() {
            tracing::warn!(provider = provider.name, "a login cannot be kept: {SILENT}");
        }
    }

    /// A token of this type about the human of a call, from the provider at which they signed in.
    pub(super) async fn signed_in(
        &self,
        wanted: &Wanted,
        call: &Call<'_>,
        kind: &str,
    ) -> Result<Arc<Secret<String>>, Failure> {
        let human = call.human.ok_or(Failure::NoHuman)?;
        let name = name(human.issuer, human.id);
        let lease = format!("{name}\nlease");
        let silent = |_| Failure::Unavailable(SILENT.into());
        let nobody = || Failure::NoSubject("nobody signed in here".into());
        let now = self.clock.now();
        let login: SignedIn = self.find(KeptKind::SignIn, &name).await.map_err(silent)?.ok_or_else(nobody)?;
        if let Some(token) = login.token(kind, now, MARGIN) {
            return Ok(token);
        }
        if login.refresh.is_none() {
            return Err(Failure::NoSubject("what the provider gave at sign-in is over".into()));
        }
        self.alone(&lease).await?;
        let renewed = async {
            // Somebody else may have renewed it meanwhile.
            let login: SignedIn = self.find(KeptKind::SignIn, &name).await.map_err(silent)?.ok_or_else(nobody)?;
            match login.token(kind, now, MARGIN) {
                Some(token) => Ok(token),
                None => {
                    // What is new serves, however short it lasts.
                    let renewed = self.renew_login(wanted, &name, login).await?;
                    renewed.token(kind, now, Duration::ZERO).ok_or_else(nobody)
                }
            }
        };
        let renewed = renewed.await;
        let _ = self.take::<()>(KeptKind::Once, &lease).await;
        renewed
    }

    /// OpenID Connect Core §12.
    async fn renew_login(&self, wanted: &Wanted, name: &str, mut login: SignedIn) -> Result<SignedIn, Failure> {
        let live = &wanted.live;
        let provider = live.authority.as_ref().and_then(|a| a.providers.iter().find(|p| p.name == login.provider));
        let provider = provider.ok_or_else(|| Failure::NoSubject("people do not sign in there any more".into()))?;
        let server = server(provider)?;
        let refresh = Secret::new(login.refresh.clone().unwrap_or_default());
        let now = self.clock.now();
        let signer = super::signer::OwnSigner { issuer: String::new(), ring: None, now };
        let fresh = Digest::of(&self.entropy.draw()).short();
        let agent = Agent { id: "", issuer: None };
        let call = Call { agent, human: None, ..wanted.call() };
        let order = Order { call, subject: None, grant: None, signer: &signer, now, fresh: &fresh };
        let given = Mutex::new(None);
        let result = fetch::follow(live, ask(&server, &order, &refresh, &given)?).await;
        match result.map(|_| given.into_inner()) {
            Ok(Some(token)) => {
                login.renew(token, now)?;
                // Kept before anybody uses what came with it: the old one is worth nothing any more.
                let kept = self.hold(KeptKind::SignIn, name, login.until(now), &login).await;
                kept.map_err(|_| Failure::Unavailable(SILENT.into()))?;
                Ok(login)
            }
            Ok(None) => Err(Failure::Unusable("the provider gave nothing".into())),
            Err(Failure::Refused(why)) => {
                // The provider does not take it any more. What a new login gave meanwhile stays.
                let used = login.refresh.clone().map(|used| Digest::of(used.as_bytes()));
                let forget = move |kept: Option<SignedIn>| {
                    let is_used = |kept: &SignedIn| kept.refresh.as_ref().map(|r| Digest::of(r.as_bytes())) == used;
                    ((), kept.filter(|kept| !is_used(kept)).map(|kept| (kept.until(now), kept)))
                };
                let _ = self.change(KeptKind::SignIn, name, forget).await;
                Err(Failure::NoSubject(why))
            }
            Err(other) => Err(other),
        }
    }
}

fn server(provider: &Provider) -> Result<Server, Failure> {
    let secret = provider.secret.as_ref().map(doorward_config::SecretRef::read).transpose();
    let secret = secret.map_err(|e| Failure::Misconfigured(e.to_string().into()))?;
    let proof = secret.map_or(Proof::Nothing, |secret| Proof::Secret(Box::new(secret), SecretIn::Either));
    let client = Client { id: provider.client.as_str().into(), proof };
    Ok(Server { at: Where::issuer(provider.issuer.as_str().into(), None), client })
}

/// What is `given` is no credential: it goes where it is kept.
fn ask<'a>(
    server: &'a Server,
    order: &'a Order<'a>,
    refresh: &Secret<String>,
    given: &'a Mutex<Option<Token>>,
) -> Result<Step<'a>, Failure> {
    let mut form = Form::of(grant::REFRESH);
    form.secret("refresh_token", refresh);
    server.ask(order, form, move |token| {
        *given.lock() = Some(token);
        Ok(Step::Have(Issued::token(Secret::new(String::new()))))
    })
}
