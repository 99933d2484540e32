//! JSON as a gateway needs it: one strict pass over the original bytes gives a tape of spans; reading goes through
//! cursors into those bytes; changing splices them. What was judged is exactly what is sent.
//!
//! Two parsers that disagree about one text are a way around a gateway, so everything that parsers are known to
//! disagree about is refused: duplicate keys, keys that differ in case only, lone surrogates, trailing bytes.

mod document;
mod edit;
mod scan;
#[cfg(test)]
mod tests;
mod write;

pub use document::{Document, Kind, Value};
pub use edit::Edits;
pub use scan::{JsonError, Limits, Strictness, same_but_case};
pub use write::{quote, quote_into};
