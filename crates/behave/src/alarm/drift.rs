//! Whether what is normal has changed.

/// The mean of a stream over a window that shrinks when its two ends differ (Bifet and Gavaldà, 2007). Values are from zero to one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adwin {
    /// Of each size 1, 2, 4 … at most [`ROWS`] buckets, the oldest first: their sums.
    sums: [[f32; ROWS]; LEVELS],
    counts: [u8; LEVELS],
    confidence: f64,
}

const ROWS: usize = 5;
const LEVELS: usize = 14;

impl Adwin {
    /// A window that is empty; `confidence` is the chance of a false alarm at each look.
    pub const fn new(confidence: f64) -> Self {
        Self { sums: [[0.0; ROWS]; LEVELS], counts: [0; LEVELS], confidence }
    }

    /// Takes in a value. Whether the window shrank: what was before is not as it is now.
    pub fn take(&mut self, value: f64) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "single precision is enough for a mean")]
        self.push(0, value.clamp(0.0, 1.0) as f32);
        let mut shrank = false;
        while self.differs() {
            self.drop_oldest();
            shrank = true;
        }
        shrank
    }

    /// How many values are in the window.
    pub fn width(&self) -> u64 {
        self.buckets().map(|(count, _)| count).sum()
    }

    /// Buckets from the oldest to the newest: how many values, and their sum.
    fn buckets(&self) -> impl Iterator<Item = (u64, f64)> + '_ {
        let levels = self.sums.iter().zip(self.counts).enumerate().rev();
        levels.flat_map(|(level, (sums, count))| {
            sums.iter().take(usize::from(count)).map(move |sum| (1_u64 << level, f64::from(*sum)))
        })
    }

    fn push(&mut self, level: usize, sum: f32) {
        let (Some(row), Some(count)) = (self.sums.get_mut(level), self.counts.get_mut(level)) else { return };
        if usize::from(*count) == ROWS {
            // The two oldest become one of the next size; at the last size they are forgotten.
            let joined = row.iter().take(2).sum();
            row.rotate_left(2);
            *count -= 2;
            self.push(level + 1, joined);
            return self.push(level, sum);
        }
        if let Some(slot) = row.get_mut(usize::from(*count)) {
            *slot = sum;
        }
        *count += 1;
    }

    fn drop_oldest(&mut self) {
        let oldest = self.counts.iter_mut().zip(&mut self.sums).rev().find(|(count, _)| **count > 0);
        if let Some((count, row)) = oldest {
            row.rotate_left(1);
            *count -= 1;
        }
    }

    /// Whether any cut of the window has means which differ by more than chance allows (the bound of the paper's equation 3.1).
    fn differs(&self) -> bool {
        let (all, total) = self.buckets().fold((0, 0.0), |(n, s), (count, sum)| (n + count, s + sum));
        let (mut older, mut sum) = (0_u64, 0.0);
        let log = (2.0 * (all.max(2) as f64).ln() / self.confidence).ln();
        let mean = total / all.max(1) as f64;
        let variance = (mean * (1.0 - mean)).max(0.0);
        self.buckets().any(|(count, part)| {
            older += count;
            sum += part;
            let newer = all - older;
            if older < 16 || newer < 16 {
                return false;
            }
            let harmonic = 1.0 / (1.0 / older as f64 + 1.0 / newer as f64);
            let bound = (2.0 / harmonic * variance * log).sqrt() + 2.0 / (3.0 * harmonic) * log;
            (sum / older as f64 - (total - sum) / newer as f64).abs() > bound
        })
    }
}

/// Whether the mean of a stream has risen (Page, 1954).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PageHinkley {
    mean: f64,
    count: f64,
    sum: f64,
    least: f64,
}

impl PageHinkley {
    /// Takes in a value. Whether it has been above its mean, by more than `slack` each time, for `line` in all.
    pub fn take(&mut self, value: f64, slack: f64, line: f64) -> bool {
        self.count += 1.0;
        self.mean += (value - self.mean) / self.count;
        self.sum += value - self.mean - slack;
        self.least = self.least.min(self.sum);
        let risen = self.sum - self.least > line;
        if risen {
            *self = Self::default();
        }
        risen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sum;

    fn even(n: u64) -> f64 {
        Sum::from_bits(1).and(n).fraction()
    }

    #[test]
    fn a_window_keeps_what_is_the_same_and_drops_what_was_different() {
        let mut window = Adwin::new(0.002);
        assert_eq!((0..20_000).filter(|n| window.take(even(*n))).count(), 0);
        assert!(window.width() > 10_000);
        let seen = (0..400).position(|n| window.take(even(n) * 0.4));
        assert!(seen.is_some_and(|n| n < 300), "{seen:?}");
        assert!(window.width() < 20_000);
        assert!(size_of::<Adwin>() <= 1024);
    }

    #[test]
    fn a_rise_is_seen() {
        let mut test = PageHinkley::default();
        assert_eq!((0..5_000).filter(|n| test.take(even(*n), 0.1, 20.0)).count(), 0);
        assert!((0..200).any(|n| test.take(even(n) + 0.5, 0.1, 20.0)));
    }
}
