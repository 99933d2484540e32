//! What the console needs of the rest, as traits: so it stands without a gateway, and over any store.

use crate::role::Person;
use doorward_audit::{DefinitionKind, Event, Report};
use doorward_store::{
    Count, Filter, Hit, Index, IndexError, PageOf, PoisonedSource, Seek, SeenConversation, SeenParty, SeenRole,
};
use doorward_vocab::{CallId, Clock, Digest, Entropy, Level, Mode, Timestamp};
use std::{future::Future, pin::Pin, sync::Arc};

/// A source that was found to be poisoned.
pub type Source = PoisonedSource;

/// Why something is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// What was asked for is not there.
    #[error("{0}")]
    Missing(String),
    /// What was asked cannot be meant.
    #[error("{0}")]
    Wrong(String),
    /// It is not as it was when it was looked at.
    #[error("{0}")]
    Changed(String),
    /// Something behind the console fails.
    #[error("{0}")]
    Broken(String),
}

impl From<IndexError> for Fault {
    fn from(error: IndexError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// The trail, as questions are put to it. Every answer is a page, or was counted before.
pub trait Evidence: Send + Sync {
    /// The newest records that match.
    ///
    /// # Errors
    /// [`Fault::Broken`], as for all of these.
    fn page(&self, filter: &Filter, seek: Seek) -> Result<PageOf<Hit>, Fault>;
    /// Records of one conversation, oldest first.
    ///
    /// # Errors
    /// [`Fault::Broken`].
    fn conversation(&self, name: &str, whose: &str, from: u64, limit: usize) -> Result<PageOf<Hit>, Fault>;
    /// Conversations, latest first.
    ///
    /// # Errors
    /// [`Fault::Broken`].
    fn conversations(
        &self,
        of: (Option<&str>, Option<&str>),
        stopped: bool,
        before: Option<u64>,
        limit: usize,
    ) -> Result<PageOf<SeenConversation>, Fault>;
    /// Those of a name.
    ///
    /// # Errors
    /// [`Fault::Broken`].
    fn conversations_named(&self, name: &str) -> Result<Vec<SeenConversation>, Fault>;
    /// What belongs together with a call, oldest first.
    ///
    /// # Errors
    /// [`Fault::Broken`].
    fn chain(&self, call: CallId) -> Result<Vec<Hit>, Fault>;
    /// Who took part, latest first.
    ///
    /// # Errors
    /// [`Fault::Broken`].
    fn parties(&self, role: SeenRole, before: Option<Timestamp>, limit: usize) -> Result<Vec<SeenParty>, Fault>;
    /// One of them.
    ///
    /// # Errors
    /// [`Fault::Broken`].
    fn party(&self, role: SeenRole, id: &str) -> Result<Option<SeenParty>, Fault>;
    /// The tools of a server that were called.
    ///
    /// # Errors
    /// [`Fault::Broken`].
    fn tools_of(&self, server: &str, limit: usize) -> Result<Vec<SeenParty>, Fault>;
    /// What was counted since a moment, by hour.
    ///
    /// # Errors
    /// [`Fault::Broken`].
    fn counts(&self, since: Timestamp) -> Result<Vec<Count>, Fault>;
    /// How many records can be found.
    ///
    /// # Errors
    /// [`Fault::Broken`].
    fn known(&self) -> Result<u64, Fault>;
}

impl Evidence for Index {
    fn page(&self, filter: &Filter, seek: Seek) -> Result<PageOf<Hit>, Fault> {
        self.keep_up()?;
        Ok(Self::page(self, filter, seek)?)
    }
    fn conversation(&self, name: &str, whose: &str, from: u64, limit: usize) -> Result<PageOf<Hit>, Fault> {
        self.keep_up()?;
        Ok(Self::conversation(self, name, whose, from, limit)?)
    }
    fn conversations(
        &self,
        of: (Option<&str>, Option<&str>),
        stopped: bool,
        before: Option<u64>,
        limit: usize,
    ) -> Result<PageOf<SeenConversation>, Fault> {
        self.keep_up()?;
        Ok(Self::conversations(self, of, stopped, before, limit)?)
    }
    fn conversations_named(&self, name: &str) -> Result<Vec<SeenConversation>, Fault> {
        Ok(Self::conversations_named(self, name)?)
    }
    fn chain(&self, call: CallId) -> Result<Vec<Hit>, Fault> {
        self.keep_up()?;
        Ok(Self::chain(self, call)?)
    }
    fn parties(&self, role: SeenRole, before: Option<Timestamp>, limit: usize) -> Result<Vec<SeenParty>, Fault> {
        self.keep_up()?;
        Ok(Self::parties(self, role, before, limit)?)
    }
    fn party(&self, role: SeenRole, id: &str) -> Result<Option<SeenParty>, Fault> {
        Ok(Self::party(self, role, id)?)
    }
    fn tools_of(&self, server: &str, limit: usize) -> Result<Vec<SeenParty>, Fault> {
        Ok(Self::tools_of(self, server, limit)?)
    }
    fn counts(&self, since: Timestamp) -> Result<Vec<Count>, Fault> {
        self.keep_up()?;
        Ok(Self::counts(self, since)?)
    }
    fn known(&self) -> Result<u64, Fault> {
        Ok(Self::known(self)?)
    }
}

/// A call that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenApproval {
    /// What it is called by.
    pub id: String,
    /// The call.
    pub call: Option<CallId>,
    /// The agent that wants to call.
    pub agent: String,
    /// The person for whom it acts.
    pub human: Option<String>,
    /// The server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// Exactly what is approved.
    pub shown: String,
    /// Since when it is open.
    pub asked: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// Whether a question was still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It is answered now.
    Answered,
    /// It was answered before, or is over.
    Over,
}

/// Calls that wait for a person.
pub trait Approvals: Send + Sync {
    /// Those that are open, oldest first.
    ///
    /// # Errors
    /// [`Fault`], as for all of these.
    fn open(&self) -> Result<Vec<OpenApproval>, Fault>;
    /// A person answers one, once.
    ///
    /// # Errors
    /// [`Fault`].
    fn answer(&self, id: &str, yes: bool, by: &Person) -> Result<Waited, Fault>;
}

/// A definition as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The server that declares it.
    pub server: String,
    /// What it defines.
    pub kind: DefinitionKind,
    /// Its name.
    pub name: String,
    /// `approved`, `pending`, `quarantined` or `rejected`.
    pub state: String,
    /// How closely a person should look: `low`, `medium` or `high`.
    pub risk: String,
    /// Why.
    pub reasons: Vec<String>,
    /// What a tool says that it does.
    pub does: Option<String>,
    /// What differs from what was approved, the most dangerous first.
    pub changes: Vec<Change>,
    /// The digest of what was approved.
    pub approved: Option<Digest>,
    /// The digest of what waits.
    pub pending: Option<Digest>,
    /// What it declares now, for people.
    pub text: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// Who last decided about it.
    pub by: Option<String>,
}

/// One place where a definition differs from what was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub place: String,
    /// What that means.
    pub meaning: Option<Meaning>,
    /// What stood there.
    pub before: Option<String>,
    /// What stands there now.
    pub after: Option<String>,
}

/// What a change means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The word for it.
    pub word: String,
    /// How bad it is if meant badly.
    pub severity: String,
    /// Why.
    pub why: String,
}

/// What servers declare, and what was approved of it.
pub trait Definitions: Send + Sync {
    /// The servers of the configuration.
    fn servers(&self) -> Vec<String>;
    /// All, or those of one server.
    ///
    /// # Errors
    /// [`Fault`], as for all of these.
    fn list(&self, server: Option<&str>) -> Result<Vec<Definition>, Fault>;
    /// A person decides about what has this digest.
    ///
    /// # Errors
    /// [`Fault::Changed`] where something else is declared by now.
    fn decide(
        &self,
        which: (&str, DefinitionKind, &str),
        digest: Digest,
        approve: bool,
        by: &Person,
        now: Timestamp,
    ) -> Result<(), Fault>;
}

/// A delegation as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// Its id.
    pub id: String,
    /// `in force`, `standing`, `over` or `revoked`.
    pub state: String,
    /// The agent that has it, by id.
    pub agent: String,
    /// The human whose authority it is, by id.
    pub human: Option<String>,
    /// Who answers for a run without a human.
    pub owner: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// What it reaches.
    pub reach: String,
    /// The delegation that it was made from.
    pub parent: Option<String>,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// When and by whom it was taken back.
    pub revoked: Option<(Timestamp, String)>,
}

/// What was granted to agents.
pub trait Delegations: Send + Sync {
    /// All that are known.
    ///
    /// # Errors
    /// [`Fault`], as for all of these.
    fn list(&self) -> Result<Vec<Delegation>, Fault>;
    /// Takes one back with all that was made from it; gives the ids that were in force until now.
    ///
    /// # Errors
    /// [`Fault`].
    fn revoke(&self, id: &str, by: &Person, now: Timestamp) -> Result<Vec<String>, Fault>;
}

/// Sources that were found to be poisoned.
pub trait Sources: Send + Sync {
    /// All, the latest first.
    ///
    /// # Errors
    /// [`Fault`], as for all of these.
    fn list(&self) -> Result<Vec<Source>, Fault>;
    /// Forgets one; whether it was known.
    ///
    /// # Errors
    /// [`Fault`].
    fn forget(&self, source: Digest) -> Result<bool, Fault>;
}

impl Sources for doorward_store::State {
    fn list(&self) -> Result<Vec<Source>, Fault> {
        self.poisoned().map_err(|e| Fault::Broken(e.to_string()))
    }
    fn forget(&self, source: Digest) -> Result<bool, Fault> {
        self.forget_poisoned(&[source]).map(|n| n > 0).map_err(|e| Fault::Broken(e.to_string()))
    }
}

/// What is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stance {
    /// The level.
    pub level: Level,
    /// The mode.
    pub mode: Mode,
    /// The digest of the configuration.
    pub config: Digest,
    /// The digest of the policies.
    pub policy: Digest,
    /// The version of the program.
    pub version: String,
    /// The file that a change of the level is written to; a change ends with the process where there is none.
    pub file: Option<String>,
}

/// What is in force, and how it is changed.
pub trait Posture: Send + Sync {
    /// What is in force.
    fn stance(&self) -> Stance;
    /// Puts another level in force, and records who did it and why.
    ///
    /// # Errors
    /// [`Fault`]; the old level stays in force.
    fn change(&self, level: Level, reason: &str, by: &Person) -> Result<(), Fault>;
}

/// What is known of the trail as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// How many records it holds.
    pub size: u64,
    /// Its latest checkpoint, a signed note.
    pub checkpoint: String,
    /// The key that verifies it.
    pub key: String,
    /// Why it takes no records, where it does not.
    pub failure: Option<String>,
}

/// The trail as a whole.
pub trait TrailDoor: Send + Sync {
    /// What is known of it.
    fn known(&self) -> Known;
    /// Writes a record.
    fn note(&self, event: Event);
    /// Reads all of it, and says whether anything was changed. `progress` hears how many records were read.
    ///
    /// # Errors
    /// [`Fault::Broken`].
    fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<Report, Fault>;
}

/// What a login waits for.
pub type Answering<T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send>>;

/// The identity provider, where people sign in.
pub trait Login: Send + Sync {
    /// What it is called.
    fn name(&self) -> String;
    /// Where a browser goes, and what is remembered of it until it comes back; `state` comes back with it.
    fn begin(&self, state: &str) -> Answering<(String, String)>;
    /// Who came back with this query, by what was remembered.
    fn finish(&self, query: &str, remembered: &str) -> Answering<Person>;
}

/// All of it.
#[derive(Clone)]
pub struct Ports {
    /// The trail, by questions.
    pub evidence: Arc<dyn Evidence>,
    /// The trail as a whole.
    pub trail: Arc<dyn TrailDoor>,
    /// Calls that wait for a person.
    pub approvals: Arc<dyn Approvals>,
    /// What servers declare.
    pub definitions: Arc<dyn Definitions>,
    /// What was granted.
    pub delegations: Arc<dyn Delegations>,
    /// What was found to be poisoned.
    pub sources: Arc<dyn Sources>,
    /// What is in force.
    pub posture: Arc<dyn Posture>,
    /// Where people sign in, beside links.
    pub login: Option<Arc<dyn Login>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}
