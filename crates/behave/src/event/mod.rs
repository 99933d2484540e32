//! What happens, as a gateway sees it. Names and values come in as sums; of arguments their shape stays.

mod arguments;
mod gist;
mod origin;

pub use arguments::{Argument, Arguments, Case, Kind, Numeral};
pub use gist::Gist;
pub use origin::Origin;

use crate::Sum;
use doorward_vocab::{Effects, Timestamp};

/// An agent as it says it is: its type, as a name of software or a model, and its version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Agent {
    /// What software it is.
    pub kind: Sum,
    /// Which version of it.
    pub version: Sum,
}

/// How the client speaks, whatever it says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The revision of the protocol.
    pub revision: Sum,
    /// The capabilities that it declares, in their order.
    pub capabilities: Sum,
    /// The names of the headers of its requests, in their order.
    pub headers: Sum,
    /// The keys of its `_meta`.
    pub meta: Sum,
    /// The form of its request ids.
    pub ids: Sum,
    /// How its connection is encrypted.
    pub tls: Sum,
}

/// A conversation begins.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// When.
    pub at: Timestamp,
    /// Who is it, by its own word or better.
    pub agent: Agent,
    /// For whom.
    pub human: Sum,
    /// How it speaks.
    pub client: Client,
}

/// A call, before it is forwarded.
#[derive(Clone, Debug)]
pub struct Call {
    /// When.
    pub at: Timestamp,
    /// The server.
    pub server: Sum,
    /// The tool, with its server: [`crate::Key::tool`].
    pub tool: Sum,
    /// What the tool does.
    pub effects: Effects,
    /// What it is called with.
    pub arguments: Arguments,
    /// How many calls of the same answer of the model came before this one: zero for the first.
    pub batch: u16,
    /// Whether the tool is asked again until something happens.
    pub polling: Polling,
    /// Whether the human asked for it.
    pub asked: Asked,
}

/// How a call stands to what the human asked for, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// Nobody reports what humans say.
    #[default]
    Untold,
    /// It was asked for, or the choice was handed over.
    Within,
    /// It reaches nobody and can be undone.
    Aside,
    /// It was not asked for.
    Outside,
}

/// Whether equal calls are what a tool is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Polling {
    /// An answer that came once comes again.
    #[default]
    Never,
    /// The operator says, or it was learned, that one waits for another answer.
    Expected,
}

/// What loops are made of: which tool, and which call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub(crate) tool: u32,
    pub(crate) same: u32,
    pub(crate) alike: u32,
    pub(crate) sink: bool,
}

impl Call {
    /// What stays of the call until its answer comes.
    pub fn step(&self) -> Step {
        Step {
            tool: self.tool.short(),
            same: self.tool.and(self.arguments.same.bits()).short(),
            alike: self.tool.and(self.arguments.alike.bits()).short(),
            sink: self.effects.is_sink(),
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A result.
    #[default]
    Success,
    /// A result that says that the tool failed.
    Failed,
    /// The server refused the arguments.
    Invalid,
    /// The gateway or a person refused the call.
    Refused,
    /// No answer in time, or no server.
    Unreachable,
}

impl Outcome {
    /// Whether the agent did not get what it asked for.
    pub const fn is_error(self) -> bool {
        !matches!(self, Self::Success)
    }
}

/// What came of a call.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// When.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Bytes of the result.
    pub bytes: u32,
    /// What was in it.
    pub gist: Gist,
}

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Nothing was refused, challenged or found.
    Clean,
    /// Something was; nothing is learned from it.
    Troubled,
}
