//! What happens when a trail is opened: find where it ends, cut what a crash left unfinished, check the rest.

use super::{
    OpenError,
    layout::Layout,
    segment::{Frame, HEADER, read_header},
    tiles::Tiles,
    verify::read_history,
    writer::Segment,
};
use crate::place::sync_dir;
use doorward_audit::{
    Checkpoint, SigningKey,
    merkle::{Tile, Tiler},
};
use std::{fs, io, io::Seek};

/// A trail that is ready to be written.
pub(super) struct Found {
    pub(super) key: SigningKey,
    pub(super) segment: Segment,
    pub(super) tiler: Tiler,
    /// Tiles that are not there yet, or not as they should be.
    pub(super) tiles: Vec<(Tile, Vec<u8>)>,
    /// Where the first segment begins that was read, and what it and those after it completed: tiles that are there, and
    /// perhaps not durable.
    pub(super) from: u64,
    pub(super) young: Vec<Tile>,
    /// What was repaired, and how many bytes it took.
    pub(super) repairs: Vec<(&'static str, u64)>,
}

/// Where reading the segments ended.
struct Replay {
    /// Where the first segment begins that was read.
    from: u64,
    tiler: Tiler,
    /// Those that were completed from there on.
    tiles: Vec<(Tile, Vec<u8>)>,
    /// The last segment, and how many bytes of it are good.
    last: Option<(u64, usize)>,
    /// What is beyond them.
    torn: Vec<u8>,
    agrees: bool,
}

pub(super) fn recover(layout: &Layout, origin: Option<&str>) -> Result<Found, OpenError> {
    let firsts = layout.list_segments().map_err(OpenError::io("list", layout.segments()))?;
    let new = firsts.is_empty() && !layout.checkpoint().exists() && !layout.history().exists();
    let known = layout.key().exists();
    let key = layout.signing_key(origin, new)?;
    let signed = if new { None } else { last_checkpoint(layout, &key)? };
    // A key without a trail: a crash of the very first start, or somebody took the trail away.
    let mut repairs = if new && known { vec![("begin", 0)] } else { Vec::new() };

    // From the tiles, if they say the same as the checkpoint. They are not secret and not signed: where they disagree,
    // only the records count.
    let mut replay = replay(layout, &firsts, signed.as_ref(), true)?;
    if !replay.agrees {
        replay = self::replay(layout, &firsts, signed.as_ref(), false)?;
        repairs.push(("tiles", 0));
    }
    let found = replay.tiler.size();
    match &signed {
        Some(s) if found < s.size => return Err(OpenError::Shorter { found, signed: s.size }),
        Some(s) if !replay.agrees => return Err(OpenError::Root { size: s.size }),
        // The first checkpoint is signed before the first record is taken.
        None if found > 0 => {
            return Err(OpenError::Checkpoint { path: layout.checkpoint(), why: "it is missing".into() });
        }
        _ => {}
    }
    if !replay.torn.is_empty() {
        keep_torn(layout, found, &replay.torn)?;
        repairs.push(("tail", replay.torn.len() as u64));
    }
    let segment = match replay.last {
        Some((first, good)) if good >= HEADER => reopen(layout, first, good)?,
        Some((first, _)) => Segment::create(layout, first).map_err(OpenError::io("create", layout.segment(first)))?,
        None => Segment::create(layout, 0).map_err(OpenError::io("create", layout.segment(0)))?,
    };
    cut_history(layout)?;
    let there = |(tile, bytes): &(Tile, Vec<u8>)| fs::read(layout.tile(*tile)).is_ok_and(|found| found == *bytes);
    let (there, tiles): (Vec<_>, Vec<_>) = replay.tiles.into_iter().partition(there);
    let young = there.into_iter().map(|(tile, _)| tile).collect();
    Ok(Found { key, segment, tiler: replay.tiler, tiles, from: replay.from, young, repairs })
}

/// The newest head that was signed: of the checkpoint and of the history.
fn last_checkpoint(layout: &Layout, key: &SigningKey) -> Result<Option<Checkpoint>, OpenError> {
    let path = layout.checkpoint();
    let history = fs::read_to_string(layout.history()).unwrap_or_default();
    let newest = read_history(&history).filter_map(|(_, note)| Checkpoint::open(&note?, &key.verifier()).ok()).last();
    match fs::read_to_string(&path) {
        Ok(note) => {
            let why = |e: doorward_audit::NoteError| OpenError::Checkpoint { path, why: e.to_string() };
            let current = Checkpoint::open(&note, &key.verifier()).map_err(why)?;
            Ok(Some(newest.filter(|n| n.size > current.size).unwrap_or(current)))
        }
        // A trail that died before its first checkpoint has neither; one that had a checkpoint has a history.
        Err(e) if e.kind() == io::ErrorKind::NotFound && newest.is_none() => Ok(None),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::Checkpoint { path, why: "it is missing".into() })
        }
        Err(source) => Err(OpenError::Io { act: "read", path, source }),
    }
}

/// Reads the segments from the last one that begins before the checkpoint, or from the first.
fn replay(layout: &Layout, firsts: &[u64], signed: Option<&Checkpoint>, use_tiles: bool) -> Result<Replay, OpenError> {
    let tiles = Tiles::of(layout.clone());
    let size = signed.map_or(0, |s| s.size);
    let edge =
        || firsts.iter().enumerate().rev().filter(|(_, f)| **f <= size).find_map(|(n, f)| Some((n, tiles.edge(*f)?)));
    let (from, tiler) = if use_tiles { edge() } else { None }.unwrap_or((0, Tiler::new()));
    let mut replay = Replay {
        from: firsts.get(from).copied().unwrap_or(0),
        tiler,
        tiles: Vec::new(),
        last: None,
        torn: Vec::new(),
        agrees: signed.is_none(),
    };
    replay.check(signed);
    for (n, first) in firsts.iter().enumerate().skip(from) {
        let path = layout.segment(*first);
        let damaged = |index, why: String| OpenError::Damaged { path: path.clone(), index, why };
        if *first != replay.tiler.size() {
            return Err(damaged(replay.tiler.size(), format!("it begins with record {first}")));
        }
        let bytes = fs::read(&path).map_err(OpenError::io("read", &path))?;
        let (good, why) = replay.segment(&bytes, *first, signed);
        let torn = bytes.get(good..).unwrap_or_default();
        if n + 1 < firsts.len() && !torn.is_empty() {
            return Err(damaged(replay.tiler.size(), why));
        }
        replay.last = Some((*first, good));
        replay.torn = torn.to_vec();
    }
    Ok(replay)
}

impl Replay {
    fn check(&mut self, signed: Option<&Checkpoint>) {
        if let Some(s) = signed.filter(|s| s.size == self.tiler.size()) {
            self.agrees = self.tiler.head().root() == s.root;
        }
    }
    /// Reads the frames of one segment; gives how many bytes are good, and what is wrong with the next one.
    fn segment(&mut self, bytes: &[u8], first: u64, signed: Option<&Checkpoint>) -> (usize, String) {
        if read_header(bytes) != Some(first) {
            return (0, "its header is damaged".to_owned());
        }
        let mut good = HEADER;
        loop {
            match Frame::read(bytes.get(good..).unwrap_or_default()) {
                Ok(Some(frame)) if frame.index == self.tiler.size() => {
                    let tiles = &mut self.tiles;
                    self.tiler.push(frame.leaf, |tile, bytes| tiles.push((tile, bytes)));
                    self.check(signed);
                    good += frame.len();
                }
                Ok(Some(frame)) => return (good, format!("record {} stands there", frame.index)),
                Ok(None) => return (good, String::new()),
                Err(broken) => return (good, broken.to_string()),
            }
        }
    }
}

/// Keeps the bytes that are cut, for whoever wants to look at them.
fn keep_torn(layout: &Layout, size: u64, torn: &[u8]) -> Result<(), OpenError> {
    let path = layout.segments().join(format!("{size:020}.torn"));
    crate::place::replace(&path, torn, 0o600).map_err(OpenError::io("write", &path))
}

fn reopen(layout: &Layout, first: u64, good: usize) -> Result<Segment, OpenError> {
    let path = layout.segment(first);
    let open = || {
        let mut file = fs::OpenOptions::new().write(true).open(&path)?;
        file.set_len(good as u64)?;
        file.seek(io::SeekFrom::End(0))?;
        file.sync_all()?;
        sync_dir(&layout.segments())?;
        Ok(Segment { file, first, length: good as u64 })
    };
    open().map_err(OpenError::io("open", &path))
}

/// Cuts an unfinished note at the end of the history, so that the next one stands on its own.
fn cut_history(layout: &Layout) -> Result<(), OpenError> {
    let path = layout.history();
    let Ok(text) = fs::read(&path) else { return Ok(()) };
    let text = String::from_utf8_lossy(&text);
    let end = read_history(&text).map(|(end, _)| end).last().unwrap_or(0);
    if end == text.len() {
        return Ok(());
    }
    let cut = fs::OpenOptions::new().write(true).open(&path).and_then(|f| f.set_len(end as u64));
    cut.map_err(OpenError::io("cut", &path))
}
