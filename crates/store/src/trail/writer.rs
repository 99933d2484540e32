//! The thread that writes: group commit. All calls that wait share one `fdatasync`, and while it runs the next batch
//! gathers.

use super::{
    TrailError,
    buffer::{Batch, Buffer, Turn, Wait},
    door::Options,
    layout::Layout,
    publisher::{Queue, SegmentHead},
    segment::{HEADER, header, seal},
};
use crate::place::sync_dir;
use doorward_audit::merkle::{Tile, Tiler};
use std::{
    fs, io,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

/// How often a busy writer looks for records that nobody waits for.
const TICK: Duration = Duration::from_millis(5);
/// After this many empty looks it sleeps until it is woken.
const TICKS: u32 = 20;

pub(super) struct Writer {
    pub(super) layout: Layout,
    pub(super) options: Options,
    pub(super) buffer: Arc<Buffer>,
    pub(super) queue: Arc<Queue>,
    pub(super) segment: Segment,
    pub(super) tiler: Tiler,
    pub(super) tiles: Vec<(Tile, Vec<u8>)>,
    /// How many records the last published head covers.
    pub(super) published: u64,
}

/// The segment that is written.
pub(super) struct Segment {
    pub(super) file: fs::File,
    /// Its first record.
    pub(super) first: u64,
    pub(super) length: u64,
}

impl Segment {
    /// Makes the segment that begins with record `first`, durably.
    pub(super) fn create(layout: &Layout, first: u64) -> io::Result<Self> {
        let mut file = fs::OpenOptions::new().create(true).write(true).truncate(true).open(layout.segment(first))?;
        file.write_all(&header(first))?;
        file.sync_all()?;
        sync_dir(&layout.segments())?;
        Ok(Self { file, first, length: HEADER as u64 })
    }
}

impl Writer {
    pub(super) fn run(mut self) {
        if let Err(e) = self.serve() {
            // After a failed write or fdatasync the page cache may hold what the disk does not: never try again, never
            // acknowledge again. The next start reads what is really there.
            tracing::error!(error = %e, "the trail could not be written");
            self.buffer.fail(&e.to_string().into());
        }
        self.queue.close();
    }

    fn serve(&mut self) -> io::Result<()> {
        let (mut batch, mut idle, mut unsynced) = (Batch::default(), 0, None::<Instant>);
        let mut signed_at = Instant::now();
        loop {
            let unsigned = self.tiler.size() > self.published;
            let wait = match (idle < TICKS || unsynced.is_some(), unsigned) {
                (true, _) => Wait::Poll(TICK),
                (false, true) => Wait::Park(Some(self.options.checkpoint_every.saturating_sub(signed_at.elapsed()))),
                (false, false) => Wait::Park(None),
            };
            let turn = self.buffer.take(&mut batch, wait);
            match turn {
                Turn::Write => {
                    idle = 0;
                    self.write(&mut batch.frames).inspect_err(|e| refuse(&mut batch, e))?;
                    unsynced.get_or_insert_with(Instant::now);
                }
                Turn::Idle => idle += 1,
                Turn::Close => {}
            }
            let due = unsynced.is_some_and(|at| at.elapsed() >= self.options.sync_every);
            if unsynced.is_some() && (due || !batch.waiters.is_empty() || turn == Turn::Close) {
                self.segment.file.sync_data().inspect_err(|e| refuse(&mut batch, e))?;
                unsynced = None;
            }
            for waiter in batch.waiters.drain(..) {
                // A caller that went away does not care.
                let _ = waiter.send(Ok(()));
            }
            self.buffer.landed();
            let unsigned = self.tiler.size() > self.published;
            if unsigned
                && unsynced.is_none()
                && (turn == Turn::Close || signed_at.elapsed() >= self.options.checkpoint_every)
            {
                let (size, root) = (self.tiler.size(), self.tiler.head().root());
                self.queue.publish(&mut self.tiles, SegmentHead { size, root, segment: self.segment.first });
                self.published = self.tiler.size();
                signed_at = Instant::now();
            }
            if turn == Turn::Close {
                return Ok(());
            }
        }
    }

    /// Hashes the frames into the tree and writes them, into the next segment where one is full.
    fn write(&mut self, frames: &mut Vec<u8>) -> io::Result<()> {
        let (mut start, mut at) = (0, 0);
        while let Some((index, leaf, length)) = frames.get_mut(at..).and_then(seal) {
            // A segment ends where a tile does, so that a start needs no earlier segment to complete a tile.
            let full = self.segment.length + (at - start) as u64 >= self.options.segment_bytes;
            if full && index.is_multiple_of(u64::from(Tile::WIDTH)) {
                self.append(frames.get(start..at).unwrap_or_default())?;
                self.segment.file.sync_data()?;
                self.segment = Segment::create(&self.layout, index)?;
                start = at;
            }
            let tiles = &mut self.tiles;
            self.tiler.push(leaf, |tile, bytes| tiles.push((tile, bytes)));
            at += length;
        }
        self.append(frames.get(start..).unwrap_or_default())?;
        frames.clear();
        // One burst must not keep its memory for ever.
        frames.shrink_to(1 << 20);
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.segment.file.write_all(bytes)?;
        self.segment.length += bytes.len() as u64;
        Ok(())
    }
}

fn refuse(batch: &mut Batch, e: &io::Error) {
    for waiter in batch.waiters.drain(..) {
        let _ = waiter.send(Err(TrailError::Failed(e.to_string().into())));
    }
}
