//! One MCP client as a machine: it says what to send next and judges what came back; whoever drives it does the I/O.

mod message;
mod verify;

use crate::upstream::Tool;
use crate::wire::{Fault, Incoming};
pub(crate) use message::Era;
use message::Writer;

/// What a client is to do.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The `Host` it speaks to.
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) era: Era,
    pub(crate) tool: Tool,
    /// After so many calls it goes on under a new conversation name, in the same protocol session.
    pub(crate) calls_per_conversation: u64,
    /// Opens a turn for each conversation with this host credential.
    pub(crate) host_token: Option<String>,
}

/// What the reply just accepted belonged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Handshake, list, turn: not measured.
    Setup,
    Call,
}

/// What is sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// `initialize`, or `server/discover` in the stateless era.
    Open,
    Initialized,
    List,
    Turn,
    Call,
}

/// A client in its place of the handshake.
#[derive(Debug)]
pub(crate) struct Client {
    plan: Plan,
    writer: Writer,
    next: Next,
    /// Calls done in the present conversation.
    done: u64,
    conversations: u64,
    /// Unique among all clients of a run, and of all runs against one gateway.
    name: String,
    checker: verify::Checker,
}

impl Client {
    pub(crate) fn new(plan: Plan, name: String) -> Self {
        let writer = Writer::new(&plan);
        let checker = verify::Checker::new(plan.era);
        Self { plan, writer, next: Next::Open, done: 0, conversations: 0, name, checker }
    }

    /// Writes the next request after clearing `out`.
    pub(crate) fn request(&mut self, out: &mut Vec<u8>) {
        out.clear();
        match self.next {
            Next::Open => self.writer.open(out),
            Next::Initialized => self.writer.initialized(out),
            Next::List => self.writer.list(out),
            Next::Turn => {
                let token = self.plan.host_token.as_deref().unwrap_or_default();
                self.writer.turn(out, token, &conversation(&self.name, self.conversations));
            }
            Next::Call => self.writer.call(out, self.plan.tool, &conversation(&self.name, self.conversations)),
        }
    }

    /// Judges the reply to the last [`request`](Self::request) and moves on.
    pub(crate) fn accept(&mut self, reply: &Incoming) -> Result<Step, Fault> {
        let (_, status) = reply.start();
        let told =
            || format!("status {status}: {}", String::from_utf8_lossy(reply.body().get(..300).unwrap_or(reply.body())));
        let expected = if self.next == Next::Initialized { "202" } else { "200" };
        if status != expected {
            // The measured loop goes on after a refused call; a refused handshake ends it.
            return Err(told());
        }
        match self.next {
            Next::Open => {
                self.checker.envelope(reply, self.writer.id())?;
                self.writer.adopt_session(reply.field("mcp-session-id"));
                self.next = if self.plan.era == Era::Sessions { Next::Initialized } else { Next::List };
            }
            Next::Initialized => self.next = Next::List,
            Next::List => {
                self.checker.envelope(reply, self.writer.id())?;
                self.next = self.conversation_start();
            }
            Next::Turn => self.next = Next::Call,
            Next::Call => {
                self.done += 1;
                if self.done.is_multiple_of(self.plan.calls_per_conversation) {
                    self.conversations += 1;
                    self.next = self.conversation_start();
                }
                self.checker.call(reply, self.writer.id(), self.writer.text())?;
                return Ok(Step::Call);
            }
        }
        Ok(Step::Setup)
    }

    fn conversation_start(&self) -> Next {
        if self.plan.host_token.is_some() { Next::Turn } else { Next::Call }
    }

    /// Writes the request for the stream of the session.
    pub(crate) fn listen(&self, out: &mut Vec<u8>) {
        out.clear();
        self.writer.listen(out);
    }

    /// The request that ends the session, where there is one; its answer does not matter.
    pub(crate) fn farewell(&mut self, out: &mut Vec<u8>) -> bool {
        out.clear();
        self.writer.delete(out)
    }

    /// A refused call may be followed by the next; a refused handshake may not.
    pub(crate) fn is_open(&self) -> bool {
        self.next == Next::Call
    }
}

fn conversation(name: &str, number: u64) -> String {
    format!("{name}-{number}")
}
