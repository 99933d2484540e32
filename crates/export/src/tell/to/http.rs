use super::Failed;
use bytes::Bytes;
use doorward_config::{Export, Network, Setting};
use doorward_transport::{
    egress::{Egress, EgressSettings, TlsRoots, Trust},
    upstream::{Fetch, Fetched, Payload, Report, fetch},
};
use doorward_vocab::Secret;
use http::{HeaderName, StatusCode, header};
use std::{collections::BTreeMap, time::Duration};
use url::Url;

/// The way to a receiver. The operator wrote its address down.
pub(super) struct Link {
    pub(super) egress: Egress,
    pub(super) trust: Trust,
}

/// Of an answer only the status and a header count.
const ANSWER: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(15);

impl Link {
    pub(super) fn new(export: &Export) -> Result<Self, String> {
        let roots = TlsRoots::system_and(export.ca.as_deref()).map_err(|e| e.to_string())?;
        let trust = match export.network {
            Network::Public => Trust::Configured,
            Network::Private => Trust::ConfiguredPrivate,
        };
        Ok(Self { egress: Egress::new(roots, EgressSettings::default()), trust })
    }

    /// Posts a report; what the answer means for it.
    pub(super) async fn post(
        &self,
        url: &Url,
        (report, body): (Report, Vec<u8>),
        headers: &[(HeaderName, Secret<String>)],
    ) -> Result<(), Failed> {
        let payload = Some(Payload::Report(report, Bytes::from(body)));
        let request = Fetch { url, trust: self.trust, payload, headers, limit: ANSWER, deadline: PATIENCE };
        match fetch(&self.egress, request).await {
            Ok(fetched) if fetched.status.is_success() => Ok(()),
            Ok(fetched) => Err(judge(&fetched)),
            // Whoever closed the door, too, may open it later, without a restart of ours.
            Err(error) => Err(Failed::later(error)),
        }
    }
}

/// What can never be taken, and what may be taken later (OTLP/HTTP, "Failures": 429, 502, 503 and 504 are worth another try). A
/// wrong address or credential is the operator's to correct, and costs no records.
fn judge(fetched: &Fetched) -> Failed {
    let why = format!("status {}", fetched.status);
    match fetched.status {
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            Failed::Refused(why)
        }
        _ => Failed::Later { why, asked: asked(fetched) },
    }
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3); a date is passed over.
fn asked(fetched: &Fetched) -> Option<Duration> {
    let text = fetched.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// The headers that the operator sets, read now: a secret may have changed.
pub(super) fn headers(set: &BTreeMap<String, Setting>) -> Result<Vec<(HeaderName, Secret<String>)>, Failed> {
    let read = |(name, setting): (&String, &Setting)| {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(Failed::later)?;
        let value = match setting {
            Setting::Plain(text) => Secret::new(text.clone()),
            Setting::Secret(secret) => secret.read().map_err(Failed::later)?,
        };
        Ok((name, value))
    };
    set.iter().map(read).collect()
}
