//! What an argument decides about a call.

use crate::words::of_name;

/// What an argument decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// What is said, called, or how much: it goes where the others let it.
    Content,
    /// How much.
    Amount,
    /// Which existing thing is meant.
    Object,
    /// Who or what gets something: a person, an account, an address, a host.
    Recipient,
    /// What opens something.
    Secret,
}

/// The role of the argument at `pointer` with this value.
pub(crate) fn role(pointer: &str, value: &str) -> Role {
    let names: Vec<String> = pointer
        .rsplit('/')
        .find(|s| !s.is_empty() && !s.bytes().all(|b| b.is_ascii_digit()))
        .map(of_name)
        .unwrap_or_default();
    let any = |of: &[&str]| names.iter().any(|n| of.contains(&n.as_str()));
    let last = |of: &[&str]| names.last().is_some_and(|n| of.contains(&n.as_str()));
    if any(&["password", "passwd", "passphrase", "pin", "secret", "credential", "credentials", "apikey", "passcode"]) {
        return Role::Secret;
    }
    if is_address(value) || (any(RECIPIENTS) && !last(&["id", "ids"]) && !is_prose(value)) {
        return Role::Recipient;
    }
    if last(&["id", "ids", "uid", "uuid", "key", "ref"]) || any(&["path", "filepath", "paths"]) {
        return Role::Object;
    }
    if any(&["amount", "price", "total", "sum", "quantity", "qty", "cost"]) {
        return Role::Amount;
    }
    Role::Content
}

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
    "url",
    "uri",
    "urls",
    "link",
    "host",
    "hostname",
    "domain",
    "webhook",
    "endpoint",
    "remote",
    "account",
    "phone",
    "receiver",
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
    mail || value.contains("://") || is_iban(value)
}

/// Two letters, two digits, and then eleven to thirty letters and digits (ISO 13616).
fn is_iban(value: &str) -> bool {
    let bytes = value.as_bytes();
    (15..=34).contains(&bytes.len())
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
        && bytes.iter().all(u8::is_ascii_alphanumeric)
}

fn is_prose(value: &str) -> bool {
    value.split_whitespace().count() > 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_shapes_tell() {
        let check =
            |pointer: &str, value: &str, expected: Role| assert_eq!(role(pointer, value), expected, "{pointer}");
        check("/recipients/0", "ann@x.io", Role::Recipient);
        check("/note", "ann@x.io", Role::Recipient);
        check("/to", "Apple", Role::Recipient);
        check("/user_id", "17", Role::Object);
        check("/eventId", "17", Role::Object);
        check("/new_password", "abc", Role::Secret);
        check("/amount", "12", Role::Amount);
        check("/body", "Write to ann@x.io soon", Role::Content);
    }
}
