//! What gateways that share a store tell each other: a credential is fetched by one of them, and a refresh token is turned
//! over by one of them, and kept before anybody uses what it gave.

use super::{signer::OwnSigner, wanted::Wanted};
use crate::{Gateway, live};
use doorward_credential::{Call, Failure, Issued, Key, Material, Order, Source, Subject};
use doorward_store::KeptKind;
use doorward_vocab::{Digest, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use zeroize::Zeroize;

/// How long one gateway may take before another one tries.
const LEASE: Duration = Duration::from_secs(20);
/// How often those who wait look.
const LOOK: Duration = Duration::from_millis(40);
/// How long a grant is kept that nobody uses.
const GRANT: Duration = Duration::from_secs(400 * 24 * 3600);

/// What a person granted at a provider.
#[derive(Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) refresh: String,
    pub(super) of: GrantOf,
    pub(super) account: Option<Box<str>>,
    pub(super) since: Timestamp,
}

/// Whose grant for which credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GrantOf {
    pub(super) credential: Box<str>,
    pub(super) issuer: Box<str>,
    pub(super) person: Box<str>,
}

impl GrantOf {
    /// Under what it is kept.
    pub(super) fn name(&self) -> String {
        let Self { credential, issuer, person } = self;
        format!("grant\n{credential}\n{issuer}\n{person}")
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.refresh.zeroize();
    }
}

/// A credential, as other gateways find it.
#[derive(Serialize, Deserialize)]
pub(super) struct Told {
    /// The operator's name for it.
    pub(super) name: Box<str>,
    /// The server that it is for.
    pub(super) server: Box<str>,
    kind: Kind,
    secrets: Vec<String>,
    fetched: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) account: Option<Box<str>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Kind {
    Token,
    Aws,
}

impl Drop for Told {
    fn drop(&mut self) {
        self.secrets.zeroize();
    }
}

impl Told {
    /// What is told of a credential that ends by itself; others are not worth it.
    fn of(wanted: &Wanted, issued: &Issued, fetched: Timestamp) -> Option<Self> {
        // What one gateway ends, no other one may hold.
        if issued.end.is_some() {
            return None;
        }
        let text = |secret: &Secret<String>| secret.reveal(String::clone);
        let (kind, secrets) = match &issued.material {
            Material::Token(token) => (Kind::Token, vec![text(token)]),
            Material::Aws { id, key, session } => {
                (Kind::Aws, [id.to_string(), text(key)].into_iter().chain(session.as_ref().map(text)).collect())
            }
            Material::Basic { .. } => return None,
        };
        let (name, server) = (wanted.configured.name.as_ref().into(), wanted.server.as_str().into());
        let (expires, account) = (issued.expires?, issued.account.clone());
        Some(Self { name, server, kind, secrets, fetched, expires, account })
    }

    fn serves(&self, now: Timestamp) -> bool {
        let span = super::span::Span::new(self.fetched, Some(self.expires), None);
        span.serves(now) && !span.is_due(now)
    }

    fn issued(mut self) -> Option<Issued> {
        let mut secrets = std::mem::take(&mut self.secrets).into_iter();
        let material = match self.kind {
            Kind::Token => Material::Token(Secret::new(secrets.next()?)),
            Kind::Aws => {
                let (id, key) = (secrets.next()?.into(), Secret::new(secrets.next()?));
                Material::Aws { id, key, session: secrets.next().map(Secret::new) }
            }
        };
        Some(Issued { expires: Some(self.expires), account: self.account.take(), ..Issued::new(material) })
    }
}

impl Gateway {
    /// Fetches, where no other gateway did or does. With when it was fetched.
    pub(super) async fn fetch_shared(&self, key: &Key, wanted: &Wanted) -> Result<(Issued, Timestamp), Failure> {
        if !wanted.configured.provider.is_fetched() || !self.travel.is_possible() {
            let issued = self.fetch(wanted).await?;
            return Ok((issued, self.clock.now()));
        }
        let name = told_name(key.digest());
        let lease = format!("{name}\nlease");
        let silent = |_| Failure::Unavailable("the store does not answer".into());
        let began = self.clock.now();
        loop {
            let now = self.clock.now();
            // Not one that is about to end, or that the server took no more: whoever asks wants another one.
            if let Some(told) = self.find::<Told>(KeptKind::Credential, &name).await.map_err(silent)?
                && told.serves(now)
                && self.desk.outworn(key).is_none_or(|outworn| outworn < told.fetched)
            {
                let fetched = told.fetched;
                if let Some(issued) = told.issued() {
                    return Ok((issued, fetched));
                }
            }
            if self.lease(&lease, now.plus(LEASE)).await.map_err(silent)? {
                break;
            }
            if now.since(began) > LEASE * 2 {
                return Err(Failure::Unavailable("another gateway fetches it, and does not end".into()));
            }
            tokio::time::sleep(LOOK).await;
        }
        let result = self.fetch(wanted).await;
        let fetched = self.clock.now();
        if let Some(told) = result.as_ref().ok().and_then(|issued| Told::of(wanted, issued, fetched)) {
            let until = told.expires;
            let _ = self.hold(KeptKind::Credential, &name, until, &told).await;
        }
        let _ = self.take::<()>(KeptKind::Once, &lease).await;
        Ok((result?, fetched))
    }

    pub(super) async fn fetch(&self, wanted: &Wanted) -> Result<Issued, Failure> {
        let now = self.clock.now();
        let needs = wanted.configured.provider.needs();
        let ring = if needs.signature { self.ring().await.ok() } else { None };
        let signer = OwnSigner { issuer: live::public(&wanted.live.settings, &self.surroundings), ring, now };
        let fresh = Digest::of(&self.entropy.draw()).short();
        let before = wanted.before();
        let call = Call { before: &before, ..wanted.call() };
        let granted = match (needs.grant, call.human) {
            (true, Some(human)) => {
                let of = GrantOf {
                    credential: wanted.configured.name.as_ref().into(),
                    issuer: human.issuer.into(),
                    person: human.id.into(),
                };
                let name = of.name();
                let silent = |_| Failure::Unavailable("the store does not answer".into());
                let grant = self.find::<Grant>(KeptKind::Grant, &name).await.map_err(silent)?;
                Some((name, grant.ok_or(Failure::Consent)?))
            }
            (true, None) => return Err(Failure::NoHuman),
            (false, _) => None,
        };
        let shown = self.shown(wanted, &call).await?;
        let subject = shown.as_deref().map(|token| Subject { token, kind: wanted.configured.provider.subject_type() });
        let refresh = granted.as_ref().map(|(_, grant)| Secret::new(grant.refresh.clone()));
        let order = Order { call, subject, grant: refresh.as_ref(), signer: &signer, now, fresh: &fresh };
        let result = self.run(wanted, &order).await;
        let Some((name, grant)) = granted else { return result };
        match result {
            Ok(mut issued) => {
                // Kept before anybody uses what came with it: the old one is worth nothing any more.
                if let Some(next) = issued.grant.take() {
                    let next = Grant {
                        refresh: next.reveal(String::clone),
                        of: grant.of.clone(),
                        account: grant.account.clone(),
                        since: grant.since,
                    };
                    let kept = self.hold(KeptKind::Grant, &name, now.plus(GRANT), &next).await;
                    kept.map_err(|_| Failure::Unavailable("the store does not answer".into()))?;
                }
                if issued.account.is_none() {
                    issued.account.clone_from(&grant.account);
                }
                Ok(issued)
            }
            Err(Failure::Consent) => {
                // The provider does not take it any more.
                let _ = self.take::<Grant>(KeptKind::Grant, &name).await;
                Err(Failure::Consent)
            }
            other => other,
        }
    }
}

impl Gateway {
    /// The token about the human that is exchanged, where one is.
    async fn shown(&self, wanted: &Wanted, call: &Call<'_>) -> Result<Option<Arc<Secret<String>>>, Failure> {
        let provider = &wanted.configured.provider;
        let Some(source) = provider.needs().subject else { return Ok(None) };
        let _human = call.human.ok_or(Failure::NoHuman)?;
        let none = |why: &str| Failure::NoSubject(why.into());
        match source {
            Source::Presented => {
                wanted.whom.presented.clone().ok_or_else(|| none("the caller presented none")).map(Some)
            }
            Source::Login => Err(none("nobody signed in here")),
        }
    }
}

/// Under what a credential is told to other gateways.
fn told_name(key: &Digest) -> String {
    format!("credential\n{key}")
}
