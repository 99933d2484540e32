//! Definitions as contracts: the digest by which one is pinned, the effects that its words promise, what its schema asks for.

mod asks;
mod behaviour;
mod canonical;
pub mod change;
mod classes;
mod effects;

pub use asks::{Ask, Wanted, asks};
pub use behaviour::reports_change;
pub use canonical::{CanonicalError, canonical, digest};
pub use classes::{DataClass, data_classes};
pub use effects::{Annotations, EffectRule, EffectRuleError, infer_effects, overridden};

use doorward_vocab::Effects;

/// Whether a tool says of itself that it only reads, and its name, its text or its parameters say something else.
pub fn has_false_read_only(definition: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(definition).is_ok_and(|tool| {
        let claimed = tool.pointer("/annotations/readOnlyHint").and_then(serde_json::Value::as_bool);
        claimed == Some(true) && change::effects(&tool).is_sink()
    })
}

/// What a tool does by its own words, as [`infer_effects`] says; unknown where it is no definition.
pub fn declared_effects(definition: &[u8]) -> Effects {
    serde_json::from_slice(definition).map_or(Effects::NONE, |tool| change::effects(&tool))
}
