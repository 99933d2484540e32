use std::fmt;

/// What is to be done with a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    #[default]
    Go,
    /// It goes, and the agent is told that it seems to go in circles.
    Hint(Loop),
    /// It is held until a person has looked.
    Pause(Loop),
}

impl Verdict {
    /// The graver of the two; of equals the first.
    #[must_use]
    pub(crate) const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Pause(_), _) | (Self::Hint(_), Self::Go | Self::Hint(_)) => self,
            (Self::Hint(_) | Self::Go, _) => other,
        }
    }
    /// A pause from `most` on, a hint from three fifths of it on.
    pub(crate) fn at(shape: Shape, times: u16, most: u16) -> Self {
        let found = Loop { shape, times };
        match times {
            _ if times >= most => Self::Pause(found),
            _ if u32::from(times) * 5 >= u32::from(most) * 3 && times > 1 => Self::Hint(found),
            _ => Self::Go,
        }
    }
}

/// A loop that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    /// Its shape.
    pub shape: Shape,
    /// How often it went round, or how many there are.
    pub times: u16,
}

/// The shapes of loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The same call got the same answer.
    Repeat,
    /// A run of so many calls came again and again with the same answers.
    Cycle {
        /// Calls of one round.
        period: u8,
    },
    /// Two tools take turns, and little of what they answer is new.
    Volley,
    /// Nearly all calls fail.
    Storm,
    /// Calls bring nothing new.
    Stale,
    /// Too many calls are open at one time.
    Fan,
    /// Too many conversations were begun by one.
    Children,
    /// Conversations begin conversations that begin conversations.
    Depth,
}

/// For people and for the agent.
impl fmt::Display for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = self.times;
        match self.shape {
            Shape::Repeat => write!(f, "the same call got the same answer {times} times"),
            Shape::Cycle { period } => write!(f, "the same {period} calls got the same answers {times} times in a row"),
            Shape::Volley => write!(f, "two tools took turns {times} times and said little that is new"),
            Shape::Storm => write!(f, "{times} % of the last calls failed"),
            Shape::Stale => write!(f, "{times} calls in a row brought nothing new"),
            Shape::Fan => write!(f, "{times} calls wait for their answers"),
            Shape::Children => write!(f, "{times} other conversations were begun by this one"),
            Shape::Depth => write!(f, "conversations begin conversations {times} deep"),
        }
    }
}
