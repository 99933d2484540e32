use doorward_vocab::{Clock, Entropy, Timestamp};
use parking_lot::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }
}

/// The randomness of the operating system, drawn 4 KiB at a time: one call in 256 pays for the others.
#[derive(Debug, Default)]
pub struct OsEntropy {
    stock: Mutex<Vec<[u8; 16]>>,
}

impl Entropy for OsEntropy {
    fn draw(&self) -> [u8; 16] {
        let mut stock = self.stock.lock();
        if let Some(bytes) = stock.pop() {
            return bytes;
        }
        let mut fresh = [0; 4096];
        fill(&mut fresh);
        let (chunks, _) = fresh.as_chunks::<16>();
        stock.extend_from_slice(chunks);
        // INVARIANT: the stock was just filled.
        stock.pop().unwrap_or_default()
    }
}

/// Fills `out` with unpredictable bytes.
///
/// # Panics
/// When the operating system has no randomness: going on with predictable ids and keys would be worse.
#[expect(clippy::panic, reason = "without randomness no id, token or key can be made; the process must not go on")]
pub(crate) fn fill(out: &mut [u8]) {
    if aws_lc_rs::rand::fill(out).is_err() {
        panic!("the operating system gives no randomness");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_draw_repeats() {
        let entropy = OsEntropy::default();
        let drawn: HashSet<_> = (0..1000).map(|_| entropy.draw()).collect();
        assert_eq!(drawn.len(), 1000);
    }

    #[test]
    fn the_clock_is_of_this_century() {
        assert!(SystemClock.now().secs() > 1_700_000_000);
    }
}
