//! Events that tell a page to look again. A page fetches itself and shows what changed, so there is one way in which
//! anything becomes a page.

use crate::{door::Shared, role::Person};
use bytes::Bytes;
use doorward_vocab::Digest;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

/// How often the trail is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Feeds that are open at once.
const MOST: usize = 256;

/// The events of one page; over with its session.
pub struct Feed {
    shared: Arc<Shared>,
    session: Digest,
    last: Option<(u64, usize)>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Feed")
    }
}

/// How many feeds there are.
#[derive(Debug, Default)]
pub(crate) struct Feeds(AtomicUsize);

impl Feed {
    pub(crate) fn open(shared: Arc<Shared>, session: Digest, _person: &Person) -> Option<Self> {
        if shared.feeds.0.fetch_add(1, Relaxed) >= MOST {
            shared.feeds.0.fetch_sub(1, Relaxed);
            return None;
        }
        Some(Self { shared, session, last: None })
    }

    /// The next event, when there is one; `None` when the session is over.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            let now = self.shared.ports.clock.now();
            if !self.shared.sessions.lives(&self.session, &self.shared.settings, now) {
                return None;
            }
            let waiting = self.shared.ports.approvals.open().map_or(0, |open| open.len());
            let state = (self.shared.ports.trail.known().size, waiting);
            if self.last != Some(state) {
                self.last = Some(state);
                let (size, waiting) = state;
                return Some(format!("event: trail\ndata: {{\"size\":{size},\"waiting\":{waiting}}}\n\n").into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.shared.feeds.0.fetch_sub(1, Relaxed);
    }
}
