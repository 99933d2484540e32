use crate::{
    Live,
    conversation::Cell,
    credentials::{Chosen, Held},
    delegations::Presence,
    pace::Slot,
    server::Server,
};
use doorward_engine::{Actor, Approval, Correlation, Definition, ServerProfile, Subject, Target};
use doorward_mcp::{Id, Message, Method, Revision};
use doorward_vocab::{CallId, Secret, Tainted, Timestamp};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Who calls, authenticated.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) actor: Arc<Actor>,
    /// Ends with what the actor acts under.
    pub(crate) presence: Arc<Presence>,
    /// Over loopback or a pipe of this machine.
    pub(crate) local: bool,
    /// The token that was presented, where the configuration in force has a credential that it is exchanged for.
    pub(crate) presented: Option<Arc<Secret<String>>>,
}

/// What a message is about, owned for as long as its answer may come.
#[derive(Clone, Debug)]
pub(crate) enum About {
    Tool(Arc<Definition>),
    Prompt(Box<str>),
    Resource(Box<str>),
    Server,
    Unknown(Box<str>),
}

/// One message on its way, with all that was proved and looked up; kept until everything that it caused has come back.
/// The policies that judged the request judge its answer too.
#[derive(Clone, Debug)]
pub(crate) struct Passage {
    pub(crate) call: CallId,
    pub(crate) live: Arc<Live>,
    pub(crate) server: Arc<Server>,
    /// The server as it was known when the message came.
    pub(crate) seen: Arc<ServerProfile>,
    pub(crate) caller: Caller,
    pub(crate) message: Tainted<Message>,
    /// The id under which the request goes to a server that many clients share.
    pub(crate) alias: Option<Id>,
    /// Ends it when its client takes it back, where the server hears of that by the end of a stream.
    pub(crate) stop: Option<CancellationToken>,
    pub(crate) about: About,
    pub(crate) revision: Revision,
    pub(crate) correlation: Correlation,
    pub(crate) conversation: Cell,
    pub(crate) began: Timestamp,
    /// Whether the client opens addresses for its human.
    pub(crate) opens: bool,
    /// The credential that its server is to be called with.
    pub(crate) chosen: Chosen,
    /// The credential that it carried to its server.
    pub(crate) worn: OnceLock<Arc<Held>>,
    /// What a person approved, taken for it.
    pub(crate) approval: OnceLock<Arc<Approval>>,
    pub(crate) away: Away,
    /// What it may use, from when it may leave until its answer is counted.
    pub(crate) paced: Slot,
}

/// When a message left for its server, and when the answer came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Away {
    left: OnceLock<Timestamp>,
    back: OnceLock<Timestamp>,
}

impl Away {
    pub(crate) fn leaves(&self, now: Timestamp) {
        let _ = self.left.set(now);
    }

    pub(crate) fn returns(&self, now: Timestamp) {
        let _ = self.back.set(now);
    }

    /// How long the server had it, where nothing came back until `end`; nothing where it never left.
    pub(crate) fn until(&self, end: Timestamp) -> Duration {
        self.left.get().map_or(Duration::ZERO, |left| self.back.get().unwrap_or(&end).since(*left))
    }
}

impl Passage {
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            call: self.call,
            actor: &self.caller.actor,
            server: &self.seen,
            message: &self.message,
            target: match &self.about {
                About::Tool(definition) => Target::Tool(definition),
                About::Prompt(name) => Target::Prompt(name),
                About::Resource(uri) => Target::Resource(uri),
                About::Server => Target::Server,
                About::Unknown(name) => Target::Unknown(name),
            },
            revision: self.revision,
            local: self.caller.local,
            credential: self.chosen.name(),
            correlation: &self.correlation,
            approval: self.approval.get().map(AsRef::as_ref),
        }
    }
    /// The method, where the message is a request.
    pub(crate) fn method(&self) -> Option<Method> {
        match self.message.inspect() {
            Message::Request(r) => Some(r.method),
            Message::Notification(_) | Message::Response(_) => None,
        }
    }
}
