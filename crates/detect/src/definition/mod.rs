//! Definitions as contracts: the digest by which one is pinned, and the effects that its words promise.

mod canonical;
pub mod change;
mod effects;

pub use canonical::{CanonicalError, canonical, digest};
pub use effects::{Annotations, EffectRule, EffectRuleError, infer_effects, overridden};
