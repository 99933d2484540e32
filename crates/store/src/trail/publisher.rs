//! The thread that signs heads. It is apart from the writer so that no commit waits for tiles and checkpoints.

use super::{buffer::Buffer, layout::Layout};
use crate::place::{replace, sync_dir};
use doorward_audit::{Checkpoint, SigningKey, merkle::Tile};
use doorward_vocab::Digest;
use parking_lot::{Condvar, Mutex};
use std::{collections::BTreeSet, fs, io, io::Write, mem, os::unix::fs::OpenOptionsExt, path::Path, sync::Arc};

/// Heads to be signed. Only the newest counts; tiles wait until the head over them is signed.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    tiles: Vec<(Tile, Vec<u8>)>,
    head: Option<SegmentHead>,
    closing: bool,
}

/// A head whose records are on disk.
#[derive(Clone, Copy)]
pub(super) struct SegmentHead {
    pub(super) size: u64,
    pub(super) root: Digest,
    /// Where the segment begins that is written now.
    pub(super) segment: u64,
}

impl Queue {
    /// Asks for a signature over a head, and hands over the tiles that it completed.
    pub(super) fn publish(&self, tiles: &mut Vec<(Tile, Vec<u8>)>, head: SegmentHead) {
        let mut state = self.state.lock();
        state.tiles.append(tiles);
        state.head = Some(head);
        drop(state);
        self.wake.notify_one();
    }
    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.state.lock().closing = true;
        self.wake.notify_one();
    }
}

pub(super) struct Publisher {
    pub(super) layout: Layout,
    pub(super) key: SigningKey,
    pub(super) queue: Arc<Queue>,
    pub(super) buffer: Arc<Buffer>,
    pub(super) latest: Arc<Mutex<Arc<str>>>,
    /// Where the segment begins from which a start reads on: that of the last head.
    pub(super) segment: u64,
    /// Tiles that were completed since then. They may not be on disk: whoever opens the trail reads that segment, and makes
    /// them again.
    pub(super) young: Vec<Tile>,
}

impl Publisher {
    pub(super) fn run(mut self) {
        loop {
            let (tiles, head) = {
                let mut state = self.queue.state.lock();
                while state.head.is_none() && !state.closing {
                    self.queue.wake.wait(&mut state);
                }
                let Some(head) = state.head.take() else { return };
                (mem::take(&mut state.tiles), head)
            };
            if let Err(e) = self.publish(&tiles, head) {
                tracing::error!(error = %e, "a checkpoint could not be written");
                self.buffer.fail(&format!("a checkpoint could not be written: {e}").into());
                return;
            }
        }
    }

    /// Tiles, then the history, then the checkpoint: at any instant every record that a checkpoint speaks of is on disk, and
    /// every tile that could not be made again from the last segment.
    pub(super) fn publish(&mut self, tiles: &[(Tile, Vec<u8>)], head: SegmentHead) -> io::Result<()> {
        for (tile, bytes) in tiles {
            put_tile(&self.layout.tile(*tile), bytes)?;
            self.young.push(*tile);
        }
        if head.segment != self.segment {
            self.settle()?;
            self.segment = head.segment;
        }
        let note = Checkpoint::sign(head.size, head.root, &self.key);
        let mut history = fs::OpenOptions::new().append(true).create(true).open(self.layout.history())?;
        history.write_all(format!("{note}\n").as_bytes())?;
        history.sync_data()?;
        replace(&self.layout.checkpoint(), note.as_bytes(), 0o644)?;
        *self.latest.lock() = note.into();
        Ok(())
    }

    /// Makes the young tiles durable, and the names that lead to them: a start does not read their segment any more.
    fn settle(&mut self) -> io::Result<()> {
        let mut dirs = BTreeSet::new();
        for tile in mem::take(&mut self.young) {
            let path = self.layout.tile(tile);
            fs::File::open(&path)?.sync_all()?;
            let above = path.ancestors().skip(1).take_while(|dir| dir.starts_with(&self.layout.dir));
            dirs.extend(above.map(Path::to_owned));
        }
        dirs.iter().try_for_each(|dir| sync_dir(dir))
    }
}

/// Writes a full tile under a name that appears in one step; it is on disk when the system thinks fit.
fn put_tile(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let open = || fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&temporary);
    let mut file = match (open(), path.parent()) {
        (Err(e), Some(dir)) if e.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(dir)?;
            open()?
        }
        (opened, _) => opened?,
    };
    file.write_all(bytes)?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_young_until_their_segment_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        let key = layout.signing_key(Some("test.example/trail"), true).unwrap();
        let mut publisher = Publisher {
            layout: layout.clone(),
            key,
            queue: Arc::default(),
            buffer: Arc::new(Buffer::new(0, 0)),
            latest: Arc::new(Mutex::new("".into())),
            segment: 0,
            young: Vec::new(),
        };
        let mut publish = |index: u64, segment| {
            let tile = (Tile::full(0, index), vec![7; 8192]);
            let head = SegmentHead { size: (index + 1) * 256, root: Digest::of(b""), segment };
            publisher.publish(&[tile], head).unwrap();
            publisher.young.len()
        };
        // A start that finds the last head reads the segment that was written when it was signed.
        assert_eq!((publish(0, 0), publish(1, 0), publish(2, 512), publish(3, 512)), (1, 2, 0, 1));
        assert!((0..4).all(|n| fs::read(layout.tile(Tile::full(0, n))).unwrap() == [7; 8192]));
    }
}
