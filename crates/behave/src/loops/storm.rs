use super::{Loop, Patience, Shape, Verdict};

/// The share of calls that failed: an exponential average over about eight calls.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Storm(f32);

impl Storm {
    const WEIGHT: f32 = 2.0 / 9.0;
    /// From where on the agent is told: three errors in a row.
    const TOLD: f32 = 0.52;

    pub(super) fn take(&mut self, failed: bool) {
        self.0 += Self::WEIGHT * (if failed { 1.0 } else { 0.0 } - self.0);
    }

    /// Holds calls of tools that fail. A tool that does not may end the storm.
    pub(super) fn judge(self, failing: bool, limits: &Patience) -> Verdict {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 100")]
        let found = Loop { shape: Shape::Storm, times: (self.0 * 100.0) as u16 };
        match failing {
            true if self.0 > limits.errors => Verdict::Pause(found),
            true if self.0 > Self::TOLD.min(limits.errors) => Verdict::Hint(found),
            _ => Verdict::Go,
        }
    }
}
