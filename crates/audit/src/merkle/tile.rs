use super::Head;
use doorward_vocab::Digest;
use std::fmt::Write;

/// A tile: up to 256 neighbouring hashes of one level (C2SP tlog-tiles). Level 0 holds leaf hashes; each hash of level
/// `n + 1` is the root of a full tile of level `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

/// Why bytes or a path are not a tile or an entry bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not a path of a tile.
    #[error("`{0}` is not the path of a tile")]
    Path(String),
    /// The length does not fit the width.
    #[error("a tile of {0} hashes has {1} bytes; it must have 32 for each hash")]
    Length(u16, usize),
    /// An entry bundle ends within an entry.
    #[error("an entry bundle ends within an entry, at byte {0}")]
    Cut(usize),
}

impl Tile {
    /// The hashes of a full tile.
    pub const WIDTH: u16 = 256;

    /// A full tile.
    pub const fn full(level: u8, index: u64) -> Self {
        Self { level, index, width: Self::WIDTH }
    }
    /// A tile, if its level (at most 63) and its width (1 to 256) can be.
    pub fn new(level: u8, index: u64, width: u16) -> Option<Self> {
        (level <= 63 && (1..=Self::WIDTH).contains(&width)).then_some(Self { level, index, width })
    }
    /// The partial tile at the right edge of `level` in a tree of `size` leaves, if there is one.
    pub fn partial(level: u8, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(u32::from(level) * 8)?;
        Self::new(level, hashes >> 8, u16::try_from(hashes & 255).ok()?)
    }
    /// The level, from 0.
    pub const fn level(self) -> u8 {
        self.level
    }
    /// The index within the level, from 0.
    pub const fn index(self) -> u64 {
        self.index
    }
    /// How many hashes it holds, 1 to 256.
    pub const fn width(self) -> u16 {
        self.width
    }
    /// Its path: `tile/<L>/<N>`, and `.p/<W>` where it is partial.
    pub fn path(self) -> String {
        self.path_under(&self.level.to_string())
    }
    /// The path of the entry bundle beside a tile of level 0.
    pub fn entries_path(self) -> String {
        self.path_under("entries")
    }
    fn path_under(self, level: &str) -> String {
        let mut path = format!("tile/{level}");
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        while let Some(group) = groups.pop() {
            let mark = if groups.is_empty() { "" } else { "x" };
            // Writing to a string does not fail.
            let _ = write!(path, "/{mark}{group:03}");
        }
        if self.width < Self::WIDTH {
            let _ = write!(path, ".p/{}", self.width);
        }
        path
    }
    /// Reads a path that [`Self::path`] writes.
    ///
    /// # Errors
    /// [`TileError::Path`]; other spellings of the same tile are refused.
    pub fn from_path(path: &str) -> Result<Self, TileError> {
        let read = || {
            let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
            let (digits, width) = match rest.split_once(".p/") {
                Some((d, w)) => (d, w.parse().ok().filter(|w| *w < Self::WIDTH)?),
                None => (rest, Self::WIDTH),
            };
            let mut index = 0_u64;
            for group in digits.split('/') {
                let group = group.strip_prefix('x').unwrap_or(group);
                index =
                    index.checked_mul(1000)?.checked_add(group.parse::<u16>().ok().filter(|g| *g < 1000)?.into())?;
            }
            Self::new(level.parse().ok()?, index, width).filter(|t| t.path() == path)
        };
        read().ok_or_else(|| TileError::Path(path.to_owned()))
    }
    /// The hashes of a tile's bytes.
    ///
    /// # Errors
    /// [`TileError::Length`].
    pub fn hashes(self, bytes: &[u8]) -> Result<Vec<Digest>, TileError> {
        let (chunks, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || chunks.len() != usize::from(self.width) {
            return Err(TileError::Length(self.width, bytes.len()));
        }
        Ok(chunks.iter().copied().map(Digest::from_bytes).collect())
    }
    /// The bytes of a tile with these hashes.
    pub fn bytes(hashes: &[Digest]) -> Vec<u8> {
        hashes.iter().flat_map(|h| *h.as_bytes()).collect()
    }
    /// The root of a subtree within a full tile's hashes: `level` and `index` as in [`super::Nodes`], which must lie in it.
    pub fn node_within(hashes: &[Digest], level: u8, index: u64) -> Option<Digest> {
        let height = level % 8;
        let start = usize::try_from((index << height) & 255).ok()?;
        Some(hashes.get(start..start + (1 << height))?.iter().copied().collect::<Head>().root())
    }
    /// The full tile in which the subtree lies.
    pub const fn holding(level: u8, index: u64) -> Self {
        Self::full(level / 8, (index << (level % 8)) >> 8)
    }
}

/// Appends an entry to an entry bundle; `false` when it is longer than a bundle can say, and nothing was appended.
#[must_use]
pub fn push_bundle_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Ok(length) = u16::try_from(entry.len()) else { return false };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    true
}

/// The entries of an entry bundle.
///
/// # Errors
/// [`TileError::Cut`].
pub fn bundle_entries(bundle: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let (mut rest, mut entries) = (bundle, Vec::new());
    while !rest.is_empty() {
        let cut = || TileError::Cut(bundle.len() - rest.len());
        let (length, tail) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        let (entry, tail) = tail.split_at_checked(u16::from_be_bytes(*length).into()).ok_or_else(cut)?;
        entries.push(entry);
        rest = tail;
    }
    Ok(entries)
}
