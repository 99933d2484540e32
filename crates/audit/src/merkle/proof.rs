use super::{empty_root, node_hash};
use doorward_vocab::Digest;

/// Where the hashes of perfect subtrees come from: a slice of leaf hashes, or tiles.
pub trait Nodes {
    /// The root of the subtree over the leaves `index << level` to `(index + 1) << level`, if it is known.
    fn node(&self, level: u8, index: u64) -> Option<Digest>;
}

impl Nodes for [Digest] {
    fn node(&self, level: u8, index: u64) -> Option<Digest> {
        let (start, end) = (index.checked_shl(level.into())?, (index + 1).checked_shl(level.into())?);
        let leaves = self.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
        Some(leaves.iter().copied().collect::<super::Head>().root())
    }
}

/// Why a proof cannot be made or does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Sizes or indexes that do not fit each other.
    #[error("the index or the sizes do not fit each other")]
    Range,
    /// A hash that the proof needs is not there.
    #[error("the hash of the {0} records from {1} on is missing")]
    Missing(u64, u64),
    /// The proof has too few or too many hashes.
    #[error("the proof has the wrong length")]
    Length,
    /// The proof leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// The root of the first `size` leaves.
///
/// # Errors
/// [`ProofError::Missing`].
pub fn root<N: Nodes + ?Sized>(nodes: &N, size: u64) -> Result<Digest, ProofError> {
    if size == 0 { Ok(empty_root()) } else { subtree(nodes, 0, size) }
}

/// The audit path of leaf `index` in the tree of `size` leaves (RFC 6962 §2.1.1), from the leaf up.
///
/// # Errors
/// [`ProofError::Range`] when the tree does not hold the leaf, [`ProofError::Missing`].
pub fn inclusion_proof<N: Nodes + ?Sized>(nodes: &N, index: u64, size: u64) -> Result<Vec<Digest>, ProofError> {
    if index >= size {
        return Err(ProofError::Range);
    }
    let (mut lo, mut hi, mut path) = (0, size, Vec::new());
    while hi - lo > 1 {
        let middle = lo + split(hi - lo);
        if index < middle {
            path.push(subtree(nodes, middle, hi)?);
            hi = middle;
        } else {
            path.push(subtree(nodes, lo, middle)?);
            lo = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `old` leaves is a prefix of the tree of `new` leaves (RFC 6962 §2.1.2).
///
/// # Errors
/// [`ProofError::Range`] when `old` is 0 or more than `new`, [`ProofError::Missing`].
pub fn consistency_proof<N: Nodes + ?Sized>(nodes: &N, old: u64, new: u64) -> Result<Vec<Digest>, ProofError> {
    if old == 0 || old > new {
        return Err(ProofError::Range);
    }
    let (mut lo, mut hi, mut path) = (0, new, Vec::new());
    while old != hi {
        let middle = lo + split(hi - lo);
        if old <= middle {
            path.push(subtree(nodes, middle, hi)?);
            hi = middle;
        } else {
            path.push(subtree(nodes, lo, middle)?);
            lo = middle;
        }
    }
    // The old tree itself is known to the verifier, unless it is not a subtree of the new one.
    if lo > 0 {
        path.push(subtree(nodes, lo, hi)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks an audit path (RFC 9162 §2.1.3.2).
///
/// # Errors
/// [`ProofError::Range`], [`ProofError::Length`], [`ProofError::Root`].
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    root: &Digest,
    path: &[Digest],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Range);
    }
    let (mut at, mut last, mut node) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            node = node_hash(sibling, &node);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node = node_hash(&node, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if node == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree `old` (size and root) is a prefix of the tree `new` (RFC 9162 §2.1.4.2).
///
/// # Errors
/// [`ProofError::Range`], [`ProofError::Length`], [`ProofError::Root`].
pub fn verify_consistency(old: (u64, &Digest), new: (u64, &Digest), path: &[Digest]) -> Result<(), ProofError> {
    if old.0 == 0 || old.0 > new.0 {
        return Err(ProofError::Range);
    }
    if old.0 == new.0 {
        return match (path.is_empty(), old.1 == new.1) {
            (false, _) => Err(ProofError::Length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    let (mut at, mut last) = (old.0 - 1, new.0 - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (first, rest) = match (old.0.is_power_of_two(), path.split_first()) {
        (true, _) => (*old.1, path),
        (false, Some((first, rest))) => (*first, rest),
        (false, None) => return Err(ProofError::Length),
    };
    let (mut before, mut after) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            before = node_hash(sibling, &before);
            after = node_hash(sibling, &after);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            after = node_hash(&after, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if before == *old.1 && after == *new.1 { Ok(()) } else { Err(ProofError::Root) }
}

/// The largest power of two smaller than `n`, for `n > 1`.
const fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// MTH(D[lo:hi]) of RFC 6962 §2.1. `lo` is a multiple of the first split.
fn subtree<N: Nodes + ?Sized>(nodes: &N, lo: u64, hi: u64) -> Result<Digest, ProofError> {
    let width = hi - lo;
    if width.is_power_of_two() {
        // INVARIANT: at most 63.
        let level = u8::try_from(width.trailing_zeros()).unwrap_or(0);
        return nodes.node(level, lo >> level).ok_or(ProofError::Missing(width, lo));
    }
    let middle = lo + split(width);
    Ok(node_hash(&subtree(nodes, lo, middle)?, &subtree(nodes, middle, hi)?))
}
