//! The generic cell rate algorithm (ITU-T I.371, annex A) with weights: one number says all about the past.

use doorward_vocab::Timestamp;
use std::time::Duration;

/// So much in so much time, and so much of it at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How much flows in.
    pub amount: u64,
    /// In which time.
    pub per: Duration,
    /// How much may be used at once after a rest.
    pub burst: u64,
}

impl Quota {
    /// So much in so much time, all of it at once if need be.
    pub const fn new(amount: u64, per: Duration) -> Self {
        Self { amount, per, burst: amount }
    }
    /// The nanoseconds in which so much flows in.
    fn time(&self, cost: u64) -> u64 {
        let nanos = u128::from(cost) * self.per.as_nanos() / u128::from(self.amount.max(1));
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
    /// How much flows in within nanoseconds.
    fn flow(&self, nanos: u64) -> u64 {
        let amount = u128::from(nanos) * u128::from(self.amount) / self.per.as_nanos().max(1);
        u64::try_from(amount).unwrap_or(u64::MAX)
    }
}

/// When everything that was used will have flown in again, in nanoseconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gauge(u64);

impl Gauge {
    /// Whether nothing is owed: such a gauge is like a new one.
    pub(super) fn is_idle(self, now: Timestamp) -> bool {
        self.0 <= nanos(now)
    }

    /// How much there is.
    pub(super) fn left(self, quota: &Quota, now: Timestamp) -> u64 {
        quota.flow(quota.time(quota.burst).saturating_sub(self.owed(now)))
    }

    /// How long to wait until there is so much; zero if there is. What costs more than a burst waits for a whole one.
    pub(super) fn wait(self, quota: &Quota, cost: u64, now: Timestamp) -> Duration {
        let burst = quota.time(quota.burst);
        let after = self.owed(now).saturating_add(quota.time(cost).min(burst));
        Duration::from_nanos(after.saturating_sub(burst))
    }

    /// Uses so much.
    pub(super) fn reserve(&mut self, quota: &Quota, cost: u64, now: Timestamp) {
        let used = quota.time(cost).min(quota.time(quota.burst));
        self.0 = self.0.max(nanos(now)).saturating_add(used);
    }

    /// Uses so much though there may not be as much; a debt is never greater than one burst.
    pub(super) fn overdraw(&mut self, quota: &Quota, cost: u64, now: Timestamp) {
        self.settle(quota, 0, cost, now);
    }

    /// Corrects what was reserved by what it was. A debt is never greater than one burst.
    pub(super) fn settle(&mut self, quota: &Quota, reserved: u64, actual: u64, now: Timestamp) {
        let burst = quota.time(quota.burst);
        let (was, is) = (quota.time(reserved).min(burst), quota.time(actual));
        if is <= was {
            self.0 = self.0.saturating_sub(was - is);
        } else {
            let most = nanos(now).saturating_add(burst.saturating_mul(2)).max(self.0);
            self.0 = self.0.max(nanos(now)).saturating_add(is - was).min(most);
        }
    }

    fn owed(self, now: Timestamp) -> u64 {
        self.0.saturating_sub(nanos(now))
    }
}

const fn nanos(at: Timestamp) -> u64 {
    at.micros().saturating_mul(1000)
}
