//! What a request says: parameters of its query or its form, each once.

use crate::ports::Fault;
use std::collections::BTreeMap;
use url::form_urlencoded;

/// The longest value that is read, in bytes.
const LONGEST: usize = 4096;

/// Parameters by name. Empty ones are absent: a form sends every field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Fault> {
        let mut all = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text) {
            if value.len() > LONGEST || name.len() > 64 {
                return Err(Fault::Wrong(format!("`{}` is too long", name.chars().take(64).collect::<String>())));
            }
            if !value.is_empty() && all.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Fault::Wrong(format!("`{name}` stands there twice")));
            }
        }
        Ok(Self(all))
    }

    /// The members of a JSON object, as texts.
    pub(crate) fn json(body: &[u8]) -> Result<Self, Fault> {
        let wrong = || Fault::Wrong("send a JSON object of texts".to_owned());
        let all: BTreeMap<String, String> = serde_json::from_slice(body).map_err(|_| wrong())?;
        Ok(Self(all.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.trim().is_empty())
    }

    pub(crate) fn must(&self, name: &str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| Fault::Wrong(format!("`{name}` is missing")))
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Fault> {
        let read = |text: &str| text.parse().map_err(|_| Fault::Wrong(format!("`{name}` is no number")));
        self.get(name).map(read).transpose()
    }

    /// How many at most.
    pub(crate) fn limit(&self, usual: usize) -> Result<usize, Fault> {
        let asked = self.number("limit")?.map_or(usual, |n| usize::try_from(n).unwrap_or(usize::MAX));
        Ok(asked.clamp(1, 200))
    }

    /// All that was looked for, in one line.
    pub(crate) fn told(&self) -> Option<String> {
        let passing = ["before", "limit", "from", "token"];
        let all = self.0.iter().filter(|(name, _)| !passing.contains(&name.as_str()));
        let told = all.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
        Some(told.chars().take(400).collect()).filter(|told: &String| !told.is_empty())
    }

    /// The same with another value of one parameter, as a query.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        for (other, text) in self.0.iter().filter(|(other, _)| *other != name) {
            out.append_pair(other, text);
        }
        out.append_pair(name, value).finish()
    }
}

/// A path with parameters.
pub(crate) fn link(path: &str, params: &[(&str, &str)]) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    out.extend_pairs(params.iter().filter(|(_, value)| !value.is_empty()));
    format!("{path}?{}", out.finish())
}
