//! What kinds of data a tool deals with, by its own words: its name and title, the first sentence of its description, the
//! names of what it takes and of what it says that it gives. Whether it reads or writes them is a matter of its effects.

use super::effects::split;
use serde_json::Value;
use std::collections::BTreeSet;

/// A kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataClass {
    /// Passwords, keys, tokens.
    Credentials,
    /// Accounts, payments, cards, invoices.
    Financial,
    /// Diagnoses, patients, medicines.
    Health,
    /// What tells who somebody is or how to reach them.
    Personal,
    /// Mails, chats, comments.
    Messages,
    /// Appointments.
    Calendar,
    /// Where somebody or something is.
    Location,
    /// Files and folders.
    Files,
    /// Sources, repositories, builds.
    Code,
    /// Tables, records, queries.
    Database,
    /// Pages of the web.
    Web,
}

impl DataClass {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Financial => "financial",
            Self::Health => "health",
            Self::Personal => "personal",
            Self::Messages => "messages",
            Self::Calendar => "calendar",
            Self::Location => "location",
            Self::Files => "files",
            Self::Code => "code",
            Self::Database => "database",
            Self::Web => "web",
        }
    }

    /// Whether a tool that begins to deal with it is another tool than the one that was approved.
    pub const fn is_grave(self) -> bool {
        matches!(self, Self::Credentials | Self::Financial | Self::Health)
    }
}

/// The kinds of data that a tool deals with; none where it is no definition.
pub fn data_classes(definition: &[u8]) -> BTreeSet<DataClass> {
    serde_json::from_slice(definition).map(|tool: Value| of(&tool)).unwrap_or_default()
}

pub(super) fn of(tool: &Value) -> BTreeSet<DataClass> {
    let text = |key: &str| tool.get(key).and_then(Value::as_str).unwrap_or_default();
    let description = text("description");
    let first = description.split_once(['.', '\n']).map_or(description, |(first, _)| first);
    let mut words: Vec<String> = [text("name"), text("title"), first].into_iter().flat_map(split).collect();
    for schema in ["inputSchema", "outputSchema"] {
        names(tool.get(schema), 0, &mut words);
    }
    words.iter().filter_map(|word| class(word)).collect()
}

/// The words of the names of parameters.
fn names(schema: Option<&Value>, depth: usize, out: &mut Vec<String>) {
    const DEEP: usize = 6;
    const MOST: usize = 2_000;
    let Some(schema) = schema.filter(|_| depth < DEEP && out.len() < MOST) else { return };
    for (name, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        out.extend(split(name));
        names(Some(inner), depth + 1, out);
    }
    names(schema.get("items"), depth + 1, out);
}

/// The class that a word speaks of, in its plural or not.
fn class(word: &str) -> Option<DataClass> {
    let single = word.strip_suffix('s').unwrap_or(word);
    let of = |(_, words): &&(DataClass, &[&str])| words.contains(&word) || words.contains(&single);
    WORDS.iter().find(of).map(|(class, _)| *class)
}

#[rustfmt::skip]
const WORDS: &[(DataClass, &[&str])] = &[
    (DataClass::Credentials, &[
        "password", "passwd", "passphrase", "secret", "credential", "apikey", "jwt", "otp", "totp", "vault", "keychain", "cookie",
    ]),
    (DataClass::Financial, &[
        "payment", "invoice", "iban", "bank", "balance", "transaction", "payout", "refund", "salary", "payroll", "card",
        "wallet", "portfolio", "billing", "price", "amount", "subscription", "tax",
    ]),
    (DataClass::Health, &["patient", "diagnosis", "medication", "prescription", "medical", "health", "symptom", "genome", "allergy"]),
    (DataClass::Personal, &[
        "contact", "customer", "employee", "person", "people", "profile", "phone", "birthday", "passport", "ssn", "resume",
        "candidate", "attendee", "recipient", "lead",
    ]),
    (DataClass::Messages, &[
        "email", "mail", "inbox", "message", "chat", "sms", "thread", "comment", "conversation", "slack", "channel", "dm", "reply",
        "tweet", "post",
    ]),
    (DataClass::Calendar, &["calendar", "event", "meeting", "appointment", "schedule", "reminder"]),
    (DataClass::Location, &["location", "latitude", "longitude", "address", "geocode", "map", "route", "gps", "coordinate"]),
    (DataClass::Files, &["file", "folder", "directory", "path", "document", "drive", "attachment", "upload", "filename", "pdf"]),
    (DataClass::Code, &[
        "code", "repo", "repository", "commit", "branch", "pull", "build", "pipeline", "diff", "source", "workflow", "gist", "lint",
    ]),
    (DataClass::Database, &["database", "table", "row", "column", "sql", "query", "schema", "collection", "index", "record"]),
    (DataClass::Web, &["url", "web", "page", "website", "browser", "html", "link", "search", "crawl", "scrape"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_a_tool_deals_with() {
        for (definition, classes) in [
            (r#"{"name":"list_invoices","description":"Lists open invoices of a customer."}"#, "financial, personal"),
            (
                r#"{"name":"send_email","inputSchema":{"properties":{"recipients":{"items":{"properties":{"phone":{}}}}}}}"#,
                "personal, messages",
            ),
            (r#"{"name":"getSecretValue","description":"Gets one.\nIt is for files."}"#, "credentials"),
            (r#"{"name":"lookup","outputSchema":{"properties":{"latitude":{},"diagnosis":{}}}}"#, "health, location"),
            (r#"{"name":"add","description":"Adds two numbers."}"#, ""),
            ("[]", ""),
            ("no json", ""),
        ] {
            let words: Vec<_> = data_classes(definition.as_bytes()).into_iter().map(DataClass::as_str).collect();
            assert_eq!(words.join(", "), classes, "{definition}");
        }
    }
}
