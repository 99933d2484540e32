//! A classifier of our own: does a sentence of a text give orders to an agent that reads it?
//!
//! It sees what words do and not which words they are ([`words`]), in sentences and fields ([`sentences`]), with what stands
//! around them ([`features`]), and adds up weights that were learned ([`model`]). How it was trained, what it can do and what
//! it cannot, is in `MODEL_CARD.md`.

mod bytes;
pub mod features;
mod lexicon;
pub mod model;
mod regions;
pub mod sentences;
pub mod words;

pub use regions::{Region, regions};

use features::Features;
use model::Model;
use sentences::Sentences;

/// The name of the detector that runs it.
pub(crate) const NAME: &str = "learned-injection";

/// The scores of the sentences of a text, in their order.
pub fn scores(text: &Sentences, definition: bool, model: &Model) -> Vec<f32> {
    // Most texts say nothing to anybody, and need no table.
    if text.list.is_empty() {
        return Vec::new();
    }
    let mut features = Features::default();
    let score = |at| {
        features.of(text, at, definition);
        model.score(&features.places)
    };
    (0..text.list.len()).map(score).collect()
}
