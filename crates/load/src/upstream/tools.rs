//! The three tools: a small read, a large read, and a sink.

/// The `tools` of a list answer.
pub(crate) const TOOLS: &str = concat!(
    r#"[{"name":"echo","description":"Repeats the text it is given.","#,
    r#""inputSchema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]},"#,
    r#""annotations":{"readOnlyHint":true,"openWorldHint":false}},"#,
    r#"{"name":"blob","description":"Reads one page of the depot's ledger.","#,
    r#""inputSchema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]},"#,
    r#""annotations":{"readOnlyHint":true,"openWorldHint":false}},"#,
    r#"{"name":"record","description":"Replaces the entry on the depot's notice board.","#,
    r#""inputSchema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]},"#,
    r#""annotations":{"readOnlyHint":false,"destructiveHint":true,"idempotentHint":true,"openWorldHint":false}}]"#,
);

/// One of [`TOOLS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Its text back: read only.
    Echo,
    /// 256 KiB of text: read only.
    Blob,
    /// Changes something, destructively: a sink.
    Record,
}

impl Tool {
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Echo, Self::Blob, Self::Record].into_iter().find(|tool| tool.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Blob => "blob",
            Self::Record => "record",
        }
    }
}
