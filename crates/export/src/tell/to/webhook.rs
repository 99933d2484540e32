use super::{
    super::Around,
    Failed,
    http::{Link, headers},
};
use crate::{Calls, Item, format::cloud_events};
use doorward_config::{ExportFormat, SecretRef, Setting};
use doorward_transport::upstream::{Report, signature};
use doorward_vocab::{Clock, Digest, Secret};
use http::HeaderName;
use std::{collections::BTreeMap, sync::Arc};
use url::Url;

/// Where events go.
pub(super) struct To {
    pub(super) url: Url,
    pub(super) secret: SecretRef,
    pub(super) headers: BTreeMap<String, Setting>,
}

/// Batches of CloudEvents, signed as Standard Webhooks says.
pub(in crate::tell) struct Webhook {
    link: Link,
    to: To,
    format: ExportFormat,
    calls: Calls,
    clock: Arc<dyn Clock>,
    origin: String,
}

impl Webhook {
    pub(super) fn new(
        link: Link,
        to: To,
        format: ExportFormat,
        (calls, around, origin): (Calls, &Around, &str),
    ) -> Self {
        Self { link, to, format, calls, clock: around.clock.clone(), origin: origin.to_owned() }
    }

    pub(super) async fn tell(&mut self, items: &[Item]) -> Result<(), Failed> {
        let ocsf = self.format == ExportFormat::Ocsf;
        let events = cloud_events(items, &self.origin, ocsf.then_some(&mut self.calls));
        let body = serde_json::to_vec(&events).map_err(Failed::later)?;
        let secret = self.to.secret.read().map_err(Failed::later)?;
        // The same id for the same events, however often they are told (Standard Webhooks, "webhook-id").
        let (id, at) = (format!("msg_{}", Digest::of(&body)).replace([':', '/'], "_"), self.clock.now().secs());
        let signed = signature(&secret, &id, at, &body)
            .ok_or_else(|| Failed::later("the secret of the webhook is not base64 after `whsec_`"))?;
        let mut all = headers(&self.to.headers)?;
        let own = [("webhook-id", id), ("webhook-timestamp", at.to_string()), ("webhook-signature", signed)];
        all.extend(own.map(|(name, value)| (HeaderName::from_static(name), Secret::new(value))));
        self.link.post(&self.to.url, (Report::CloudEvents, body), &all).await
    }
}
