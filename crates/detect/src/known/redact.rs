//! Texts without the secrets in them.

use super::{Held, Holder, KnownSecrets};
use bytes::Bytes;
use doorward_mcp::json::{Document, Edits, Limits, Strictness};
use std::sync::atomic::Ordering::Relaxed;

/// What stands where a secret stood.
pub const REMOVED: &str = "[secret removed by Doorward]";

impl Held {
    /// What is put in its place, so that what holds it stays what it is.
    pub fn instead(&self) -> String {
        match self.holder {
            Holder::Text if self.goes_on => String::new(),
            Holder::Text => REMOVED.to_owned(),
            // Two keys of one object must not become the same.
            Holder::Key => format!("{REMOVED} ({})", self.reflection.span.start),
            Holder::Number => "0".to_owned(),
        }
    }
}

impl KnownSecrets {
    /// `text` without the secrets in it; `None` where it has none.
    pub fn redact(&self, text: &[u8]) -> Option<Vec<u8>> {
        let found = self.find(text);
        if found.is_empty() {
            return None;
        }
        self.redacted.fetch_add(found.len() as u64, Relaxed);
        let (mut clean, mut at) = (Vec::with_capacity(text.len()), 0);
        for reflection in found {
            clean.extend_from_slice(text.get(at..reflection.span.start).unwrap_or_default());
            clean.extend_from_slice(REMOVED.as_bytes());
            at = reflection.span.end;
        }
        clean.extend_from_slice(text.get(at..).unwrap_or_default());
        Some(clean)
    }

    /// The same for the text of one JSON value, which stays one.
    pub fn redact_json(&self, json: &[u8]) -> Option<Vec<u8>> {
        if self.find(json).is_empty() {
            return None;
        }
        let limits = Limits::default();
        let Ok(doc) = Document::parse(Bytes::copy_from_slice(json), &limits, Strictness::Result) else {
            return self.redact(json);
        };
        let mut edits = Edits::new();
        let found = self.find_in(doc.root());
        self.redacted.fetch_add(found.iter().filter(|held| !held.goes_on).count() as u64, Relaxed);
        for held in found {
            let instead = held.instead();
            edits.splice(held.reflection.span, instead);
        }
        Some(edits.apply(&doc).to_vec())
    }

    /// How many secrets were taken out of texts that belong to no message: logs and records.
    pub fn redactions(&self) -> u64 {
        self.redacted.load(Relaxed)
    }
}
