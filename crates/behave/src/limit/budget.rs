use super::{
    cost::{Cost, Unit},
    holder::Scope,
    ledger::Exhausted,
};

/// What one conversation may use in all, as its mandate says. It does not flow in again: a person gives more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    most: Cost,
    spent: Cost,
    reserved: Cost,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Cost::UNBOUNDED)
    }
}

impl Budget {
    /// A budget of which nothing was spent.
    pub fn new(most: Cost) -> Self {
        Self { most, spent: Cost::default(), reserved: Cost::default() }
    }

    /// Reserves a cost.
    ///
    /// # Errors
    /// There is less left of something.
    pub fn reserve(&mut self, cost: Cost) -> Result<(), Exhausted> {
        let left = self.left();
        if let Some(unit) = Unit::ALL.into_iter().find(|unit| cost.of(*unit) > left.of(*unit)) {
            return Err(Exhausted { scope: Scope::Conversation, unit, left: left.of(unit), wait: None });
        }
        self.reserved = self.reserved.plus(cost);
        Ok(())
    }

    /// Reserves a cost though there may be less left.
    pub fn overdraw(&mut self, cost: Cost) {
        self.reserved = self.reserved.plus(cost);
    }

    /// Takes what it was instead of what was reserved.
    pub fn settle(&mut self, reserved: Cost, actual: Cost) {
        self.reserved = self.reserved.minus(reserved);
        self.spent = self.spent.plus(actual);
    }

    /// A person gives more.
    pub fn top_up(&mut self, more: Cost) {
        self.most = self.most.plus(more);
    }

    /// What is left.
    pub fn left(&self) -> Cost {
        self.most.minus(self.spent).minus(self.reserved)
    }

    /// What was spent.
    pub const fn spent(&self) -> Cost {
        self.spent
    }
}
