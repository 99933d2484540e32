//! What people were asked, and what they said: bounded, over after a while, and a yes is good once.

use crate::maps::Map;
use doorward_audit::{self as audit, ApprovalChange, Party};
use doorward_engine::{Approval, Awaited};
use doorward_identity::{Human, PrincipalKey};
use doorward_vocab::{Assurance, Digest, Timestamp};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::watch;

/// What a question is known by. It is drawn, and goes along with the answer.
pub(crate) type Number = [u8; 16];

/// Questions of everybody that are known at once.
const MOST: usize = 10_000;
/// Who vouches for the user of this machine.
const LOCAL: &str = "local";
/// What is counted for the ceiling of an hour.
const HOUR: Duration = Duration::from_secs(3600);

/// Who vouches for somebody, and the id there.
pub(crate) type Person = (Arc<str>, Arc<str>);

/// One question to a person.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) number: Number,
    pub(crate) owner: PrincipalKey,
    /// What is approved with a yes, and how well its person must be proven.
    pub(crate) call: Awaited,
    /// Exactly what is shown.
    pub(crate) shown: Arc<str>,
    pub(crate) asked: Timestamp,
    pub(crate) until: Timestamp,
    /// What the trail says of it.
    pub(crate) record: audit::Approval,
    /// In whose name the call is.
    pub(crate) human: Option<Person>,
    /// Opens its page where nobody can sign in. Only operators are shown it.
    pub(crate) key: Box<str>,
    settled: watch::Sender<bool>,
}

impl Question {
    pub(crate) fn new(
        number: Number,
        owner: PrincipalKey,
        shown: Arc<str>,
        record: audit::Approval,
        (human, key): (Option<Person>, Box<str>),
        (proven, asked): (Option<Assurance>, Timestamp),
    ) -> Self {
        let (call, until) = (Awaited { covers: record.covers, proven }, record.until);
        Self { number, owner, call, shown, asked, until, record, human, key, settled: watch::Sender::new(false) }
    }

    /// Whether the call is in the name of this person.
    pub(crate) fn is_for(&self, human: &Human) -> bool {
        self.human.as_ref().is_some_and(|(issuer, id)| **issuer == *human.issuer && **id == *human.id)
    }

    /// Whether the call is in the name of the user of this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.human.as_ref().is_some_and(|(issuer, _)| **issuer == *LOCAL)
    }

    /// Resolves when nobody waits for an answer any more.
    pub(crate) async fn settled(&self) {
        let _ = self.settled.subscribe().wait_for(|settled| *settled).await;
    }

    /// What the trail says of it now.
    pub(crate) fn told(&self, change: ApprovalChange, by: Option<Party>, now: Timestamp) -> audit::Approval {
        let after = u64::try_from(now.since(self.asked).as_millis()).unwrap_or(u64::MAX);
        let after_ms = (change != ApprovalChange::Asked).then_some(after);
        audit::Approval { change, by, after_ms, ..self.record.clone() }
    }
}

#[derive(Debug)]
enum State {
    Open,
    Approved(Arc<Approval>),
    Declined,
}

#[derive(Debug)]
struct Entry {
    question: Arc<Question>,
    state: State,
    until: Timestamp,
    /// Whether a form of the client counts as an answer.
    form: bool,
}

/// What comes of asking.
#[derive(Debug)]
pub(crate) enum Asked {
    /// The person is asked now.
    New(Arc<Question>),
    /// The person is asked this already.
    Open(Arc<Question>),
    /// The person was asked this a while ago, and said no.
    Declined,
    /// Too much is asked.
    TooMany(&'static str),
}

/// What a person says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Yes,
    No,
}

/// How much may be asked of the person behind one principal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ceilings {
    pub(crate) open: usize,
    pub(crate) an_hour: usize,
}

#[derive(Debug, Default)]
struct Pages {
    entries: Map<Number, Entry>,
    by_call: Map<Digest, Number>,
    /// When principals asked.
    hours: Map<PrincipalKey, VecDeque<Timestamp>>,
}

/// All questions, and what was answered and not used.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pages: Mutex<Pages>,
    /// How many approvals wait for their calls: most calls look no further.
    given: AtomicUsize,
}

impl Book {
    /// Asks what `question` makes, unless it is asked already, was answered with no, or too much is asked. `form` says
    /// whether the client's form counts as an answer.
    pub(crate) fn ask(
        &self,
        (owner, covers): (PrincipalKey, Digest),
        form: bool,
        ceilings: Ceilings,
        now: Timestamp,
        question: impl FnOnce() -> Question,
    ) -> Asked {
        let mut pages = self.pages.lock();
        let pages = &mut *pages;
        if let Some(entry) = pages.by_call.get(&covers).and_then(|number| pages.entries.get_mut(number))
            && now < entry.until
        {
            entry.form |= form;
            return match entry.state {
                State::Open | State::Approved(_) => Asked::Open(entry.question.clone()),
                State::Declined => Asked::Declined,
            };
        }
        let open = |e: &&Entry| e.question.owner == owner && matches!(e.state, State::Open) && now < e.until;
        if pages.entries.values().filter(open).count() >= ceilings.open || pages.entries.len() >= MOST {
            return Asked::TooMany("Too many questions wait for an answer of this person.");
        }
        let hour = pages.hours.entry(owner).or_default();
        hour.retain(|at| now.since(*at) < HOUR);
        if hour.len() >= ceilings.an_hour {
            return Asked::TooMany("This person was asked too often in the last hour.");
        }
        hour.push_back(now);
        let question = Arc::new(question());
        let until = question.until;
        pages.by_call.insert(covers, question.number);
        let entry = Entry { question: question.clone(), state: State::Open, until, form };
        pages.entries.insert(question.number, entry);
        Asked::New(question)
    }

    /// The question of this number, where it is open.
    pub(crate) fn open(&self, number: &Number, now: Timestamp) -> Option<Arc<Question>> {
        let pages = self.pages.lock();
        let entry = pages.entries.get(number).filter(|e| matches!(e.state, State::Open) && now < e.until)?;
        Some(entry.question.clone())
    }

    /// All that are open, oldest first.
    pub(crate) fn all_open(&self, now: Timestamp) -> Vec<Arc<Question>> {
        let pages = self.pages.lock();
        let open = pages.entries.values().filter(|e| matches!(e.state, State::Open) && now < e.until);
        let mut all: Vec<_> = open.map(|e| e.question.clone()).collect();
        all.sort_by_key(|question| question.asked);
        all
    }

    /// The question that people call by this id, where it is open.
    pub(crate) fn named(&self, id: &str, now: Timestamp) -> Option<Arc<Question>> {
        let pages = self.pages.lock();
        let open = |e: &&Entry| *e.question.record.id == *id && matches!(e.state, State::Open) && now < e.until;
        pages.entries.values().find(open).map(|e| e.question.clone())
    }

    /// Whether the form of a client answers this question, and it is open and of this principal.
    pub(crate) fn takes_form(&self, number: &Number, owner: PrincipalKey, now: Timestamp) -> bool {
        let pages = self.pages.lock();
        let entry = pages.entries.get(number);
        entry.is_some_and(|e| e.form && e.question.owner == owner && matches!(e.state, State::Open) && now < e.until)
    }

    /// Whether this principal was asked this, and it is not over.
    pub(crate) fn knows(&self, number: &Number, owner: PrincipalKey, now: Timestamp) -> bool {
        let pages = self.pages.lock();
        pages.entries.get(number).is_some_and(|e| e.question.owner == owner && now < e.until)
    }

    /// A person answers, once. `None` where the question is not open.
    pub(crate) fn settle(
        &self,
        number: &Number,
        said: Said,
        (by, proven): (&Party, Option<Assurance>),
        lasts: Duration,
        now: Timestamp,
    ) -> Option<Arc<Question>> {
        let mut pages = self.pages.lock();
        let entry = pages.entries.get_mut(number)?;
        if !matches!(entry.state, State::Open) || now >= entry.until {
            return None;
        }
        // Who has to sign in for it and did not, or not well enough, can say no.
        if said == Said::Yes && proven < entry.question.call.proven {
            return None;
        }
        entry.until = now.plus(lasts);
        let question = entry.question.clone();
        entry.state = match said {
            Said::No => State::Declined,
            Said::Yes => {
                self.given.fetch_add(1, Relaxed);
                State::Approved(Arc::new(Approval {
                    id: question.record.id.as_str().into(),
                    covers: question.call.covers,
                    by: by.clone(),
                    proven,
                    at: now,
                    until: entry.until,
                }))
            }
        };
        drop(pages);
        question.settled.send_replace(true);
        Some(question)
    }

    /// Nobody can answer any more: whoever asked is gone.
    pub(crate) fn withdraw(&self, number: &Number) -> Option<Arc<Question>> {
        let mut pages = self.pages.lock();
        if !pages.entries.get(number).is_some_and(|e| matches!(e.state, State::Open)) {
            return None;
        }
        let question = pages.remove(number)?.question;
        drop(pages);
        question.settled.send_replace(true);
        Some(question)
    }

    /// Whether any approval waits for its call.
    pub(crate) fn has_given(&self) -> bool {
        self.given.load(Relaxed) > 0
    }

    /// The approval of this call, taken out: of several that take it at once, one gets it.
    pub(crate) fn take(
        &self,
        owner: PrincipalKey,
        covers: &Digest,
        now: Timestamp,
    ) -> Option<(Arc<Question>, Arc<Approval>)> {
        let mut pages = self.pages.lock();
        let number = *pages.by_call.get(covers)?;
        let entry = pages.entries.get(&number)?;
        let fits = entry.question.owner == owner && now < entry.until;
        let State::Approved(approval) = &entry.state else { return None };
        let taken = fits.then(|| (entry.question.clone(), approval.clone()))?;
        pages.remove(&number);
        self.given.fetch_sub(1, Relaxed);
        Some(taken)
    }

    /// Forgets what is over; gives what ended without an answer, or without the call that was approved.
    pub(crate) fn expire(&self, now: Timestamp) -> Vec<Arc<Question>> {
        let mut pages = self.pages.lock();
        let over: Vec<Number> = pages.entries.iter().filter(|(_, e)| e.until <= now).map(|(n, _)| *n).collect();
        let gone: Vec<Entry> = over.iter().filter_map(|number| pages.remove(number)).collect();
        pages.hours.retain(|_, hour| hour.back().is_some_and(|last| now.since(*last) < HOUR));
        drop(pages);
        let mut unanswered = Vec::new();
        for entry in gone {
            entry.question.settled.send_replace(true);
            match entry.state {
                State::Declined => continue,
                State::Approved(_) => drop(self.given.fetch_sub(1, Relaxed)),
                State::Open => {}
            }
            unanswered.push(entry.question);
        }
        unanswered
    }
}

impl Pages {
    fn remove(&mut self, number: &Number) -> Option<Entry> {
        let entry = self.entries.remove(number)?;
        // Another question may stand in its place, where it was over.
        if self.by_call.get(&entry.question.call.covers) == Some(number) {
            self.by_call.remove(&entry.question.call.covers);
        }
        Some(entry)
    }
}
