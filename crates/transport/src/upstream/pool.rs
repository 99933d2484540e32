use super::{HttpSettings, http1::Limits, wire::Wire};
use crate::{
    LinkError, Stage,
    egress::{Egress, Origin, PeerShown, Trust},
};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Waker},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout},
};

/// The connections to one origin.
pub(super) struct Pool {
    origin: Origin,
    trust: Trust,
    egress: Arc<Egress>,
    pub(super) settings: HttpSettings,
    idle: Mutex<VecDeque<Wire>>,
    room: Arc<Semaphore>,
    swept: AtomicBool,
}

/// A connection in use. Dropping it closes the connection.
pub(super) struct Lease {
    pub(super) wire: Wire,
    pub(super) fresh: bool,
    room: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(origin: Origin, trust: Trust, egress: Arc<Egress>, settings: HttpSettings) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(settings.max_connections.min(Semaphore::MAX_PERMITS)));
        let swept = AtomicBool::new(false);
        Arc::new(Self { origin, trust, egress, settings, idle: Mutex::default(), room, swept })
    }

    pub(super) const fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) const fn trust(&self) -> Trust {
        self.trust
    }

    pub(super) fn egress(&self) -> &Egress {
        &self.egress
    }

    pub(super) async fn meet(&self) -> Result<Option<PeerShown>, LinkError> {
        Ok(self.egress.meet(&self.origin, self.trust, self.settings.peer.as_ref()).await?.1)
    }

    /// A connection: the one used last, or a new one.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease, LinkError> {
        let room = self.wait_for_room().await?;
        loop {
            let Some(mut wire) = self.idle.lock().pop_back() else { break };
            if wire.idle_since.elapsed() < self.settings.idle && is_reusable(&mut wire) {
                return Ok(Lease { wire, fresh: false, room });
            }
        }
        // Boxed, as everything that few calls need: every call would hold room for it, and move that about.
        Box::pin(self.open(room)).await
    }

    /// A new connection in place of one that the server closed before the request could go out.
    pub(super) async fn replace(self: &Arc<Self>, stale: Lease) -> Result<Lease, LinkError> {
        let room = stale.room;
        drop(stale.wire);
        self.open(room).await
    }

    /// Takes a connection back if another request can use it.
    pub(super) fn give_back(self: &Arc<Self>, lease: Lease) {
        let mut wire = lease.wire;
        if !is_reusable(&mut wire) {
            return;
        }
        wire.idle_since = Instant::now();
        let mut idle = self.idle.lock();
        idle.push_back(wire);
        let surplus = if idle.len() > self.settings.max_idle { idle.pop_front() } else { None };
        drop(idle);
        drop(surplus);
    }

    async fn wait_for_room(&self) -> Result<OwnedSemaphorePermit, LinkError> {
        if let Ok(room) = self.room.clone().try_acquire_owned() {
            return Ok(room);
        }
        let busy = LinkError::Busy(self.settings.max_connections);
        match timeout(self.settings.queue, self.room.clone().acquire_owned()).await {
            Ok(Ok(room)) => Ok(room),
            Ok(Err(_)) => Err(busy),
            Err(_) => Err(busy),
        }
    }

    async fn open(self: &Arc<Self>, room: OwnedSemaphorePermit) -> Result<Lease, LinkError> {
        let io = self.egress.connect_to(&self.origin, self.trust, self.settings.peer.as_ref()).await?;
        let wire = Wire::open(io, Limits { bytes: self.settings.max_head, fields: self.settings.max_headers });
        if !self.swept.swap(true, Ordering::Relaxed) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
        Ok(Lease { wire, fresh: true, room })
    }
}

/// Nobody waits for an idle connection, so nobody needs waking.
fn is_reusable(wire: &mut Wire) -> bool {
    wire.is_reusable(&mut Context::from_waker(Waker::noop()))
}

/// Closes idle connections that are too old, or that the server has closed; ends with the pool.
async fn sweep(pool: Weak<Pool>) {
    while let Some(pool) = pool.upgrade() {
        let idle = pool.settings.idle;
        pool.idle.lock().retain_mut(|wire| wire.idle_since.elapsed() < idle && is_reusable(wire));
        drop(pool);
        sleep(idle / 2).await;
    }
}

impl LinkError {
    pub(super) const fn slow(stage: Stage, after: std::time::Duration) -> Self {
        Self::Timeout { stage, after }
    }
}
