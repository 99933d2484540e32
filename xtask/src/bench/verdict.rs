//! The targets, and whether this run met them.

use std::cmp::Ordering;

use super::results::Results;

const GATEWAY: &str = "doorward";

/// One target.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) what: &'static str,
    pub(super) bound: Bound,
    pub(super) unit: &'static str,
    /// `None` when the run did not measure it.
    pub(super) value: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Verdict {
    pub(super) fn is_missed(&self) -> bool {
        let Some(value) = self.value else { return false };
        match self.bound {
            Bound::AtMost(most) => value.partial_cmp(&most) == Some(Ordering::Greater),
            Bound::AtLeast(least) => value.partial_cmp(&least) == Some(Ordering::Less),
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match self.value {
            None => "not measured",
            Some(_) if self.is_missed() => "MISSED",
            Some(_) => "met",
        }
    }
}

pub(super) fn all(results: &Results) -> Vec<Verdict> {
    let against = |scenario, other, figure, compare: fn(f64, f64) -> f64| {
        results.within(scenario, (GATEWAY, other), figure, compare)
    };
    vec![
        Verdict {
            what: "added median, small call on one connection (c1)",
            bound: Bound::AtMost(120.0),
            unit: "µs",
            value: against("c1", "direct", "p50_us", |mine, theirs| mine - theirs),
        },
        Verdict {
            what: "added by a credential, small call on one connection (c1)",
            bound: Bound::AtMost(10.0),
            unit: "µs",
            value: results.within("c1", ("doorward+credential", GATEWAY), "p50_us", |with, without| with - without),
        },
        Verdict {
            what: "calls a second ÷ nginx, 32 connections (c32)",
            bound: Bound::AtLeast(0.35),
            unit: "×",
            value: against("c32", "nginx", "rps", |mine, theirs| mine / theirs),
        },
        Verdict {
            what: "CPU per call ÷ nginx, 32 connections (c32)",
            bound: Bound::AtMost(3.0),
            unit: "×",
            value: against("c32", "nginx", "gateway_cpu_us", |mine, theirs| mine / theirs),
        },
        Verdict {
            what: "memory of an idle conversation (conversations)",
            bound: Bound::AtMost(8.0),
            unit: "KiB",
            value: results.median("conversations", GATEWAY, "kib_per_conversation"),
        },
        Verdict {
            what: "memory of an idle session (sessions)",
            bound: Bound::AtMost(8.0),
            unit: "KiB",
            value: results.median("sessions", GATEWAY, "kib_per_conversation"),
        },
        Verdict {
            what: "memory of a session with an idle stream (streams)",
            bound: Bound::AtMost(24.0),
            unit: "KiB",
            value: results.median("streams", GATEWAY, "kib_per_conversation"),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_include_their_edge_and_nothing_is_missed_unmeasured() {
        let verdict = |bound, value| Verdict { what: "", bound, unit: "", value };
        assert!(!verdict(Bound::AtMost(3.0), Some(3.0)).is_missed());
        assert!(verdict(Bound::AtMost(3.0), Some(3.1)).is_missed());
        assert!(!verdict(Bound::AtLeast(0.35), Some(0.35)).is_missed());
        assert!(verdict(Bound::AtLeast(0.35), Some(0.2)).is_missed());
        assert!(!verdict(Bound::AtMost(3.0), None).is_missed());
        assert!(all(&Results::default()).iter().all(|verdict| verdict.word() == "not measured"));
    }
}
