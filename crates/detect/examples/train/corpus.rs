//! Labelled texts.

use doorward_vocab::Channel;
use serde::Deserialize;
use std::{fs, ops::Range, path::Path};

/// A labelled text.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) source: String,
    pub(crate) technique: String,
    pub(crate) kind: String,
    pub(crate) attack: bool,
    /// Whether it counts for thresholds.
    pub(crate) first_tier: bool,
    pub(crate) text: String,
    /// The bytes that were planted, where they are known.
    pub(crate) span: Option<Range<usize>>,
}

impl Row {
    /// Whether it is what a server sends to an agent.
    pub(crate) fn is_content(&self) -> bool {
        self.kind == "tool_output" || self.is_definition()
    }
    pub(crate) fn is_definition(&self) -> bool {
        self.kind == "tool_description"
    }
    /// Whether a person said it.
    pub(crate) fn is_turn(&self) -> bool {
        self.kind == "user_turn"
    }
    pub(crate) fn channel(&self) -> Channel {
        match &*self.kind {
            "tool_description" => Channel::Definition,
            "user_turn" => Channel::Turn,
            "tool_args" => Channel::Arguments,
            _ => Channel::Result,
        }
    }
}

/// What is not looked at while the classifiers are worked on, so that one figure at least is nobody's doing: sources, and
/// techniques of sources that are not held back as a whole.
const HELD: &[&str] = &[
    "spikee",
    "mcp-defense-bench",
    "docs-contextforge",
    "github-mcp-server",
    "google_workspace_mcp",
    "livemcpbench-outputs",
    "giskard",
    "piguard-valid",
    "bipia_alphanumeric_substitution",
    "bipia_cookie_theft",
    "bipia_content_creation",
    "bipia_crippling_critical_infrastructures",
    "bipia_dumpster_diving",
    "bipia_information_retrieval",
    "bipia_language_translation",
    "bipia_memory_scanning",
    "bipia_persuasion",
    "bipia_programming_help",
];

impl Row {
    /// Whether it is held back.
    pub(crate) fn is_held(&self) -> bool {
        HELD.iter().any(|held| *held == self.source || *held == self.technique)
    }
}

#[derive(Deserialize)]
struct Line {
    source: String,
    technique: String,
    kind: String,
    label: String,
    #[serde(default = "one")]
    tier: u8,
    text: String,
    span: Option<[usize; 2]>,
}

fn one() -> u8 {
    1
}

/// The rows of a folder, in the order of its files and their lines.
pub(crate) fn load(folder: &Path) -> Result<Vec<Row>, String> {
    let shown = folder.display();
    let entries = fs::read_dir(folder).map_err(|e| format!("cannot read `{shown}`: {e}"))?;
    let mut files: Vec<_> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension().is_some_and(|e| e == "jsonl")).collect();
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|e| format!("cannot read `{}`: {e}", file.display()))?;
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            let line: Line = serde_json::from_str(line).map_err(|e| format!("`{}`: {e}", file.display()))?;
            let Line { source, technique, kind, label, tier, text, span } = line;
            let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(b, _)| b);
            let span = span.map(|[a, b]| byte(a)..byte(b));
            rows.push(Row { source, technique, kind, attack: label == "attack", first_tier: tier == 1, span, text });
        }
    }
    Ok(rows)
}
