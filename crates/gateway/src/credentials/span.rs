//! How long a credential may serve.

use doorward_vocab::Timestamp;
use std::time::Duration;

/// Before its end a credential is not used any more: the call is still on its way then, and clocks differ.
const MARGIN: Duration = Duration::from_secs(30);

/// From when on a credential is renewed beside the calls that use it, and from when on it is used no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) renew: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

impl Span {
    /// The span of what was fetched at `now` and ends at `expires`, and of whom it serves: that ends at `ends`.
    pub(crate) fn new(now: Timestamp, expires: Option<Timestamp>, ends: Option<Timestamp>) -> Self {
        let life = expires.map(|expires| expires.since(now));
        let margin = |life: Duration| MARGIN.max(life / 10).min(life / 2);
        let own = life.map(|life| now.plus(life.saturating_sub(margin(life))));
        let renew = life.map(|life| now.plus(life.saturating_sub(margin(life) * 3 / 2)));
        let until = match (own, ends) {
            (Some(own), Some(ends)) => Some(own.min(ends)),
            (own, ends) => own.or(ends),
        };
        // What ends with whom it serves is not renewed for that.
        Self { renew: renew.filter(|renew| until.is_none_or(|until| *renew < until)), until }
    }

    pub(crate) fn serves(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.renew.is_some_and(|renew| renew <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(s: u64) -> Timestamp {
        Timestamp::from_micros(s * 1_000_000)
    }

    #[test]
    fn an_hour_ends_six_minutes_early() {
        let span = Span::new(at(0), Some(at(3600)), None);
        assert_eq!(span, Span { renew: Some(at(3600 - 540)), until: Some(at(3600 - 360)) });
        assert!(span.serves(at(3239)) && !span.serves(at(3240)) && span.is_due(at(3060)));
        let bound = Span::new(at(0), Some(at(3600)), Some(at(60)));
        assert_eq!(bound, Span { renew: None, until: Some(at(60)) });
        assert_eq!(Span::new(at(0), None, None), Span { renew: None, until: None });
    }

    proptest! {
        #[test]
        fn it_never_outlives_anything(life in 0_u64..100_000, ends: Option<u32>) {
            let ends = ends.map(|e| at(u64::from(e)));
            let span = Span::new(at(0), Some(at(life)), ends);
            prop_assert!(span.until.unwrap() <= at(life));
            prop_assert!(ends.is_none_or(|ends| span.until.unwrap() <= ends));
            prop_assert!(span.renew.is_none_or(|renew| renew < span.until.unwrap()));
        }
    }
}
