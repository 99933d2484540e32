use doorward_vocab::Mode;
use serde::Serialize;
use std::collections::BTreeMap;

/// What detectors do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Detect {
    /// The detectors that differ from the mode of the server, by name.
    pub modes: BTreeMap<String, DetectorMode>,
}

/// What a detector does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DetectorMode {
    /// It does not look.
    Off,
    /// It looks, and what it finds is recorded.
    Observe,
    /// What it finds decides.
    Enforce,
}

impl Detect {
    /// What `detector` does where the mode in force is `mode`. Observing never becomes enforcing through a detector.
    pub fn mode_of(&self, detector: &str, mode: Mode) -> DetectorMode {
        match (self.modes.get(detector), mode) {
            (Some(DetectorMode::Off), _) => DetectorMode::Off,
            (Some(DetectorMode::Observe), _) | (_, Mode::Observe) => DetectorMode::Observe,
            (Some(DetectorMode::Enforce) | None, Mode::Enforce) => DetectorMode::Enforce,
        }
    }
}
