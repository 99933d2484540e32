//! The format of a segment file: a header, then frames without padding.
//!
//! ```text
//! header  "doorward-trail1\n"   first index u64
//! frame   length u32            index u64    leaf hash 32 bytes    record
//! ```
//!
//! Integers are big-endian. The leaf hash (RFC 6962) doubles as the check value of the frame.

use doorward_audit::{MAX_RECORD, merkle::leaf_hash};
use doorward_vocab::Digest;

pub(crate) const MAGIC: &[u8; 16] = b"doorward-trail1\n";
pub(crate) const HEADER: usize = 24;
pub(crate) const FRAME: usize = 44;

/// The header of the segment that begins with record `first`.
pub(crate) fn header(first: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let (magic, index) = header.split_at_mut(16);
    magic.copy_from_slice(MAGIC);
    index.copy_from_slice(&first.to_be_bytes());
    header
}

/// Appends a frame whose leaf hash is still to be filled in by [`seal`].
pub(crate) fn push_frame(out: &mut Vec<u8>, index: u64, record: &[u8]) {
    // INVARIANT: the encoder never gives more than MAX_RECORD bytes.
    out.extend_from_slice(&u32::try_from(record.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(&index.to_be_bytes());
    out.extend_from_slice(&[0; 32]);
    out.extend_from_slice(record);
}

/// Fills in the leaf hash of the first frame of `frames`: gives its index, its hash, and where the next frame begins.
pub(crate) fn seal(frames: &mut [u8]) -> Option<(u64, Digest, usize)> {
    let (head, rest) = frames.split_first_chunk_mut::<FRAME>()?;
    let length = usize::try_from(u32::from_be_bytes(*head.first_chunk()?)).ok()?;
    let index = u64::from_be_bytes(*head.get(4..)?.first_chunk()?);
    let leaf = leaf_hash(rest.get(..length)?);
    head.get_mut(12..)?.copy_from_slice(leaf.as_bytes());
    Some((index, leaf, FRAME + length))
}

/// One frame as it stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'b> {
    pub(crate) index: u64,
    pub(crate) leaf: Digest,
    pub(crate) record: &'b [u8],
}

/// Why the bytes at a place are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("it ends within a record")]
    Unfinished,
    #[error("a record says that it has {0} bytes, more than a record can have")]
    Length(u32),
    #[error("the record is not the one that its hash speaks of")]
    Hash,
}

impl<'b> Frame<'b> {
    /// How many bytes it takes in the file.
    pub(crate) const fn len(&self) -> usize {
        FRAME + self.record.len()
    }
    /// Reads the frame at the beginning of `bytes` and checks its hash; `None` at the end.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Option<Self>, Broken> {
        let Some(frame) = Self::read_unchecked(bytes)? else { return Ok(None) };
        if leaf_hash(frame.record) == frame.leaf { Ok(Some(frame)) } else { Err(Broken::Hash) }
    }
    /// Reads the frame at the beginning of `bytes`; `None` at the end. The hash may be wrong.
    pub(crate) fn read_unchecked(bytes: &'b [u8]) -> Result<Option<Self>, Broken> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or(Broken::Unfinished)?;
        let length = u32::from_be_bytes(*length);
        if length as usize > MAX_RECORD {
            return Err(Broken::Length(length));
        }
        let (index, rest) = rest.split_first_chunk::<8>().ok_or(Broken::Unfinished)?;
        let (leaf, rest) = rest.split_first_chunk::<32>().ok_or(Broken::Unfinished)?;
        let record = rest.get(..length as usize).ok_or(Broken::Unfinished)?;
        Ok(Some(Self { index: u64::from_be_bytes(*index), leaf: Digest::from_bytes(*leaf), record }))
    }
}

/// Reads the header: the first index of the segment.
pub(crate) fn read_header(bytes: &[u8]) -> Option<u64> {
    let rest = bytes.strip_prefix(MAGIC)?;
    Some(u64::from_be_bytes(*rest.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn frames_and_back(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..6), flip in any::<prop::sample::Index>()) {
            let mut bytes = Vec::new();
            for (index, record) in (7..).zip(&records) {
                push_frame(&mut bytes, index, record);
            }
            let mut at = 0;
            while let Some((_, _, next)) = seal(&mut bytes[at..]) {
                at += next;
            }
            let mut rest = &bytes[..];
            for (index, record) in (7..).zip(&records) {
                let frame = Frame::read(rest).unwrap().unwrap();
                prop_assert_eq!((frame.index, frame.record), (index, record.as_slice()));
                rest = &rest[frame.len()..];
            }
            prop_assert_eq!(Frame::read(rest), Ok(None));
            let at = flip.index(bytes.len());
            let bad = bytes[..at].to_vec();
            let mut rest = &bad[..];
            while let Ok(Some(frame)) = Frame::read(rest) {
                rest = &rest[frame.len()..];
            }
            prop_assert!(rest.is_empty() || Frame::read(rest) == Err(Broken::Unfinished));
        }
    }
}
