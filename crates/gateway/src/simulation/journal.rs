use super::dice::Dice;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};
use tokio::time::Instant;

/// A client, and on whose behalf it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) client: usize,
    pub(super) principal: usize,
}

/// What happened in a run, what should not have, and whose each call is: each carries a word of its own, that its server
/// says again in everything that belongs to it.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) seed: u64,
    began: Instant,
    lines: Mutex<Vec<String>>,
    broken: Mutex<Vec<String>>,
    words: AtomicU64,
    owners: Mutex<BTreeMap<String, Who>>,
    executed: Mutex<BTreeMap<String, u32>>,
}

impl Journal {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            began: Instant::now(),
            lines: Mutex::default(),
            broken: Mutex::default(),
            words: AtomicU64::new(0),
            owners: Mutex::default(),
            executed: Mutex::default(),
        }
    }
    pub(super) fn dice(&self, purpose: &str) -> Dice {
        Dice::of(self.seed, purpose)
    }
    pub(super) fn say(&self, what: impl AsRef<str>) {
        let at = self.began.elapsed().as_secs_f64();
        self.lines.lock().push(format!("{at:>10.3} {}", what.as_ref()));
    }
    /// An invariant does not hold.
    pub(super) fn broken(&self, what: impl AsRef<str>) {
        self.say(format!("BROKEN {}", what.as_ref()));
        self.broken.lock().push(what.as_ref().to_owned());
    }
    /// A word for a call of `who`.
    pub(super) fn word(&self, who: Who) -> String {
        let word = format!("w{}", self.words.fetch_add(1, Relaxed));
        self.owners.lock().insert(word.clone(), who);
        word
    }
    /// Whose the word is that `text` begins with.
    pub(super) fn owner(&self, text: &str) -> Option<Who> {
        self.owners.lock().get(text.split(' ').next()?).copied()
    }
    /// A server begins with a call that it has not seen before.
    pub(super) fn executed(&self, word: &str) {
        let mut executed = self.executed.lock();
        let times = executed.entry(word.to_owned()).or_default();
        *times += 1;
        if *times > 1 {
            let what = format!("{word} was executed {times} times");
            drop(executed);
            self.broken(what);
        }
    }
    pub(super) fn close(&self) -> (Vec<String>, Vec<String>) {
        (std::mem::take(&mut *self.lines.lock()), std::mem::take(&mut *self.broken.lock()))
    }
}
