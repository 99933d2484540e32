//! A result as records and fields: the item of a list, the mail, the row, and what stands where in it. One stranger may have
//! written one record and not the next, so a value is told with the place that it stood in.

mod json;
mod lines;
mod literal;

use bytes::Bytes;
use doorward_mcp::json::{Document, Limits, Strictness};

/// Texts that nest deeper, or hold more values, are read as lines.
const LIMITS: Limits = Limits { depth: 64, nodes: 1_000_000 };

/// One field of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The number of the record, in the order in which records begin.
    pub record: usize,
    /// The keys that lead to the field, as `/items/*/author`; `*` stands for any item.
    pub name: &'a str,
    /// What stands there.
    pub text: &'a str,
}

/// Tells the fields of `text`, which stands at `pointer` of a result, and how many records there are. What no record holds
/// belongs to record `first`.
pub fn split(pointer: &str, text: &str, first: usize, each: &mut dyn FnMut(Field<'_>)) -> usize {
    if text.trim_start().starts_with(['{', '[']) {
        let parse = |text: Bytes| Document::parse(text, &LIMITS, Strictness::Result).ok();
        let plain = parse(Bytes::copy_from_slice(text.as_bytes()));
        if let Some(document) = plain.or_else(|| parse(literal::as_json(text)?.into())) {
            return json::split(document.root(), pointer, first, each);
        }
    }
    lines::split(pointer, text, first, each)
}
