use crate::{Mistake, nearest, section::Section};
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

const MODES: [(&str, DetectorMode); 3] =
    [("off", DetectorMode::Off), ("observe", DetectorMode::Observe), ("enforce", DetectorMode::Enforce)];

impl Detect {
    pub(crate) fn read(section: Section<'_>) -> Self {
        let mut modes = BTreeMap::new();
        for (span, item) in section.entries() {
            if let Some(known) = section.reading.known.detectors.as_ref().filter(|k| !k.contains(&item.key.as_str())) {
                let mistake = Mistake::error(format!("unknown detector `{}`", item.key));
                let label = nearest::suggest(&item.key, known.iter().copied());
                section.reading.tell(span, mistake.label(label));
                continue;
            }
            match item.choice(&MODES) {
                Ok(mode) => drop(modes.insert(item.key, mode)),
                Err(mistake) => section.reading.tell(item.span, mistake),
            }
        }
        Self { modes }
    }
}
