use super::{Patience, Shape, Verdict};

/// How many things one conversation has going on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fan {
    open: u16,
    children: u16,
}

impl Fan {
    pub(super) fn begin(&mut self) {
        self.open = self.open.saturating_add(1);
    }
    pub(super) fn end(&mut self) {
        self.open = self.open.saturating_sub(1);
    }
    pub(super) fn judge(&self, limits: &Patience) -> Verdict {
        Verdict::at(Shape::Fan, self.open, limits.open)
    }
    pub(super) fn child(&mut self, depth: u16, limits: &Patience) -> Verdict {
        let deep = Verdict::at(Shape::Depth, depth, limits.depth);
        let verdict = Verdict::at(Shape::Children, self.children, limits.children).or(deep);
        if !matches!(verdict, Verdict::Pause(_)) {
            self.children = self.children.saturating_add(1);
        }
        verdict
    }
    /// After a person said yes: as many children again, while what is open stays open.
    pub(super) const fn resumed(self) -> Self {
        Self { children: 0, ..self }
    }
}
