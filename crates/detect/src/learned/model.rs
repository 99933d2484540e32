//! The weights, as they are kept: small whole numbers and what one of them is worth.

use super::features::PLACES;
use std::sync::LazyLock;

/// What was learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What a text is worth before anything is said in it.
    pub bias: f32,
    /// What one step of a weight is worth.
    pub step: f32,
    /// A score: from here on a sentence belongs to an order that stands beside it.
    pub beside: f32,
    /// A score: from here on a sentence is reported.
    pub report: f32,
    /// A score: from here on it is reported as severe.
    pub severe: f32,
    /// A weight for each place.
    pub weights: Vec<i8>,
}

/// How a file of weights begins.
const MARK: &[u8; 4] = b"DWL1";
/// The weights that are shipped; `cargo xtask train` writes them.
pub const SHIPPED: &[u8] = include_bytes!("weights.bin");
/// Those for what people say.
pub const TURNS: &[u8] = include_bytes!("turns.bin");

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::read(SHIPPED).unwrap_or_else(Model::silent));
static TURN_MODEL: LazyLock<Model> = LazyLock::new(|| Model::read(TURNS).unwrap_or_else(Model::silent));

impl Model {
    /// The one that is shipped for what servers send.
    pub fn shipped() -> &'static Self {
        &MODEL
    }

    /// The one that is shipped for what people say.
    pub fn shipped_for_turns() -> &'static Self {
        &TURN_MODEL
    }

    /// One that finds nothing.
    fn silent() -> Self {
        let never = f32::INFINITY;
        Self { bias: 0.0, step: 0.0, beside: never, report: never, severe: never, weights: vec![0; PLACES] }
    }

    /// The model within a file, if it is one.
    pub fn read(file: &[u8]) -> Option<Self> {
        let (numbers, weights) = file.strip_prefix(MARK)?.split_at_checked(20)?;
        let number = |at: usize| Some(f32::from_le_bytes(numbers.get(at * 4..at * 4 + 4)?.try_into().ok()?));
        let weights: Vec<i8> = weights.iter().map(|b| i8::from_le_bytes([*b])).collect();
        (weights.len() == PLACES).then_some(())?;
        Some(Self {
            bias: number(0)?,
            step: number(1)?,
            beside: number(2)?,
            report: number(3)?,
            severe: number(4)?,
            weights,
        })
    }

    /// The file of this model.
    pub fn write(&self) -> Vec<u8> {
        let numbers = [self.bias, self.step, self.beside, self.report, self.severe];
        let weights = self.weights.iter().map(|w| w.to_le_bytes()[0]);
        MARK.iter().copied().chain(numbers.into_iter().flat_map(f32::to_le_bytes)).chain(weights).collect()
    }

    /// The logarithm of the odds that what holds at these places is an order to the agent.
    pub fn score(&self, places: &[u16]) -> f32 {
        let sum: i32 = places.iter().filter_map(|p| self.weights.get(usize::from(*p))).map(|w| i32::from(*w)).sum();
        #[expect(clippy::cast_precision_loss, reason = "some hundred small numbers")]
        let sum = sum as f32;
        self.bias + self.step * sum
    }

    /// How sure a score is, 0 to 1: half where it is reported.
    pub fn confidence(&self, score: f32) -> f32 {
        1.0 / (1.0 + (self.report - score).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::digest::{SHA256, digest};

    #[test]
    fn the_weights_are_those_of_the_model_card() {
        for file in [SHIPPED, TURNS] {
            let sum: String = digest(&SHA256, file).as_ref().iter().map(|b| format!("{b:02x}")).collect();
            assert!(include_str!("MODEL_CARD.md").contains(&sum), "the model card does not name sha256 {sum}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for file in [SHIPPED, TURNS] {
            let model = Model::read(file).unwrap();
            assert_eq!(model.write(), file);
            assert!(model.beside < model.report && model.report < model.severe);
        }
        assert_eq!(Model::read(&SHIPPED[..100]), None);
        assert_eq!(Model::read(b""), None);
    }
}
