use std::fmt;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Unit {
    /// Calls.
    Calls,
    /// Tokens of arguments and results.
    Tokens,
    /// Millionths of the operator's currency.
    Money,
    /// Microseconds in which servers were busy.
    Time,
}

impl Unit {
    /// All units, in order of declaration.
    pub const ALL: [Self; 4] = [Self::Calls, Self::Tokens, Self::Money, Self::Time];
}

/// In the plural, after a number.
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calls => "calls",
            Self::Tokens => "tokens",
            Self::Money => "millionths of money",
            Self::Time => "microseconds of servers",
        })
    }
}

/// An amount of each unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cost {
    /// Calls.
    pub calls: u64,
    /// Tokens.
    pub tokens: u64,
    /// Millionths of the operator's currency.
    pub money: u64,
    /// Microseconds.
    pub time: u64,
}

impl Cost {
    /// As much as there is of everything.
    pub const UNBOUNDED: Self = Self { calls: u64::MAX, tokens: u64::MAX, money: u64::MAX, time: u64::MAX };

    /// One call that costs so many tokens.
    pub const fn call(tokens: u64) -> Self {
        Self { calls: 1, tokens, money: 0, time: 0 }
    }
    /// The amount of one unit.
    pub const fn of(&self, unit: Unit) -> u64 {
        match unit {
            Unit::Calls => self.calls,
            Unit::Tokens => self.tokens,
            Unit::Money => self.money,
            Unit::Time => self.time,
        }
    }
    /// The same with no more of one unit than this.
    #[must_use]
    pub fn at_most(mut self, unit: Unit, most: u64) -> Self {
        let own = match unit {
            Unit::Calls => &mut self.calls,
            Unit::Tokens => &mut self.tokens,
            Unit::Money => &mut self.money,
            Unit::Time => &mut self.time,
        };
        *own = most.min(*own);
        self
    }
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }
    /// What is left of this without the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.each(other, u64::saturating_sub)
    }
    fn each(self, other: Self, both: fn(u64, u64) -> u64) -> Self {
        Self {
            calls: both(self.calls, other.calls),
            tokens: both(self.tokens, other.tokens),
            money: both(self.money, other.money),
            time: both(self.time, other.time),
        }
    }
}
