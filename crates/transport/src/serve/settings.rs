use std::time::Duration;

/// Limits of a listener. The defaults fit an internal gateway with thousands of agents.
#[derive(Clone, Debug)]
pub struct ServeSettings {
    /// Open connections at once; further ones are answered 503 and closed.
    pub max_connections: usize,
    /// From accept to the end of the first request head, TLS included.
    pub first_request: Duration,
    /// From the first byte of a later request head to its last.
    pub header_read: Duration,
    /// A connection without a request in flight is closed after this.
    pub idle: Duration,
    /// A connection whose peer reads nothing of what we write is cut after this.
    pub write_stall: Duration,
    /// Header fields of one request.
    pub max_headers: usize,
    /// Bytes of a request head; at least 8192.
    pub max_head_bytes: usize,
    /// Concurrent requests of one HTTP/2 connection.
    pub max_streams: u32,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            first_request: Duration::from_secs(10),
            header_read: Duration::from_secs(10),
            idle: Duration::from_secs(90),
            write_stall: Duration::from_secs(30),
            max_headers: 100,
            max_head_bytes: 64 << 10,
            max_streams: 128,
        }
    }
}
