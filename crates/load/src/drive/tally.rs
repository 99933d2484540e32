//! What a run found, and how it is told.

use std::time::{Duration, Instant};

use super::Run;
use crate::histogram::Histogram;
use crate::process::{Cpu, Tree};
use crate::wire::Fault;

/// Failed calls: how many, and the first in full.
#[derive(Debug, Default)]
pub(super) struct Faults {
    count: u64,
    first: Option<Fault>,
}

impl Faults {
    pub(super) fn note(&mut self, fault: Fault) {
        self.count += 1;
        self.first.get_or_insert(fault);
    }

    pub(super) fn any(&self) -> bool {
        self.count > 0
    }

    pub(super) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.take().or(other.first);
    }

    pub(super) fn print(&self) {
        println!("errors {}", self.count);
        if let Some(first) = &self.first {
            println!("fault {}", first.replace(['\n', '\r'], " "));
        }
    }
}

/// The clocks of all processes at one moment.
#[derive(Debug)]
pub(super) struct Moment {
    at: Instant,
    gateway: Option<Cpu>,
    upstream: Option<Cpu>,
    driver: Cpu,
}

impl Moment {
    pub(super) fn of(run: &Run) -> Self {
        let gateway = run.gateway.as_ref().map(Tree::cpu);
        let upstream = run.upstream.as_ref().map(Tree::cpu);
        let driver = Tree::of(std::process::id()).cpu();
        Self { at: Instant::now(), gateway, upstream, driver }
    }
}

/// The result of one measured stretch.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) latency: Histogram,
    pub(super) faults: Faults,
    /// Calls that ended between the two moments.
    pub(super) calls: u64,
    pub(super) from: Moment,
    pub(super) to: Moment,
}

impl Tally {
    pub(super) fn print(&self, run: &Run) {
        let micros = |nanos: u64| nanos as f64 / 1000.0;
        let elapsed = self.to.at.duration_since(self.from.at);
        println!("calls {}", self.calls);
        println!("rps {:.1}", self.calls as f64 / elapsed.as_secs_f64());
        for (name, per_mille) in [("p50_us", 500), ("p90_us", 900), ("p99_us", 990), ("p999_us", 999)] {
            println!("{name} {:.1}", micros(self.latency.quantile(per_mille)));
        }
        println!("mean_us {:.1}", self.latency.mean() / 1000.0);
        println!("min_us {:.1}", micros(self.latency.min()));
        println!("max_us {:.1}", micros(self.latency.max()));
        println!("measured {}", self.latency.count());
        let per_call = |cpu: Duration| cpu.as_secs_f64() * 1e6 / self.calls.max(1) as f64;
        let cpus = [
            ("gateway_cpu_us", &self.from.gateway, &self.to.gateway),
            ("upstream_cpu_us", &self.from.upstream, &self.to.upstream),
        ];
        for (name, from, to) in cpus {
            if let (Some(from), Some(to)) = (from, to) {
                println!("{name} {:.2}", per_call(to.since(from)));
            }
        }
        println!("driver_cpu_us {:.2}", per_call(self.to.driver.since(&self.from.driver)));
        if let Some(gateway) = &run.gateway {
            let memory = gateway.memory();
            println!("rss_kib {}\npss_kib {}\nanonymous_kib {}", memory.rss, memory.pss, memory.anonymous);
        }
        self.faults.print();
    }
}
