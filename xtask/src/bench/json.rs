//! JSON to write a report with; nothing is read.

use std::fmt::{self, Display, Write as _};

/// A value of a report.
#[derive(Debug)]
pub(super) enum Json {
    Null,
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn object<const N: usize>(members: [(&str, Json); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<f64>> for Json {
    fn from(number: Option<f64>) -> Self {
        number.filter(|number| number.is_finite()).map_or(Self::Null, Self::Number)
    }
}

impl Display for Json {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => to.write_str("null"),
            Self::Number(number) => write!(to, "{number}"),
            Self::Text(text) => quote(text, to),
            Self::List(values) => {
                to.write_char('[')?;
                for (at, value) in values.iter().enumerate() {
                    write!(to, "{}{value}", if at == 0 { "" } else { "," })?;
                }
                to.write_char(']')
            }
            Self::Object(members) => {
                to.write_char('{')?;
                for (at, (name, value)) in members.iter().enumerate() {
                    to.write_str(if at == 0 { "" } else { "," })?;
                    quote(name, to)?;
                    write!(to, ":{value}")?;
                }
                to.write_char('}')
            }
        }
    }
}

fn quote(text: &str, to: &mut fmt::Formatter<'_>) -> fmt::Result {
    to.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(to, "\\{character}")?,
            control if control < ' ' => write!(to, "\\u{:04x}", u32::from(control))?,
            other => to.write_char(other)?,
        }
    }
    to.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_a_parser_reads() {
        let value = Json::object([
            ("a\"b", Json::List(vec![Json::Number(1.5), Json::Number(3.0), Json::from(Some(f64::NAN))])),
            ("c", Json::text("µ\\\n\u{1}")),
        ]);
        assert_eq!(value.to_string(), r#"{"a\"b":[1.5,3,null],"c":"µ\\\u000a\u0001"}"#);
    }
}
