use crate::{Mistake, section::Section, value::Item};
use serde::Serialize;

/// The diagnostic log on standard error. The trail is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Log {
    /// What is logged: a level, or `target=level` pairs with commas; `info`.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How lines of the diagnostic log look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".into(), format: LogFormat::Text }
    }
}

impl Log {
    pub(crate) fn read(section: Section<'_>) -> Self {
        let default = Self::default();
        let format = |item: &Item<'_>| item.choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]);
        let read = Self {
            filter: section.get("filter", filter).unwrap_or(default.filter),
            format: section.get("format", format).unwrap_or(default.format),
        };
        section.finish();
        read
    }
}

/// `info`, or `warn,doorward_transport=debug`.
fn filter(item: &Item<'_>) -> Result<String, Mistake> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let text = item.text()?;
    for part in text.split(',') {
        let level = part.rsplit('=').next().unwrap_or(part).trim();
        if !LEVELS.contains(&level) {
            let label = crate::nearest::suggest(level, LEVELS);
            return Err(Mistake::error(format!("unknown log level `{level}`")).label(label));
        }
    }
    Ok(text.to_owned())
}
