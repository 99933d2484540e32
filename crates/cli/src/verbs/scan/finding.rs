use doorward_vocab::Severity;
use serde::Serialize;

/// One thing that was found in what a server declares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ScanFinding {
    pub(super) server: String,
    #[serde(flatten)]
    pub(super) place: Place,
    /// The rule: a detector, or what a change means.
    pub(super) rule: String,
    pub(super) severity: Severity,
    pub(super) message: String,
}

/// Where it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Place {
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// A JSON pointer into the definition; empty for the whole.
    pub(super) pointer: String,
}

impl ScanFinding {
    /// Whether it is more than a note.
    pub(super) fn counts(&self) -> bool {
        self.severity >= Severity::Medium
    }
}
