use crate::Sum;
use std::fmt;

/// Who has a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Scope {
    /// Everybody of an organisation.
    Tenant,
    /// A human, with all agents.
    Human,
    /// An agent, for all humans.
    Agent,
    /// An agent for one human.
    Pair,
    /// A conversation.
    Conversation,
    /// A tool, for everybody.
    Tool,
    /// A server, for everybody.
    Server,
}

impl Scope {
    /// All scopes, in order of declaration.
    pub const ALL: [Self; 7] =
        [Self::Tenant, Self::Human, Self::Agent, Self::Pair, Self::Conversation, Self::Tool, Self::Server];
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tenant => "tenant",
            Self::Human => "human",
            Self::Agent => "agent",
            Self::Pair => "agent for this human",
            Self::Conversation => "conversation",
            Self::Tool => "tool",
            Self::Server => "server",
        })
    }
}

/// Everybody whom a call concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// The organisation.
    pub tenant: Sum,
    /// The human.
    pub human: Sum,
    /// The agent.
    pub agent: Sum,
    /// The conversation.
    pub conversation: Sum,
    /// The tool.
    pub tool: Sum,
    /// The server.
    pub server: Sum,
}

impl Holders {
    /// Who it is in a scope.
    pub const fn of(&self, scope: Scope) -> Sum {
        match scope {
            Scope::Tenant => self.tenant,
            Scope::Human => self.human,
            Scope::Agent => self.agent,
            Scope::Pair => self.human.and(self.agent.bits()),
            Scope::Conversation => self.conversation,
            Scope::Tool => self.tool,
            Scope::Server => self.server,
        }
    }
}
