use super::{
    Around,
    cursor::Cursor,
    shown::Standing,
    to::{Failed, Receiver},
};
use crate::Item;
use doorward_config::{Begin, Export};
use doorward_store::trail::Reader;
use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::{runtime::Handle, sync::watch, time::sleep};

/// The most that is told at once.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 1 << 20;
/// How often the end of the trail is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How long is waited after the first failure; twice as long after each further one.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The longest that a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(600);
/// For one attempt, whatever the receiver does.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads the trail, and tells its receiver.
pub(super) struct Follower {
    name: String,
    records: Vec<String>,
    reader: Reader,
    cursor: Cursor,
    receiver: Receiver,
    standing: Arc<Standing>,
    runtime: Handle,
}

/// The export was ended while it waited.
struct Ended;

impl Follower {
    pub(super) fn new(
        export: &Export,
        around: &Around,
        cursor: Cursor,
        receiver: Receiver,
        standing: Arc<Standing>,
    ) -> Result<Self, String> {
        let found = || match export.begin {
            Begin::Oldest => Ok(Reader::new(&around.trail)),
            Begin::Now => end_of(&around.trail),
        };
        let reader = cursor.reader().map_or_else(found, Ok).map_err(|e| e.to_string())?;
        // From here on it is known where it began, also if it is never told anything.
        cursor.keep(&reader).map_err(|e| e.to_string())?;
        standing.next.store(reader.index(), Relaxed);
        Ok(Self {
            name: export.name.clone(),
            records: export.records.clone(),
            reader,
            cursor,
            receiver,
            standing,
            runtime: around.runtime.clone(),
        })
    }

    pub(super) fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let went_on = match self.read() {
                Ok(batch) if batch.read == 0 => self.rest(&mut stop),
                Ok(batch) => self.deliver(&batch.items, &mut stop).map(|()| self.keep()),
                Err(error) => {
                    self.fail(&error.to_string());
                    self.wait(&mut stop, LONGEST_PAUSE)
                }
            };
            if went_on.is_err() {
                return;
            }
        }
    }

    /// What comes next, without what is not wanted.
    fn read(&mut self) -> io::Result<Batch> {
        let mut batch = Batch { read: 0, items: Vec::new() };
        let mut bytes = 0;
        while batch.items.len() < BATCH && bytes < BATCH_BYTES && batch.read < BATCH * 16 {
            let Some(entry) = self.reader.next()? else { break };
            batch.read += 1;
            // What a newer gateway wrote cannot be told by this one.
            let Ok(item) = Item::read(entry.index, entry.record) else { continue };
            if self.records.is_empty() || self.records.iter().any(|kind| kind == item.record.event.kind()) {
                bytes += item.bytes.len();
                batch.items.push(item);
            }
        }
        Ok(batch)
    }

    /// Tells the receiver until it has taken all of it. What it refuses for good is halved until it is one record, and that
    /// one is passed over: a record that nobody can read must not keep all later ones back.
    fn deliver(&mut self, items: &[Item], stop: &mut watch::Receiver<bool>) -> Result<(), Ended> {
        if items.is_empty() {
            return Ok(());
        }
        let mut pause = PAUSE;
        loop {
            match self.attempt(items, stop)? {
                Ok(()) => {
                    if self.standing.failing.load(Relaxed) {
                        tracing::info!(export = self.name, "the export is told again");
                    }
                    self.standing.took(items.len(), items.last().map_or(0, |item| item.index + 1));
                    return Ok(());
                }
                Err(Failed::Refused(why)) => match items {
                    [one] => {
                        self.standing.refused.fetch_add(1, Relaxed);
                        tracing::warn!(
                            export = self.name,
                            record = one.index,
                            "it refuses a record, which is passed over: {why}"
                        );
                        return Ok(());
                    }
                    more => {
                        let (first, second) = more.split_at(more.len() / 2);
                        self.deliver(first, stop)?;
                        return self.deliver(second, stop);
                    }
                },
                Err(Failed::Later { why, asked }) => {
                    self.fail(&why);
                    self.wait(stop, asked.map_or(pause, |asked| asked.clamp(PAUSE, LONGEST_ASKED)))?;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn attempt(&mut self, items: &[Item], stop: &mut watch::Receiver<bool>) -> Result<Result<(), Failed>, Ended> {
        let receiver = &mut self.receiver;
        self.runtime.block_on(async {
            tokio::select! {
                _ = stop.changed() => Err(Ended),
                done = tokio::time::timeout(PATIENCE, receiver.tell(items)) => {
                    Ok(done.unwrap_or_else(|_| Err(Failed::later(format!("no answer within {PATIENCE:?}")))))
                }
            }
        })
    }

    /// There is nothing to tell. What is told in times of its own is told then.
    fn rest(&mut self, stop: &mut watch::Receiver<bool>) -> Result<(), Ended> {
        let receiver = &mut self.receiver;
        let rested = self.runtime.block_on(async {
            tokio::select! {
                _ = stop.changed() => None,
                done = tokio::time::timeout(PATIENCE, receiver.rest()) => Some(done),
            }
        });
        match rested {
            None => return Err(Ended),
            Some(Ok(Err(Failed::Later { why, .. } | Failed::Refused(why)))) => self.fail(&why),
            Some(_) => {}
        }
        self.wait(stop, LOOK)
    }

    fn keep(&self) {
        if let Err(error) = self.cursor.keep(&self.reader) {
            tracing::warn!(export = self.name, "what was told is not remembered, and will be told again: {error}");
        }
        self.standing.next.store(self.reader.index(), Relaxed);
    }

    fn fail(&self, why: &str) {
        if self.standing.failed() {
            tracing::warn!(export = self.name, "the export is behind, and will be told later: {why}");
        }
    }

    fn wait(&self, stop: &mut watch::Receiver<bool>, time: Duration) -> Result<(), Ended> {
        self.runtime.block_on(async {
            tokio::select! {
                _ = stop.changed() => Err(Ended),
                () = sleep(time) => Ok(()),
            }
        })
    }
}

struct Batch {
    /// How many records were read.
    read: usize,
    /// Those that are told.
    items: Vec<Item>,
}

/// A reader that stands after the last record.
fn end_of(trail: &std::path::Path) -> io::Result<Reader> {
    let mut reader = Reader::of_newest_segment(trail)?;
    while reader.next()?.is_some() {}
    Ok(reader)
}
