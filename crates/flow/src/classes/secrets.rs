//! Where in a text something stands that opens something: keys with the beginnings that their makers gave them, private
//! keys, and what stands behind a name such as `password` or `session_id`.

use aho_corasick::{AhoCorasick, MatchKind};
use std::{ops::Range, sync::LazyLock};

/// What keys begin with.
const BEGINNINGS: [&str; 16] = [
    "sk-",
    "sk_live_",
    "rk_live_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "npm_",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJhbGciOi",
    "eyJ0eXAiOi",
];
/// Words that name what opens something: alone, or at the end of a longer name.
const NAMES: [&str; 19] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "api_key",
    "api-key",
    "api key",
    "apikey",
    "access_key",
    "private_key",
    "token",
    "session_id",
    "session-id",
    "sessionid",
    "cookie",
    "bearer",
    "credential",
    "credentials",
];
/// What a private key begins with, and what ends it (RFC 7468 §2).
const KEY: &str = "PRIVATE KEY-----";
const END: &str = "-----END";

/// The least letters and digits behind a beginning, and of a value behind a name.
const LEAST: (usize, usize) = (12, 8);
/// The longest value, and the longest private key, in bytes.
const LONGEST: (usize, usize) = (4 * 1024, 8 * 1024);
/// So much may stand between a name and its value: marks, quotes, spaces.
const BETWEEN: usize = 8;

/// All signs, in one pass over a text.
#[expect(clippy::expect_used, reason = "the patterns are part of this file, and a test reads them")]
static SIGNS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let all = BEGINNINGS.iter().chain(&NAMES).chain([&KEY]);
    let builder = &mut AhoCorasick::builder();
    builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(all).expect("few patterns")
});

/// The places of what opens something, in order. Work is linear in the text.
pub fn in_text(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut end = 0;
    SIGNS.find_iter(text).filter_map(move |sign| {
        let at = sign.range();
        if at.start < end {
            return None;
        }
        let found = match sign.pattern().as_usize() {
            n if n < BEGINNINGS.len() => key(text, &at),
            n if n < BEGINNINGS.len() + NAMES.len() => named(text, at.end),
            _ => private_key(text, at.end),
        }?;
        end = found.end;
        Some(found)
    })
}

/// A key with a beginning that its maker gave it: by itself, with just these letters.
fn key(text: &str, begin: &Range<usize>) -> Option<Range<usize>> {
    let before = text.get(..begin.start)?.chars().next_back();
    let known = text.get(begin.clone()).is_some_and(|t| BEGINNINGS.contains(&t));
    let alone = before.is_none_or(|c| !c.is_alphanumeric());
    let end = begin.end + run(text.get(begin.end..)?, |c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let end = end - text.get(begin.clone().start..end)?.bytes().rev().take_while(|b| *b == b'.').count();
    (known && alone && end - begin.end >= LEAST.0).then_some(begin.start..end)
}

/// The value behind a name, where it looks like no word.
fn named(text: &str, name: usize) -> Option<Range<usize>> {
    let rest = text.get(name..)?;
    let between = run(rest, |c| c.is_ascii_whitespace() || "\"'`:=>|*\\".contains(c)).min(BETWEEN);
    let mut start = name + between;
    for word in ["is ", "Bearer ", "bearer ", "Basic "] {
        if text.get(start..).is_some_and(|rest| rest.starts_with(word)) {
            start += word.len();
            start += run(text.get(start..)?, |c| "\"'`".contains(c));
        }
    }
    let ends = |c: char| c.is_whitespace() || "\"'`,;<>()|\\".contains(c);
    let end = start + run(text.get(start..)?, |c| !ends(c));
    let value = text.get(start..end)?.trim_end_matches(['.', ':']);
    let odd = value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic());
    let whole = (LEAST.1..=LONGEST.0).contains(&value.len()) && !value.contains("://");
    (between > 0 && odd && whole).then_some(start..start + value.len())
}

/// What a private key is, without the lines around it.
fn private_key(text: &str, begin: usize) -> Option<Range<usize>> {
    let rest = text.get(begin..)?;
    let rest = rest.get(..rest.floor_char_boundary(LONGEST.1))?;
    let end = begin + rest.find(END).unwrap_or(rest.len());
    let body = text.get(begin..end)?;
    (body.len() >= LEAST.0).then_some(begin..end)
}

/// The length of what a text begins with, in bytes, as far as its characters are such.
fn run(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::in_text;

    #[test]
    fn values_are_found_and_words_are_not() {
        let of = |text: &'static str| in_text(text).map(|at| &text[at]).collect::<Vec<_>>();
        for (text, found) in [
            ("the key is ghp_0123456789abcdefABCD.", "ghp_0123456789abcdefABCD"),
            ("password: hunter2hunter2", "hunter2hunter2"),
            (r#"{"db":{"user":"app","password":"s3cr3t-Pa55!"}}"#, "s3cr3t-Pa55!"),
            (r#"{"session_id":"b7e23ec29af22b0b","host":"db-4.example"}"#, "b7e23ec29af22b0b"),
            ("Set-Cookie: sid=a8f5f167f44f4964; Path=/", "sid=a8f5f167f44f4964"),
            ("Authorization: Bearer 9f86d081884c7d65", "9f86d081884c7d65"),
            ("the password is tr0ub4dor&3", "tr0ub4dor&3"),
            ("DB_PASSWORD='kx91-44az-77'\nDB_HOST=db.example", "kx91-44az-77"),
            (
                "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY1",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY1",
            ),
        ] {
            assert_eq!(of(text), [found], "{text}");
        }
        let pem =
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\nand more";
        assert_eq!(of(pem), ["\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n"]);
        for text in [
            "The password is changed every month; 10 + 10 = 20.",
            "Your token expires on Monday, ask-me sk-short",
            "a secretary of 4 people, password_hash: none, desk-0123456789abcdef",
            "reset your password at https://id.example/reset?u=4711",
            "",
        ] {
            assert!(of(text).is_empty(), "{text}");
        }
    }
}
