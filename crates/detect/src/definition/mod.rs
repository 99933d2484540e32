//! Definitions as contracts: the digest by which one is pinned, and the effects that its words promise.

mod canonical;
pub mod change;
mod effects;

pub use canonical::{CanonicalError, canonical, digest};
pub use effects::{Annotations, EffectRule, EffectRuleError, infer_effects, is_false_read_only, overridden};

use doorward_vocab::Effects;

/// What a tool does by its own words, as [`infer_effects`] says; unknown where it is no definition.
pub fn declared_effects(definition: &[u8]) -> Effects {
    serde_json::from_slice(definition).map_or(Effects::NONE, |tool| change::effects(&tool))
}
