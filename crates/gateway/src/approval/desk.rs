//! Open questions where an operator sees them: in the store that outlives a process, sealed, and with them the way back for
//! an answer. So `doorward approvals` needs no door of the running gateway.

use super::{Said, book::Question, shown::visible};
use crate::{
    Gateway,
    bridge::Sealer,
    credentials::LedgerError,
    travel::{bound, pack, record},
};
use doorward_audit::Party;
use doorward_seal::Keyring;
use doorward_store::{Keep as _, KeepError, KeptDb, KeptKind};
use doorward_vocab::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A question that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenQuestion {
    /// What it is called by.
    pub id: Box<str>,
    /// The agent that wants to call.
    pub agent: Box<str>,
    /// The person for whom it acts.
    pub human: Option<Box<str>>,
    /// The server that is to be called.
    pub server: Box<str>,
    /// The tool.
    pub tool: Box<str>,
    /// What a person is shown.
    pub shown: Box<str>,
    /// Since when it is open.
    pub asked: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The page where it can be answered, once; for people, and for no agent.
    pub page: Option<Box<str>>,
}

#[derive(Serialize, Deserialize)]
enum Note {
    Question(OpenQuestion),
    Answer { yes: bool, by: Box<str> },
}

/// The open questions in a state folder.
#[derive(Debug)]
pub struct Questions {
    store: KeptDb,
    sealer: Sealer,
}

fn asked(id: &str) -> String {
    format!("approval asked {id}")
}

fn answered(id: &str) -> String {
    format!("approval answered {id}")
}

impl Questions {
    /// Those in a store that is sealed with `keys`.
    pub const fn new(store: KeptDb, keys: Arc<Keyring>) -> Self {
        Self { store, sealer: Sealer::of(keys) }
    }

    /// All that are open at `now`, oldest first.
    ///
    /// # Errors
    /// [`KeepError`]. What another key sealed is passed over.
    pub fn open(&self, now: Timestamp) -> Result<Vec<OpenQuestion>, KeepError> {
        let all = self.store.all(KeptKind::Approval)?.into_iter().filter(|kept| kept.until > now);
        let read = all.filter_map(|kept| {
            let plain = self.sealer.open_bytes(&kept.sealed, &bound(&kept))?;
            match record::decode::<Note>(&plain)? {
                Note::Question(question) => Some(question),
                Note::Answer { .. } => None,
            }
        });
        let mut open: Vec<OpenQuestion> = read.collect();
        open.sort_by_key(|question| question.asked);
        Ok(open)
    }

    /// Answers a question; the running gateway reads it within a second. `false` where it was answered already.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn answer(&self, question: &OpenQuestion, yes: bool, by: &str) -> Result<bool, LedgerError> {
        let note = Note::Answer { yes, by: by.into() };
        let kept = pack(&self.sealer, KeptKind::Approval, &answered(&question.id), question.until, &note);
        Ok(self.store.add(&kept.ok_or(LedgerError::Seal)?)?)
    }
}

impl Question {
    /// Whether operators may answer it: not where its own human has to sign in for it.
    pub(crate) const fn is_for_operators(&self) -> bool {
        self.call.proven.is_none()
    }

    /// As operators see it.
    pub(crate) fn on_the_desk(&self, page: Option<String>) -> OpenQuestion {
        let told = &self.record;
        OpenQuestion {
            id: told.id.as_str().into(),
            agent: visible(&told.agent.name).into(),
            human: told.human.as_ref().map(|human| visible(&human.name).into()),
            server: told.server.as_str().into(),
            tool: visible(&told.target).into(),
            shown: self.shown.as_ref().into(),
            asked: self.asked,
            until: self.until,
            page: page.map(Into::into),
        }
    }
}

impl Gateway {
    /// Shows a question to operators, where it is theirs to answer.
    pub(super) fn put_on_desk(&self, question: &Question, page: Option<String>) {
        if !question.is_for_operators() {
            return;
        }
        let note = Note::Question(question.on_the_desk(page));
        self.travel.hold_later(KeptKind::Approval, &asked(&question.record.id), question.until, &note);
    }

    /// It is no question any more.
    pub(super) fn take_off_desk(&self, question: &Question) {
        self.travel.forget(KeptKind::Approval, asked(&question.record.id).as_bytes());
    }

    /// Heeds what operators answered. Called a few times a second.
    pub(crate) async fn watch_approvals(&self) {
        let now = self.clock.now();
        for question in self.approvals.all_open(now) {
            let name = answered(&question.record.id);
            let Ok(Some(Note::Answer { yes, by })) = self.take::<Note>(KeptKind::Approval, &name).await else {
                continue;
            };
            let said = if yes { Said::Yes } else { Said::No };
            self.settle_approval(&question.number, said, (Party::new(by.to_string(), by.to_string()), None), "verb");
        }
    }
}
