//! What is measured: one line each.

use std::time::Duration;

use super::options::Options;

/// One way of using a server, played against every peer.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) load: Load,
    /// The scenarios of the targets have all rounds, the others three.
    main: bool,
    /// The cores mostly wait: where threads run and whether cores halt decides more than the peer does, so it is fixed.
    pub(super) latency: bool,
}

/// What the driver is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Load {
    Calls {
        era: Era,
        tool: &'static str,
        connections: usize,
        rate: Option<u32>,
    },
    /// Sessions that make a few calls and fall idle.
    Conversations {
        count: usize,
        calls: usize,
        /// Each with its stream open.
        streams: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// 2025-11-25.
    Sessions,
    /// 2026-07-28.
    Stateless,
}

use Era::{Sessions, Stateless};

#[rustfmt::skip]
pub(super) const ALL: &[Scenario] = &[
    Scenario { main: true,  latency: true,  ..calls("c1", "small call, 1 connection", Sessions, "echo", 1) },
    Scenario { main: true,  latency: false, ..calls("c32", "small call, 32 connections", Sessions, "echo", 32) },
    Scenario { main: false, latency: true,  ..calls("era2026", "small call of 2026-07-28, 1 connection", Stateless, "echo", 1) },
    Scenario { main: false, latency: true,  ..calls("blob1", "256 KiB result, 1 connection", Sessions, "blob", 1) },
    Scenario { main: false, latency: false, ..calls("blob4", "256 KiB result, 4 connections", Sessions, "blob", 4) },
    Scenario { main: false, latency: false, ..calls("blob32", "256 KiB result, 32 connections", Sessions, "blob", 32) },
    Scenario { main: false, latency: true,  ..calls("record1", "call to a sink, its decision durable first, 1 connection", Sessions, "record", 1) },
    Scenario { main: false, latency: false, ..calls("record32", "call to a sink, its decision durable first, 32 connections", Sessions, "record", 32) },
    rate("rate500", "small call, 500 a second over 32 connections, from the scheduled arrival", 500),
    Scenario {
        name: "conversations",
        what: "1,000 conversations over 8 connections, 4 calls each, then idle",
        load: Load::Conversations { count: 1000, calls: 4, streams: false },
        main: false,
        latency: false,
    },
    Scenario {
        name: "sessions",
        what: "10,000 idle sessions of 2025-11-25",
        load: Load::Conversations { count: 10_000, calls: 1, streams: false },
        main: false,
        latency: false,
    },
    Scenario {
        name: "streams",
        what: "920 idle sessions of 2025-11-25, each with its stream open on both sides",
        load: Load::Conversations { count: 920, calls: 1, streams: true },
        main: false,
        latency: false,
    },
];

const fn calls(name: &'static str, what: &'static str, era: Era, tool: &'static str, connections: usize) -> Scenario {
    Scenario { name, what, load: Load::Calls { era, tool, connections, rate: None }, main: false, latency: false }
}

const fn rate(name: &'static str, what: &'static str, rate: u32) -> Scenario {
    let load = Load::Calls { era: Sessions, tool: "echo", connections: 32, rate: Some(rate) };
    Scenario { name, what, load, main: false, latency: true }
}

impl Scenario {
    pub(super) fn rounds(&self, options: &Options) -> usize {
        match (self.main, options.quick) {
            (true, _) => options.rounds,
            (false, true) => 1,
            (false, false) => options.rounds.min(3),
        }
    }

    /// Unmeasured at first, then measured.
    pub(super) fn stretch(&self, options: &Options) -> (Duration, Duration) {
        let (warm, measured) = match (options.quick, self.main) {
            (true, _) => (100, 300),
            (false, true) => (250, 1000),
            (false, false) => (250, 700),
        };
        (Duration::from_millis(warm), Duration::from_millis(measured))
    }

    pub(super) fn is_conversations(&self) -> bool {
        matches!(self.load, Load::Conversations { .. })
    }
}

impl Era {
    pub(super) fn year(self) -> &'static str {
        match self {
            Sessions => "2025",
            Stateless => "2026",
        }
    }

    /// The server of this era, behind every peer at the same path.
    pub(super) fn server(self) -> &'static str {
        match self {
            Sessions => "bench",
            Stateless => "bench26",
        }
    }
}
