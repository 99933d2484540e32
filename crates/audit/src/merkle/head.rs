use super::{empty_root, node_hash};
use doorward_vocab::Digest;

/// A tree that only grows: its size, and the roots of its perfect subtrees from the largest to the smallest, one per
/// set bit of the size. Adding a leaf costs two hashes on average.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    size: u64,
    peaks: Vec<Digest>,
}

impl Head {
    /// The empty tree.
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }
    /// The tree with these subtree roots, if their number fits the size.
    pub fn from_peaks(size: u64, peaks: Vec<Digest>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }
    /// How many leaves it has.
    pub const fn size(&self) -> u64 {
        self.size
    }
    /// The roots of the perfect subtrees, largest first.
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }
    /// Adds the hash of a leaf.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }
    /// The root hash.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

impl FromIterator<Digest> for Head {
    fn from_iter<I: IntoIterator<Item = Digest>>(leaves: I) -> Self {
        let mut head = Self::new();
        leaves.into_iter().for_each(|l| head.push(l));
        head
    }
}
