//! What gateways that share a store tell each other: a credential is fetched by one of them, and a refresh token is turned
//! over by one of them, and kept before anybody uses what it gave.

use super::{signer::OwnSigner, wanted::Wanted};
use crate::{Gateway, live};
use doorward_credential::{Failure, Issued, Key, Material, Order};
use doorward_store::KeptKind;
use doorward_vocab::{Digest, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
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
    fn of(wanted: &Wanted, issued: &Issued) -> Option<Self> {
        let text = |secret: &Secret<String>| secret.reveal(String::clone);
        let (kind, secrets) = match &issued.material {
            Material::Token(token) => (Kind::Token, vec![text(token)]),
            Material::Aws { id, key, session } => {
                (Kind::Aws, [id.to_string(), text(key)].into_iter().chain(session.as_ref().map(text)).collect())
            }
            Material::Basic { .. } => return None,
        };
        let (name, server) = (wanted.configured.name.as_ref().into(), wanted.server.as_str().into());
        Some(Self { name, server, kind, secrets, expires: issued.expires?, account: issued.account.clone() })
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
    /// Fetches, where no other gateway did or does.
    pub(super) async fn fetch_shared(&self, key: &Key, wanted: &Wanted) -> Result<Issued, Failure> {
        if !wanted.configured.provider.is_fetched() || !self.travel.is_possible() {
            return self.fetch(wanted).await;
        }
        let name = told_name(key.digest());
        let lease = format!("{name}\nlease");
        let silent = |_| Failure::Unavailable("the store does not answer".into());
        let began = self.clock.now();
        loop {
            let now = self.clock.now();
            // Not one that is about to end: whoever asks wants another one.
            if let Some(told) = self.find::<Told>(KeptKind::Credential, &name).await.map_err(silent)?
                && told.expires.since(now) > Duration::ZERO
                && !super::span::Span::new(now, Some(told.expires), None).is_due(now)
                && let Some(issued) = told.issued()
            {
                return Ok(issued);
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
        if let Some(told) = result.as_ref().ok().and_then(|issued| Told::of(wanted, issued)) {
            let until = told.expires;
            let _ = self.hold(KeptKind::Credential, &name, until, &told).await;
        }
        let _ = self.take::<()>(KeptKind::Once, &lease).await;
        result
    }

    pub(super) async fn fetch(&self, wanted: &Wanted) -> Result<Issued, Failure> {
        let now = self.clock.now();
        let needs = wanted.configured.provider.needs();
        let ring = if needs.signature { self.ring().await.ok() } else { None };
        let signer = OwnSigner { issuer: live::public(&wanted.live.settings, &self.surroundings), ring, now };
        let fresh = Digest::of(&self.entropy.draw()).short();
        let call = wanted.call();
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
        let refresh = granted.as_ref().map(|(_, grant)| Secret::new(grant.refresh.clone()));
        let order = Order { call, subject: None, grant: refresh.as_ref(), signer: &signer, now, fresh: &fresh };
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

/// Under what a credential is told to other gateways.
fn told_name(key: &Digest) -> String {
    format!("credential\n{key}")
}
