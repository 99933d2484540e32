use super::{Head, Tile};
use doorward_vocab::Digest;

/// The unfinished tiles at the right edge of a growing tree, one per level. What it gives out are the finished ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiler {
    levels: Vec<Vec<Digest>>,
    size: u64,
}

impl Tiler {
    /// The edge of the empty tree.
    pub const fn new() -> Self {
        Self { levels: Vec::new(), size: 0 }
    }
    /// The edge that has these hashes, level 0 first; none where a level holds 256 hashes or more.
    pub fn from_levels(levels: Vec<Vec<Digest>>) -> Option<Self> {
        let mut size = 0_u64;
        for level in levels.iter().rev() {
            if level.len() >= usize::from(Tile::WIDTH) {
                return None;
            }
            size = size.checked_mul(256)?.checked_add(level.len() as u64)?;
        }
        Some(Self { levels, size })
    }
    /// How many leaves the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }
    /// Adds the hash of a leaf; `done` gets each tile that it completes, with its bytes.
    pub fn push(&mut self, leaf: Digest, mut done: impl FnMut(Tile, Vec<u8>)) {
        let (mut hash, mut index) = (leaf, self.size >> 8);
        self.size += 1;
        for level in 0..=u8::MAX {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::with_capacity(usize::from(Tile::WIDTH)));
            }
            let Some(hashes) = self.levels.get_mut(usize::from(level)) else { return };
            hashes.push(hash);
            if hashes.len() < usize::from(Tile::WIDTH) {
                return;
            }
            done(Tile::full(level, index), Tile::bytes(hashes));
            hash = hashes.drain(..).collect::<Head>().root();
            index >>= 8;
        }
    }
    /// The hashes of the unfinished tiles, level 0 first.
    pub fn levels(&self) -> &[Vec<Digest>] {
        &self.levels
    }
    /// The tree as a head.
    pub fn head(&self) -> Head {
        let peaks =
            self.levels.iter().rev().flat_map(|l| l.iter().copied().collect::<Head>().peaks().to_vec()).collect();
        // INVARIANT: a level of n hashes adds one peak per set bit of n, and these bits are the digits of the size.
        Head::from_peaks(self.size, peaks).unwrap_or_default()
    }
}
