use crate::Sum;

/// Scores of the last clean conversations, in order. Twelve KiB.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reservoir {
    sorted: Vec<f32>,
    /// The same as they came; the oldest is at `next` once it is full.
    came: Vec<f32>,
    next: usize,
}

impl Reservoir {
    /// How many scores are kept: an alarm once in a thousand needs more than a thousand.
    pub const KEPT: usize = 1536;

    /// The share of clean conversations that are at least as strange, this one counted in: a p-value. Among equal scores a
    /// keyed sum of the conversation decides, so that nobody chooses to be on the better side.
    pub fn share(&self, score: f32, conversation: Sum) -> f64 {
        let above = self.sorted.len() - self.sorted.partition_point(|kept| *kept <= score);
        let equal = self.sorted.len() - above - self.sorted.partition_point(|kept| *kept < score);
        (above as f64 + conversation.fraction() * (equal as f64 + 1.0)) / (self.sorted.len() as f64 + 1.0)
    }

    /// Takes in the score of a clean conversation. The oldest goes.
    pub fn take(&mut self, score: f32) {
        if self.came.len() < Self::KEPT {
            self.came.push(score);
        } else if let Some(oldest) = self.came.get_mut(self.next) {
            let at = self.sorted.partition_point(|kept| kept < oldest);
            self.sorted.remove(at.min(self.sorted.len() - 1));
            *oldest = score;
            self.next = (self.next + 1) % Self::KEPT;
        }
        self.sorted.insert(self.sorted.partition_point(|kept| *kept < score), score);
    }

    /// How many scores there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }
    /// The scores as they came, the oldest first.
    pub fn scores(&self) -> impl Iterator<Item = f32> + '_ {
        let (newer, older) = self.came.split_at(self.next.min(self.came.len()));
        older.iter().chain(newer).copied()
    }
}
