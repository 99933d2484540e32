use serde::Serialize;
use std::path::PathBuf;

/// The policy set in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PolicyFiles {
    /// The patterns of the file, for watching.
    pub patterns: Vec<String>,
    /// The policy files that the patterns name, sorted, each once.
    pub files: Vec<PathBuf>,
    /// What the files add to.
    pub base: PolicyBase,
}

/// What policy files add to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyBase {
    /// The built-in policies of the level.
    #[default]
    Level,
    /// Nothing: only what the files permit is permitted.
    None,
}
