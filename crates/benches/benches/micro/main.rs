//! What each room's hot functions cost: `cargo bench -p doorward-benches [FILTER]`.
//!
//! A benchmark is one line in its room's file; a room is one file and one line in [`ROOMS`].
#![expect(clippy::expect_used, reason = "a benchmark whose scene cannot be set has nothing to measure")]

mod audit;
mod behave;
mod detect;
mod engine;
mod flow;
mod identity;
mod intent;
mod known;
mod mcp;
mod policy;
mod scene;
mod seal;
mod texts;
mod vocab;

use doorward_benches::Suite;

type Room = (&'static str, fn(&mut Suite));

/// In the order of the road of a message.
const ROOMS: &[Room] = &[
    ("vocab", vocab::benches),
    ("mcp", mcp::benches),
    ("identity", identity::benches),
    ("detect", detect::benches),
    ("known", known::benches),
    ("flow", flow::benches),
    ("intent", intent::benches),
    ("behave", behave::benches),
    ("policy", policy::benches),
    ("engine", engine::benches),
    ("audit", audit::benches),
    ("seal", seal::benches),
];

fn main() {
    let Some(mut suite) = Suite::from_words(std::env::args().skip(1)) else { return };
    for (name, benches) in ROOMS {
        benches(suite.group(name));
    }
}
