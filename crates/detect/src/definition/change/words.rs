//! Texts as sentences, words and what they point to.

use crate::text::spend;
use std::collections::HashSet;

/// The most new sentences of one text that are looked at one by one, each beside each that went.
pub(super) const MOST: usize = 200;

/// The sentences of a text, each as its words with one space around each of them: ` reads a file `.
pub(super) fn sentences(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let space_follows = chars.peek().is_none_or(|(_, next)| next.is_whitespace());
        if matches!(c, '\n' | ';') || (matches!(c, '.' | '!' | '?' | ':') && space_follows) {
            all.extend(folded(text.get(start..at).unwrap_or_default()));
            start = at + c.len_utf8();
        }
    }
    all.extend(folded(text.get(start..).unwrap_or_default()));
    all
}

/// Lower case words with one space around each; nothing where there is no word.
pub(super) fn folded(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 2);
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        out.push(' ');
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    (!out.is_empty()).then(|| out + " ")
}

/// The words of a folded sentence without their endings, as far as sentences are compared: each that is new is held
/// beside each that went, so what one comparison costs must not grow with them.
pub(super) struct Stems(HashSet<String>);

impl Stems {
    /// More words than a sentence has that somebody wrote.
    const MOST: usize = 64;

    pub(super) fn of(folded: &str) -> Self {
        Self(folded.split(' ').filter(|w| !w.is_empty()).take(Self::MOST).map(stem).collect())
    }

    /// How much two sentences share, 0 to 1: common words by all words.
    pub(super) fn likeness(&self, other: &Self) -> f32 {
        spend(self.0.len());
        let common = self.0.intersection(&other.0).count();
        let all = self.0.len() + other.0.len() - common;
        #[expect(clippy::cast_precision_loss, reason = "counts of words")]
        let share = common as f32 / all.max(1) as f32;
        share
    }
}

/// A word without its ending, roughly: `files`, `file`; `reading`, `reads`, `read`.
pub(super) fn stem(word: &str) -> String {
    let mut word = word.to_owned();
    for end in ["ing", "ed", "es", "s", "e"] {
        if let Some(rest) = word.strip_suffix(end).filter(|rest| rest.chars().count() >= 3) {
            word = rest.to_owned();
            break;
        }
    }
    word
}

/// Whether nothing of what `before` speaks about is left in `after`.
pub(super) fn nothing_in_common(before: &str, after: &str) -> bool {
    let stems = |text: &str| -> HashSet<String> {
        let folded = folded(text).unwrap_or_default();
        folded.split(' ').filter(|w| w.len() > 3).map(stem).collect()
    };
    let (before, after) = (stems(before), stems(after));
    before.len() >= 3 && after.len() >= 3 && before.is_disjoint(&after)
}

/// What a text points to outside of itself: hosts of addresses, mail addresses, files of a machine. Lower case.
pub(super) fn references(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let ends =
        |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']' | ',' | '|');
    for word in text.split(ends) {
        let word = word.trim_end_matches(['.', ';', ':', '!', '?']).to_lowercase();
        if let Some((scheme, rest)) = word.split_once("://") {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.rsplit('@').next().unwrap_or_default();
            if scheme == "file" {
                found.push(rest.to_owned());
            } else if !host.is_empty() && !is_example(host) {
                found.push(host.to_owned());
            }
        } else if let Some((user, host)) = word.split_once('@') {
            if !user.is_empty() && host.contains('.') && !is_example(host) {
                found.push(word.clone());
            }
        } else if is_file_of_a_machine(&word) {
            found.push(word.clone());
        } else if is_host(&word) && !is_example(&word) {
            found.push(word.split('/').next().unwrap_or_default().to_owned());
        }
    }
    found
}

/// Names that lead nowhere by rule (RFC 2606, RFC 6761).
fn is_example(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    let last = host.rsplit('.').next().unwrap_or_default();
    matches!(last, "example" | "test" | "invalid" | "localhost")
        || ["example.com", "example.org", "example.net"]
            .iter()
            .any(|d| host == *d || host.strip_suffix(d).is_some_and(|rest| rest.ends_with('.')))
        || host == "127.0.0.1"
        || host.contains(['{', '}', '$', '*'])
}

/// Files that hold keys or settings of who runs the agent.
fn is_file_of_a_machine(word: &str) -> bool {
    const PRIVATE: &[&str] = &[
        ".ssh",
        ".aws",
        ".env",
        ".netrc",
        ".npmrc",
        ".pypirc",
        ".kube",
        ".gnupg",
        ".docker",
        ".cursor",
        ".claude",
        ".config",
        ".git-credentials",
        ".bash_history",
        ".zsh_history",
        "id_rsa",
        "id_ed25519",
        "mcp.json",
        "shadow",
        "passwd",
        "cookies.sqlite",
        "wallet.dat",
        "keychain",
        "credentials.json",
    ];
    word.starts_with("~/")
        || word.starts_with("%appdata%")
        || (word.contains(['/', '\\', '.']) || word.starts_with("id_"))
            && word.split(['/', '\\']).any(|part| PRIVATE.contains(&part))
}

/// `collect.evil.io/x` without a scheme: at least two labels before a path, or one that ends like hosts do.
fn is_host(word: &str) -> bool {
    const ENDS: &[&str] = &[
        "com", "org", "net", "io", "dev", "app", "co", "ai", "xyz", "ru", "cn", "me", "cloud", "site", "online",
        "info", "sh", "top", "tk", "link", "gg", "biz",
    ];
    let host = word.split('/').next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let plain = |l: &&str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    labels.len() >= 2
        && labels.iter().all(plain)
        && labels.last().is_some_and(|l| ENDS.contains(l))
        && (labels.len() >= 3 || word.contains('/') || labels.first().is_some_and(|l| l.len() >= 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fall_into_sentences() {
        assert_eq!(
            sentences("Reads a file (UTF-8). Version 1.2 only!\nUse `path`: it is read"),
            [" reads a file utf 8 ", " version 1 2 only ", " use path ", " it is read "]
        );
        assert!(sentences(" ... ").is_empty());
    }

    #[test]
    fn what_a_text_points_to() {
        for (text, points) in [
            ("See https://docs.acme.io/x?y=1.", &["docs.acme.io"][..]),
            ("such as https://example.com/page or a@b.example", &[]),
            ("Read ~/.ssh/id_rsa first", &["~/.ssh/id_rsa"]),
            ("mail it to eve@evil.io", &["eve@evil.io"]),
            ("post to collect.evil.io/in", &["collect.evil.io"]),
            ("version 1.2, e.g. main.rs, and/or README.md", &[]),
            ("the .env file", &[".env"]),
            ("file:///etc/hosts", &["/etc/hosts"]),
        ] {
            assert_eq!(references(text), points, "{text}");
        }
    }

    #[test]
    fn likeness_is_of_words() {
        let like = |a: &str, b: &str| Stems::of(&folded(a).unwrap()).likeness(&Stems::of(&folded(b).unwrap()));
        assert!(like("Reads a file", "Read a file") > 0.99);
        assert!(like("Reads a file", "Sends money abroad") < 0.1);
        assert!(nothing_in_common("Weather forecast for a city", "Transfer money between accounts"));
        assert!(!nothing_in_common("Weather forecast for a city", "Forecasts the weather of cities"));
    }
}
