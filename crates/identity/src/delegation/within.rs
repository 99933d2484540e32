use super::{Delegation, Limits};

impl Delegation {
    /// Whether all of it lies within `parent`, from which it was made: nothing that `parent` does not cover is covered
    /// by it, and it ends no later. What [`Delegation::narrowed`] gives does.
    pub fn is_within(&self, parent: &Self) -> bool {
        self.parent.as_ref() == Some(&parent.id)
            && self.human == parent.human
            && self.owner == parent.owner
            && self.reach.is_within(&parent.reach)
            && self.scopes.is_subset(&parent.scopes)
            && self.limits.are_within(&parent.limits)
            && self.depth < parent.depth
            && self.not_before >= parent.not_before
            && at_most(self.expires.as_ref(), parent.expires.as_ref())
    }
}

impl Limits {
    /// Whether each of these limits is as tight as the other's, or tighter.
    pub fn are_within(&self, other: &Self) -> bool {
        let effects = match (&self.effects, &other.effects) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(ours), Some(theirs)) => ours.is_subset(theirs),
        };
        effects
            && at_most(self.amount.as_ref(), other.amount.as_ref())
            && at_most(self.sinks.as_ref(), other.sinks.as_ref())
    }
}

/// Whether a limit is no larger than another; none is no limit.
fn at_most<T: Ord>(ours: Option<&T>, theirs: Option<&T>) -> bool {
    match (ours, theirs) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(ours), Some(theirs)) => ours <= theirs,
    }
}
