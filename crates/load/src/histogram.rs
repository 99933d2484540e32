//! A log-linear histogram of nanoseconds: exact below 128 ns, within 1/64 above it, fixed memory.

/// Values below `2^BITS` have a bucket each; every doubling above has `2^(BITS-1)`.
const BITS: u32 = 7;
const HALF: usize = 1 << (BITS - 1);
/// Enough for every `u64`.
const BUCKETS: usize = HALF * (64 - BITS as usize + 2);

/// Counts of latencies, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    total: u128,
    min: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, total: 0, min: u64::MAX, max: 0 }
    }
}

impl Histogram {
    pub(crate) fn record(&mut self, nanos: u64) {
        if let Some(bucket) = self.buckets.get_mut(index(nanos)) {
            *bucket += 1;
        }
        self.count += 1;
        self.total += u128::from(nanos);
        self.min = self.min.min(nanos);
        self.max = self.max.max(nanos);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.total += other.total;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn min(&self) -> u64 {
        if self.count == 0 { 0 } else { self.min }
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    pub(crate) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.total as f64 / self.count as f64 }
    }

    /// The latency that `per_mille` of a thousand calls stayed within: the middle of its bucket, in nanoseconds.
    pub(crate) fn quantile(&self, per_mille: u64) -> u64 {
        let rank = (self.count * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (at, bucket) in self.buckets.iter().enumerate() {
            seen += bucket;
            if seen >= rank {
                return middle(at).clamp(self.min(), self.max);
            }
        }
        self.max
    }
}

fn index(nanos: u64) -> usize {
    let magnitude = 63 - (nanos | 1).leading_zeros();
    let shift = (magnitude + 1).saturating_sub(BITS);
    (shift as usize) * HALF + usize::try_from(nanos >> shift).unwrap_or(usize::MAX)
}

fn middle(index: usize) -> u64 {
    let shift = (index / HALF).saturating_sub(1);
    let low = ((index - shift * HALF) as u64) << shift;
    low + ((1 << shift) - 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_falls_in_a_bucket_whose_middle_is_near() {
        for value in (0..64).flat_map(|bit| [1_u64 << bit, (1 << bit) + (1 << bit) / 3, (1_u64 << bit) - 1]) {
            assert!(index(value) < BUCKETS, "{value}");
            let off = middle(index(value)).abs_diff(value);
            assert!(off <= value / 64, "{value} is represented by {}", middle(index(value)));
        }
        assert!(index(u64::MAX) < BUCKETS);
    }

    #[test]
    fn buckets_grow_with_values() {
        let mut last = 0;
        for value in 0..100_000 {
            assert!(index(value) == last || index(value) == last + 1, "{value}");
            last = index(value);
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let mut one = Histogram::default();
        let mut two = Histogram::default();
        for value in 1..=1000_u64 {
            if value % 2 == 0 { &mut one } else { &mut two }.record(value * 1000);
        }
        one.add(&two);
        assert_eq!((one.count(), one.min(), one.max()), (1000, 1000, 1_000_000));
        for per_mille in [1, 500, 900, 990, 999, 1000] {
            let exact = per_mille * 1000;
            assert!(one.quantile(per_mille).abs_diff(exact) <= exact / 64, "{per_mille}: {}", one.quantile(per_mille));
        }
        assert!((one.mean() - 500_500.0).abs() < 1.0);
        assert_eq!(Histogram::default().quantile(500), 0);
    }
}
