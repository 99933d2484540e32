use bytes::Bytes;
use doorward_mcp::{Id, Notice, RpcError};

/// The proof that a message may reach a client: made by `clear`, or for the gateway's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleared(Bytes);

impl Cleared {
    pub(crate) const fn mint(bytes: Bytes) -> Self {
        Self(bytes)
    }
    /// An error of the gateway itself.
    pub fn error(error: &RpcError, id: Option<&Id>) -> Self {
        Self(error.to_message(id))
    }
    /// The gateway's own answer to request `id`: `result` is a JSON object that the gateway wrote or put together from
    /// parts that were cleared.
    pub fn own(id: &Id, result: &str) -> Self {
        Self(format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{result}}}", id.json()).into())
    }
    /// The same as the whole message.
    pub const fn own_message(message: Bytes) -> Self {
        Self(message)
    }
    /// A notification of the gateway itself; `params` is a JSON object as in [`Self::own`].
    pub fn notice(notice: Notice, params: Option<&str>) -> Self {
        let params = params.map(|params| format!(",\"params\":{params}")).unwrap_or_default();
        Self(format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{}\"{params}}}", notice.as_str()).into())
    }
    /// The JSON-RPC message.
    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }
    /// The JSON-RPC message, to be sent.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}
