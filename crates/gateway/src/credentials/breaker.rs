//! A provider that fails again and again is left alone for a while, and then asked by one.

use doorward_vocab::{Digest, Timestamp};
use parking_lot::Mutex;
use std::{collections::HashMap, time::Duration};

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// How long it stays open at first, and at most.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60);

/// The breakers of all providers.
#[derive(Debug, Default)]
pub(crate) struct Breakers(Mutex<HashMap<Digest, State>>);

#[derive(Clone, Copy, Debug, Default)]
struct State {
    failures: u32,
    closed_from: Timestamp,
}

impl Breakers {
    /// Whether the provider may be asked; where it failed too often, how long to wait.
    ///
    /// # Errors
    /// The time to wait.
    pub(crate) fn enter(&self, provider: &Digest, now: Timestamp) -> Result<(), Duration> {
        let mut all = self.0.lock();
        let Some(state) = all.get_mut(provider) else { return Ok(()) };
        if now < state.closed_from {
            return Err(state.closed_from.since(now));
        }
        if state.failures >= FAILURES {
            // One tries; the others wait for what comes of it.
            state.closed_from = now.plus(PAUSE);
        }
        Ok(())
    }

    /// It answered, whatever it said.
    pub(crate) fn answered(&self, provider: &Digest) {
        self.0.lock().remove(provider);
    }

    /// It failed.
    pub(crate) fn failed(&self, provider: &Digest, now: Timestamp) {
        let mut all = self.0.lock();
        let state = all.entry(*provider).or_default();
        state.failures = state.failures.saturating_add(1);
        if let Some(more) = state.failures.checked_sub(FAILURES) {
            let pause = PAUSE.saturating_mul(1 << more.min(5)).min(LONGEST);
            state.closed_from = now.plus(pause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_open_it_and_one_answer_closes_it() {
        let at = |ms: u64| Timestamp::from_micros(ms * 1000);
        let (breakers, idp) = (Breakers::default(), Digest::of(b"idp"));
        for n in 0..5 {
            assert_eq!(breakers.enter(&idp, at(n)), Ok(()));
            breakers.failed(&idp, at(n));
        }
        assert_eq!(breakers.enter(&idp, at(1004)), Err(Duration::from_secs(1)));
        assert_eq!(breakers.enter(&idp, at(2004)), Ok(()), "one tries");
        assert!(breakers.enter(&idp, at(2005)).is_err(), "and no other");
        breakers.failed(&idp, at(2006));
        assert_eq!(breakers.enter(&idp, at(2007)), Err(Duration::from_millis(3999)), "longer this time");
        assert_eq!(breakers.enter(&idp, at(6006)), Ok(()));
        breakers.answered(&idp);
        assert_eq!(breakers.enter(&idp, at(6007)), Ok(()));
        assert_eq!(breakers.enter(&Digest::of(b"other"), at(6007)), Ok(()));
    }
}
