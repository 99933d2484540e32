use crate::{section::Section, units, value::Item};
use serde::Serialize;
use std::time::Duration;

/// Ceilings and timeouts. The defaults stand in [`Limits::default`] and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Bytes of one request body.
    pub request: usize,
    /// Bytes of one message that a server sends: a result, an event, a line.
    pub result: usize,
    /// Bytes of the head of a request.
    pub head: usize,
    /// How deep JSON may nest.
    pub depth: usize,
    /// Connections open at once on one listener.
    pub connections: usize,
    /// Protocol sessions held at once.
    pub sessions: usize,
    /// Conversations held in memory at once.
    pub conversations: usize,
    /// How often a server may ask something of the client's model or person in one conversation.
    pub asks: usize,
    /// Questions to a person that may be open at once, for one principal.
    pub approvals_open: usize,
    /// Questions to a person in an hour, for one principal.
    pub approvals_an_hour: usize,
    /// Sources of poisoned texts that are remembered.
    pub poisoned: usize,
    /// Event streams open at once.
    pub streams: usize,
    /// Calls in flight to one server.
    pub in_flight: usize,
    /// Time for the head of a request to arrive.
    #[serde(serialize_with = "units::write_duration")]
    pub header_timeout: Duration,
    /// Time for the body of a request to arrive.
    #[serde(serialize_with = "units::write_duration")]
    pub body_timeout: Duration,
    /// Time to reach a server: name, connection, TLS.
    #[serde(serialize_with = "units::write_duration")]
    pub connect_timeout: Duration,
    /// Time for a started command to answer its first message.
    #[serde(serialize_with = "units::write_duration")]
    pub start_timeout: Duration,
    /// Time without any sign of a server until a call is given up; a server's own `timeout` overrides it.
    #[serde(serialize_with = "units::write_duration")]
    pub upstream_timeout: Duration,
    /// Quiet time after which a connection without a request is closed.
    #[serde(serialize_with = "units::write_duration")]
    pub idle_timeout: Duration,
    /// Quiet time after which a protocol session is dropped.
    #[serde(serialize_with = "units::write_duration")]
    pub session_idle: Duration,
    /// Quiet time after which a conversation ends.
    #[serde(serialize_with = "units::write_duration")]
    pub conversation_idle: Duration,
    /// How long a source of poisoned texts is remembered since it was last found.
    #[serde(serialize_with = "units::write_duration")]
    pub poisoned_for: Duration,
    /// How long a question to a person is open, and how long the answer is good.
    #[serde(serialize_with = "units::write_duration")]
    pub approval_for: Duration,
    /// Time that open calls get to finish when the gateway stops.
    #[serde(serialize_with = "units::write_duration")]
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: 4 << 20,
            result: 16 << 20,
            head: 32 << 10,
            depth: 64,
            connections: 4_096,
            sessions: 10_000,
            conversations: 10_000,
            asks: 100,
            approvals_open: 8,
            approvals_an_hour: 120,
            poisoned: 4_096,
            streams: 1_024,
            in_flight: 256,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            start_timeout: Duration::from_secs(60),
            upstream_timeout: Duration::from_secs(120),
            idle_timeout: Duration::from_secs(90),
            session_idle: Duration::from_secs(30 * 60),
            conversation_idle: Duration::from_secs(30 * 60),
            poisoned_for: Duration::from_secs(30 * 24 * 3600),
            approval_for: Duration::from_secs(10 * 60),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

impl Limits {
    pub(crate) fn read(section: Section<'_>) -> Self {
        let mut limits = Self::default();
        let size = |key, into: &mut usize| *into = section.get(key, Item::size).unwrap_or(*into);
        size("request", &mut limits.request);
        size("result", &mut limits.result);
        size("head", &mut limits.head);
        let count = |key, into: &mut usize| *into = section.get(key, Item::count).unwrap_or(*into);
        count("depth", &mut limits.depth);
        count("connections", &mut limits.connections);
        count("sessions", &mut limits.sessions);
        count("conversations", &mut limits.conversations);
        count("asks", &mut limits.asks);
        count("approvals_open", &mut limits.approvals_open);
        count("approvals_an_hour", &mut limits.approvals_an_hour);
        count("poisoned", &mut limits.poisoned);
        count("streams", &mut limits.streams);
        count("in_flight", &mut limits.in_flight);
        let time = |key, into: &mut Duration| *into = section.get(key, Item::duration).unwrap_or(*into);
        time("header_timeout", &mut limits.header_timeout);
        time("body_timeout", &mut limits.body_timeout);
        time("connect_timeout", &mut limits.connect_timeout);
        time("start_timeout", &mut limits.start_timeout);
        time("upstream_timeout", &mut limits.upstream_timeout);
        time("idle_timeout", &mut limits.idle_timeout);
        time("session_idle", &mut limits.session_idle);
        time("conversation_idle", &mut limits.conversation_idle);
        time("poisoned_for", &mut limits.poisoned_for);
        time("approval_for", &mut limits.approval_for);
        time("drain_timeout", &mut limits.drain_timeout);
        section.finish();
        limits
    }
}
