//! The console of the gateway and its API: what a person sees of the trail and of what is granted, approved and withheld,
//! and the few things that a person may change.
//!
//! | file | story |
//! |---|---|
//! | `route` | the authorization table: every path, what stands there, and which role it takes |
//! | `door` | a request: recognized, authorized, answered, and recorded where it shows what others did |
//! | `role`, `session`, `ticket`, `sign_in` | who somebody is: roles, cookies, links that are good once |
//! | `ports` | what the console needs of the gateway, as traits |
//! | `views` | what is shown: one value for the page and for the API |
//! | `pages` | the values as HTML, and the chain as a drawing |
//! | `acts` | what a person changes |
//! | `openapi` | the document of the API, from the table and the types of the views |
//! | `live` | events that tell a page to look again |
//! | `words` | records in words, for people |
//!
//! Invariants: a request is answered by a row of [`ROUTES`] or not at all; nothing of a record becomes markup, since every
//! page is a template that escapes; what changes something takes a token of its session and an origin of its own.

mod acts;
mod answer;
mod door;
mod live;
mod openapi;
mod pages;
mod ports;
mod query;
mod role;
mod route;
mod session;
mod sign_in;
mod ticket;
mod views;
pub mod words;

pub use answer::{Answer, Content};
pub use door::{Admin, Asked};
pub use live::Feed;
pub use ports::{
    Answering, Approvals, Change, Definition, Definitions, Delegation, Delegations, Evidence, Fault, Known, Login,
    Meaning, OpenApproval, Ports, Posture, Source, Sources, Stance, TrailDoor, Waited,
};
pub use role::{Person, Role, Roles, Way};
pub use route::{API, Do, Method, Needs, Param, Place, ROUTES, Route};
pub use session::Settings;
pub use ticket::{Purpose, Ticket, TicketKey};
