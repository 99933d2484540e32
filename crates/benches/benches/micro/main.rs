//! What each room's hot functions cost: `cargo bench -p doorward-benches [FILTER]`.
//!
//! A benchmark is one line in its room's file; a room is one file and one line in [`ROOMS`].

mod mcp;
mod texts;
mod vocab;

use doorward_benches::Suite;

type Room = (&'static str, fn(&mut Suite));

/// In the order of the road of a message.
const ROOMS: &[Room] = &[
    ("vocab", vocab::benches),
    ("mcp", mcp::benches),
    // To come with their rooms: identity (token cache hit, verify), detect (the scan of a small and of a large
    // result), flow (index and match), policy (authorize with 10 and with 1,000 policies), engine (rule, clear),
    // audit (one record, one checkpoint).
];

fn main() {
    let Some(mut suite) = Suite::from_words(std::env::args().skip(1)) else { return };
    for (name, benches) in ROOMS {
        benches(suite.group(name));
    }
}
