use crate::{Id, Revision, json::quote};
use bytes::Bytes;
use std::fmt::Write as _;

/// A JSON-RPC error as the gateway sends it, with the HTTP status that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// The code.
    pub code: i32,
    /// One sentence.
    pub message: String,
    /// The JSON text of `data`.
    pub data: Option<String>,
    /// The HTTP status in the modern era; 400 or 404 in the legacy one only where the transport asks for it.
    pub status: u16,
}

impl RpcError {
    /// Not JSON.
    pub const PARSE: i32 = -32700;
    /// Not a request.
    pub const INVALID_REQUEST: i32 = -32600;
    /// No such method.
    pub const METHOD_NOT_FOUND: i32 = -32601;
    /// Wrong parameters.
    pub const INVALID_PARAMS: i32 = -32602;
    /// The gateway or the server failed.
    pub const INTERNAL: i32 = -32603;
    /// Headers and body disagree (2026-07-28).
    pub const HEADER_MISMATCH: i32 = -32020;
    /// The client must declare a capability first (2026-07-28).
    pub const MISSING_CAPABILITY: i32 = -32021;
    /// A revision that is not spoken here (2026-07-28).
    pub const UNSUPPORTED_VERSION: i32 = -32022;
    /// Doorward refused. Outside the reserved range, as a proxy must not invent codes there.
    pub const REFUSED: i32 = 4030;

    /// An error.
    pub fn new(code: i32, status: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None, status }
    }
    /// An error with the JSON text `data`.
    #[must_use]
    pub fn with_data(mut self, data: String) -> Self {
        self.data = Some(data);
        self
    }
    /// No such method.
    pub fn method_not_found(method: &str) -> Self {
        Self::new(Self::METHOD_NOT_FOUND, 404, format!("Method not found: {method}"))
    }
    /// Wrong parameters.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(Self::INVALID_PARAMS, 400, message)
    }
    /// The server behind the gateway could not answer.
    pub fn upstream(message: impl Into<String>) -> Self {
        Self::new(Self::INTERNAL, 502, message)
    }
    /// A revision that is not spoken here.
    pub fn unsupported_version(requested: &str, supported: &[Revision]) -> Self {
        let list: Vec<_> = supported.iter().map(|r| quote(r.as_str())).collect();
        Self::new(Self::UNSUPPORTED_VERSION, 400, format!("Unsupported protocol version: {requested}"))
            .with_data(format!("{{\"supported\":[{}],\"requested\":{}}}", list.join(","), quote(requested)))
    }
    /// The message that carries it. `None` where the request's id is not known.
    pub fn to_message(&self, id: Option<&Id>) -> Bytes {
        let mut out = String::with_capacity(96 + self.message.len());
        let id = id.map_or_else(|| "null".to_owned(), Id::json);
        let _ = write!(out, "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":{},\"message\":", self.code);
        crate::json::quote_into(&self.message, &mut out);
        if let Some(data) = &self.data {
            let _ = write!(out, ",\"data\":{data}");
        }
        out.push_str("}}");
        out.into()
    }
}
