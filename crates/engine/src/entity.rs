//! Addresses and hosts in free text, as hashes: enough to recognize one that comes back as a recipient.

use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A bounded set of addresses and hosts. Where it is full the oldest are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntitySet(Vec<u64>);

impl EntitySet {
    /// The most entities that are kept.
    pub const MAX: usize = 256;

    /// The empty set.
    pub const fn none() -> Self {
        Self(Vec::new())
    }
    /// Whether `entity` (an e-mail address or a host, any case) is in the set.
    pub fn contains(&self, entity: &str) -> bool {
        self.0.contains(&hash(entity))
    }
    /// Whether nothing is in the set.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Adds every entity of `other`.
    pub fn merge(&mut self, other: &Self) {
        for h in &other.0 {
            self.insert(*h);
        }
    }
    /// Adds the e-mail addresses, and the hosts of addresses and URLs, in `text`.
    pub fn extend_from_text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        for (at, b) in bytes.iter().enumerate() {
            match b {
                b'@' => {
                    let local = before(text, at);
                    let host = after(text, at + 1);
                    if !local.is_empty() && host.contains('.') {
                        self.insert(hash(&format!("{local}@{host}")));
                        self.insert(hash(host));
                    }
                }
                b':' if bytes.get(at + 1..at + 3) == Some(b"//") => {
                    let rest = text.get(at + 3..).unwrap_or_default();
                    let end = rest.find(|c: char| {
                        matches!(c, '/' | '?' | '#' | '"' | '\'' | ')' | '>' | '\\') || c.is_whitespace()
                    });
                    let authority = rest.get(..end.unwrap_or(rest.len()).min(255)).unwrap_or_default();
                    let host = authority.rsplit('@').next().unwrap_or_default();
                    let host = host.split(':').next().unwrap_or_default();
                    if !host.is_empty() {
                        self.insert(hash(host));
                    }
                }
                _ => {}
            }
        }
    }

    fn insert(&mut self, h: u64) {
        if self.0.contains(&h) {
            return;
        }
        if self.0.len() >= Self::MAX {
            self.0.remove(0);
        }
        self.0.push(h);
    }
}

fn hash(entity: &str) -> u64 {
    let mut h = DefaultHasher::new();
    for b in entity.trim_end_matches('.').bytes() {
        b.to_ascii_lowercase().hash(&mut h);
    }
    h.finish()
}

fn address_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-')
}

fn before(text: &str, end: usize) -> &str {
    let head = text.get(..end).unwrap_or_default();
    let start = head.char_indices().rev().take(64).take_while(|(_, c)| address_char(*c)).last().map_or(end, |(i, _)| i);
    head.get(start..).unwrap_or_default()
}

fn after(text: &str, start: usize) -> &str {
    let tail = text.get(start..).unwrap_or_default();
    let end = tail.char_indices().take(255).find(|(_, c)| !(c.is_alphanumeric() || matches!(c, '.' | '-')));
    let end = end.map_or_else(|| tail.char_indices().nth(255).map_or(tail.len(), |(i, _)| i), |(i, _)| i);
    tail.get(..end).unwrap_or_default().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::EntitySet;
    use proptest::prelude::*;

    #[test]
    fn addresses_and_hosts() {
        let mut set = EntitySet::default();
        set.extend_from_text("Mail <Eve@Attacker.Example>, or see https://user:pw@evil.example:8443/x?y. Cost @ 5.");
        for found in ["eve@attacker.example", "attacker.example", "evil.example"] {
            assert!(set.contains(found), "{found}");
        }
        assert!(!set.contains("eve@evil.example") && !set.contains("user"));
    }

    proptest! {
        #[test]
        fn bounded_and_total(text in "(\\PC|@|://|\\.){0,200}") {
            let mut set = EntitySet::default();
            for _ in 0..20 { set.extend_from_text(&text); }
            prop_assert!(set.0.len() <= EntitySet::MAX);
        }
    }
}
