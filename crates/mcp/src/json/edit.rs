use super::{Document, Value, quote, same_but_case};
use bytes::Bytes;
use std::ops::Range;

/// Changes to a document, as splices of its original bytes: everything that is not named stays byte for byte.
#[derive(Debug, Default)]
pub struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// No change.
    pub const fn new() -> Self {
        Self(Vec::new())
    }
    /// Whether nothing is changed.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Puts the JSON text `json` where `value` stands.
    pub fn replace(&mut self, value: Value<'_>, json: impl Into<String>) {
        self.0.push((value.span(), json.into()));
    }
    /// Puts `json` in place of the bytes of `span`. The caller keeps the document well-formed.
    pub fn splice(&mut self, span: Range<usize>, json: impl Into<String>) {
        self.0.push((span, json.into()));
    }
    /// Sets the member `key` of `object` to the JSON text `json`, adding it where it is missing.
    pub fn set(&mut self, object: Value<'_>, key: &str, json: &str) {
        if let Some(old) = object.get(key) {
            self.replace(old, json);
        } else {
            let comma = if object.members().next().is_some() { "," } else { "" };
            let at = object.span().start + 1;
            self.0.push((at..at, format!("{}:{json}{comma}", quote(key))));
        }
    }
    /// Removes the member `key` of `object`, if it is there.
    pub fn remove(&mut self, object: Value<'_>, key: &str) {
        let ranges: Vec<_> = object.member_ranges().collect();
        if let Some(i) = ranges.iter().position(|(k, _)| k == key) {
            self.cut(&ranges.into_iter().map(|(_, r)| r).collect::<Vec<_>>(), &[i]);
        }
    }
    /// Makes several changes to one object at once, as [`Self::set`] and [`Self::remove`] cannot: each of those sees the
    /// object as it was. Members of `set` get their JSON texts, members that `goes` names are removed, and so are those
    /// that equal one of `set` but for case, which a lenient reader would take for it.
    ///
    /// What stays may be changed inside by further edits.
    pub fn reshape(&mut self, object: Value<'_>, set: &[(&str, String)], goes: impl Fn(&str) -> bool) {
        let (mut all, mut gone, mut kept) = (Vec::new(), Vec::new(), None);
        for (i, ((key, range), (_, value))) in object.member_ranges().zip(object.members()).enumerate() {
            if let Some((_, json)) = set.iter().find(|(k, _)| *k == key) {
                self.replace(value, json.as_str());
                kept = Some(range.end);
            } else if goes(&key) || set.iter().any(|(k, _)| same_but_case(k, &key)) {
                gone.push(i);
            } else {
                kept = Some(range.end);
            }
            all.push(range);
        }
        let new = set.iter().filter(|(k, _)| object.get(k).is_none());
        let new = new.map(|(k, json)| format!("{}:{json}", quote(k))).collect::<Vec<_>>().join(",");
        match kept {
            Some(end) => {
                if !new.is_empty() {
                    self.0.push((end..end, format!(",{new}")));
                }
                self.cut(&all, &gone);
            }
            None if new.is_empty() && all.is_empty() => {}
            None => self.0.push((object.span().start + 1..object.span().end.saturating_sub(1), new)),
        }
    }
    /// Removes the items of `array` at `indexes` (ascending).
    pub fn remove_items(&mut self, array: Value<'_>, indexes: &[usize]) {
        self.cut(&array.items().map(Value::span).collect::<Vec<_>>(), indexes);
    }

    /// Cuts whole elements with the comma that stops being needed: a run that is not at the front goes with the
    /// comma before it, a run at the front with the comma after it.
    fn cut(&mut self, all: &[Range<usize>], indexes: &[usize]) {
        let mut i = 0;
        while let Some(&first) = indexes.get(i) {
            let mut last = first;
            while indexes.get(i + 1) == Some(&(last + 1)) {
                last += 1;
                i += 1;
            }
            i += 1;
            let (Some(from), Some(to)) = (all.get(first), all.get(last)) else { return };
            let before = first.checked_sub(1).and_then(|p| all.get(p));
            let range = match (before, all.get(last + 1)) {
                (Some(before), _) => before.end..to.end,
                (None, Some(next)) => from.start..next.start,
                (None, None) => from.start..to.end,
            };
            self.0.push((range, String::new()));
        }
    }

    /// The changed bytes.
    pub fn apply(self, doc: &Document) -> Bytes {
        if self.0.is_empty() {
            return doc.bytes().clone();
        }
        self.splice_into(doc.bytes(), 0).into()
    }
    /// The changed text of `value` alone. Every edit lies inside of it.
    pub fn within(self, value: Value<'_>) -> String {
        let new = self.splice_into(value.raw().as_bytes(), value.span().start);
        // Splices begin and end where a value or member does, and their texts are strings.
        String::from_utf8(new).unwrap_or_default()
    }

    /// The bytes `old`, which begin at `start` in the document, with all splices made.
    fn splice_into(mut self, old: &[u8], start: usize) -> Vec<u8> {
        self.0.sort_by_key(|(r, _)| (r.start, r.end));
        let grown: usize = self.0.iter().map(|(_, s)| s.len()).sum();
        let mut new = Vec::with_capacity(old.len() + grown);
        let mut at = start;
        for (range, text) in &self.0 {
            if range.start < at {
                continue; // Inside something that was already replaced.
            }
            new.extend_from_slice(old.get(at - start..range.start - start).unwrap_or_default());
            new.extend_from_slice(text.as_bytes());
            at = range.end;
        }
        new.extend_from_slice(old.get(at.saturating_sub(start)..).unwrap_or_default());
        new
    }
}
