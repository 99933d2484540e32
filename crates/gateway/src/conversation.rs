//! Which conversation a message belongs to, and what happened in it.

use crate::session::Session;
use doorward_audit::{Basis, Conversation};
use doorward_behave::Conversation as Behaviour;
use doorward_engine::{Correlation, History};
use doorward_identity::{Principal, PrincipalKey};
use doorward_mcp::{Message, json::Value, meta};
use doorward_vocab::{ConversationId, Timestamp};
use moka::sync::Cache;
use parking_lot::{Mutex, MutexGuard};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// What is remembered of a conversation, shared by the messages that are in flight.
pub(crate) type Cell = Arc<Remembered>;

/// A history, how much of it is kept beyond this process, and how its agent behaves.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    history: Mutex<History>,
    /// When what is kept of it had happened, in microseconds.
    kept: AtomicU64,
    /// From the first call on: whether it goes in circles, and what it may use.
    behaviour: OnceLock<Box<Mutex<Behaviour>>>,
}

impl Remembered {
    pub(crate) fn new(history: History) -> Self {
        let kept = AtomicU64::new(history.touched.micros());
        Self { kept, history: Mutex::new(history), behaviour: OnceLock::new() }
    }

    /// The history, for a moment.
    pub(crate) fn lock(&self) -> MutexGuard<'_, History> {
        self.history.lock()
    }

    /// The history, where something happened in it that is not kept.
    pub(crate) fn unkept(&self) -> Option<History> {
        let history = self.history.lock();
        self.is_news(&history).then(|| history.clone())
    }

    /// Whether something happened in it that is not kept.
    pub(crate) fn has_news(&self) -> bool {
        self.is_news(&self.history.lock())
    }

    fn is_news(&self, history: &History) -> bool {
        history.tells() && self.kept.load(Relaxed) != history.touched.micros()
    }

    /// What had happened until then is kept.
    pub(crate) fn is_kept(&self, until: Timestamp) {
        self.kept.store(until.micros(), Relaxed);
    }

    /// How it behaves; `new` where it calls something for the first time.
    pub(crate) fn behaviour(&self, new: impl FnOnce() -> Behaviour) -> &Mutex<Behaviour> {
        self.behaviour.get_or_init(|| Box::new(Mutex::new(new())))
    }

    /// How it behaves, where it called something.
    pub(crate) fn begun(&self) -> Option<&Mutex<Behaviour>> {
        self.behaviour.get().map(Box::as_ref)
    }
}

/// After this long without a call, an agent that names no conversation has begun a new one.
const QUIET: Duration = Duration::from_secs(10 * 60);

/// The longest rationale that is kept, in bytes.
const RATIONALE: usize = 512;

/// All conversations that are remembered: bounded in number, and forgotten when quiet for long. A conversation is
/// known by its principal and its name together, so nobody can join another's by naming it.
#[derive(Debug)]
pub(crate) struct Conversations {
    cells: Cache<(PrincipalKey, ConversationId), Cell>,
    /// For principals that name nothing: the conversation that their quiet time has not ended yet.
    quiet: Cache<PrincipalKey, Arc<Mutex<(Timestamp, ConversationId)>>>,
}

impl Conversations {
    pub(crate) fn new(most: u64, idle: Duration) -> Self {
        let cells = Cache::builder().max_capacity(most).time_to_idle(idle).build();
        let quiet = Cache::builder().max_capacity(most).time_to_idle(QUIET * 2).build();
        Self { cells, quiet }
    }

    /// The history of a conversation of this principal; of one that is not remembered here, what `recall` knows of it.
    pub(crate) fn cell(
        &self,
        owner: PrincipalKey,
        id: &ConversationId,
        recall: impl FnOnce() -> Option<History>,
    ) -> Cell {
        let key = (owner, id.clone());
        match self.cells.get(&key) {
            Some(cell) => cell,
            None => self.cells.get_with(key, || Arc::new(Remembered::new(recall().unwrap_or_default()))),
        }
    }

    /// All that are remembered, with whose they are.
    pub(crate) fn all(&self) -> impl Iterator<Item = (PrincipalKey, ConversationId, Cell)> + '_ {
        self.cells.iter().map(|(key, cell)| (key.0, key.1.clone(), cell))
    }

    /// How many conversations are remembered.
    pub(crate) fn count(&self) -> u64 {
        self.cells.entry_count()
    }

    /// Finds the conversation of a message: named in `_meta`, bound to the token, by the trace, by the protocol session,
    /// or by quiet time. The later ones may mix several human goals, and say so.
    pub(crate) fn correlate(
        &self,
        principal: &Principal,
        message: &Message,
        session: Option<&Session>,
        now: Timestamp,
    ) -> Correlation {
        let meta = meta_of(message);
        let text = |key: &str| meta.and_then(|m| m.get(key)).and_then(Value::as_str);
        let (trace, span) = text("traceparent").and_then(|t| trace_and_span(&t)).unzip();
        let explicit = text(meta::CONVERSATION).and_then(|c| ConversationId::new(&c).ok());
        let (id, basis, ambiguous) = if let Some(id) = explicit {
            (id, Basis::Explicit, false)
        } else if let Some(id) = principal.conversation_hint.clone() {
            (id, Basis::Token, false)
        } else if let Some(id) = trace.as_deref().and_then(|t| ConversationId::new(&format!("trace:{t}")).ok()) {
            (id, Basis::Trace, true)
        } else if let Some(session) = session {
            (session.conversation.clone(), Basis::Session, true)
        } else {
            (self.by_quiet_time(principal.key, now), Basis::QuietTime, true)
        };
        let rationale = text(meta::RATIONALE).map(|r| clip(&r).into());
        let mut c = Correlation::new(Conversation { id, basis, ambiguous });
        c.session = session.map(|s| s.digest);
        c.trace = trace.map(Into::into);
        c.span = span.map(Into::into);
        c.rationale = rationale;
        c
    }

    fn by_quiet_time(&self, key: PrincipalKey, now: Timestamp) -> ConversationId {
        let fresh = || {
            let name = format!("quiet:{}:{}", key.digest().short(), now.micros());
            ConversationId::new(&name).unwrap_or_else(|_| unreachable!("the name is short and plain"))
        };
        let slot = self.quiet.get_with(key, || Arc::new(Mutex::new((now, fresh()))));
        let mut slot = slot.lock();
        if now.since(slot.0) > QUIET {
            slot.1 = fresh();
        }
        slot.0 = now;
        slot.1.clone()
    }
}

/// The `_meta` of a message.
pub(crate) fn meta_of(message: &Message) -> Option<Value<'_>> {
    match message {
        Message::Request(r) => r.params()?.get("_meta"),
        Message::Notification(n) => n.params()?.get("_meta"),
        Message::Response(r) => r.result()?.get("_meta"),
    }
}

/// Trace id and parent id of a `traceparent` (W3C Trace Context §3.2): 32 and 16 hex digits, not all zero.
fn trace_and_span(traceparent: &str) -> Option<(String, String)> {
    let mut parts = traceparent.split('-').skip(1);
    let mut id = |length: usize| {
        let id = parts.next()?;
        let good = id.len() == length && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0');
        good.then(|| id.to_ascii_lowercase())
    };
    Some((id(32)?, id(16)?))
}

fn clip(text: &str) -> &str {
    let end = (0..=RATIONALE.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}
