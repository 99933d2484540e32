use serde::{Deserialize, Serialize};

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident $word:literal $stopped:literal $reaches:expr;)*) => {
        /// What came of a step, as the agent saw it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub(super) enum Outcome { $($(#[$doc])* $name,)* }

        impl Outcome {
            /// The word for it.
            pub(super) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
            /// Whether the gateway stepped in.
            pub(super) const fn stops(self) -> bool {
                match self { $(Self::$name => $stopped,)* }
            }
            /// Whether the server must have got the call; `None` where there was none.
            pub(super) const fn reaches(self) -> Option<bool> {
                match self { $(Self::$name => $reaches,)* }
            }
        }
    };
}

outcomes! {
    /// It went through as it was.
    Allowed "allowed" false Some(true);
    /// The server answered, and a secret or a part of a text was cut out of the answer.
    Redacted "redacted" true Some(true);
    /// The server answered, and a whole text was taken out of the answer.
    Withheld "withheld" true Some(true);
    /// A ruling refused the call.
    Denied "denied" true Some(false);
    /// A ruling asks for a person's decision first.
    Challenged "challenged" true Some(false);
    /// The message was not taken at all: it breaks the protocol, or comes from where it must not.
    Refused "refused" true Some(false);
    /// The tool is not in the list.
    Hidden "hidden" true None;
    /// The tool is in the list.
    Shown "shown" false None;
    /// The tool is in the list as it was approved, and not as its server declares it now.
    Restored "restored" true None;
    /// The question of the server reached the person.
    Asked "asked" false Some(true);
    /// The question of the server did not reach the person.
    Declined "declined" true Some(true);
    /// The server could not be reached, or answered with an error of its own.
    Failed "failed" false None;
}
