use super::host::Host;
use std::borrow::Cow;

/// Every address in a text, each with a lower-case domain. Rather one too many than a recipient that is missed.
pub(super) fn addresses(text: &str) -> impl Iterator<Item = String> {
    text.match_indices(['@', '＠']).filter_map(|(at, sign)| {
        let before = text.get(..at)?;
        let after = text.get(at + sign.len()..)?;
        let ends = match after.strip_prefix('[') {
            Some(literal) => literal.find(']')? + 2,
            None => after.find(|c: char| !(c.is_alphanumeric() || ".-_。．".contains(c))).unwrap_or(after.len()),
        };
        let domain = after.get(..ends).filter(|d| d.len() <= 255)?.trim_end_matches(['.', '-']);
        let host = Host::of(domain).filter(|h| h.text.contains(['.', ':']))?;
        let local = local(before)?;
        Some(format!("{local}@{}", host.text))
    })
}

/// The part before the sign: the longest run of characters that may stand there, or a quoted string, which keeps its
/// quotes where it needs them.
fn local(before: &str) -> Option<Cow<'_, str>> {
    let plain = |t: &str| !t.is_empty() && t.len() <= 256 && !t.contains(ends_local);
    if let Some(quoted) = before.strip_suffix('"') {
        let quoted = quoted.get(quoted.rfind('"')? + 1..)?;
        return Some(if plain(quoted) { quoted.into() } else { format!("\"{quoted}\"").into() });
    }
    let from = before.rfind(ends_local);
    let from = from.map_or(0, |at| at + before.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8));
    before.get(from..).filter(|l| plain(l)).map(Cow::Borrowed)
}

fn ends_local(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "<>()[],;:\"'`@＠\\/|=?&".contains(c)
}

/// Whether a text of several words is a list of addresses and not prose.
pub(super) fn is_list(text: &str) -> bool {
    if !text.contains('@') {
        return false;
    }
    let mut parts = text.split([',', ';', '\n']).map(str::trim).filter(|p| !p.is_empty()).peekable();
    parts.peek().is_some() && parts.all(|p| p.contains('@') && (p.ends_with('>') || !p.contains(char::is_whitespace)))
}

#[cfg(test)]
mod tests {
    use super::{addresses, is_list};
    use proptest::prelude::*;

    fn check(text: &str, expect: &[&str]) {
        assert_eq!(addresses(text).collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn all_forms() {
        check("anna@Example.COM", &["anna@example.com"]);
        check(
            "Anna <Anna@example.com>, bob@x.example; carl@y.example.",
            &["Anna@example.com", "bob@x.example", "carl@y.example"],
        );
        check("\"Doe, Jane\" <jane@example.com>", &["jane@example.com"]);
        check("\"a b\"@example.com", &["\"a b\"@example.com"]);
        check("anna@bücher.example", &["anna@xn--bcher-kva.example"]);
        check("anna＠example。com", &["anna@example.com"]);
        check("x@[10.0.0.1]", &["x@10.0.0.1"]);
        check("a@b", &[]);
        check("@example.com", &[]);
        check("git@github.com:org/repo", &["git@github.com"]);
    }

    #[test]
    fn lists_and_prose() {
        assert!(is_list("a@x.example, Bob <b@y.example>") && is_list("a@x.example"));
        assert!(!is_list("write to a@x.example, please") && !is_list(""));
    }

    proptest! {
        #[test]
        fn canonical_addresses_stay_as_they_are(raw in "[a-zA-Z0-9.+_-]{1,8}@[a-zA-Z0-9-]{1,6}(\\.[a-zA-Z]{2,4}){1,2}") {
            for address in addresses(&raw) {
                prop_assert_eq!(addresses(&address).collect::<Vec<_>>(), vec![address], "{}", raw);
            }
        }
    }
}
