use crate::json::{Kind, Value};
use std::fmt;

/// The id of a JSON-RPC request: a string or an integer, never null, its JSON type kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    /// An integer.
    Int(i64),
    /// A string.
    Str(Box<str>),
}

impl Id {
    /// The id that `value` holds.
    pub fn read(value: Value<'_>) -> Option<Self> {
        match value.kind() {
            Kind::Number => value.as_i64().map(Self::Int),
            Kind::String => value.as_str().map(|s| Self::Str(s.into())),
            _ => None,
        }
    }
    /// The id that a JSON text holds.
    pub fn parse(json: &str) -> Option<Self> {
        if let Some(inner) = json.strip_prefix('"').and_then(|s| s.strip_suffix('"')) {
            if !inner.contains('\\') {
                return Some(Self::Str(inner.into()));
            }
            return serde_json::from_str::<Box<str>>(json).ok().map(Self::Str);
        }
        json.parse().ok().map(Self::Int)
    }
    /// Its JSON text.
    pub fn json(&self) -> String {
        match self {
            Self::Int(n) => n.to_string(),
            Self::Str(s) => crate::json::quote(s),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json())
    }
}
