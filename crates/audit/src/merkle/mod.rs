//! The Merkle tree of RFC 6962 §2.1 over the records, its proofs, and its storage as tiles of 256 hashes
//! (C2SP tlog-tiles).

mod head;
mod proof;
mod tile;
mod tiler;

pub use head::Head;
pub use proof::{Nodes, ProofError, consistency_proof, inclusion_proof, root, verify_consistency, verify_inclusion};
pub use tile::{Tile, TileError, bundle_entries, push_bundle_entry};
pub use tiler::Tiler;

use doorward_vocab::Digest;

/// The hash of the empty tree: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// The hash of a leaf: a zero byte, then the record (RFC 6962 §2.1).
pub fn leaf_hash(record: &[u8]) -> Digest {
    let mut leaf = Vec::with_capacity(record.len() + 1);
    leaf.push(0);
    leaf.extend_from_slice(record);
    Digest::of(&leaf)
}

/// The hash of two subtrees: a one byte, then both hashes (RFC 6962 §2.1).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut node = [1; 65];
    let (l, r) = node.split_at_mut(33);
    if let Some(l) = l.get_mut(1..) {
        l.copy_from_slice(left.as_bytes());
    }
    r.copy_from_slice(right.as_bytes());
    Digest::of(&node)
}

#[cfg(test)]
mod tests;
