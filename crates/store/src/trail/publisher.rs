//! The thread that signs heads. It is apart from the writer so that no commit waits for tiles and checkpoints.

use super::{buffer::Buffer, layout::Layout};
use crate::place::{put, replace, sync_dir};
use doorward_audit::{Checkpoint, SigningKey, merkle::Tile};
use doorward_vocab::Digest;
use parking_lot::{Condvar, Mutex};
use std::{collections::BTreeSet, fs, io, io::Write, mem, path::PathBuf, sync::Arc};

/// Heads to be signed. Only the newest counts; tiles wait until the head over them is signed.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    tiles: Vec<(Tile, Vec<u8>)>,
    head: Option<(u64, Digest)>,
    closing: bool,
}

impl Queue {
    /// Asks for a signature over a head whose records are on disk, and hands over the tiles that it completed.
    pub(super) fn publish(&self, tiles: &mut Vec<(Tile, Vec<u8>)>, head: (u64, Digest)) {
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
}

impl Publisher {
    pub(super) fn run(self) {
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

    /// Tiles, then the history, then the checkpoint: at any instant everything a checkpoint speaks of is on disk.
    pub(super) fn publish(&self, tiles: &[(Tile, Vec<u8>)], (size, root): (u64, Digest)) -> io::Result<()> {
        let mut dirs = BTreeSet::new();
        for (tile, bytes) in tiles {
            dirs.insert(put_tile(&self.layout, *tile, bytes)?);
        }
        for dir in &dirs {
            sync_dir(dir)?;
        }
        let note = Checkpoint::sign(size, root, &self.key);
        let mut history = fs::OpenOptions::new().append(true).create(true).open(self.layout.history())?;
        history.write_all(format!("{note}\n").as_bytes())?;
        history.sync_data()?;
        replace(&self.layout.checkpoint(), note.as_bytes(), 0o644)?;
        *self.latest.lock() = note.into();
        Ok(())
    }
}

/// Writes a full tile durably, under a name that appears in one step; the directory, which holds that name, is the
/// caller's to make durable, once for many tiles. Gives the directory.
fn put_tile(layout: &Layout, tile: Tile, bytes: &[u8]) -> io::Result<PathBuf> {
    let path = layout.tile(tile);
    let dir = path.parent().unwrap_or(&layout.dir);
    if !dir.is_dir() {
        fs::create_dir_all(dir)?;
        for above in dir.ancestors().skip(1).take_while(|d| d.starts_with(&layout.dir)) {
            sync_dir(above)?;
        }
    }
    put(&path, bytes, 0o644)?;
    Ok(dir.to_owned())
}
