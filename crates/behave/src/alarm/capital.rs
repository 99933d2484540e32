/// A bet against the shares of an agent's conversations being even: it wins where small ones are more often than they should be.
/// Where they are even, it reaches 1/α at any time with a chance of α at most (Ville). A part of it stands aside and comes
/// in over time, so that an agent which was honest for a year is not trusted for another (the jumper of Vovk et al., 2021).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capital {
    /// What stands aside, and what is bet at each strength.
    parts: [f64; 1 + STRENGTHS.len()],
}

/// Exponents of the bets `ε · p^(ε-1)`: the smaller, the more is bet on very small shares.
const STRENGTHS: [f64; 4] = [0.1, 0.3, 0.5, 0.8];
/// The share of the whole that is dealt out anew each time.
const JUMP: f64 = 0.01;

impl Default for Capital {
    fn default() -> Self {
        Self { parts: [1.0 / (1 + STRENGTHS.len()) as f64; 1 + STRENGTHS.len()] }
    }
}

impl Capital {
    /// What it has become.
    pub fn value(&self) -> f64 {
        self.parts.iter().sum()
    }

    /// A conversation has ended with this share.
    pub fn bet(&mut self, share: f64) {
        let share = share.clamp(1e-9, 1.0);
        let dealt = self.value() * JUMP / self.parts.len() as f64;
        let gains = std::iter::once(1.0).chain(STRENGTHS.iter().map(|e| e * share.powf(e - 1.0)));
        for (part, gain) in self.parts.iter_mut().zip(gains) {
            *part = (*part * (1.0 - JUMP) + dealt) * gain;
        }
    }

    /// Whether it has become what it becomes once in 1/α agents.
    pub fn alarms(&self, alpha: f64) -> bool {
        self.value() >= 1.0 / alpha
    }
}
