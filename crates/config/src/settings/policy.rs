use crate::{Mistake, files, section::Section, value::Item};
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

impl PolicyFiles {
    pub(crate) fn read(section: Section<'_>) -> Self {
        let base = |item: &Item<'_>| item.choice(&[("level", PolicyBase::Level), ("none", PolicyBase::None)]);
        let mut read = Self {
            patterns: section.get("files", Item::texts).unwrap_or_default(),
            files: Vec::new(),
            base: section.get("base", base).unwrap_or_default(),
        };
        for pattern in &read.patterns {
            match files::expand(&section.reading.folder, pattern) {
                Ok(found) if found.is_empty() => {
                    let mistake = Mistake::error(format!("no file fits `{pattern}`"));
                    section
                        .reading
                        .tell(section.spot("files"), mistake.label("relative patterns start beside this file"));
                }
                Ok(found) => read.files.extend(found),
                Err(e) => {
                    let mistake = Mistake::error(format!("cannot look for `{pattern}`: {}", crate::load::said(&e)));
                    section.reading.tell(section.spot("files"), mistake);
                }
            }
        }
        read.files.sort();
        read.files.dedup();
        if read.base == PolicyBase::None && read.files.is_empty() && !section.has("files") {
            let mistake = Mistake::warning("nothing is permitted: `base` is `none` and there are no `files`");
            section.reading.tell(section.spot("base"), mistake);
        }
        section.finish();
        read
    }
}
