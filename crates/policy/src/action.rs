use crate::entity::uid;
use cedar_policy::EntityUid;
use std::{fmt, str::FromStr, sync::LazyLock};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What is about to be done. Each MCP message is one of these.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Action { $($(#[$doc])* $name,)* }

        impl Action {
            /// All actions, in order of declaration.
            pub const ALL: &[Self] = &[$(Self::$name),*];
            /// The word used in policies and log.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

actions! {
    /// `tools/call`, and the calls of a task.
    Call = "call",
    /// `resources/read`, `resources/subscribe`.
    Read = "read",
    /// `prompts/get`.
    Prompt = "prompt",
    /// `completion/complete`.
    Complete = "complete",
    /// Seeing a definition in a list.
    List = "list",
    /// `initialize`, `server/discover`, `ping`, `logging/setLevel`, listening.
    Session = "session",
    /// The client's response to a request of the server.
    Answer = "answer",
    /// A notification of the client.
    Notify = "notify",
    /// `sampling/createMessage`, made by the server.
    Sample = "sample",
    /// `elicitation/create`, made by the server.
    Elicit = "elicit",
    /// `roots/list`, made by the server.
    Roots = "roots",
}

impl Action {
    pub(crate) fn uid(self) -> &'static EntityUid {
        static UIDS: LazyLock<Vec<EntityUid>> =
            LazyLock::new(|| Action::ALL.iter().map(|a| uid("Action", a.as_str())).collect());
        #[expect(clippy::indexing_slicing, reason = "one for each action, in order of declaration")]
        &UIDS[self as usize]
    }
}

impl FromStr for Action {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|a| a.as_str() == s).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|a| a.as_str()).collect();
            format!("unknown action `{s}`; actions are {}", all.join(", "))
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
