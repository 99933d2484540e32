use super::{conventions as c, message, nanos, resource, scope, text, traces};
use crate::{Calls, Item};
use doorward_audit::{Event, Ruling};
use doorward_vocab::{Finding, Timestamp};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::KeyValue,
    metrics::v1::{
        AggregationTemporality, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
        Sum, metric::Data, number_data_point,
    },
};
use std::{collections::BTreeMap, time::Duration};

/// How many combinations of attributes are counted apart; the rest is counted together, so that names that strangers choose
/// do not fill memory.
const SERIES: usize = 2048;

/// Counts what records say, from when it was made on. Its numbers only grow, so that a request may be sent twice.
#[derive(Debug)]
pub struct Meter {
    since: Timestamp,
    server: BTreeMap<Key, Durations>,
    client: BTreeMap<Key, Durations>,
    rulings: BTreeMap<Key, u64>,
    findings: BTreeMap<Key, u64>,
}

type Key = Vec<(String, String)>;

#[derive(Clone, Debug, Default)]
struct Durations {
    buckets: [u64; c::BOUNDS.len() + 1],
    sum: f64,
}

impl Meter {
    /// One that begins to count now.
    pub fn new(now: Timestamp) -> Self {
        let (server, client, rulings, findings) = Default::default();
        Self { since: now, server, client, rulings, findings }
    }

    /// Counts a record.
    pub fn count(&mut self, item: &Item, calls: &mut Calls) {
        calls.saw(item);
        match &item.record.event {
            Event::Ruling(r) => {
                let more = [(c::DECISION, r.decision.as_str().to_owned()), (c::ENFORCED, r.enforced.to_string())];
                *slot(&mut self.rulings, key(r, more)) += 1;
                self.found(&r.findings);
            }
            Event::Outcome(o) => {
                self.found(&o.findings);
                let Some(known) = calls.of(o.call) else { return };
                let (whole, upstream) = traces::durations(o);
                let failed = traces::error(&known.ruling, o).map(|error| (c::ERROR, error));
                slot(&mut self.server, key(&known.ruling, failed.clone())).observe(whole);
                if !upstream.is_zero() {
                    slot(&mut self.client, key(&known.ruling, failed)).observe(upstream);
                }
            }
            Event::Definition(d) => self.found(&d.findings),
            Event::Finding(f) => self.found(&f.findings),
            _ => {}
        }
    }

    fn found(&mut self, findings: &[Finding]) {
        for f in findings {
            let key = [(c::FINDING, f.kind.as_str()), (c::SEVERITY, f.severity.as_str())];
            *slot(&mut self.findings, key.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec()) += 1;
        }
    }

    /// The request that tells what was counted until now; none where nothing was.
    pub fn request(&self, now: Timestamp, instance: Option<&str>) -> Option<ExportMetricsServiceRequest> {
        let (start, end) = (nanos(self.since), nanos(now));
        let metrics: Vec<Metric> = [
            histogram(c::SERVER_DURATION, "How long an MCP request took at the gateway", &self.server, start, end),
            histogram(c::CLIENT_DURATION, "How long the server behind the gateway took", &self.client, start, end),
            sum(c::RULINGS, "Messages that were ruled", "{ruling}", &self.rulings, start, end),
            sum(c::FINDINGS, "What detectors saw", "{finding}", &self.findings, start, end),
        ]
        .into_iter()
        .flatten()
        .collect();
        if metrics.is_empty() {
            return None;
        }
        let scope_metrics = vec![ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() }];
        let all = ResourceMetrics { resource: Some(resource(instance)), scope_metrics, ..ResourceMetrics::default() };
        Some(ExportMetricsServiceRequest { resource_metrics: vec![all] })
    }
}

impl Durations {
    fn observe(&mut self, d: Duration) {
        let seconds = d.as_secs_f64();
        let at = c::BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(c::BOUNDS.len());
        if let Some(bucket) = self.buckets.get_mut(at) {
            *bucket += 1;
        }
        self.sum += seconds;
    }
}

/// The place of a series; beyond the ceiling that of all others.
fn slot<V: Default>(series: &mut BTreeMap<Key, V>, key: Key) -> &mut V {
    let key = if series.len() < SERIES || series.contains_key(&key) {
        key
    } else {
        vec![("otel.metric.overflow".to_owned(), "true".to_owned())]
    };
    series.entry(key).or_default()
}

fn key(r: &Ruling, more: impl IntoIterator<Item = (&'static str, String)>) -> Key {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    let said = message(r).into_iter().filter_map(|pair| match pair.value?.value? {
        Value::StringValue(value) => Some((pair.key, value)),
        _ => None,
    });
    said.chain(more.into_iter().map(|(key, value)| (key.to_owned(), value))).collect()
}

fn attributes(key: &Key) -> Vec<KeyValue> {
    key.iter().map(|(key, value)| text(key, value)).collect()
}

fn histogram(name: &str, what: &str, all: &BTreeMap<Key, Durations>, start: u64, end: u64) -> Option<Metric> {
    let point = |(key, durations): (&Key, &Durations)| HistogramDataPoint {
        attributes: attributes(key),
        start_time_unix_nano: start,
        time_unix_nano: end,
        count: durations.buckets.iter().sum(),
        sum: Some(durations.sum),
        bucket_counts: durations.buckets.to_vec(),
        explicit_bounds: c::BOUNDS.to_vec(),
        ..HistogramDataPoint::default()
    };
    let data_points: Vec<_> = all.iter().map(point).collect();
    let data = Histogram { data_points, aggregation_temporality: AggregationTemporality::Cumulative.into() };
    (!all.is_empty()).then(|| metric(name, what, "s", Data::Histogram(data)))
}

fn sum(name: &str, what: &str, unit: &str, all: &BTreeMap<Key, u64>, start: u64, end: u64) -> Option<Metric> {
    let point = |(key, count): (&Key, &u64)| NumberDataPoint {
        attributes: attributes(key),
        start_time_unix_nano: start,
        time_unix_nano: end,
        value: Some(number_data_point::Value::AsInt(i64::try_from(*count).unwrap_or(i64::MAX))),
        ..NumberDataPoint::default()
    };
    let data_points: Vec<_> = all.iter().map(point).collect();
    let temporality = AggregationTemporality::Cumulative.into();
    let data = Sum { data_points, aggregation_temporality: temporality, is_monotonic: true };
    (!all.is_empty()).then(|| metric(name, what, unit, Data::Sum(data)))
}

fn metric(name: &str, description: &str, unit: &str, data: Data) -> Metric {
    Metric {
        name: name.to_owned(),
        description: description.to_owned(),
        unit: unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}
