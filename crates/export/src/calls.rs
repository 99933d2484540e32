use crate::Item;
use doorward_audit::{Event, Record, Ruling};
use doorward_vocab::{CallId, Timestamp};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::Arc,
};

/// The longest that all remembered rulings may be together, in bytes of their records.
const ROOM: usize = 8 << 20;

/// The ruling of a call, for when its ending comes.
#[derive(Clone, Debug)]
pub struct Known {
    /// When it was ruled.
    pub time: Timestamp,
    /// What was ruled.
    pub ruling: Ruling,
}

/// Where a ruling is looked up that is not remembered.
type Find = Box<dyn Fn(CallId) -> Option<Record> + Send>;

/// The rulings whose endings may still come: the newest ones, within a ceiling. Others are looked up in the trail.
#[derive(Default)]
pub struct Calls {
    known: HashMap<CallId, (Arc<Known>, usize)>,
    order: VecDeque<CallId>,
    bytes: usize,
    find: Option<Find>,
}

impl Calls {
    /// With a way to look up what is not remembered.
    pub fn found_by(find: impl Fn(CallId) -> Option<Record> + Send + 'static) -> Self {
        Self { find: Some(Box::new(find)), ..Self::default() }
    }

    /// Remembers the ruling, if this is one.
    pub fn saw(&mut self, item: &Item) {
        if let Event::Ruling(ruling) = &item.record.event {
            self.keep(item.record.time, ruling, item.bytes.len());
        }
    }

    /// The ruling of a call.
    pub fn of(&mut self, call: CallId) -> Option<Arc<Known>> {
        if let Some((known, _)) = self.known.get(&call) {
            return Some(known.clone());
        }
        let record = self.find.as_ref()?(call)?;
        let Event::Ruling(ruling) = &record.event else { return None };
        // What was looked up is as large as a record may be, as nobody counted it.
        self.keep(record.time, ruling, 4096);
        self.known.get(&call).map(|(known, _)| known.clone())
    }

    fn keep(&mut self, time: Timestamp, ruling: &Ruling, bytes: usize) {
        let call = ruling.call;
        if self.known.contains_key(&call) {
            return;
        }
        self.known.insert(call, (Arc::new(Known { time, ruling: ruling.clone() }), bytes));
        self.order.push_back(call);
        self.bytes += bytes;
        while self.bytes > ROOM
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.known.remove(&oldest).map_or(0, |(_, bytes)| bytes);
        }
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("known", &self.known.len()).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
