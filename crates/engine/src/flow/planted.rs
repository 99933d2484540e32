//! What one conversation took from a stranger and left at a server does not decide what another one does that reads it
//! there: not whom something reaches, where it goes, what is run, and not what opens something.

use super::{
    Wrong,
    traced::{Leaf, Traced, place},
};
use doorward_flow::{From, Source};
use doorward_intent::{Intent, Role};

/// Arguments that decide and were left by another conversation.
pub(super) fn planted(intent: &Intent, traced: &Traced) -> Vec<Wrong> {
    let decides = |leaf: &&Leaf| leaf.role.is_recipient() || matches!(leaf.role, Role::Command | Role::Secret);
    let found = |leaf: &Leaf| left(intent, leaf).map(|source| (leaf.pointer.clone(), source));
    let all = traced.leaves().filter(decides).filter_map(found);
    let wrong = |(pointer, source)| Wrong {
        // Without a turn nobody knows what the human means.
        can_be_asked: !intent.has_turns(),
        why: format!("`{pointer}` is out of {}", place(&source)),
    };
    all.map(wrong).collect()
}

/// Where something of an argument was left, unless the human said it in this conversation.
fn left(intent: &Intent, leaf: &Leaf) -> Option<Source> {
    if intent.was_said(&leaf.text) {
        return None;
    }
    leaf.origin.parts.iter().find_map(|part| {
        let sources: Vec<Source> =
            part.places.iter().filter_map(|place| intent.index().source(place.source())).collect();
        let said = sources.iter().any(|source| matches!(source.from, From::Turn(_)));
        sources.into_iter().find(|source| !said && matches!(source.from, From::Written(_)))
    })
}
