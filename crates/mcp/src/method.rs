//! Every request and notification of every revision, as closed enums: `rule` and `clear` match on them without a
//! wildcard, so a message that nobody judged cannot exist.

use crate::{Era, Revision};

/// Who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The agent's side.
    Client,
    /// The MCP server.
    Server,
}

macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $wire:literal, $sides:expr, $first:ident ..= $last:ident;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }
            /// The one of this name, in whatever revision.
            pub fn parse(wire: &str) -> Option<Self> {
                match wire { $($wire => Some(Self::$variant),)* _ => None }
            }
            /// Who may send it.
            pub const fn sides(self) -> &'static [Side] {
                match self { $(Self::$variant => $sides,)* }
            }
            /// The first and the last revision that have it.
            pub const fn revisions(self) -> (Revision, Revision) {
                match self { $(Self::$variant => (Revision::$first, Revision::$last),)* }
            }
            /// Whether `side` may send it in `era`.
            pub fn allowed(self, side: Side, era: Era) -> bool {
                let (first, last) = self.revisions();
                let modern = era != Era::Modern || self.is_sent_by_modern(side);
                self.sides().contains(&side) && first.era() <= era && era <= last.era() && modern
            }
        }
    };
}

const CLIENT: &[Side] = &[Side::Client];
const SERVER: &[Side] = &[Side::Server];
const BOTH: &[Side] = &[Side::Client, Side::Server];

table! {
    /// A request: something answers it.
    Method {
        /// Opens a session (legacy).
        Initialize = "initialize", CLIENT, V2024_11_05 ..= V2025_11_25;
        /// Asks whether the other side is there (legacy).
        Ping = "ping", BOTH, V2024_11_05 ..= V2025_11_25;
        /// Asks what a server offers (modern).
        Discover = "server/discover", CLIENT, V2026_07_28 ..= V2026_07_28;
        /// Lists tools.
        ToolsList = "tools/list", CLIENT, V2024_11_05 ..= V2026_07_28;
        /// Calls a tool.
        ToolsCall = "tools/call", CLIENT, V2024_11_05 ..= V2026_07_28;
        /// Lists resources.
        ResourcesList = "resources/list", CLIENT, V2024_11_05 ..= V2026_07_28;
        /// Lists resource templates.
        TemplatesList = "resources/templates/list", CLIENT, V2024_11_05 ..= V2026_07_28;
        /// Reads a resource.
        ResourcesRead = "resources/read", CLIENT, V2024_11_05 ..= V2026_07_28;
        /// Lists a directory of resources (SEP-2640).
        DirectoryRead = "resources/directory/read", CLIENT, V2026_07_28 ..= V2026_07_28;
        /// Asks to be told when a resource changes (legacy).
        ResourcesSubscribe = "resources/subscribe", CLIENT, V2024_11_05 ..= V2025_11_25;
        /// Takes that back (legacy).
        ResourcesUnsubscribe = "resources/unsubscribe", CLIENT, V2024_11_05 ..= V2025_11_25;
        /// Lists prompts.
        PromptsList = "prompts/list", CLIENT, V2024_11_05 ..= V2026_07_28;
        /// Expands a prompt.
        PromptsGet = "prompts/get", CLIENT, V2024_11_05 ..= V2026_07_28;
        /// Completes an argument.
        Complete = "completion/complete", CLIENT, V2024_11_05 ..= V2026_07_28;
        /// Sets the logging level of a session (legacy).
        SetLevel = "logging/setLevel", CLIENT, V2024_11_05 ..= V2025_11_25;
        /// Opens a stream of change notifications (modern).
        Listen = "subscriptions/listen", CLIENT, V2026_07_28 ..= V2026_07_28;
        /// Asks how a task stands.
        TasksGet = "tasks/get", BOTH, V2025_11_25 ..= V2026_07_28;
        /// Waits for the result of a task (2025-11-25).
        TasksResult = "tasks/result", BOTH, V2025_11_25 ..= V2025_11_25;
        /// Lists tasks (2025-11-25).
        TasksList = "tasks/list", BOTH, V2025_11_25 ..= V2025_11_25;
        /// Cancels a task.
        TasksCancel = "tasks/cancel", BOTH, V2025_11_25 ..= V2026_07_28;
        /// Gives a task the input it asked for (tasks extension).
        TasksUpdate = "tasks/update", CLIENT, V2026_07_28 ..= V2026_07_28;
        /// Asks the client's model (legacy; in the modern era a value inside `inputRequests`).
        Sample = "sampling/createMessage", SERVER, V2024_11_05 ..= V2025_11_25;
        /// Asks the human (legacy; in the modern era a value inside `inputRequests`).
        Elicit = "elicitation/create", SERVER, V2025_06_18 ..= V2025_11_25;
        /// Asks for the client's roots (legacy; in the modern era a value inside `inputRequests`).
        RootsList = "roots/list", SERVER, V2024_11_05 ..= V2025_11_25;
    }
}

table! {
    /// A notification: nothing answers it.
    Notice {
        /// The client is ready (legacy).
        Initialized = "notifications/initialized", CLIENT, V2024_11_05 ..= V2025_11_25;
        /// A request is taken back.
        Cancelled = "notifications/cancelled", BOTH, V2024_11_05 ..= V2026_07_28;
        /// How far a request has come.
        Progress = "notifications/progress", BOTH, V2024_11_05 ..= V2026_07_28;
        /// The client's roots changed (legacy).
        RootsChanged = "notifications/roots/list_changed", CLIENT, V2024_11_05 ..= V2025_11_25;
        /// A log line of the server.
        Message = "notifications/message", SERVER, V2024_11_05 ..= V2026_07_28;
        /// The list of tools changed.
        ToolsChanged = "notifications/tools/list_changed", SERVER, V2024_11_05 ..= V2026_07_28;
        /// The list of prompts changed.
        PromptsChanged = "notifications/prompts/list_changed", SERVER, V2024_11_05 ..= V2026_07_28;
        /// The list of resources changed.
        ResourcesChanged = "notifications/resources/list_changed", SERVER, V2024_11_05 ..= V2026_07_28;
        /// A resource changed.
        ResourceUpdated = "notifications/resources/updated", SERVER, V2024_11_05 ..= V2026_07_28;
        /// A task moved on (2025-11-25).
        TaskStatus = "notifications/tasks/status", BOTH, V2025_11_25 ..= V2025_11_25;
        /// A task moved on (tasks extension).
        Tasks = "notifications/tasks", SERVER, V2026_07_28 ..= V2026_07_28;
        /// An elicitation by URL is done (2025-11-25).
        ElicitationComplete = "notifications/elicitation/complete", SERVER, V2025_11_25 ..= V2025_11_25;
        /// Which subscriptions a stream serves (modern).
        Acknowledged = "notifications/subscriptions/acknowledged", SERVER, V2026_07_28 ..= V2026_07_28;
    }
}

impl Method {
    /// In the modern era only clients ask.
    fn is_sent_by_modern(self, side: Side) -> bool {
        side == Side::Client
    }
    /// The member of `params` that names what the request is about, where it has one.
    pub const fn target_key(self) -> Option<&'static str> {
        match self {
            Self::ToolsCall | Self::PromptsGet => Some("name"),
            Self::ResourcesRead | Self::DirectoryRead | Self::ResourcesSubscribe | Self::ResourcesUnsubscribe => {
                Some("uri")
            }
            Self::TasksGet | Self::TasksResult | Self::TasksCancel | Self::TasksUpdate => Some("taskId"),
            Self::Initialize
            | Self::Ping
            | Self::Discover
            | Self::ToolsList
            | Self::ResourcesList
            | Self::TemplatesList
            | Self::PromptsList
            | Self::Complete
            | Self::SetLevel
            | Self::Listen
            | Self::TasksList
            | Self::Sample
            | Self::Elicit
            | Self::RootsList => None,
        }
    }
    /// The member of the result that holds a list of definitions, where the method lists some.
    pub const fn list_key(self) -> Option<&'static str> {
        match self {
            Self::ToolsList => Some("tools"),
            Self::PromptsList => Some("prompts"),
            Self::ResourcesList => Some("resources"),
            Self::TemplatesList => Some("resourceTemplates"),
            _ => None,
        }
    }
}

impl Notice {
    /// In the modern era clients tell one thing only, and that on a pipe.
    fn is_sent_by_modern(self, side: Side) -> bool {
        side == Side::Server || self == Self::Cancelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_parse_back() {
        for m in Method::ALL {
            assert_eq!(Method::parse(m.as_str()), Some(*m));
        }
        for n in Notice::ALL {
            assert_eq!(Notice::parse(n.as_str()), Some(*n));
        }
        assert_eq!(Method::parse("tools/Call"), None);
    }

    #[test]
    fn eras_and_sides() {
        assert!(Method::ToolsCall.allowed(Side::Client, Era::Modern));
        assert!(!Method::ToolsCall.allowed(Side::Server, Era::Legacy));
        assert!(!Method::Initialize.allowed(Side::Client, Era::Modern));
        assert!(!Method::Sample.allowed(Side::Server, Era::Modern));
        assert!(Method::TasksGet.allowed(Side::Client, Era::Legacy));
    }
}
