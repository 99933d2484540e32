//! The gateway: the road that every message takes, and the doors at its ends.
//!
//! | file | story |
//! |---|---|
//! | `front/http`, `front/sse`, `front/stdio` | the doors: Streamable HTTP of both eras, HTTP+SSE of 2024, and the pipe of `doorward wrap` |
//! | `front/oauth` | the authorization server: from discovery to tokens |
//! | `front/pipe` | a client that has one pipe for everything |
//! | `admit` | a message becomes a passage: correlated, its target looked up for this principal |
//! | `road` | rule → record intent → exchange → forward → clear → record outcome |
//! | `one`, `all` | `/mcp/{server}` and `/mcp`: where a message goes |
//! | `approval` | a person is asked to approve a call |
//! | `observe`, `catalog`, `pins` | what servers declare, judged and pinned |
//! | `conversation`, `hosted`, `session` | what belongs together: for judgement, as hosts report it, and for the protocol |
//! | `mandates` | what the operator says that agents are for |
//! | `delegations` | what was granted to agents; what ends when it is taken back |
//! | `travel` | sessions and waiting calls outlive this gateway |
//! | `link`, `server` | the way to a server |
//! | `bridge` | clients of one era in front of servers of the other |
//! | `reply`, `replay` | what a client gets, and gets again |
//! | `operators` | what the console asks of the gateway |
//! | `live`, `gateway` | the configuration in force, and the whole |
//!
//! Invariant: nothing reaches a server but through `road::forward`, and nothing of a server reaches a client but through
//! `road::deliver`. No lock is held across an `await`.

mod admit;
mod all;
mod approval;
mod attest;
mod bridge;
mod cancel;
mod catalog;
mod conversation;
mod credentials;
mod declared;
mod delegations;
mod fetching;
mod front;
mod gateway;
mod hosted;
mod keys;
mod leaks;
mod left;
mod link;
mod live;
mod mandates;
mod maps;
mod measure;
mod metrics;
mod observe;
mod one;
mod operators;
mod pace;
mod passage;
mod pins;
mod poisons;
mod refusal;
mod replay;
mod reply;
mod road;
mod server;
mod session;
#[cfg(test)]
mod simulation;
mod travel;

pub use approval::{OpenQuestion, Questions};
pub use credentials::{ConfiguredError, Entry, EntryKind, Ledger, LedgerError, Trial, TrialError, Tried};
pub use delegations::{Delegations, GrantRefused};
pub use front::oauth::{SignIn, SignedIn};
pub use front::{
    console, http, stdio,
    survey::{Answered, SurveyError, Unapproved, survey},
};
pub use gateway::Gateway;
pub use leaks::known_secrets;
pub use live::{Live, LiveError, Surroundings, marks, standing};
pub use operators::InForce;
pub use pins::Pins;
pub use server::ServerError;
pub use session::Endpoint;
pub use travel::Beyond;
