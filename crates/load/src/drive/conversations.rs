//! Many conversations, each a session with a few calls, then idle: what does one of them hold in memory?
//!
//! They share a few connections, as the sessions of an agent host do, so sockets and their buffers do not count; the stream
//! of a session, where it is asked for, has a connection of its own.

use super::Run;
use super::connection::Blocking;
use super::tally::Faults;
use crate::client::Step;
use crate::process::{Memory, Tree};
use std::{thread, time::Duration};

const CONNECTIONS: usize = 8;
/// Streams are idle before they are weighed, as those of real clients are most of the day.
const REST: Duration = Duration::from_secs(8);

/// Memory of the gateway before and after.
#[derive(Debug)]
pub(super) struct Opened {
    count: usize,
    before: Memory,
    after: Memory,
    faults: Faults,
}

pub(super) fn open(run: &Run, count: usize, calls: u64, streams: bool) -> Result<Opened, String> {
    let connections: Result<Vec<_>, _> = (0..CONNECTIONS).map(|_| Blocking::open(run.target)).collect();
    let mut connections = connections?;
    let mut faults = Faults::default();
    // What grows once, caches and the allocator's own, has grown before the first reading.
    let warm = count / 10;
    let mut before = Memory::default();
    let mut open = Vec::new();
    'all: for number in 0..warm + count {
        if number == warm {
            rest(streams);
            before = run.gateway.as_ref().map(Tree::memory).unwrap_or_default();
        }
        let Some(connection) = connections.get_mut(number % CONNECTIONS) else { continue };
        let mut client = run.client(number);
        let mut done = 0;
        while done < calls {
            match connection.step(&mut client) {
                Ok(Step::Setup) => {}
                Ok(Step::Call) => done += 1,
                Err(fault) => {
                    // One is enough to spoil the figure, and a gateway that hangs would take hours.
                    faults.note(fault);
                    break 'all;
                }
            }
        }
        if streams {
            match Blocking::listen(run.target, &mut client) {
                Ok(stream) => open.push(stream),
                Err(fault) => {
                    faults.note(fault);
                    break 'all;
                }
            }
        }
    }
    rest(streams);
    let after = run.gateway.as_ref().map(Tree::memory).unwrap_or_default();
    Ok(Opened { count, before, after, faults })
}

fn rest(streams: bool) {
    if streams {
        thread::sleep(REST);
    }
}

impl Opened {
    pub(super) fn print(&self) {
        let each = |before: u64, after: u64| (after as f64 - before as f64) / self.count.max(1) as f64;
        println!("conversations {}", self.count);
        println!("kib_per_conversation {:.2}", each(self.before.rss, self.after.rss));
        println!("anonymous_kib_per_conversation {:.2}", each(self.before.anonymous, self.after.anonymous));
        println!(
            "rss_before_kib {}\nrss_after_kib {}\npss_after_kib {}",
            self.before.rss, self.after.rss, self.after.pss
        );
        self.faults.print();
    }
}
