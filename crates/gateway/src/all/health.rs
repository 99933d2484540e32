//! Servers that do not answer: left out at once, tried again ever more rarely, and announced when they are back.

use super::{PATIENCE, link::greeting};
use crate::{Gateway, admit::Arrival, link::Routing, refusal::Refusal, server::Server};
use doorward_mcp::{Era, Method, RpcError};
use doorward_transport::LinkError;
use doorward_vocab::{Entropy, ServerName, Timestamp};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// What is known of a server's answers, for each era: a server may speak one of them only.
#[derive(Debug, Default)]
pub(crate) struct Health {
    legacy: Mutex<State>,
    modern: Mutex<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Failures since it answered last.
    failures: u32,
    /// When it is tried again.
    until: Timestamp,
    /// Whether somebody tries it again and again.
    watched: bool,
    /// What was said of it last.
    told: Option<bool>,
}

/// From this many failures in a row on, even a call that names the server waits until it is tried again.
const FIRM: u32 = 3;
/// How long after the first failure it is tried again.
const FIRST: Duration = Duration::from_secs(1);
/// The longest time between two attempts.
const LONGEST: Duration = Duration::from_secs(60);

/// How long to wait after so many failures in a row: twice as long each time, less up to half of it, so that not
/// everything that failed together is tried together.
pub(super) fn pause(failures: u32, entropy: &dyn Entropy) -> Duration {
    let whole = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(6)).min(LONGEST);
    let [byte, ..] = entropy.draw();
    whole.mul_f64(1.0 - f64::from(byte) / 512.0)
}

impl Health {
    const fn of(&self, era: Era) -> &Mutex<State> {
        match era {
            Era::Legacy => &self.legacy,
            Era::Modern => &self.modern,
        }
    }
    /// Whether it answered last, as far as is known.
    pub(super) fn is_good(&self, era: Era) -> bool {
        self.of(era).lock().failures == 0
    }
    /// How long a call must wait that names the server.
    fn firm(&self, era: Era, now: Timestamp) -> Option<Duration> {
        let state = *self.of(era).lock();
        (state.failures >= FIRM && state.until > now).then(|| state.until.since(now))
    }
}

impl Gateway {
    /// Refuses a call to a server that failed again and again, until it is tried again.
    pub(super) fn admits(&self, arrival: &Arrival, server: &Server) -> Result<(), Refusal> {
        match server.health.firm(arrival.revision.era(), self.clock.now()) {
            None => Ok(()),
            Some(wait) => {
                let (name, seconds) = (&server.profile.name, wait.as_secs() + 1);
                let told = format!("The server `{name}` does not answer. It is tried again in {seconds} s.");
                Err(RpcError::upstream(told).into())
            }
        }
    }

    /// What came of asking a server something that it must be able to answer.
    pub(super) fn asked<T>(&self, arrival: &Arrival, server: &Arc<Server>, outcome: &Result<T, Refusal>) {
        match outcome {
            Ok(_) => self.answers(arrival.revision.era(), server),
            Err(refusal) if is_failure(refusal) => self.fails(arrival, server, &format!("{refusal:?}")),
            Err(refusal) => tracing::debug!(server = %server.profile.name, "left out: {refusal:?}"),
        }
    }

    /// The same of a call: it may take as long as it takes, but somebody must be there.
    pub(super) fn called<T>(&self, arrival: &Arrival, server: &Arc<Server>, outcome: &Result<T, Refusal>) {
        match outcome {
            Ok(_) => self.answers(arrival.revision.era(), server),
            Err(Refusal::Link(_, LinkError::Timeout { .. } | LinkError::TooLarge { .. } | LinkError::Protocol(_))) => {}
            Err(refusal) if is_failure(refusal) => self.fails(arrival, server, &format!("{refusal:?}")),
            Err(_) => {}
        }
    }

    /// It answered. Whoever listens is told where it had not.
    pub(super) fn answers(&self, era: Era, server: &Server) {
        let before = {
            let mut state = server.health.of(era).lock();
            let fresh = State { watched: state.watched, told: Some(true), ..State::default() };
            std::mem::replace(&mut *state, fresh)
        };
        if before.told != Some(true) {
            self.metrics.server_up(server.profile.name.as_str(), era, true);
        }
        if before.failures > 0 {
            tracing::info!(server = %server.profile.name, "it answers again after {} failures", before.failures);
            // Nobody may be listening.
            let _ = self.returns.send(server.profile.name.clone());
        }
    }

    /// It did not answer: it is left out, and tried again on behalf of whoever noticed.
    pub(super) fn fails(&self, arrival: &Arrival, server: &Arc<Server>, why: &str) {
        let (name, era) = (&server.profile.name, arrival.revision.era());
        let now = self.clock.now();
        let (state, watch) = {
            let mut state = server.health.of(era).lock();
            state.told = Some(false);
            // Requests that fail side by side are one failure.
            if state.failures > 0 && state.until > now {
                return;
            }
            state.failures = state.failures.saturating_add(1);
            state.until = now.plus(pause(state.failures, &*self.entropy));
            (*state, !std::mem::replace(&mut state.watched, true))
        };
        self.metrics.server_up(name.as_str(), era, false);
        let wait = state.until.since(now);
        match state.failures {
            1 => tracing::warn!(server = %name, "left out, and tried again in {wait:.1?}: {why}"),
            n => tracing::info!(server = %name, "failure {n}, tried again in {wait:.1?}: {why}"),
        }
        if watch {
            self.watch(arrival, name.clone());
        }
    }

    /// Tries a server again until it answers, or is not configured any more.
    fn watch(&self, arrival: &Arrival, name: ServerName) {
        let (gateway, era) = (self.me.clone(), arrival.revision.era());
        let arrival = Arrival { session: None, ..arrival.clone() };
        tokio::spawn(async move {
            loop {
                let Some(wait) = gateway.upgrade().and_then(|gateway| gateway.due(&name, era)) else { return };
                tokio::time::sleep(wait).await;
                let Some(gateway) = gateway.upgrade() else { return };
                let live = gateway.live.load_full();
                let Some(server) = live.servers.get(&name).cloned() else { return };
                if gateway.due(&name, era).is_some_and(|wait| wait.is_zero()) {
                    let arrival = Arrival { live, ..arrival.clone() };
                    match tokio::time::timeout(PATIENCE, gateway.knock(&arrival, &server)).await {
                        Ok(Ok(())) => gateway.answers(era, &server),
                        Ok(Err(refusal)) => gateway.fails(&arrival, &server, &format!("{refusal:?}")),
                        Err(_) => gateway.fails(&arrival, &server, "too slow"),
                    }
                }
            }
        });
    }

    /// How long until a server is tried again; `None` where it needs no watching any more.
    fn due(&self, name: &ServerName, era: Era) -> Option<Duration> {
        let live = self.live.load();
        let server = live.servers.get(name)?;
        let mut state = server.health.of(era).lock();
        state.watched = state.failures > 0;
        state.watched.then(|| state.until.since(self.clock.now()))
    }

    /// Asks a server whether it is there, in the era of the arrival.
    async fn knock(&self, arrival: &Arrival, server: &Arc<Server>) -> Result<(), Refusal> {
        match arrival.revision.era() {
            Era::Modern => {
                let link = self.stateless(arrival, server).await?;
                self.ask(arrival, server, &link, Method::Discover, None).await.map(|_| ())
            }
            Era::Legacy => {
                let request = greeting(arrival.revision)?;
                match self.initialize(arrival, server, request, Routing::ByRequest).await? {
                    (Some((opened, _)), ..) => {
                        opened.link.close().await;
                        Ok(())
                    }
                    (None, ..) => Err(unopened(server)),
                }
            }
        }
    }
}

/// Whether a refusal says that the server failed, rather than that something was not permitted or not supported.
fn is_failure(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Link(..) => true,
        Refusal::Rpc(error) => error.code == RpcError::INTERNAL && error.status == 502,
        Refusal::Decode(_)
        | Refusal::Header(_)
        | Refusal::Ruled(..)
        | Refusal::Paused(..)
        | Refusal::Unapproved(..)
        | Refusal::Credential(_)
        | Refusal::Outworn
        | Refusal::Trail => false,
    }
}

/// That a server held up an answer about all of them for too long.
pub(super) fn slow(server: &Server) -> Refusal {
    RpcError::upstream(format!("The server `{}` is too slow.", server.profile.name)).into()
}

/// That a server does not open a session.
pub(super) fn unopened(server: &Server) -> Refusal {
    RpcError::upstream(format!("The server `{}` does not open a session.", server.profile.name)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn draw(&self) -> [u8; 16] {
            [self.0; 16]
        }
    }

    #[test]
    fn pauses_grow_to_a_bound() {
        let longest: Vec<u64> = (1..10).map(|n| pause(n, &Fixed(0)).as_secs()).collect();
        assert_eq!(longest, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        for n in 1..100 {
            let (low, high) = (pause(n, &Fixed(255)), pause(n, &Fixed(0)));
            assert!(low >= high.mul_f64(0.5) && low < high, "{n}: {low:?} {high:?}");
        }
    }
}
