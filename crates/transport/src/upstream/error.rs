use crate::{Delivery, LinkError};

/// What an error of the HTTP layer means, for a message that may have been read.
pub(super) fn broken(error: &hyper::Error, max_head: usize) -> LinkError {
    if error.is_parse_too_large() {
        LinkError::TooLarge { what: "the head of a reply", limit: max_head }
    } else if error.is_parse() {
        LinkError::Protocol(error.to_string().into())
    } else {
        LinkError::Closed { delivery: Delivery::Unknown }
    }
}
