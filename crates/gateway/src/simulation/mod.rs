//! Thousands of interleavings of what clients and servers do to each other: take back, hang up, come back, ask, answer
//! wrongly or never, die and start anew. One thread, time that only passes when nobody has anything to do, and chance from
//! a seed: a failing run is its number.
//!
//! | file | story |
//! |---|---|
//! | `world` | one run: a gateway, its servers and clients, and what must be true when all are gone |
//! | `modern`, `legacy` | clients of either era at the door, without a socket |
//! | `server`, `play` | servers at the end of pipes, and what they do with a request |
//! | `exchange` | what HTTP would carry |
//! | `journal`, `dice` | what happened, whose each call is, and chance |
//!
//! What is seen by clients is what the doors give; what servers see is what the pipes carry. The invariants are checked
//! where they could break first.
//!
//! `DOORWARD_SIM_SEEDS` says how many runs, `DOORWARD_SIM_FROM` which comes first.

mod dice;
mod exchange;
mod journal;
mod legacy;
mod modern;
mod play;
mod server;
mod world;

use parking_lot::Mutex;
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};

/// Runs of an ordinary test.
const RUNS: u64 = 200;

fn from_env(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |n| n.parse().unwrap())
}

/// What happened in the run of `seed`, and what should not have.
fn run(seed: u64) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(world::play(seed, folder.path()))
}

/// Plays the runs on all processors, each on one thread; what fails is told with the shortest of its logs.
#[test]
fn nothing_is_lost_mixed_up_or_left() {
    let (first, runs) = (from_env("DOORWARD_SIM_FROM", 0), from_env("DOORWARD_SIM_SEEDS", RUNS));
    let (next, failed) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    thread::scope(|all| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            all.spawn(|| {
                while let Some(seed) = Some(next.fetch_add(1, Relaxed)).filter(|seed| *seed < first + runs) {
                    let (lines, broken) = run(seed);
                    if !broken.is_empty() {
                        failed.lock().push((lines, seed, broken));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner();
    failed.sort_by_key(|(lines, seed, _)| (lines.len(), *seed));
    for (_, seed, broken) in failed.iter().skip(1) {
        println!("seed {seed}: {}", broken[0]);
    }
    if let Some((lines, seed, broken)) = failed.first() {
        panic!("{} of {runs} runs failed\nseed {seed}: {broken:#?}\n{}", failed.len(), lines.join("\n"));
    }
}

/// A seed is a run: all that happens follows from it.
#[test]
fn a_seed_says_it_all() {
    for seed in 0..10 {
        let (first, again) = (run(seed).0, run(seed).0);
        assert!(first.len() > 5, "{first:?}");
        for (n, (a, b)) in first.iter().zip(&again).enumerate() {
            assert_eq!(a, b, "seed {seed}, line {n}");
        }
        assert_eq!(first.len(), again.len(), "seed {seed}");
    }
}
