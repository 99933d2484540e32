use parking_lot::Mutex;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

/// How one export stands. Its numbers begin at zero with the process.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Whether its receiver took what it was told last, or was told nothing yet.
    pub(super) failing: AtomicBool,
    /// Records that were taken.
    pub(super) sent: AtomicU64,
    /// Attempts that failed.
    pub(super) failures: AtomicU64,
    /// Records that the receiver refuses whatever is done, and that it is not told again.
    pub(super) refused: AtomicU64,
    /// The index of the next record.
    pub(super) next: AtomicU64,
}

impl Standing {
    pub(super) fn took(&self, records: usize, next: u64) {
        self.sent.fetch_add(records as u64, Relaxed);
        self.next.store(next, Relaxed);
        self.failing.store(false, Relaxed);
    }
    /// Whether this is the first failure in a row.
    pub(super) fn failed(&self) -> bool {
        self.failures.fetch_add(1, Relaxed);
        !self.failing.swap(true, Relaxed)
    }
}

/// How all of them stand.
#[derive(Clone)]
pub struct Shown {
    size: Arc<dyn Fn() -> u64 + Send + Sync>,
    all: Arc<Mutex<BTreeMap<String, Arc<Standing>>>>,
}

impl Shown {
    pub(super) fn new(size: Arc<dyn Fn() -> u64 + Send + Sync>) -> Self {
        Self { size, all: Arc::default() }
    }
    pub(super) fn standing(&self, name: &str) -> Arc<Standing> {
        self.all.lock().entry(name.to_owned()).or_default().clone()
    }
    pub(super) fn forget(&self, name: &str) {
        self.all.lock().remove(name);
    }

    /// The numbers of each.
    pub fn numbers(&self) -> Vec<(String, [u64; MEASURES.len()])> {
        let size = (self.size)();
        let of = |standing: &Standing| {
            [
                u64::from(!standing.failing.load(Relaxed)),
                size.saturating_sub(standing.next.load(Relaxed)),
                standing.sent.load(Relaxed),
                standing.failures.load(Relaxed),
                standing.refused.load(Relaxed),
            ]
        };
        self.all.lock().iter().map(|(name, standing)| (name.clone(), of(standing))).collect()
    }
}

/// What is measured of an export, in the order of [`Shown::numbers`]: the name, what it means, whether it only grows.
pub const MEASURES: [(&str, &str, bool); 5] = [
    ("export_up", "1 unless the receiver of an export failed last", false),
    ("export_lag_records", "Records that an export was not told yet", false),
    ("export_records", "Records that an export has taken", true),
    ("export_failures", "Attempts to tell an export that failed", true),
    ("export_refused_records", "Records that an export refuses, and that are passed over", true),
];

/// For `/metrics`.
impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let numbers = self.numbers();
        for (at, (name, help, grows)) in MEASURES.into_iter().enumerate() {
            let kind = if grows { MetricType::Counter } else { MetricType::Gauge };
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            for (export, values) in &numbers {
                let value = values.get(at).copied().unwrap_or_default();
                let labels = [("export", export.as_str())];
                let metric = family.encode_family(&labels)?;
                match grows {
                    true => ConstCounter::new(value).encode(metric)?,
                    false => ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(metric)?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").field("all", &self.all).finish_non_exhaustive()
    }
}
