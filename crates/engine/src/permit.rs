use crate::{Fill, Unfilled, marks::filled};
use bytes::Bytes;
use doorward_vocab::{CallId, Secret};
use std::sync::Arc;

/// The proof that a message was ruled and may go to its server. Made only by `rule`, spent once by forwarding.
#[derive(Debug)]
pub struct Permit {
    call: CallId,
    sink: bool,
}

impl Permit {
    pub(crate) const fn mint(call: CallId, sink: bool) -> Self {
        Self { call, sink }
    }
    /// The call that was permitted.
    pub const fn call(&self) -> CallId {
        self.call
    }
    /// Whether the decision must be durable before the message leaves.
    pub const fn sink(&self) -> bool {
        self.sink
    }
}

/// What kind of JSON-RPC message goes out, with what the transport needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboundKind {
    /// A request; `id` is its JSON text, by which the answer is recognized.
    Request {
        /// The id as it stands in the bytes (`7` or `"a"`).
        id: Box<str>,
    },
    /// A notification: nothing answers it.
    Notification,
    /// The answer to a request that the server made.
    Response,
}

/// A message for a server: exactly the bytes that were judged, and the headers that mirror them.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// The JSON-RPC message, one line without a newline.
    pub bytes: Bytes,
    /// What it is.
    pub kind: OutboundKind,
    /// The method of a request or notification, e.g. `tools/call`; empty for a response.
    pub method: &'static str,
    /// Headers for Streamable HTTP that follow from the body (`MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name`,
    /// `Mcp-Param-*`), already encoded; ignored on stdio.
    pub headers: Arc<[(Box<str>, Box<str>)]>,
}

/// A message with the permit to send it. Not `Clone`: it is forwarded once.
#[derive(Debug)]
pub struct Permitted {
    message: Outbound,
    permit: Permit,
    fills: Vec<Fill>,
}

impl Permitted {
    pub(crate) const fn new(message: Outbound, permit: Permit) -> Self {
        Self { message, permit, fills: Vec::new() }
    }
    /// With placeholders that stand where they may.
    pub(crate) fn with_fills(self, fills: Vec<Fill>) -> Self {
        Self { fills, ..self }
    }
    /// The placeholders that are exchanged when it is sent.
    pub fn fills(&self) -> &[Fill] {
        &self.fills
    }
    /// The message with the secrets that its placeholders stand for, and otherwise as it was judged.
    ///
    /// # Errors
    /// [`Unfilled`], where a placeholder is not written as it was judged.
    pub fn fill(self, secrets: impl Fn(&Fill) -> Option<Secret<String>>) -> Result<Self, Unfilled> {
        let Self { mut message, permit, fills } = self;
        let secrets = fills.into_iter().map(|fill| Some((fill.clone(), secrets(&fill)?)));
        let secrets = secrets.collect::<Option<Vec<_>>>().ok_or(Unfilled)?;
        message.bytes = filled(&message.bytes, &secrets)?.into();
        Ok(Self::new(message, permit))
    }
    /// The message.
    pub const fn message(&self) -> &Outbound {
        &self.message
    }
    /// The permit.
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }
    /// The message, to be sent: the permit is spent.
    pub fn spend(self) -> Outbound {
        self.message
    }
}
