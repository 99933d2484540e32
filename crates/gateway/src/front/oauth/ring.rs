//! The keys that tokens are signed with: kept sealed, the same for all gateways that share the store.

use super::Silence;
use crate::Gateway;
use doorward_oauth::{Ring, Turnover, keys};
use doorward_store::KeptKind;
use doorward_vocab::Timestamp;
use std::{sync::Arc, time::Duration};

const NAME: &str = "signing keys";
/// How long what was read is believed. A new key is known long before it signs.
const FRESH: Duration = Duration::from_secs(300);
/// A ring nobody asked for in this time is forgotten.
const KEPT: Duration = Duration::from_secs(366 * 24 * 3600);

/// What was read, and when.
pub(super) type Known = (Timestamp, Arc<Ring>);

impl Gateway {
    /// The keys; the first, and each next one, is made where it is missing.
    pub(crate) async fn ring(&self) -> Result<Arc<Ring>, Silence> {
        let now = self.clock.now();
        if let Some(known) = self.issuing.ring.load_full()
            && now.since(known.0) < FRESH
        {
            return Ok(known.1.clone());
        }
        let turnover = Turnover::default();
        let found: Option<Ring> = self.find(KeptKind::Keys, NAME).await?;
        let ring = match found {
            Some(ring) if !ring.is_due(turnover, now) => ring,
            found => self.turn(found.unwrap_or_default(), turnover, now).await?,
        };
        let ring = Arc::new(ring);
        self.issuing.ring.store(Some(Arc::new((now, ring.clone()))));
        Ok(ring)
    }

    /// The ring with another key. Of several gateways that make one at once, one does, and all get that.
    async fn turn(&self, ring: Ring, turnover: Turnover, now: Timestamp) -> Result<Ring, Silence> {
        let turn = format!("{NAME}\n{}", ring.jwks());
        if self.first_time(&turn, now.plus(Duration::from_secs(60))).await? {
            // An RSA key is searched for: a tenth of a second, or more.
            let drawn = tokio::task::spawn_blocking(keys::draw).await.map_err(|_| Silence)?;
            let next = drawn.and_then(|drawn| ring.with(&drawn, turnover, now)).map_err(|_| Silence)?;
            self.hold(KeptKind::Keys, NAME, now.plus(KEPT), &next).await?;
            tracing::info!("a new key to sign tokens with");
            return Ok(next);
        }
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(25)).await;
            if let Some(found) = self.find::<Ring>(KeptKind::Keys, NAME).await?
                && found != ring
            {
                return Ok(found);
            }
        }
        Err(Silence)
    }
}
