use super::cloud::aws;
use crate::{
    Mistake,
    nearest::suggest,
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
    /// The same where it has several parts.
    Variables(Vec<(Part, String)>),
    /// Nowhere: it signs every request (AWS Signature Version 4).
    Signature {
        /// The region of the server.
        region: String,
        /// The service that it belongs to.
        service: String,
    },
}

/// A part of a credential that has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The name that a password belongs to.
    User,
    /// The password.
    Password,
    /// The id of an access key of AWS.
    AccessKeyId,
    /// The secret access key.
    SecretAccessKey,
    /// The session token.
    SessionToken,
}

impl Part {
    /// The words for them.
    pub(super) const WORDS: [(&'static str, Self); 5] = [
        ("user", Self::User),
        ("password", Self::Password),
        ("access_key_id", Self::AccessKeyId),
        ("secret_access_key", Self::SecretAccessKey),
        ("session_token", Self::SessionToken),
    ];
    /// The variables that libraries of AWS read.
    const AWS: [(Self, &'static str); 3] = [
        (Self::AccessKeyId, "AWS_ACCESS_KEY_ID"),
        (Self::SecretAccessKey, "AWS_SECRET_ACCESS_KEY"),
        (Self::SessionToken, "AWS_SESSION_TOKEN"),
    ];
}

impl Slot {
    pub(super) fn read(section: &Section<'_>, kind: &str) -> Option<Self> {
        let name = section.get("header", header);
        let scheme = section.get("scheme", Item::owned);
        let query = section.get("query", Item::owned);
        let variable = section.get("variable", Item::variable);
        let several = variables(section);
        let service = section.get("service", Item::owned);
        let given = ["header", "query", "variable", "variables", "service"].into_iter().filter(|key| section.has(key));
        if given.count() > 1 {
            let mistake = Mistake::error("`header`, `query`, `variable`, `variables` and `service` exclude each other");
            section.reading.tell(section.span.clone(), mistake.label("a credential goes to one place"));
        }
        if kind == "env" && !section.has("variable") {
            section.missing("variable", "variable = \"API_KEY\"");
            return None;
        }
        if let Some(name) = variable {
            return Some(Self::Variable { name });
        }
        if section.has("variables") {
            return several.map(Self::Variables);
        }
        if let Some(name) = query {
            return Some(Self::Query { name });
        }
        if let Some(service) = service {
            let region = section.need("region", "region = \"eu-central-1\"", aws::region)?;
            return Some(Self::Signature { region, service });
        }
        if kind == "aws-sts" {
            let mistake = Mistake::error("nothing says where the keys go");
            let help =
                "add `service = \"execute-api\"` to sign requests with them, or `variables = \"aws\"` for a command";
            section.reading.tell(section.span.clone(), mistake.help(help));
            return None;
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

/// `"aws"`, or `{ user = "PGUSER", password = "PGPASSWORD" }`.
fn variables(section: &Section<'_>) -> Option<Vec<(Part, String)>> {
    if !section.is_table("variables") {
        let aws = |item: &Item<'_>| item.choice(&[("aws", ())]);
        return section.get("variables", aws).map(|()| Part::AWS.map(|(part, name)| (part, name.to_owned())).into());
    }
    let table = section.table("variables")?;
    let mut all = Vec::new();
    for (span, item) in table.entries() {
        let Some((_, part)) = Part::WORDS.iter().find(|(word, _)| *word == item.key) else {
            let mistake = Mistake::error(format!("a credential has no part `{}`", item.key));
            table.reading.tell(span, mistake.label(suggest(&item.key, Part::WORDS.map(|(word, _)| word))));
            continue;
        };
        match item.variable() {
            Ok(name) => all.push((*part, name)),
            Err(mistake) => table.reading.tell(item.span, mistake),
        }
    }
    Some(all)
}

fn header(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    if is_header(text) { Ok(text.to_ascii_lowercase()) } else { Err(not_a_header(text)) }
}
