//! Which era a server speaks. It is asked with `server/discover` before the first request that stands alone goes there
//! (2026-07-28, basic/versioning, and the transports: whatever is not an answer of that era is one of an older server),
//! and asked again when what is remembered no longer fits.

use super::pooled::Pool;
use crate::{
    Gateway,
    admit::Arrival,
    link::{Link, Routing},
    passage::About,
    refusal::Refusal,
    server::Server,
};
use arc_swap::ArcSwap;
use doorward_mcp::{Era, Message, Method, Revision, RpcError, Side, decode, json::Value};
use doorward_transport::LinkError;
use doorward_vocab::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// How long a server may take to answer the question for its era. One that knows no message before `initialize` may not
/// answer at all (basic/transports/stdio).
const PROBE: Duration = Duration::from_secs(5);

/// What stands for all that a server is asked, where it may not be asked anything.
const PING: &[u8] = br#"{"jsonrpc":"2.0","id":"doorward/start","method":"ping"}"#;

/// How long it is believed that a server has sessions only: it may be replaced by a newer one without a sign.
const BELIEF: Duration = Duration::from_secs(10 * 60);

/// What is known of a server's era and held open with it, whoever the client is. It outlives a reload that does not change
/// how the server is reached.
#[derive(Debug, Default)]
pub(crate) struct Ties {
    spoken: ArcSwap<Spoken>,
    /// Whoever asks first asks for all.
    asking: Mutex<()>,
    /// Sessions for requests that stand alone.
    pub(super) pool: Pool,
}

#[derive(Debug, Default)]
enum Spoken {
    /// Nobody asked yet, or what was known no longer fits.
    #[default]
    Unknown,
    /// It has sessions only, as it seemed then.
    Legacy(Timestamp),
    /// It serves requests that stand alone: over HTTP each by itself, over a pipe all by one process.
    Modern(Link),
}

impl Ties {
    /// How many sessions are held for requests that stand alone.
    pub(crate) fn pooled(&self) -> usize {
        self.pool.count()
    }
    /// The process that all requests share that stand alone.
    #[cfg(test)]
    pub(crate) fn shared(&self) -> Option<Link> {
        match &**self.spoken.load() {
            Spoken::Modern(link) => Some(link.clone()),
            Spoken::Legacy(_) | Spoken::Unknown => None,
        }
    }
    /// It refused a session, so it may not have sessions only.
    pub(crate) fn doubt_sessions(&self) {
        if matches!(**self.spoken.load(), Spoken::Legacy(_)) {
            self.spoken.store(Arc::default());
        }
    }
    /// Ends everything that is held open.
    pub(crate) async fn release(&self) {
        for session in self.pool.drain() {
            session.link.close().await;
        }
        if let Spoken::Modern(link) = &*self.spoken.swap(Arc::default()) {
            link.close().await;
        }
    }
    /// The way to a server that serves requests that stand alone, or that it has none; `None` where it must be asked.
    #[expect(clippy::option_option, reason = "whether it is known, and then whether there is one")]
    fn known(&self, now: Timestamp) -> Option<Option<Link>> {
        match &**self.spoken.load() {
            Spoken::Modern(link) if link.is_alive() => Some(Some(link.clone())),
            Spoken::Legacy(since) if now.since(*since) < BELIEF => Some(None),
            Spoken::Modern(_) | Spoken::Legacy(_) | Spoken::Unknown => None,
        }
    }
}

impl Gateway {
    /// The way for a request that stands alone: to a server of that era itself, else over a session.
    pub(crate) async fn stateless(&self, arrival: &Arrival, server: &Arc<Server>) -> Result<Link, Refusal> {
        match self.modern_way(arrival, server).await? {
            Some(link) => Ok(link),
            None => Box::pin(self.pooled(arrival, server)).await.map(Link::Pooled),
        }
    }

    /// The way to a server that serves requests that stand alone; `None` where it has sessions only.
    pub(crate) async fn modern_way(&self, arrival: &Arrival, server: &Arc<Server>) -> Result<Option<Link>, Refusal> {
        let now = self.clock.now();
        if server.is_older() {
            return Ok(None);
        }
        if let Some(known) = server.ties.known(now) {
            return Ok(known);
        }
        Box::pin(self.find_out(arrival, server, now)).await
    }

    async fn find_out(&self, arrival: &Arrival, server: &Arc<Server>, now: Timestamp) -> Result<Option<Link>, Refusal> {
        let _asking = server.ties.asking.lock().await;
        if let Some(known) = server.ties.known(now) {
            return Ok(known);
        }
        let ping = bytes::Bytes::from_static(PING);
        let message = decode(ping, &arrival.live.limits, Side::Client).map_err(Refusal::Decode)?;
        let asks = || self.passage(arrival, server, message, About::Server);
        let link = match server.over_http() {
            Some(link) => {
                Box::pin(self.attest(server)).await?;
                Box::pin(self.refuse_withheld(server, asks)).await?;
                link
            }
            None => Box::pin(self.link_to(server, Routing::Shared, asks)).await?,
        };
        let modern = self.probe(arrival, server, &link).await;
        if !matches!(modern, Ok(true)) {
            link.close().await;
        }
        let modern = modern?;
        let spoken = if modern { Spoken::Modern(link.clone()) } else { Spoken::Legacy(now) };
        server.ties.spoken.store(Arc::new(spoken));
        tracing::debug!(server = %server.profile.name, modern, "asked for its era");
        Ok(modern.then_some(link))
    }

    /// Whether the server at the end of `link` speaks the era without sessions.
    async fn probe(&self, arrival: &Arrival, server: &Arc<Server>, link: &Link) -> Result<bool, Refusal> {
        let probe = Arrival { revision: Revision::LATEST, session: None, ..arrival.clone() };
        let asked = tokio::time::timeout(PROBE, self.ask(&probe, server, link, Method::Discover, None)).await;
        match asked {
            Ok(Ok((_, answer))) => {
                let message = decode(answer.into_bytes(), &arrival.live.limits, Side::Server);
                let Ok(Message::Response(response)) = message else { return Ok(false) };
                Ok(!response.is_error || response.error().is_some_and(is_of_the_modern_era))
            }
            // It answered, but not as a server of the era does.
            Ok(Err(Refusal::Link(_, LinkError::Protocol(_) | LinkError::Closed { .. }))) => Ok(false),
            Ok(Err(refusal)) => Err(refusal),
            Err(_) => Ok(false),
        }
    }

    /// Looks again, next time, which era a server speaks: it answered as one of another would.
    pub(crate) fn doubt_era(&self, server: &Server) {
        server.ties.spoken.store(Arc::default());
    }

    /// The revisions that clients without sessions can speak here, for the server of this endpoint.
    pub(crate) async fn spoken_by(&self, arrival: &Arrival, server: &Arc<Server>) -> Option<Vec<Revision>> {
        match self.modern_way(arrival, server).await {
            Ok(Some(link)) => {
                let (_, answer) = self.ask(arrival, server, &link, Method::Discover, None).await.ok()?;
                let Ok(Message::Response(response)) = decode(answer.into_bytes(), &arrival.live.limits, Side::Server)
                else {
                    return None;
                };
                let spoken = response.result()?.get("supportedVersions")?;
                let spoken: Vec<Revision> = spoken.items().filter_map(|v| v.as_str()?.parse().ok()).collect();
                // The sessions of older clients are the gateway's own to offer.
                Some(spoken)
            }
            _ => Some(Revision::ALL.into_iter().filter(|r| r.era() == Era::Modern).collect()),
        }
    }
}

/// Whether only a server of the modern era makes this error (2026-07-28, basic). One that lists the revisions it supports
/// is taken at its word.
fn is_of_the_modern_era(error: Value<'_>) -> bool {
    let code = error.get("code").and_then(Value::as_i64).and_then(|c| i32::try_from(c).ok());
    match code {
        Some(RpcError::HEADER_MISMATCH | RpcError::MISSING_CAPABILITY) => true,
        Some(RpcError::UNSUPPORTED_VERSION) => error.get("data").and_then(|d| d.get("supported")).is_none_or(|all| {
            let mut spoken = all.items().filter_map(|v| v.as_str()?.parse::<Revision>().ok());
            spoken.any(|revision| revision.era() == Era::Modern)
        }),
        _ => false,
    }
}
