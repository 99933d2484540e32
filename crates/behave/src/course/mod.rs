//! Does a conversation leave its course? Each call is weighed by what speaks for a change of hands: what it does, where
//! its values come from, whether it was asked for, what was done before. No text is looked at, so that no wording hides anything,
//! and none betrays it.
//!
//! It ranks calls. By itself it is too weak to refuse one: it says which of them a person should see.

mod sign;

pub use sign::{Course, Sign, SignKind};

use crate::{
    event::Call,
    learner::{Learner, slot},
};

/// What is known of calls of conversations that were taken over, and of those that were not.
#[derive(Clone, Debug, Default)]
pub struct Courses {
    learner: Learner,
}

/// The signs of a call with what each says, in bits: the greater, the likelier somebody else is at work.
#[derive(Clone, Debug, Default)]
pub struct Weighed {
    /// All of them together.
    pub bits: f32,
    /// One by one.
    pub signs: Vec<(Sign, f32)>,
}

/// From natural logarithms to bits.
const BITS: f32 = std::f32::consts::LOG2_E;

impl Courses {
    /// Weighs a call that comes next.
    pub fn weigh(&self, course: &Course, call: &Call) -> Weighed {
        let signs = course.signs(call);
        let share = share(signs.len());
        let each = |sign: Sign| (sign, self.learner.weight(sign.sum()) * share * BITS);
        let signs: Vec<(Sign, f32)> = signs.into_iter().map(each).collect();
        let bits = signs.iter().map(|(_, bits)| bits).sum::<f32>() + self.learner.bias() * BITS;
        Weighed { bits, signs }
    }

    /// Learns one call: whether it was made for somebody else than the human.
    pub fn learn(&mut self, course: &Course, call: &Call, foreign: bool, importance: f32) {
        let signs = course.signs(call);
        let share = share(signs.len());
        let bag: Vec<(u16, f32)> = signs.iter().map(|sign| (slot(sign.sum()), share)).collect();
        self.learner.learn(&bag, foreign, importance);
    }
}

/// Calls with many arguments have many signs, which say much the same.
fn share(signs: usize) -> f32 {
    3.0 / (signs.max(1) as f32).sqrt()
}
