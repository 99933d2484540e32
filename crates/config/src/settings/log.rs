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
