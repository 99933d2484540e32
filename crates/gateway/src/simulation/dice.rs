use std::time::Duration;

/// Everything that is left to chance in a run, from its seed (splitmix64).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice of their own for one purpose, so that what one party does moves nobody else's luck.
    pub(super) fn of(seed: u64, purpose: &str) -> Self {
        let salt =
            purpose.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let mut dice = Self(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ salt);
        dice.roll();
        dice
    }
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }
    /// Whether something happens that happens so often in a hundred times.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let n = usize::try_from(self.below(all.len() as u64)).unwrap();
        all[n]
    }
    /// A while: mostly so short that many things happen in the same moment, sometimes longer than somebody's patience.
    pub(super) fn pause(&mut self) -> Duration {
        let ms = match self.below(20) {
            0..8 => 0,
            8..15 => self.below(6),
            15..18 => self.below(300),
            18 => self.below(8_000),
            _ => self.below(90_000),
        };
        Duration::from_millis(ms)
    }
    /// Lets time pass, or only others have their turn.
    pub(super) async fn idle(&mut self) {
        match self.pause() {
            Duration::ZERO => {
                for _ in 0..self.below(4) {
                    tokio::task::yield_now().await;
                }
            }
            pause => tokio::time::sleep(pause).await,
        }
    }
}
