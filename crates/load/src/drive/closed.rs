//! The closed loop: each connection sends its next call when the last was answered.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout};

use super::connection::Evented;
use super::tally::{Faults, Moment, Tally};
use super::{PATIENCE, Run};
use crate::client::{Client, Step};
use crate::histogram::Histogram;
use crate::wire::Fault;

pub(super) fn run(run: &Run) -> Result<Tally, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    LocalSet::new().block_on(&runtime, drive(run))
}

/// What the workers and the conductor share, on one thread.
#[derive(Debug, Default)]
struct Board {
    /// Clients that have had their first good call.
    ready: Cell<usize>,
    /// Latencies count for calls sent after this.
    measured_from: Cell<Option<Instant>>,
    stop: Cell<bool>,
    calls: Cell<u64>,
    latency: RefCell<Histogram>,
    faults: RefCell<Faults>,
}

async fn drive(run: &Run) -> Result<Tally, String> {
    let board = Rc::new(Board::default());
    let mut workers = JoinSet::new();
    for number in 0..run.connections {
        let (client, board, target) = (run.client(number), Rc::clone(&board), run.target);
        workers.spawn_local(async move {
            if let Err(fault) = work(target, client, &board).await {
                board.faults.borrow_mut().note(fault);
            }
        });
    }
    let patience = Instant::now() + PATIENCE;
    while board.ready.get() < run.connections && !board.faults.borrow().any() {
        if Instant::now() > patience {
            return Err(format!("no good call within {PATIENCE:?}"));
        }
        sleep(Duration::from_millis(2)).await;
    }
    sleep(run.warm).await;
    let calls = board.calls.get();
    let from = Moment::of(run);
    board.measured_from.set(Some(Instant::now()));
    sleep(run.measured).await;
    let calls = board.calls.get() - calls;
    let to = Moment::of(run);
    board.stop.set(true);
    if timeout(PATIENCE, async { while workers.join_next().await.is_some() {} }).await.is_err() {
        board.faults.borrow_mut().note(format!("a call was not answered within {PATIENCE:?}"));
    }
    Ok(Tally { latency: board.latency.take(), faults: board.faults.take(), calls, from, to })
}

async fn work(target: std::net::SocketAddr, mut client: Client, board: &Board) -> Result<(), Fault> {
    let mut connection = Evented::open(target).await?;
    let mut first = true;
    while !board.stop.get() {
        connection.prepare(&mut client);
        let sent = Instant::now();
        connection.exchange().await?;
        let took = sent.elapsed();
        match connection.judge(&mut client) {
            Ok(Step::Setup) => continue,
            Ok(Step::Call) => {}
            Err(fault) if client.is_open() => {
                board.faults.borrow_mut().note(fault);
                continue;
            }
            Err(fault) => return Err(fault),
        }
        board.calls.set(board.calls.get() + 1);
        if board.measured_from.get().is_some_and(|from| sent >= from) {
            board.latency.borrow_mut().record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        }
        if std::mem::take(&mut first) {
            board.ready.set(board.ready.get() + 1);
        }
    }
    connection.farewell(&mut client).await;
    Ok(())
}
