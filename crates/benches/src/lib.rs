//! A stopwatch for small things: what one call of a function costs, in nanoseconds.
//!
//! A batch is as many calls as take about two milliseconds, so that the clock costs nothing; many batches are run.
//! The best of them is what the code costs, the median what it costs on this machine now. Compare figures of one run.
//!
//! ```
//! use doorward_benches::{Mode, Suite};
//! let mut suite = Suite::new(Mode::Once, None);
//! suite.bench("addition", || std::hint::black_box(2) + 2);
//! suite.bench_bytes("copying", 4096, || [0_u8; 4096].to_vec());
//! ```

mod policies;

pub use policies::policies;

use std::hint::black_box;
use std::time::{Duration, Instant};

const BATCH: Duration = Duration::from_millis(2);
const BATCHES: usize = 100;

/// Whether the figures are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Run each closure until its figures are steady, and print them.
    Measure,
    /// Run each closure once: it works.
    Once,
}

/// Runs benchmarks whose name holds a word, and prints a line for each.
#[derive(Debug)]
pub struct Suite {
    mode: Mode,
    filter: Option<String>,
    group: &'static str,
}

/// Nanoseconds of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Of the quickest batch.
    pub best: f64,
    /// Of the batch in the middle.
    pub median: f64,
}

impl Suite {
    /// A suite of the benchmarks whose `group/name` contains `filter`.
    pub fn new(mode: Mode, filter: Option<String>) -> Self {
        Self { mode, filter, group: "" }
    }

    /// A suite as `cargo bench [FILTER]` and `cargo test --benches` ask for it; `None` when only a list was asked for.
    pub fn from_words(words: impl Iterator<Item = String>) -> Option<Self> {
        let words: Vec<_> = words.collect();
        if words.iter().any(|word| word == "--list") {
            return None;
        }
        let mode = if words.iter().any(|word| word == "--bench") { Mode::Measure } else { Mode::Once };
        Some(Self::new(mode, words.into_iter().find(|word| !word.starts_with('-'))))
    }

    /// The benchmarks that follow belong to this room.
    pub fn group(&mut self, name: &'static str) -> &mut Self {
        self.group = name;
        self
    }

    /// What one call of `run` costs.
    pub fn bench<T>(&mut self, name: &str, run: impl FnMut() -> T) {
        self.line(name, None, run);
    }

    /// What one call of `run` costs that goes over so many bytes; also told per KiB.
    pub fn bench_bytes<T>(&mut self, name: &str, bytes: usize, run: impl FnMut() -> T) {
        self.line(name, Some(bytes), run);
    }

    #[expect(clippy::print_stdout, reason = "a benchmark's output is its result")]
    fn line<T>(&mut self, name: &str, bytes: Option<usize>, mut run: impl FnMut() -> T) {
        let name = format!("{}/{name}", self.group);
        if self.filter.as_ref().is_some_and(|word| !name.contains(word)) {
            return;
        }
        if self.mode == Mode::Once {
            black_box(run());
            return;
        }
        let cost = measure(run);
        let per_kib = bytes.map(|bytes| format!("{:>10.1} ns/KiB", cost.best * 1024.0 / bytes as f64));
        println!("{name:<56}{:>12.1} ns best{:>12.1} ns median{}", cost.best, cost.median, per_kib.unwrap_or_default());
    }
}

/// What one call of `run` costs.
pub fn measure<T>(mut run: impl FnMut() -> T) -> Cost {
    let mut calls = 1_u32;
    let mut took = batch(calls, &mut run);
    while took < BATCH && calls < u32::MAX / 2 {
        calls *= 2;
        took = batch(calls, &mut run);
    }
    let mut costs: Vec<_> =
        (0..BATCHES).map(|_| batch(calls, &mut run).as_secs_f64() * 1e9 / f64::from(calls)).collect();
    costs.sort_by(f64::total_cmp);
    let at = |place: usize| costs.get(place).copied().unwrap_or(f64::NAN);
    Cost { best: at(0), median: at(BATCHES / 2) }
}

fn batch<T>(calls: u32, run: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(run());
    }
    start.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_chooses_by_group_and_name() {
        let mut ran = Vec::new();
        let mut suite = Suite::new(Mode::Once, Some("mcp/dec".to_owned()));
        suite.group("mcp").bench("decode", || ran.push("decode"));
        suite.group("mcp").bench("encode", || ());
        suite.group("vocab").bench("decode", || ());
        assert_eq!(ran, ["decode"]);
    }

    #[test]
    fn words_of_cargo() {
        let suite = |line: &str| Suite::from_words(line.split_whitespace().map(str::to_owned));
        assert!(suite("--list --format terse").is_none());
        assert_eq!(suite("--bench").unwrap().mode, Mode::Measure);
        let once = suite("detect").unwrap();
        assert_eq!((once.mode, once.filter.as_deref()), (Mode::Once, Some("detect")));
    }

    #[test]
    fn work_that_is_ten_times_longer_costs_more() {
        let sum = |to: u64| move || (0..black_box(to)).fold(0_u64, |sum, value| black_box(sum ^ value));
        let (short, long) = (measure(sum(100)), measure(sum(1000)));
        assert!(short.best > 0.0 && short.best <= short.median);
        assert!(long.best > 3.0 * short.best, "{short:?} {long:?}");
    }
}
