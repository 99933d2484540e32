//! How much strangers may ask: everything here is open to anybody.

use super::Page;
use doorward_vocab::Timestamp;
use moka::sync::Cache;
use parking_lot::Mutex;
use std::{net::IpAddr, sync::Arc, time::Duration};

/// For all addresses together as many times as for one.
const TOGETHER: u64 = 20;
const ADDRESSES: u64 = 20_000;

/// Counts what each address asks, and all together.
#[derive(Debug)]
pub(crate) struct Limits {
    each: Cache<(&'static str, IpAddr), Arc<Mutex<Bucket>>>,
    all: Cache<&'static str, Arc<Mutex<Bucket>>>,
}

/// A bucket that fills in a minute.
#[derive(Debug)]
struct Bucket {
    left: u64,
    since: Timestamp,
}

impl Default for Limits {
    fn default() -> Self {
        let idle = Duration::from_secs(120);
        Self {
            each: Cache::builder().max_capacity(ADDRESSES).time_to_idle(idle).build(),
            all: Cache::builder().max_capacity(16).build(),
        }
    }
}

/// What one address may ask in a minute.
const fn per_minute(page: Page) -> Option<(&'static str, u64)> {
    match page {
        // Each leaves something in the store.
        Page::Register => Some(("register", 60)),
        Page::Authorize => Some(("authorize", 240)),
        Page::Callback | Page::Consent | Page::Connect | Page::Connected | Page::Approve => Some(("login", 480)),
        Page::Token | Page::Revoke | Page::Logout => Some(("token", 3000)),
        // RSA for each machine.
        Page::Challenge => Some(("challenge", 600)),
        Page::Metadata | Page::Keys | Page::Document => None,
    }
}

impl Limits {
    pub(super) fn admits(&self, page: Page, peer: IpAddr, now: Timestamp) -> bool {
        let Some((name, most)) = per_minute(page) else { return true };
        let fresh = |most| Arc::new(Mutex::new(Bucket { left: most, since: now }));
        let each = self.each.get_with((name, peer), || fresh(most));
        let all = self.all.get_with(name, || fresh(most * TOGETHER));
        let admitted = each.lock().take(most, now);
        admitted && all.lock().take(most * TOGETHER, now)
    }
}

impl Bucket {
    fn take(&mut self, most: u64, now: Timestamp) -> bool {
        let micros = u64::try_from(now.since(self.since).as_micros()).unwrap_or(u64::MAX);
        let more = micros.saturating_mul(most) / 60_000_000;
        if more > 0 {
            self.left = self.left.saturating_add(more).min(most);
            self.since = now;
        }
        let admitted = self.left > 0;
        self.left = self.left.saturating_sub(1);
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_slowed_down_alone() {
        let limits = Limits::default();
        let at = |s: u64| Timestamp::from_micros(s * 1_000_000);
        let [a, b]: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|a| a.parse().unwrap());
        let asked = |peer, s| limits.admits(Page::Register, peer, at(s));
        assert_eq!((0..100).filter(|_| asked(a, 100)).count(), 60);
        assert!(asked(b, 100), "another address");
        assert!(!asked(a, 100) && asked(a, 102));
        assert_eq!((0..100).filter(|_| limits.admits(Page::Metadata, a, at(100))).count(), 100);
        let crowd = (0..4000_u32).filter(|n| asked(IpAddr::from(n.to_be_bytes()), 103)).count();
        assert!(crowd <= 1200, "{crowd}");
    }
}
