use super::Refusal;
use http::{HeaderMap, HeaderName};

/// Headers that decide who calls, what is called, or where a message ends.
const ONCE: &[&str] = &[
    "host",
    "origin",
    "authorization",
    "content-length",
    "transfer-encoding",
    "content-type",
    "dpop",
    "last-event-id",
];

/// Refuses a head in which a security-relevant header stands twice.
pub(super) fn once(headers: &HeaderMap) -> Result<(), Refusal> {
    // Almost every request has no doubled header at all, and the map knows that without a look at the names.
    if headers.keys_len() == headers.len() {
        return Ok(());
    }
    for name in ONCE {
        if headers.get_all(*name).iter().nth(1).is_some() {
            return Err(Refusal::Doubled(name));
        }
    }
    let doubled =
        |name: &&HeaderName| name.as_str().starts_with("mcp-") && headers.get_all(*name).iter().nth(1).is_some();
    match headers.keys().find(doubled) {
        Some(_) => Err(Refusal::Doubled("mcp-*")),
        None => Ok(()),
    }
}
