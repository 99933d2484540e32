use crate::{
    Mistake,
    section::Section,
    value::{Item, is_header, not_a_header},
};
use serde::Serialize;

/// Where a credential goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    /// Into a header of every request to an HTTP server.
    Header {
        /// The header; `authorization`.
        name: String,
        /// What stands before the secret, with one space between; `Bearer` in `authorization`, else nothing.
        scheme: Option<String>,
    },
    /// Into the query of the address, where a server takes it nowhere else. It is in the server's logs then.
    Query {
        /// The name of the parameter.
        name: String,
    },
    /// Into a variable of a command's environment.
    Variable {
        /// The variable.
        name: String,
    },
    /// Nowhere: it signs every request.
    Signature,
}

impl Slot {
    pub(super) fn read(section: &Section<'_>, kind: &str) -> Option<Self> {
        let name = section.get("header", header);
        let scheme = section.get("scheme", Item::owned);
        let query = section.get("query", Item::owned);
        let variable = section.get("variable", Item::variable);
        let given = ["header", "query", "variable"].into_iter().filter(|key| section.has(key));
        if given.count() > 1 {
            let mistake = Mistake::error("`header`, `query` and `variable` exclude each other");
            section.reading.tell(section.span.clone(), mistake.label("a credential goes to one place"));
        }
        if kind == "env" && !section.has("variable") {
            section.missing("variable", "variable = \"API_KEY\"");
            return None;
        }
        if let Some(name) = variable {
            return Some(Self::Variable { name });
        }
        if let Some(name) = query {
            return Some(Self::Query { name });
        }
        if kind == "aws-sts" && !section.has("header") {
            return Some(Self::Signature);
        }
        let name = name.unwrap_or_else(|| "authorization".to_owned());
        let usual = match (name.as_str(), kind) {
            ("authorization", "basic") => Some("Basic".to_owned()),
            ("authorization", _) => Some("Bearer".to_owned()),
            _ => None,
        };
        Some(Self::Header { scheme: if section.has("scheme") { scheme } else { usual }, name })
    }
}

fn header(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    if is_header(text) { Ok(text.to_ascii_lowercase()) } else { Err(not_a_header(text)) }
}
