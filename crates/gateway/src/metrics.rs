//! What the gateway counts, in the text format of Prometheus. Handles are made once; counting formats nothing.

use doorward_mcp::Era;
use doorward_vocab::{Decision, Outcome};
use parking_lot::Mutex;
use prometheus_client::{
    collector::Collector,
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct By {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServerEra {
    server: String,
    era: &'static str,
}

/// The counters of a gateway.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    rulings: [Counter; 4],
    outcomes: [Counter; 7],
    duration: Histogram,
    pub(crate) refused: Counter,
    pub(crate) sessions: Gauge,
    pub(crate) pooled: Gauge,
    pub(crate) parked: Gauge,
    pub(crate) conversations: Gauge,
    pub(crate) removed: Gauge,
    pub(crate) trail_size: Gauge,
    pub(crate) trail_healthy: Gauge,
    pub(crate) reload_failures: Counter,
    servers: Family<ServerEra, Gauge>,
}

/// Upper bounds in seconds.
const BUCKETS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

const DECISIONS: [Decision; 4] = [Decision::Allow, Decision::Oblige, Decision::Challenge, Decision::Deny];
const OUTCOMES: [(Outcome, &str); 7] = [
    (Outcome::Completed, "completed"),
    (Outcome::Failed, "failed"),
    (Outcome::Withheld, "withheld"),
    (Outcome::Refused, "refused"),
    (Outcome::Cancelled, "cancelled"),
    (Outcome::TimedOut, "timed-out"),
    (Outcome::Unreachable, "unreachable"),
];

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("doorward");
        let (rulings, outcomes) = (Family::<By, Counter>::default(), Family::<By, Counter>::default());
        let duration = Histogram::new(BUCKETS);
        let refused = Counter::default();
        let reload_failures = Counter::default();
        let servers = Family::<ServerEra, Gauge>::default();
        let [sessions, pooled, parked, conversations, removed, trail_size, trail_healthy]: [Gauge; 7] =
            Default::default();
        registry.register("rulings", "Messages ruled, by decision", rulings.clone());
        registry.register("outcomes", "Requests ended, by outcome", outcomes.clone());
        registry.register(
            "duration_seconds",
            "From the first byte of a request to the end of its answer",
            duration.clone(),
        );
        registry.register("requests_refused", "Requests refused before they were ruled", refused.clone());
        registry.register("sessions", "Open sessions of the 2025 era", sessions.clone());
        registry.register("pooled_sessions", "Sessions held with servers for clients without", pooled.clone());
        registry.register("parked_requests", "Requests that wait for something from their clients", parked.clone());
        registry.register("conversations", "Conversations that are remembered", conversations.clone());
        registry.register("secrets_removed", "Secrets taken out of the log and of the trail", removed.clone());
        registry.register("trail_records", "Records in the trail", trail_size.clone());
        registry.register("trail_healthy", "1 while the trail takes records", trail_healthy.clone());
        registry.register("reload_failures", "Configurations that were not put in force", reload_failures.clone());
        registry.register("server_up", "1 while a server answers what is asked of all, by era", servers.clone());
        Self {
            servers,
            rulings: DECISIONS.map(|d| rulings.get_or_create(&By { kind: d.as_str() }).clone()),
            outcomes: OUTCOMES.map(|(_, kind)| outcomes.get_or_create(&By { kind }).clone()),
            registry: Mutex::new(registry),
            duration,
            refused,
            sessions,
            pooled,
            parked,
            conversations,
            removed,
            trail_size,
            trail_healthy,
            reload_failures,
        }
    }
    pub(crate) fn ruled(&self, decision: Decision) {
        if let Some((counter, _)) = self.rulings.iter().zip(DECISIONS).find(|(_, d)| *d == decision) {
            counter.inc();
        }
    }
    /// Whether a server answered when it was asked last.
    pub(crate) fn server_up(&self, server: &str, era: Era, up: bool) {
        let era = if era == Era::Modern { "2026" } else { "2025" };
        self.servers.get_or_create(&ServerEra { server: server.to_owned(), era }).set(i64::from(up));
    }
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a call are far below 2^52")]
    pub(crate) fn ended(&self, outcome: Outcome, micros: u64) {
        if let Some((counter, _)) = self.outcomes.iter().zip(OUTCOMES).find(|(_, (o, _))| *o == outcome) {
            counter.inc();
        }
        self.duration.observe(micros as f64 / 1e6);
    }
    /// Shows what others count, too.
    pub(crate) fn also(&self, other: Box<dyn Collector>) {
        self.registry.lock().register_collector(other);
    }
    /// All of it as text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        let _ = encode(&mut out, &self.registry.lock());
        out
    }
}
