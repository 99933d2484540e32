//! Permits without a ruling, for the tests of rooms that spend them.

use crate::{Outbound, Permit, Permitted};
use doorward_vocab::CallId;

/// Permits `message` as the call `call`; `sink` demands a durable receipt.
pub fn permit_for_tests(message: Outbound, call: CallId, sink: bool) -> Permitted {
    Permitted::new(message, Permit::mint(call, sink))
}
