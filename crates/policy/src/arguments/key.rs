/// What the name of an argument says about its value. Names are free, so this only tips the balance where the shape
/// of the value is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A file or folder.
    Path,
    /// A host, address or URL.
    Host,
    /// Somebody to write to.
    Mail,
    /// Money, in units.
    Amount,
    /// Money, in hundredths of units.
    Cents,
    /// Words for a shell: each may name something.
    Command,
    /// A statement for a database.
    Sql,
    /// Nothing.
    Other,
}

const WORDS: &[(Key, &[&str])] = &[
    (Key::Cents, &["cents", "cent", "minor", "pence"]),
    (Key::Sql, &["sql", "statement", "statements"]),
    (Key::Command, &["command", "commands", "cmd", "cmdline", "script", "shell", "bash", "argv", "args", "arguments"]),
    (
        Key::Mail,
        &[
            "to",
            "cc",
            "bcc",
            "recipient",
            "recipients",
            "email",
            "emails",
            "mail",
            "mails",
            "attendee",
            "attendees",
            "invitee",
            "invitees",
            "participant",
            "participants",
            "guests",
            "sender",
        ],
    ),
    (
        Key::Host,
        &[
            "host",
            "hosts",
            "hostname",
            "hostnames",
            "domain",
            "domains",
            "ip",
            "url",
            "urls",
            "uri",
            "uris",
            "href",
            "link",
            "links",
            "endpoint",
            "webhook",
            "callback",
            "origin",
            "proxy",
            "website",
            "site",
        ],
    ),
    (
        Key::Path,
        &[
            "path",
            "paths",
            "file",
            "files",
            "filename",
            "filepath",
            "dir",
            "dirs",
            "directory",
            "directories",
            "folder",
            "folders",
            "cwd",
            "workdir",
            "root",
            "pathname",
        ],
    ),
    (
        Key::Amount,
        &[
            "amount", "amounts", "price", "prices", "total", "cost", "costs", "fee", "sum", "payment", "refund",
            "salary", "budget", "charge", "balance", "tip",
        ],
    ),
];

impl Key {
    /// Of the last name in a JSON pointer that is not the index of an array.
    pub(super) fn of(pointer: &str) -> Self {
        let names = pointer.rsplit('/').map(|n| n.get(..n.floor_char_boundary(64)).unwrap_or_default());
        let Some(name) = names.into_iter().find(|n| !n.is_empty() && !n.bytes().all(|b| b.is_ascii_digit())) else {
            return Self::Other;
        };
        let known = |word: &str| WORDS.iter().position(|(_, known)| known.iter().any(|k| word.eq_ignore_ascii_case(k)));
        let first = words(name).filter_map(known).min().and_then(|at| WORDS.get(at));
        first.map_or(Self::Other, |(key, _)| *key)
    }
}

/// The words of `filePath`, `file_path`, `file-path`, `FILE PATH`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let mut lower = false;
        let ends = |c: char| {
            let end = !c.is_alphanumeric() || (lower && c.is_uppercase());
            lower = c.is_lowercase();
            end
        };
        let (word, after) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn names_in_all_styles() {
        for (pointer, key) in [
            ("/filePath", Key::Path),
            ("/source_path", Key::Path),
            ("/paths/3", Key::Path),
            ("/a~1b/Target-URL", Key::Host),
            ("/to/0", Key::Mail),
            ("/amountCents", Key::Cents),
            ("/order/total", Key::Amount),
            ("/cmd", Key::Command),
            ("/title", Key::Other),
            ("/0", Key::Other),
            ("", Key::Other),
        ] {
            assert_eq!(Key::of(pointer), key, "{pointer}");
        }
    }
}
