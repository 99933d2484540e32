use crate::{
    Live, LiveError, Surroundings,
    all::{CursorKey, Shown},
    approval::Book,
    attest::Remembered,
    bridge::Parking,
    conversation::Conversations,
    credentials::Desk,
    delegations::Presence,
    front::{oauth::Issuing, sse::Streams},
    hosted::Hosted,
    leaks::NoSecrets,
    metrics::Metrics,
    pace::Pace,
    passage::Caller,
    pins::Pins,
    refusal::Refusal,
    server::Server,
    session::Sessions,
    travel::Travel,
};
use arc_swap::ArcSwap;
use doorward_audit::{Config as ConfigRecord, Event, Noticed, Party, Record, Start, Stop};
use doorward_config::Settings;
use doorward_engine::Actor;
use doorward_identity::delegation::Broken;
use doorward_identity::{Presented, Principal, PrincipalKey, Refusal as IdentityRefusal, Verified};
use doorward_store::{OsEntropy, Trail};
use doorward_transport::serve::PeerProcess;
use doorward_vocab::{Channel, Clock, Entropy, Finding, FindingKind, Secret, ServerName, Severity, Timestamp};
use moka::sync::Cache;
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::sync::broadcast;

/// A principal that was prepared, and its presence.
#[derive(Clone)]
struct Acting {
    actor: Arc<Actor>,
    presence: Arc<Presence>,
}

/// Returns of servers that a slow listener may be behind.
const RETURNS: usize = 64;

/// The gateway: one for a process, shared by all its doors.
pub struct Gateway {
    pub(crate) live: ArcSwap<Live>,
    pub(crate) surroundings: Surroundings,
    pub(crate) trail: Trail,
    pub(crate) pins: Pins,
    /// Digests of files that have not changed since.
    pub(crate) digests: Arc<Remembered>,
    pub(crate) conversations: Conversations,
    /// What hosts reported of them.
    pub(crate) hosted: Hosted,
    pub(crate) sessions: Sessions,
    /// Event streams of clients of 2024-11-05.
    pub(crate) streams: Streams,
    /// Which server a task belongs to, for its principal.
    pub(crate) tasks: Cache<(PrincipalKey, Box<str>), ServerName>,
    /// The names that addresses over several servers show.
    pub(crate) shown: Shown,
    /// What cursors of joined lists are sealed with.
    pub(crate) cursors: CursorKey,
    /// Servers that answer again after they did not.
    pub(crate) returns: broadcast::Sender<ServerName>,
    actors: Cache<usize, Acting>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) metrics: Metrics,
    /// Loops and limits.
    pub(crate) pace: Arc<Pace>,
    /// Requests that wait for something from their clients.
    pub(crate) parking: Parking,
    /// What people are asked, and what they approved.
    pub(crate) approvals: Book,
    /// What the authorization server remembers.
    pub(crate) issuing: Issuing,
    /// The credentials that are kept.
    pub(crate) desk: Desk,
    /// The way to what outlives this gateway.
    pub(crate) travel: Travel,
    /// Itself, for what goes on beside a request.
    pub(crate) me: Weak<Self>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gateway({:?})", self.live.load())
    }
}

impl Gateway {
    /// A gateway with `settings` in force. The first record of its life goes into the trail.
    ///
    /// # Errors
    /// [`LiveError`] when the settings cannot be put in force.
    pub fn new(
        settings: Settings,
        surroundings: Surroundings,
        trail: Trail,
        pins: Pins,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, LiveError> {
        let live = Live::assemble(settings, &surroundings, None)?;
        let gateway = Self::of(live, surroundings, trail, pins, clock, Arc::new(OsEntropy::default()))?;
        Self::keep_watch(gateway.me.clone());
        Ok(gateway)
    }

    /// A gateway of its parts.
    pub(crate) fn of(
        live: Live,
        surroundings: Surroundings,
        trail: Trail,
        pins: Pins,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Arc<Self>, LiveError> {
        let limits = live.settings.limits.clone();
        let travel = Travel::new(surroundings.beyond.as_ref())?;
        let parking = Parking::new(travel.sealer.clone());
        let cursors = CursorKey::new(travel.sealer.clone());
        let gateway = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            parking,
            approvals: Book::default(),
            issuing: Issuing::default(),
            desk: Desk::default(),
            shown: Shown::default(),
            cursors,
            returns: broadcast::channel(RETURNS).0,
            travel,
            trail,
            digests: Arc::new(Remembered::new(pins.state())),
            pins,
            conversations: Conversations::new(limits.conversations as u64, limits.conversation_idle),
            hosted: Hosted::default(),
            sessions: Sessions::new(limits.sessions),
            streams: Streams::default(),
            tasks: Cache::builder().max_capacity(limits.sessions as u64 * 4).time_to_idle(limits.session_idle).build(),
            actors: Cache::builder().max_capacity(10_000).time_to_idle(Duration::from_secs(3600)).build(),
            clock,
            entropy,
            metrics: Metrics::new(),
            pace: Pace::new(&surroundings.mark, &live.allowance),
            live: ArcSwap::from_pointee(live),
            surroundings,
        });
        let secrets = gateway.surroundings.secrets.clone();
        gateway.trail.check_with(Box::new(NoSecrets(secrets)));
        gateway.recall();
        gateway.recall_left();
        gateway.started();
        Ok(gateway)
    }

    fn started(&self) {
        let live = self.live.load();
        let start = Start {
            version: env!("CARGO_PKG_VERSION").into(),
            level: live.settings.level,
            mode: live.settings.mode,
            config: live.snapshot.version,
            policy: live.snapshot.policies.version(),
            durability: "sink calls on disk before they leave; others within milliseconds".into(),
        };
        self.note(Event::Start(start));
    }

    pub(crate) fn note(&self, event: Event) {
        if let Err(e) = self.trail.append(&Record::new(self.clock.now(), event)) {
            tracing::error!("the trail takes no records: {e}");
        }
    }

    /// A message that could not be read is a sign of somebody who tries something.
    pub(crate) fn note_malformed(&self, caller: &Caller, error: &doorward_mcp::DecodeError) {
        let principal = caller.actor.principal();
        let finding = Finding {
            detector: "decode".into(),
            kind: FindingKind::Protocol,
            severity: Severity::Medium,
            confidence: 1.0,
            channel: Channel::Arguments,
            span: 0..0,
            note: error.to_string().into(),
        };
        self.note(Event::Finding(Noticed {
            server: None,
            agent: Some(Party::new(principal.agent.id.clone(), principal.agent.name.clone())),
            conversation: None,
            findings: vec![finding],
        }));
    }

    /// Counts a refusal, and says in the log what the client is not told.
    pub(crate) fn refused(&self, refusal: &Refusal) {
        self.metrics.refused.inc();
        if let Refusal::Credential(missing) = refusal {
            let name = missing.name.as_deref().unwrap_or("none");
            tracing::info!(server = %missing.server, credential = name, "no credential: {}", missing.why);
        }
        if let Refusal::Ruled(call, judgement) | Refusal::Paused(call, judgement, _) = refusal {
            let why: Vec<&str> = judgement.reasons.iter().map(|r| &*r.text).collect();
            tracing::info!(%call, "{}: {}", judgement.decision.as_str(), why.join("; "));
        }
    }

    /// The agent whose turns this host reports: where nobody has to sign in the local user's, else its own.
    pub(crate) fn agent_of(&self, host: &Principal) -> PrincipalKey {
        let live = self.live.load();
        let presented = Presented { loopback: true, ..Presented::default() };
        live.authenticator.authenticate(presented, self.clock.now()).map_or(host.key, |local| local.get().key)
    }

    /// Puts new settings in force as a whole. Messages that are under way finish under the old ones. Settings and
    /// policies that say what is in force already change nothing.
    ///
    /// # Errors
    /// [`LiveError`]; the old settings stay in force.
    pub fn reload(&self, settings: Settings, by: &str) -> Result<(), LiveError> {
        self.replace(settings, Party::new(by.to_owned(), by.to_owned()), None)
    }

    pub(crate) fn replace(&self, settings: Settings, by: Party, why: Option<&str>) -> Result<(), LiveError> {
        let before = self.live.load_full();
        let live = Live::assemble(settings, &self.surroundings, Some(&before)).inspect_err(|_| {
            self.metrics.reload_failures.inc();
        })?;
        let same = live.snapshot.version == before.snapshot.version
            && live.snapshot.policies.version() == before.snapshot.policies.version();
        if same {
            return Ok(());
        }
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        let what = format!(
            "level {} → {}, policies {} → {}, servers {} → {}{why}",
            before.settings.level,
            live.settings.level,
            before.snapshot.policies.version().short(),
            live.snapshot.policies.version().short(),
            before.servers.len(),
            live.servers.len()
        );
        let (from, to) = (before.snapshot.version, live.snapshot.version);
        // Servers that are gone, or are reached in another way now: what is held open with them ends.
        let kept =
            |old: &Server| live.servers.get(&old.profile.name).is_some_and(|new| Arc::ptr_eq(&new.ties, &old.ties));
        for old in before.servers.values().filter(|old| !kept(old)) {
            let ties = old.ties.clone();
            tokio::spawn(async move { ties.release().await });
        }
        self.drop_credentials(&before, &live);
        self.pace.requote(&live.allowance);
        self.live.store(Arc::new(live));
        tracing::info!("configuration in force: {what}");
        self.note(Event::Config(ConfigRecord { by, what: what.into(), from: Some(from), to }));
        Ok(())
    }

    /// Who calls. Keys that are missing are fetched.
    pub(crate) async fn authenticate(&self, live: &Live, presented: Presented<'_>) -> Result<Caller, IdentityRefusal> {
        let mut verified = live.authenticator.authenticate(presented, self.clock.now());
        // A token and a certificate may each need keys; no keys are named twice in so short a time.
        for _ in 0..2 {
            let Err(IdentityRefusal::KeysNeeded { issuer }) = &verified else { break };
            Box::pin(crate::keys::fetch(self, live, issuer, self.clock.now())).await;
            verified = live.authenticator.authenticate(presented, self.clock.now());
        }
        if let Err(IdentityRefusal::Delegation(Broken::Unknown)) = &verified {
            // Another gateway may have granted it a moment ago.
            Box::pin(self.watch_delegations()).await;
            verified = live.authenticator.authenticate(presented, self.clock.now());
        }
        let Acting { actor, presence } = self.actor(verified?);
        let (local, shown) = (presented.loopback, presented.authorization.filter(|_| live.wants.presented));
        let token = shown.and_then(|shown| shown.split_once(' '));
        let presented = token.map(|(_, token)| Arc::new(Secret::new(token.trim().to_owned())));
        Ok(Caller { actor, presence, local, presented })
    }

    /// Who calls over the socket of the file system without a credential; `None` where no rule is about processes. What it
    /// runs is looked at for each request: it may run something else since it connected.
    pub(crate) async fn authenticate_process(
        &self,
        live: &Live,
        peer: &Arc<PeerProcess>,
    ) -> Option<Result<Caller, IdentityRefusal>> {
        if !live.authenticator.knows_processes() {
            return None;
        }
        let (peer, digests) = (peer.clone(), self.digests.clone());
        let read = tokio::task::spawn_blocking(move || crate::measure::process(&peer, &*digests)).await;
        let mut process = match read.map_err(std::io::Error::other).and_then(|p| p) {
            Ok(process) => process,
            Err(error) => {
                tracing::info!("a process cannot be read: {error}");
                return Some(Err(IdentityRefusal::Missing));
            }
        };
        if process.uid == rustix::process::getuid().as_raw() {
            process.user = Some(self.surroundings.user.as_str().into());
        }
        let now = self.clock.now();
        let verified = live.authenticator.authenticate_process(&process, now);
        if verified.is_err() {
            let script = process.script.as_ref().map(|s| format!(", script {}", s.sha256)).unwrap_or_default();
            tracing::info!(
                "no rule lets `{}` in, {}{script}, uid {}",
                process.program.path,
                process.program.sha256,
                process.uid
            );
        }
        let caller = |verified| {
            let Acting { actor, presence } = self.actor(verified);
            Caller { actor, presence, local: true, presented: None }
        };
        Some(verified.map(caller))
    }

    /// The principal, prepared. The same proof is prepared once: the cache keeps it alive, so its address is its name.
    fn actor(&self, verified: Arc<Verified<Principal>>) -> Acting {
        let key = Arc::as_ptr(&verified) as usize;
        match self.actors.get(&key) {
            Some(acting) => acting,
            None => self.actors.get_with(key, || {
                let actor = Arc::new(Actor::new(verified));
                let presence = self.delegations().enter(&actor);
                Acting { actor, presence }
            }),
        }
    }

    /// Ends what was idle for too long, renews keys, and updates the gauges; called now and then.
    pub async fn sweep(&self) {
        let live = self.live.load_full();
        let now = self.clock.now();
        self.sweep_sessions(now, live.settings.limits.session_idle).await;
        self.keep_conversations().await;
        for server in live.servers.values() {
            self.sweep_pool(server, live.settings.limits.session_idle).await;
        }
        self.sweep_parking().await;
        self.sweep_approvals();
        self.renew_attestations(live.servers.values()).await;
        let delegations = self.delegations().clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || delegations.forget(now)).await {
            tracing::warn!("delegations that are over stay in the store: {error}");
        }
        for (issuer, _) in live.authenticator.due(now) {
            crate::keys::fetch(self, &live, &issuer, now).await;
        }
        self.gauges();
    }

    pub(crate) fn gauges(&self) {
        let gauge = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.metrics.sessions.set(gauge(self.sessions.count() as u64));
        let pooled: usize = self.live.load().servers.values().map(|server| server.ties.pooled()).sum();
        self.metrics.pooled.set(gauge(pooled as u64));
        self.metrics.parked.set(gauge(self.parking.count() as u64));
        self.metrics.conversations.set(gauge(self.conversations.count()));
        self.metrics.removed.set(gauge(self.surroundings.secrets.redactions()));
        self.metrics.trail_size.set(gauge(self.trail.size()));
        self.metrics.trail_healthy.set(i64::from(self.trail.healthy()));
    }

    /// Ends every session that another gateway cannot go on with, records the end, and closes the trail.
    pub async fn stop(&self, reason: &str) {
        self.keep_at_most(usize::MAX).await;
        for session in self.sessions.drain() {
            if session.travels() {
                self.keep_session(&session);
                self.leave_session(&session).await;
            } else {
                self.close_links(&session).await;
            }
        }
        self.parking.leave();
        for server in self.live.load_full().servers.values() {
            server.ties.release().await;
        }
        self.travel.settle().await;
        self.note(Event::Stop(Stop { reason: reason.to_owned().into() }));
        if let Err(e) = self.trail.close() {
            tracing::error!("the trail did not close in good order: {e}");
        }
    }

    /// The moment, by the gateway's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Shows on `/metrics` what others count, too.
    pub fn show_also(&self, counted: Box<dyn prometheus_client::collector::Collector>) {
        self.metrics.also(counted);
    }

    /// How many records the trail has.
    pub fn records(&self) -> u64 {
        self.trail.size()
    }

    /// The configuration in force.
    pub fn settings(&self) -> Settings {
        self.live.load().settings.clone()
    }
}
