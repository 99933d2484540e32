//! One file per detector; the list below is what runs.

mod hidden_markup;
mod hidden_unicode;
mod imperative;
mod learned_injection;
mod over_reach;
mod secret_shape;
mod shadowing;

use crate::Detector;
pub use shadowing::DefinitionContext;

/// All detectors. To add one: a file, its `mod` line, and a line here.
pub const DETECTORS: &[&dyn Detector] = &[
    &hidden_unicode::HiddenUnicode,
    &hidden_markup::HiddenMarkup,
    &imperative::Imperative,
    &learned_injection::LearnedInjection,
    &over_reach::OverReach,
    &shadowing::Shadowing,
    &secret_shape::SecretShape,
];
