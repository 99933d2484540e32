use doorward_audit::Receipt;
use doorward_engine::{Outbound, Permitted};
use std::{io, time::Duration};

/// Why a message did not reach a server, or its answer did not come back.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The name of the server gives no address.
    #[error("no address for `{host}`")]
    Resolve {
        /// The name.
        host: Box<str>,
        /// What the resolver said.
        #[source]
        source: io::Error,
    },
    /// The egress guard does not let us connect there.
    #[error(transparent)]
    Egress(#[from] crate::egress::EgressRefusal),
    /// The URL cannot be contacted at all.
    #[error(transparent)]
    Origin(#[from] crate::egress::OriginError),
    /// Nobody accepts connections there.
    #[error("cannot connect to `{to}`")]
    Connect {
        /// Host and port.
        to: Box<str>,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The TLS handshake failed: an unknown certificate, a wrong name, no common version.
    #[error("no TLS with `{to}`")]
    Tls {
        /// Host and port.
        to: Box<str>,
        /// What the handshake said.
        #[source]
        source: io::Error,
    },
    /// It is not the server that is meant.
    #[error("`{to}` is not who it should be: {why}")]
    Peer {
        /// Host and port.
        to: Box<str>,
        /// What does not fit.
        why: Box<str>,
    },
    /// A stage took too long.
    #[error("no {stage} within {after:?}")]
    Timeout {
        /// What was waited for.
        stage: Stage,
        /// How long.
        after: Duration,
    },
    /// The server broke the rules of its protocol.
    #[error("the server broke the protocol: {0}")]
    Protocol(Box<str>),
    /// Something that the server sent exceeds a limit.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What: `a line`, `an event`, `a reply`.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// The server answered with a redirect; none is followed.
    #[error("the server redirects (status {0}); configure the final address")]
    Redirect(u16),
    /// The server wants another credential, or one that may do more (RFC 6750 §3).
    #[error("the server does not accept who calls (status {status})")]
    Unauthorized {
        /// 401 or 403.
        status: u16,
        /// What it asks for, at most 4 KiB: untrusted text.
        challenge: Option<Box<str>>,
    },
    /// The connection or pipe ended.
    #[error("the link is closed")]
    Closed {
        /// Whether the message may have been read by the server.
        delivery: Delivery,
    },
    /// The command cannot be started.
    #[error("cannot start `{program}`")]
    Spawn {
        /// The program of the command line.
        program: Box<str>,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The message cannot be framed: a raw line break would let the server read two messages where one was judged.
    #[error("a message on a pipe must be one line")]
    NotOneLine,
    /// A header cannot be sent: an illegal name or value, or a name that the transport owns.
    #[error("header `{0}` cannot be sent")]
    Header(Box<str>),
    /// Receipt and permit do not belong together, or a sink call is not yet durable.
    #[error("the permit has no fitting receipt")]
    Unproven,
    /// Too many calls wait for this server.
    #[error("the server has {0} connections in use; try again later")]
    Busy(usize),
}

/// What was waited for when time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The address of a name.
    Resolve,
    /// A TCP connection.
    Connect,
    /// A TLS handshake.
    Handshake,
    /// A free connection of the pool, or room in the queue of a slow child.
    Queue,
    /// The head of the response.
    Reply,
    /// The rest of a body.
    Body,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Resolve => "address",
            Self::Connect => "connection",
            Self::Handshake => "TLS handshake",
            Self::Queue => "room in the queue",
            Self::Reply => "reply",
            Self::Body => "end of the body",
        })
    }
}

/// Whether the server may have seen the message. Only `Never` may be retried blindly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Not one byte of it left.
    Never,
    /// Some of it, or all, may have arrived.
    Unknown,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server, or the way to it.
    Upstream,
    /// What the operator configured.
    Operator,
    /// The gateway itself.
    Gateway,
}

impl LinkError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Peer { .. }
            | Self::Timeout { .. }
            | Self::Protocol(_)
            | Self::TooLarge { .. }
            | Self::Closed { .. }
            | Self::Busy(_) => Fault::Upstream,
            Self::Egress(_) | Self::Origin(_) | Self::Redirect(_) | Self::Unauthorized { .. } | Self::Spawn { .. } => {
                Fault::Operator
            }
            Self::NotOneLine | Self::Header(_) | Self::Unproven => Fault::Gateway,
        }
    }

    /// Whether the server may have seen the message.
    pub const fn delivery(&self) -> Delivery {
        match self {
            Self::Closed { delivery } => *delivery,
            Self::Timeout { stage: Stage::Reply | Stage::Body, .. }
            | Self::Protocol(_)
            | Self::TooLarge { .. }
            | Self::Unauthorized { .. }
            | Self::Redirect(_) => Delivery::Unknown,
            Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Peer { .. }
            | Self::Timeout { .. }
            | Self::Busy(_)
            | Self::Egress(_)
            | Self::Origin(_)
            | Self::Spawn { .. }
            | Self::NotOneLine
            | Self::Header(_)
            | Self::Unproven => Delivery::Never,
        }
    }

    /// A short stable code for metrics and the trail.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Resolve { .. } => "resolve",
            Self::Egress(_) => "egress",
            Self::Origin(_) => "origin",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Peer { .. } => "peer",
            Self::Timeout { .. } => "timeout",
            Self::Protocol(_) => "protocol",
            Self::TooLarge { .. } => "too-large",
            Self::Redirect(_) => "redirect",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Closed { .. } => "closed",
            Self::Spawn { .. } => "spawn",
            Self::NotOneLine => "not-one-line",
            Self::Header(_) => "header",
            Self::Unproven => "unproven",
            Self::Busy(_) => "busy",
        }
    }
}

/// Spends a permit: the receipt must be of the same call, and durable where the call is a sink.
pub(crate) fn spend(permitted: Permitted, receipt: &Receipt) -> Result<Outbound, LinkError> {
    let permit = permitted.permit();
    if receipt.call() != permit.call() || (permit.sink() && !receipt.durable()) {
        return Err(LinkError::Unproven);
    }
    Ok(permitted.spend())
}
