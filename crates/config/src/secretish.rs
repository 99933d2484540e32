//! Which names promise a secret, so that a literal beside one is refused and never shown.

use std::ops::Range;

const LAST_WORDS: [&str; 11] =
    ["token", "secret", "password", "passwd", "passphrase", "pwd", "pat", "apikey", "authorization", "cookie", "auth"];
const KEYS: [&str; 6] = ["api", "access", "private", "secret", "signing", "encryption"];

/// Whether a value called `name` is a secret by all likelihood: `GITHUB_TOKEN`, `x-api-key`, `password`.
pub fn name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    match words.as_slice() {
        [.., kind, "key"] => KEYS.contains(kind),
        [.., last] => LAST_WORDS.contains(last),
        [] => false,
    }
}

/// Whether `value` is an address that carries a password: `postgres://user:word@host`.
pub(crate) fn address(value: &str) -> bool {
    url::Url::parse(value).is_ok_and(|url| url.password().is_some())
}

/// Bytes of a line of TOML that are secrets by all likelihood: quoted text beside a name that promises one, and what
/// stands before the `@` of an address.
pub(crate) fn values(line: &str) -> Vec<Range<usize>> {
    let mut found = users(line);
    let mut from = 0;
    while let Some(equals) = line.get(from..).and_then(|rest| rest.find('=')).map(|at| from + at) {
        from = equals + 1;
        let (before, after) = (line.get(..equals).unwrap_or_default(), line.get(from..).unwrap_or_default());
        let start = from + (after.len() - after.trim_start().len());
        let quote = line.get(start..).and_then(|rest| rest.chars().next()).filter(|c| matches!(c, '"' | '\''));
        let key = before.trim_end().trim_end_matches(['"', '\'']);
        let key = key.rsplit(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).next().unwrap_or_default();
        if let Some(quote) = quote
            && name(key)
        {
            let inside = line.get(start + 1..).unwrap_or_default();
            let end = start + 1 + inside.find(quote).unwrap_or(inside.len());
            found.push(start + 1..end);
            from = end;
        }
    }
    found
}

fn users(line: &str) -> Vec<Range<usize>> {
    let starts = line.match_indices("://").map(|(at, mark)| at + mark.len());
    let user = |start: usize| {
        let rest = line.get(start..)?;
        let authority = rest.get(..rest.find(['/', '"', '\'', ' ', '?', '#']).unwrap_or(rest.len()))?;
        authority.rfind('@').map(|end| start..start + end)
    };
    starts.filter_map(user).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for yes in ["GITHUB_TOKEN", "x-api-key", "password", "AWS_SECRET_ACCESS_KEY", "Authorization", "apikey"] {
            assert!(name(yes), "{yes}");
        }
        for no in ["MAX_TOKENS", "key", "KEYBOARD", "TOKEN_LIMIT", "author", ""] {
            assert!(!name(no), "{no}");
        }
    }

    #[test]
    fn values_beside_them() {
        let line = r#"env = { A = "plain", "B_TOKEN" = 'hush', PASSWORD="open"#;
        let texts: Vec<_> = values(line).into_iter().map(|r| &line[r]).collect();
        assert_eq!(texts, ["hush", "open"]);
        let line = r#"url = "postgres://me:hush@db/x?a=b@c" # ftp://x"#;
        assert_eq!(values(line).into_iter().map(|r| &line[r]).collect::<Vec<_>>(), ["me:hush"]);
    }
}
