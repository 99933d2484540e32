use super::layout::Layout;
use doorward_audit::merkle::{Head, Nodes, Tile, Tiler};
use doorward_vocab::Digest;
use std::{fs, io, path::Path};

/// The hash tiles of a trail on disk. Proofs over full tiles can be made from them.
#[derive(Debug)]
pub struct Tiles(Layout);

impl Tiles {
    /// The tiles of the trail in `dir`.
    pub fn new(dir: &Path) -> Self {
        Self(Layout::new(dir))
    }
    pub(super) const fn of(layout: Layout) -> Self {
        Self(layout)
    }
    /// The hashes of a full tile; `None` where the file is missing.
    ///
    /// # Errors
    /// When the file cannot be read or has the wrong length.
    pub fn read(&self, tile: Tile) -> io::Result<Option<Vec<Digest>>> {
        match fs::read(self.0.tile(tile)) {
            Ok(bytes) => tile.hashes(&bytes).map(Some).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
    /// The right edge of the tree of `size` leaves, a multiple of 256; `None` where a tile is missing or damaged.
    pub(super) fn edge(&self, size: u64) -> Option<Tiler> {
        let mut levels = vec![Vec::new()];
        let (mut level, mut hashes) = (0_u8, size >> 8);
        while hashes > 0 {
            let first = hashes & !255;
            let roots = (first..hashes).map(|index| {
                let full = self.read(Tile::full(level, index)).ok().flatten()?;
                Some(full.into_iter().collect::<Head>().root())
            });
            levels.push(roots.collect::<Option<Vec<_>>>()?);
            level += 1;
            hashes >>= 8;
        }
        Tiler::from_levels(levels).filter(|t| t.size() == size)
    }
}

impl Nodes for Tiles {
    fn node(&self, level: u8, index: u64) -> Option<Digest> {
        let hashes = self.read(Tile::holding(level, index)).ok().flatten();
        match hashes {
            Some(hashes) => Tile::node_within(&hashes, level, index),
            // A hash of an unfinished tile is the root of a full tile below.
            None if level >= 8 && level.is_multiple_of(8) => {
                let below = self.read(Tile::full(level / 8 - 1, index)).ok().flatten()?;
                Some(below.into_iter().collect::<Head>().root())
            }
            None if level > 8 => {
                let (left, right) = (self.node(level - 1, index * 2)?, self.node(level - 1, index * 2 + 1)?);
                Some(doorward_audit::merkle::node_hash(&left, &right))
            }
            None => None,
        }
    }
}
