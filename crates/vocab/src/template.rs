use serde::{Serialize, Serializer};
use std::fmt::{self, Write as _};

/// A text with places for values: `agent:{agent}:server:{server}`.
///
/// What is put in cannot be taken for the text around it: everything but letters, digits and `-._~` (RFC 3986 §2.3) is
/// percent-encoded. Where the text is one place and nothing else, the value stands as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: Box<str>,
    parts: Box<[Part]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Place(Box<str>),
}

/// A text that is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace without its other one.
    #[error("a brace is left open")]
    Open,
    /// There is no such place.
    #[error("there is no place `{{{0}}}`")]
    Unknown(String),
}

impl Template {
    /// What may stand in the texts about a call that is made for somebody.
    pub const OF_CALLS: [&str; 7] = ["agent", "agent_issuer", "human", "human_issuer", "email", "server", "delegation"];

    /// The template that `text` writes, with no places but `known`.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn parse(text: &str, known: &[&str]) -> Result<Self, TemplateError> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').ok_or(TemplateError::Open)?;
            if before.contains('}') {
                return Err(TemplateError::Open);
            }
            if !known.contains(&name) {
                return Err(TemplateError::Unknown(name.to_owned()));
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.into()));
            }
            parts.push(Part::Place(name.into()));
            rest = behind;
        }
        if rest.contains('}') {
            return Err(TemplateError::Open);
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(Self { text: text.into(), parts: parts.into() })
    }

    /// Whether it has this place.
    pub fn has(&self, place: &str) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Place(name) if **name == *place))
    }

    /// The text with what `value` has for each place.
    ///
    /// # Errors
    /// The first place that has no value.
    pub fn fill<'a>(&'a self, value: impl Fn(&'a str) -> Option<&'a str>) -> Result<String, &'a str> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Place(name) => {
                    let value = value(name).ok_or(&**name)?;
                    if self.parts.len() == 1 { text.push_str(value) } else { encode(value, &mut text) }
                }
            }
        }
        Ok(text)
    }
}

fn encode(value: &str, text: &mut String) {
    for byte in value.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => text.push(char::from(b)),
            b => {
                let _ = write!(text, "%{b:02X}");
            }
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_pass_for_text() {
        let of = |text: &str, agent: &str| {
            let template = Template::parse(text, &["agent", "human"]).unwrap();
            template.fill(|place| (place == "agent").then_some(agent)).map_err(str::to_owned)
        };
        assert_eq!(of("agent:{agent}:crm", "etl").as_deref(), Ok("agent:etl:crm"));
        assert_eq!(of("agent:{agent}", "a:human:b/%").as_deref(), Ok("agent:a%3Ahuman%3Ab%2F%25"));
        assert_eq!(of("{agent}", "spiffe://corp/x").as_deref(), Ok("spiffe://corp/x"), "alone it is the value");
        assert_eq!(of("{agent}@{human}", "a"), Err("human".to_owned()));
        assert_eq!(of("plain", "a").as_deref(), Ok("plain"));
    }

    #[test]
    fn mistakes() {
        let of = |text: &str| Template::parse(text, &["agent"]).unwrap_err();
        assert_eq!(of("{nobody}"), TemplateError::Unknown("nobody".to_owned()));
        for open in ["{agent", "agent}", "a}{agent}", "{agent}}"] {
            assert_eq!(of(open), TemplateError::Open, "{open}");
        }
        assert_eq!(of("{{agent}"), TemplateError::Unknown("{agent".to_owned()));
    }
}
