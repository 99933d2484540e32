use crate::{Actor, Approval, Definition, ServerProfile};
use doorward_audit::{Basis, Conversation};
use doorward_mcp::{Message, Revision};
use doorward_vocab::{CallId, Digest, Tainted, TurnId};
use std::sync::Arc;

/// What a message is about, looked up for this principal.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// A tool of the server.
    Tool(&'a Definition),
    /// A prompt of the server.
    Prompt(&'a str),
    /// A resource of the server, by its URI.
    Resource(&'a str),
    /// The server itself: sessions, lists, subscriptions.
    Server,
    /// A tool that this server does not have, or this principal may not see. To the client the two are one.
    Unknown(&'a str),
}

impl<'a> Target<'a> {
    /// Its name, for the trail.
    pub fn name(&self) -> Option<&'a str> {
        match self {
            Self::Tool(d) => Some(&d.name),
            Self::Prompt(name) | Self::Resource(name) | Self::Unknown(name) => Some(name),
            Self::Server => None,
        }
    }
    /// The definition, where it has one.
    pub const fn definition(&self) -> Option<&'a Definition> {
        match self {
            Self::Tool(d) => Some(d),
            _ => None,
        }
    }
}

/// Where a message stands: which conversation, how surely, and what came before it.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// The conversation, how it is known, and whether several goals may be mixed in it.
    pub conversation: Conversation,
    /// The last turn of the human.
    pub turn: Option<TurnId>,
    /// The call that led to this one.
    pub parent: Option<CallId>,
    /// Digest of the protocol session's id.
    pub session: Option<Digest>,
    /// Trace id (W3C Trace Context).
    pub trace: Option<Arc<str>>,
    /// The span that the agent says it belongs to.
    pub span: Option<Arc<str>>,
    /// The reason that the agent claims.
    pub rationale: Option<Arc<str>>,
}

impl Correlation {
    /// A conversation that nothing but its name is known of.
    pub const fn new(conversation: Conversation) -> Self {
        Self { conversation, turn: None, parent: None, session: None, trace: None, span: None, rationale: None }
    }
    /// Whether a human said anything in it that the gateway knows of.
    pub const fn attended(&self) -> bool {
        self.turn.is_some()
    }
    /// How the conversation is known.
    pub const fn basis(&self) -> Basis {
        self.conversation.basis
    }
}

/// A message on its way to a server, with everything that was proved and looked up about it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Names everything that follows from this message.
    pub call: CallId,
    /// Who sends it.
    pub actor: &'a Actor,
    /// Where it goes.
    pub server: &'a ServerProfile,
    /// The message.
    pub message: &'a Tainted<Message>,
    /// What it is about.
    pub target: Target<'a>,
    /// The revision it speaks.
    pub revision: Revision,
    /// Whether it came over loopback or a pipe.
    pub local: bool,
    /// The name of the credential that its server is to be called with; empty where there is none.
    pub credential: &'a str,
    /// Where it stands.
    pub correlation: &'a Correlation,
    /// What a person approved, taken for this message.
    pub approval: Option<&'a Approval>,
}
