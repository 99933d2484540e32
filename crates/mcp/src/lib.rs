//! MCP messages of all five revisions over their original bytes.
//!
//! A proxy that re-types messages drops fields and disagrees with other parsers. This room reads what must be
//! judged, keeps the rest as it came, and changes a message by splicing.
//!
//! ```
//! use doorward_mcp::{Message, Method, Side, decode, json::{Edits, Limits}};
//! let text = br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","vendor":1.10}}"#;
//! let Message::Request(call) = decode(text.as_slice().into(), &Limits::default(), Side::Client)? else { unreachable!() };
//! assert_eq!(call.method, Method::ToolsCall);
//! assert_eq!(call.target().as_deref(), Some("echo"));
//!
//! let mut edits = Edits::new();
//! edits.set(call.params().unwrap(), "name", "\"print\"");
//! assert!(edits.apply(&call.doc).ends_with(br#""name":"print","vendor":1.10}}"#));
//! # Ok::<(), doorward_mcp::DecodeError>(())
//! ```

mod error;
#[doc(hidden)]
pub mod fuzzing;
mod header;
mod id;
pub mod json;
mod message;
mod method;
mod revision;

pub use error::RpcError;
pub use header::{
    HeaderError, HeaderParameter, Mirrored, check_headers, check_notice, decode_value, encode_value, mirror,
    parameter_headers,
};
pub use id::Id;
pub use message::{DecodeError, Message, Notification, Request, Response, decode, meta};
pub use method::{Method, Notice, Side};
pub use revision::{Era, Revision};
