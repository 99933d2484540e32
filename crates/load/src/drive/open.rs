//! The open loop: calls arrive on a schedule that does not wait for answers.
//!
//! A latency runs from the scheduled arrival when the connection was still busy with an earlier call at that time, so
//! a stall counts for every call it held up (no coordinated omission). When the connection was free, it runs from the
//! moment the thread woke: the lateness of a sleep is the driver's, not the gateway's.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Run;
use super::connection::Blocking;
use super::tally::{Faults, Moment, Tally};
use crate::client::{Client, Step};
use crate::histogram::Histogram;
use crate::wire::Fault;

/// When each call is due, shared by the connections.
#[derive(Debug)]
struct Schedule {
    start: Instant,
    gap: Duration,
    taken: AtomicU64,
    measured_from: Instant,
    end: Instant,
}

impl Schedule {
    /// The next arrival that nobody has taken, until the end.
    fn next(&self) -> Option<Instant> {
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        let due = self.start + self.gap.mul_f64(number as f64);
        (due < self.end).then_some(due)
    }
}

pub(super) fn run(run: &Run, rate: f64) -> Result<Tally, String> {
    if !(rate > 0.0 && rate.is_finite()) {
        return Err(format!("`--rate {rate}` is not a rate"));
    }
    let mut clients = Vec::new();
    for number in 0..run.connections {
        clients.push(shake_hands(run, number)?);
    }
    let measured_from = Instant::now() + run.warm;
    let schedule = Schedule {
        start: Instant::now(),
        gap: Duration::from_secs_f64(1.0 / rate),
        taken: AtomicU64::new(0),
        measured_from,
        end: measured_from + run.measured,
    };
    let start = Barrier::new(clients.len());
    thread::scope(|scope| {
        let workers: Vec<_> = clients
            .into_iter()
            .map(|(connection, client)| scope.spawn(|| work(connection, client, &schedule, &start)))
            .collect();
        thread::sleep(schedule.measured_from.saturating_duration_since(Instant::now()));
        let from = Moment::of(run);
        thread::sleep(schedule.end.saturating_duration_since(Instant::now()));
        let to = Moment::of(run);
        let (mut latency, mut faults) = (Histogram::default(), Faults::default());
        for worker in workers {
            let (mine, my_faults) = worker.join().map_err(|_| "a worker of the driver panicked")?;
            latency.add(&mine);
            faults.add(my_faults);
        }
        Ok(Tally { calls: latency.count(), latency, faults, from, to })
    })
}

/// Opens a connection and a session, and makes one call.
fn shake_hands(run: &Run, number: usize) -> Result<(Blocking, Client), Fault> {
    let mut connection = Blocking::open(run.target)?;
    let mut client = run.client(number);
    while connection.step(&mut client)? == Step::Setup {}
    Ok((connection, client))
}

fn work(mut connection: Blocking, mut client: Client, schedule: &Schedule, start: &Barrier) -> (Histogram, Faults) {
    let (mut latency, mut faults) = (Histogram::default(), Faults::default());
    start.wait();
    while let Some(due) = schedule.next() {
        let now = Instant::now();
        let mut from = due;
        if now < due {
            thread::sleep(due - now);
            from = Instant::now();
        }
        let outcome = loop {
            match connection.step(&mut client) {
                Ok(Step::Setup) => {}
                Ok(Step::Call) => break Ok(()),
                Err(fault) => break Err(fault),
            }
        };
        match outcome {
            Ok(()) if due >= schedule.measured_from => {
                latency.record(u64::try_from(from.elapsed().as_nanos()).unwrap_or(u64::MAX));
            }
            Ok(()) => {}
            // The figure is spoiled, and a gateway that hangs would take hours.
            Err(fault) => {
                faults.note(fault);
                break;
            }
        }
    }
    (latency, faults)
}
