use super::{
    super::Around,
    Failed,
    http::{Link, headers},
};
use crate::{
    Calls, Item,
    format::otlp::{Meter, logs, traces},
};
use doorward_config::{Setting, Signal};
use doorward_transport::upstream::Report;
use doorward_vocab::{Clock, Timestamp};
use prost::Message;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use url::Url;

/// How often metrics are told.
const EVERY: Duration = Duration::from_secs(15);

/// OTLP/HTTP with protobuf.
pub(in crate::tell) struct Otlp {
    link: Link,
    traces: Option<Url>,
    logs: Option<Url>,
    metrics: Option<Url>,
    headers: BTreeMap<String, Setting>,
    calls: Calls,
    meter: Meter,
    clock: Arc<dyn Clock>,
    /// When metrics were told last, and whether anything was counted since.
    told: (Timestamp, bool),
    instance: String,
}

impl Otlp {
    pub(super) fn new(
        link: Link,
        url: &Url,
        signals: &[Signal],
        headers: &BTreeMap<String, Setting>,
        (calls, around, origin): (Calls, &Around, &str),
    ) -> Result<Self, String> {
        let at = |signal: Signal, path: &str| -> Result<Option<Url>, String> {
            if !signals.contains(&signal) {
                return Ok(None);
            }
            let base = url.as_str().trim_end_matches('/');
            Url::parse(&format!("{base}/v1/{path}")).map(Some).map_err(|e| e.to_string())
        };
        let now = around.clock.now();
        Ok(Self {
            link,
            traces: at(Signal::Traces, "traces")?,
            logs: at(Signal::Logs, "logs")?,
            metrics: at(Signal::Metrics, "metrics")?,
            headers: headers.clone(),
            calls,
            meter: Meter::new(now),
            clock: around.clock.clone(),
            told: (now, false),
            instance: origin.to_owned(),
        })
    }

    pub(super) async fn tell(&mut self, items: &[Item]) -> Result<(), Failed> {
        let instance = Some(self.instance.as_str());
        if let Some(url) = &self.traces
            && let Some(request) = traces(items, &mut self.calls, instance)
        {
            self.post(url, request.encode_to_vec()).await?;
        }
        if let Some(url) = &self.logs
            && let Some(request) = logs(items, &mut self.calls, instance)
        {
            self.post(url, request.encode_to_vec()).await?;
        }
        // Only what was taken is counted, so that a batch that is told again counts once.
        if self.metrics.is_some() {
            items.iter().for_each(|item| self.meter.count(item, &mut self.calls));
            self.told.1 = true;
        }
        Ok(())
    }

    /// Metrics only grow: what a receiver missed, the next request tells too.
    pub(super) async fn rest(&mut self) -> Result<(), Failed> {
        let now = self.clock.now();
        let (last, counted) = self.told;
        let Some(url) = self.metrics.as_ref().filter(|_| counted && now.since(last) >= EVERY) else { return Ok(()) };
        let Some(request) = self.meter.request(now, Some(&self.instance)) else { return Ok(()) };
        self.told.0 = now;
        self.post(url, request.encode_to_vec()).await?;
        self.told.1 = false;
        Ok(())
    }

    async fn post(&self, url: &Url, body: Vec<u8>) -> Result<(), Failed> {
        self.link.post(url, (Report::Protobuf, body), &headers(&self.headers)?).await
    }
}
