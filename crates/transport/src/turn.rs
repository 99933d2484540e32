//! Polling without waking oneself through the scheduler.
//!
//! Parts of one task that speak over channels (a connection and the reader of its body) wake the task they are in while
//! it runs. The scheduler then queues the task behind others and rouses a second thread to look for work, for something
//! that another poll on the spot settles. A [`Turn`] notices such wakes and polls again at once.

use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Nobody polls: a wake goes to the task.
const IDLE: u8 = 0;
/// Somebody polls: a wake is noted.
const POLLING: u8 = 1;
/// A wake was noted.
const NOTED: u8 = 2;
/// After so many polls on the spot the task goes through the scheduler, so that others get their turn.
const ROUNDS: usize = 8;

/// The waker that what is polled gets to see.
pub(crate) struct Turn {
    shared: Arc<Shared>,
    waker: Waker,
}

struct Shared {
    state: AtomicU8,
    task: Mutex<Option<Waker>>,
}

impl Turn {
    pub(crate) fn new() -> Self {
        let shared = Arc::new(Shared { state: AtomicU8::new(IDLE), task: Mutex::new(None) });
        let waker = Waker::from(shared.clone());
        Self { shared, waker }
    }

    /// Polls until the result is ready, or until nothing has changed since the last poll.
    pub(crate) fn poll<T>(&self, cx: &mut Context<'_>, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        self.shared.remember(cx.waker());
        let mut inner = Context::from_waker(&self.waker);
        for _ in 0..ROUNDS {
            self.shared.state.store(POLLING, SeqCst);
            let result = poll(&mut inner);
            // INVARIANT: a wake between the end of the poll and this line is either seen here or goes to the task.
            let quiet = self.shared.state.compare_exchange(POLLING, IDLE, SeqCst, SeqCst).is_ok();
            if result.is_ready() || quiet {
                self.shared.state.store(IDLE, SeqCst);
                return result;
            }
        }
        self.shared.state.store(IDLE, SeqCst);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Shared {
    fn remember(&self, waker: &Waker) {
        let mut task = self.task.lock();
        match &mut *task {
            Some(known) => known.clone_from(waker),
            None => *task = Some(waker.clone()),
        }
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.compare_exchange(POLLING, NOTED, SeqCst, SeqCst) == Err(IDLE)
            && let Some(task) = &*self.task.lock()
        {
            task.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ROUNDS, Turn};
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::SeqCst},
        },
        task::{Context, Poll, Wake, Waker},
    };

    #[derive(Default)]
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    /// Polls what wakes itself `wakes` times; gives how often it was polled and how often the task was woken.
    fn run(wakes: usize) -> (usize, usize) {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut polls = 0;
        let _ = Turn::new().poll(&mut Context::from_waker(&waker), |cx| {
            polls += 1;
            if polls <= wakes {
                cx.waker().wake_by_ref();
            }
            Poll::<()>::Pending
        });
        (polls, count.0.load(SeqCst))
    }

    #[test]
    fn what_wakes_itself_is_polled_again_on_the_spot() {
        assert_eq!(run(0), (1, 0));
        assert_eq!(run(1), (2, 0));
        assert_eq!(run(ROUNDS - 1), (ROUNDS, 0));
        assert_eq!(run(usize::MAX), (ROUNDS, 1), "others get their turn");
    }

    #[test]
    fn a_wake_from_outside_reaches_the_task() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let (turn, mut kept) = (Turn::new(), None);
        let poll = turn.poll(&mut Context::from_waker(&waker), |cx| {
            kept = Some(cx.waker().clone());
            Poll::<()>::Pending
        });
        assert!(poll.is_pending());
        kept.as_ref().unwrap().wake_by_ref();
        assert_eq!(count.0.load(SeqCst), 1);
    }
}
