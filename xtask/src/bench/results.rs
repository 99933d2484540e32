//! What the rounds found, and medians over them.

use std::collections::BTreeMap;

use super::driver::Sample;
use super::scenarios::Scenario;

/// Samples by scenario, peer and round.
#[derive(Debug, Default)]
pub(super) struct Results(BTreeMap<(&'static str, &'static str), Vec<(usize, Sample)>>);

impl Results {
    pub(super) fn add(&mut self, scenario: &Scenario, peer: &'static str, round: usize, sample: Sample) {
        self.0.entry((scenario.name, peer)).or_default().push((round, sample));
    }

    /// Stretches in which a call failed, of all peers.
    pub(super) fn failed(&self) -> usize {
        self.0.values().flatten().filter(|(_, sample)| !sample.is_good()).count()
    }

    /// Who was measured in this scenario, in the order they are told.
    pub(super) fn peers(&self, scenario: &str) -> Vec<&'static str> {
        const ORDER: [&str; 5] = ["direct", "nginx", "bare", "doorward", "doorward+1000"];
        ORDER.into_iter().filter(|peer| !self.samples(scenario, peer).is_empty()).collect()
    }

    pub(super) fn samples(&self, scenario: &str, peer: &str) -> &[(usize, Sample)] {
        let found = self.0.iter().find(|((of, who), _)| *of == scenario && *who == peer);
        found.map_or(&[], |(_, samples)| samples)
    }

    pub(super) fn rounds(&self, scenario: &str) -> usize {
        self.peers(scenario).into_iter().map(|peer| self.samples(scenario, peer).len()).max().unwrap_or(0)
    }

    /// The median of a figure over the good rounds.
    pub(super) fn median(&self, scenario: &str, peer: &str, figure: &str) -> Option<f64> {
        let good = self.samples(scenario, peer).iter().filter(|(_, sample)| sample.is_good());
        median(good.filter_map(|(_, sample)| sample.figure(figure)).collect())
    }

    /// The median of what `compare` makes of a figure of two peers in the same round.
    pub(super) fn within(
        &self,
        scenario: &str,
        (peer, other): (&str, &str),
        figure: &str,
        compare: impl Fn(f64, f64) -> f64,
    ) -> Option<f64> {
        let others = self.samples(scenario, other);
        let pairs = self.samples(scenario, peer).iter().filter_map(|(round, mine)| {
            let (_, theirs) = others.iter().find(|(at, _)| at == round)?;
            if !(mine.is_good() && theirs.is_good()) {
                return None;
            }
            Some(compare(mine.figure(figure)?, theirs.figure(figure)?))
        });
        median(pairs.filter(|value| value.is_finite()).collect())
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let high = values.get(middle).copied()?;
    if values.len() % 2 == 1 { Some(high) } else { values.get(middle - 1).map(|low| f64::midpoint(*low, high)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::scenarios::ALL;

    fn sample(rps: f64, errors: f64) -> Sample {
        let figures = BTreeMap::from([("rps".to_owned(), rps), ("errors".to_owned(), errors)]);
        Sample { figures, fault: None }
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
    }

    #[test]
    fn ratios_are_taken_inside_a_round_and_failed_rounds_do_not_count() {
        let scenario = &ALL[0];
        let mut results = Results::default();
        for (round, (mine, theirs, errors)) in
            [(10.0, 100.0, 0.0), (30.0, 100.0, 0.0), (20.0, 40.0, 0.0), (999.0, 1.0, 3.0)].into_iter().enumerate()
        {
            results.add(scenario, "doorward", round, sample(mine, errors));
            results.add(scenario, "nginx", round, sample(theirs, 0.0));
        }
        let ratio = results.within(scenario.name, ("doorward", "nginx"), "rps", |mine, theirs| mine / theirs);
        assert_eq!(ratio, Some(0.3));
        assert_eq!(results.median(scenario.name, "doorward", "rps"), Some(20.0));
        assert_eq!((results.failed(), results.rounds(scenario.name)), (1, 4));
        assert_eq!(results.peers(scenario.name), ["nginx", "doorward"]);
        assert_eq!(results.within(scenario.name, ("doorward", "direct"), "rps", |mine, _| mine), None);
    }
}
