//! What a fuzzer runs.

use crate::trail::segment::{Frame, read_header};

/// Reading a segment file never fails hard and always gets on.
pub fn fuzz_segment(bytes: &[u8]) {
    let _ = read_header(bytes);
    let mut rest = bytes;
    while let Ok(Some(frame)) = Frame::read_unchecked(rest) {
        let _ = Frame::read(rest);
        rest = rest.get(frame.len()..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes(length in 0..70_000_u32, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            fuzz_segment(&bytes);
            fuzz_segment(&[&length.to_be_bytes(), bytes.as_slice()].concat());
        }
    }
}
