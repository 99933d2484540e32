//! The trail on disk.
//!
//! ```text
//! trail/segments/<first index, 20 digits>.seg   the records, 64 MiB each
//! trail/tile/<L>/<N>                            full hash tiles (C2SP tlog-tiles)
//! trail/checkpoint                              the last signed head
//! trail/checkpoints                             every signed head, one after the other
//! trail/key, trail/key.pub                      the key that signs, and the one that checks
//! trail/lock                                    held by the process that writes
//! ```
//!
//! A record is acknowledged when its segment is on disk. Heads are signed once a second and at the end, always after
//! the records they cover are on disk. Tiles follow from the records: those of the segment that is written are left to
//! the system to write, and whoever opens the trail makes them again where they are not as they should be.

mod buffer;
mod door;
mod error;
mod evidence;
mod layout;
mod publisher;
mod reader;
mod recover;
pub(crate) mod segment;
mod tiles;
mod verify;
mod writer;

pub use door::{Check, Options, Trail};
pub use error::{OpenError, TrailError};
pub use evidence::write_evidence;
pub use layout::is_held;
pub use reader::{Entry, Place, Reader};
pub use tiles::Tiles;
pub use verify::{Trust, verify};
