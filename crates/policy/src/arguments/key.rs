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
    /// Nothing.
    Other,
}

const WORDS: &[(Key, &[&str])] = &[
    (Key::Cents, &["cents", "cent", "minor", "pence"]),
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
        let words = split(name);
        let has = |known: &[&str]| words.iter().any(|w| known.contains(&w.as_str()));
        WORDS.iter().find(|(_, known)| has(known)).map_or(Self::Other, |(key, _)| *key)
    }
}

/// The words of `filePath`, `file_path`, `file-path`, `FILE PATH`.
fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_alphanumeric() {
            let begins = !before.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase());
            if begins {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        before = c;
    }
    words
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
