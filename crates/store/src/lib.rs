//! Where the gateway keeps things: the trail on disk, its index, the pins of definitions, and the sources of time and
//! randomness that judgement is given.
//!
//! - [`Trail`] appends records to segment files under a Merkle tree with signed checkpoints, and mints the
//!   [`Receipt`](doorward_audit::Receipt) that forwarding asks for.
//! - [`trail::verify`] proves offline that nothing in a trail was edited, deleted, reordered or cut.
//! - [`Index`] answers questions about a trail; it can be rebuilt from the segments at any time.
//! - [`State`] holds the definitions that were approved.
//! - [`Keep`] is where sessions and waiting calls outlive a gateway; [`KeptDb`] keeps them on this machine.
//! - [`Grants`] is where what was granted to agents, and taken back, is known to all gateways; [`GrantsDb`] for those of this
//!   machine.
//!
//! Invariant: nothing here rules about a message.

#[doc(hidden)]
pub mod fuzzing;
mod grants;
mod index;
mod kept;
mod place;
mod sources;
mod state;
pub mod trail;

pub use grants::{Changes, Grant, GrantError, Grants, GrantsDb};
pub use index::{
    Count, Filter, Hit, Index, IndexError, IndexThread, PageOf, Seek, SeenConversation, SeenParty, SeenRole,
};
pub use kept::{Keep, KeepError, Kept, KeptDb, KeptKind};
pub use place::{
    HOST_ADDRESS, PlaceError, console_key, host_token, make_once, mark_key, replace_secret, state_dir, tell_hosts,
};
pub use sources::{OsEntropy, SystemClock};
pub use state::{Pin, PinKey, PinState, Pins, PoisonedSource, Seen, State, StateError, Unknown};
pub use trail::{OpenError, Options, Trail, TrailError};
