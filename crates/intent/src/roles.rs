//! What an argument decides about a call.

use crate::words::of_name;

/// What an argument decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// What is said or called: it goes where the others let it.
    Body,
    /// What a program runs.
    Command,
    /// What is asked or searched for.
    Query,
    /// How much.
    Amount,
    /// What a file or folder is called, where nothing says that it is there.
    File,
    /// A path to something that is there.
    Path,
    /// Which other existing thing is meant.
    Object,
    /// A place of the web, or a host.
    Url,
    /// Who or what else gets something: a person, an account, an address.
    Recipient,
    /// Where things of many are kept: a repository, a project, a database.
    Container,
    /// What opens something.
    Secret,
}

impl Role {
    /// The role of the argument at `pointer` with this value.
    pub fn of(pointer: &str, value: &str) -> Self {
        let names: Vec<String> = pointer
            .rsplit('/')
            .find(|s| !s.is_empty() && !s.bytes().all(|b| b.is_ascii_digit()))
            .map(of_name)
            .unwrap_or_default();
        // Where something goes has a name, a street, a city.
        let within =
            pointer.rsplit('/').nth(1).is_some_and(|step| DESTINATIONS.contains(&step.to_ascii_lowercase().as_str()));
        if within && names.last().is_some_and(|n| WHERE.contains(&n.as_str())) && !is_prose(value) {
            return Self::Recipient;
        }
        let any = |of: &[&str]| names.iter().any(|n| of.contains(&n.as_str()));
        let last = |of: &[&str]| names.last().is_some_and(|n| of.contains(&n.as_str()));
        // When, whether, and what is answered.
        if last(&["date", "time", "day"]) || matches!(value, "true" | "false") || value.is_empty() {
            return Self::Body;
        }
        if names.len() > 1 && any(&["reply"]) && last(&["to"]) && !is_address(value) {
            return Self::Object;
        }
        if any(SECRETS) {
            return Self::Secret;
        }
        if is_path(value) && any(&["source", "destination", "target", "from"]) {
            return Self::Path;
        }
        // How many come.
        if any(COUNTED) && value.len() < 4 && value.bytes().all(|b| b.is_ascii_digit()) {
            return Self::Amount;
        }
        // From what of one's own it is taken.
        if !is_address(value) && names.first().is_some_and(|n| matches!(n.as_str(), "from" | "source")) && any(OWN) {
            return Self::Body;
        }
        // What sort of thing, of a house: no host has a name of one word.
        let is_place = any(PLACES) && (value.contains(['.', ':', '/']) || !any(&["domain", "remote"]));
        if is_address(value) || (any(RECIPIENTS) || is_place) && !last(&["id", "ids"]) && !is_prose(value) {
            return if value.contains("://") || any(PLACES) { Self::Url } else { Self::Recipient };
        }
        if any(&["path", "filepath", "paths"]) {
            return Self::Path;
        }
        if any(CONTAINERS) {
            return Self::Container;
        }
        let numbered = names.len() > 1 && last(&["number", "no", "nr"]) && !any(&["phone", "card", "house"])
            || last(&["code"]) && any(&["confirmation", "booking", "reservation", "tracking"]);
        if numbered
            || last(&["id", "ids", "uid", "uuid", "key", "ref", "sku", "asin", "isbn"])
            || ((last(THINGS) || (last(&["name", "title"]) && any(THINGS))) && !is_prose(value))
        {
            return Self::Object;
        }
        for (role, words) in [
            (Self::Amount, AMOUNTS),
            (Self::Command, &["command", "commands", "cmd", "script", "shell", "argv", "args"]),
            (Self::Query, &["query", "queries", "q", "sql", "statement", "search", "filter"]),
            (Self::File, &["file", "filename", "files", "folder", "directory", "dir"]),
        ] {
            if any(words) {
                return role;
            }
        }
        if is_id(value) && !any(FREE) { Self::Object } else { Self::Body }
    }

    /// Whether it says who or what gets something.
    pub const fn is_recipient(self) -> bool {
        matches!(self, Self::Recipient | Self::Url)
    }

    /// Whether it says which existing thing is meant.
    pub const fn is_object(self) -> bool {
        matches!(self, Self::Object | Self::Path)
    }
}

/// Names of arguments that open something.
const SECRETS: &[&str] =
    &["password", "passwd", "passphrase", "pin", "secret", "credential", "credentials", "apikey", "passcode"];

/// Names of arguments that say how much.
const AMOUNTS: &[&str] = &["amount", "price", "total", "sum", "quantity", "qty", "cost"];

/// Names of arguments that say where something goes, and of what they are made of.
const DESTINATIONS: &[&str] =
    &["destination", "recipient", "to", "receiver", "beneficiary", "payee", "address", "shipping_address"];
const WHERE: &[&str] = &["name", "street", "city", "address", "line1", "line2", "company", "country"];

/// Names of arguments that say from what of one's own something is taken.
const OWN: &[&str] = &["account", "wallet", "card", "iban", "warehouse", "location"];

/// Names of arguments that say how many of whom.
const COUNTED: &[&str] =
    &["guests", "participants", "attendees", "invitees", "members", "users", "people", "adults", "passengers"];

/// Names of arguments that say where things of many are kept.
const CONTAINERS: &[&str] = &[
    "owner",
    "repo",
    "repository",
    "org",
    "organization",
    "project",
    "workspace",
    "bucket",
    "database",
    "site",
    "space",
];

/// Names of arguments that say which thing of many is meant, by what it is called.
const THINGS: &[&str] = &[
    "hotel",
    "restaurant",
    "flight",
    "car",
    "product",
    "item",
    "song",
    "track",
    "album",
    "playlist",
    "movie",
    "device",
    "app",
    "company",
    "vendor",
    "venue",
];

/// Names of arguments that say where on the web or in a network.
const PLACES: &[&str] = &["url", "uri", "urls", "link", "host", "hostname", "domain", "webhook", "endpoint", "remote"];

/// Names of arguments that say who gets something.
const RECIPIENTS: &[&str] = &[
    "recipient",
    "recipients",
    "to",
    "cc",
    "bcc",
    "email",
    "emails",
    "participant",
    "participants",
    "attendee",
    "attendees",
    "invitee",
    "invitees",
    "guest",
    "guests",
    "user",
    "users",
    "username",
    "usernames",
    "member",
    "members",
    "iban",
    "payee",
    "beneficiary",
    "channel",
    "channels",
    "target",
    "destination",
    "account",
    "phone",
    "receiver",
    "handle",
    "handles",
    "customer",
    "client",
    "payer",
    "supplier",
    "agent",
    "assignee",
    "assignees",
    "reviewers",
];

/// Whether a text is a whole address: of mail, of the web, or of an account.
pub(crate) fn is_address(value: &str) -> bool {
    let value = value.trim();
    if value.contains(char::is_whitespace) || value.len() > 512 {
        return false;
    }
    let mail = value.split_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.'));
    mail || value.contains("://") || is_iban(value) || value.parse::<std::net::Ipv4Addr>().is_ok()
}

/// Two letters, two digits, and then eleven to thirty letters and digits (ISO 13616).
fn is_iban(value: &str) -> bool {
    let bytes = value.as_bytes();
    (15..=34).contains(&bytes.len())
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
        && bytes.iter().all(u8::is_ascii_alphanumeric)
}

/// Whether a text is a path of this machine, or below a folder: a host may have no name before its first slash.
fn is_path(value: &str) -> bool {
    let far = value.starts_with("//") || value.starts_with("\\\\") || value.contains("://") || value.contains('@');
    let local = value.starts_with(['/', '~', '.']);
    let Some(end) = value.find(['/', '\\']).filter(|_| !far && (local || !value.contains(char::is_whitespace))) else {
        return false;
    };
    let first = value.get(..end).unwrap_or_default();
    matches!(first, "" | "." | ".." | "~") || !first.contains(['.', ':'])
}

/// Whether a value looks like the id of something: `pi_3PX77`.
fn is_id(value: &str) -> bool {
    let mark = value.split_once('_').is_some_and(|(kind, rest)| {
        (2..=5).contains(&kind.len())
            && kind.bytes().all(|b| b.is_ascii_lowercase())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric())
            && rest.bytes().any(|b| b.is_ascii_digit())
    });
    mark && value.len() > 5
}

/// Names of arguments of which a value that looks like an id is none.
const FREE: &[&str] = &["text", "body", "content", "message", "title", "subject", "name", "description", "code"];

fn is_prose(value: &str) -> bool {
    value.split_whitespace().count() > 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_shapes_tell() {
        let check =
            |pointer: &str, value: &str, expected: Role| assert_eq!(Role::of(pointer, value), expected, "{pointer}");
        check("/recipients/0", "ann@x.io", Role::Recipient);
        check("/note", "ann@x.io", Role::Recipient);
        check("/to", "Apple", Role::Recipient);
        check("/user_id", "17", Role::Object);
        check("/eventId", "17", Role::Object);
        check("/new_password", "abc", Role::Secret);
        check("/amount", "12", Role::Amount);
        check("/body", "Write to ann@x.io soon", Role::Body);
        check("/webhook", "hooks.x.io", Role::Url);
        check("/note", "https://x.io/a", Role::Url);
        check("/command", "ls -l", Role::Command);
        check("/sql", "SELECT 1", Role::Query);
        check("/path", "/tmp/a", Role::Path);
        check("/filename", "a.txt", Role::File);
        check("/destination", "docs/final.md", Role::Path);
        check("/destination", "../final.md", Role::Path);
        for far in ["drop.example/in", "//drop/in", "\\\\drop\\in", "s3://drop/in", "drop:in/x", "a@drop.example:/in"] {
            assert_ne!(Role::of("/destination", far), Role::Path, "{far}");
        }
        check("/guests", "2", Role::Amount);
        check("/guests/0", "Ann", Role::Recipient);
        check("/owner", "acme", Role::Container);
        check("/hotel", "Riverside", Role::Object);
    }
}
