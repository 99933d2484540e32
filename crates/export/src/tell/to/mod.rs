//! The receivers. Each is one file; what it is told comes from a format.

mod http;
mod otlp;
mod syslog;
mod webhook;

use super::Around;
use crate::{Calls, Item};
use doorward_config::{Export, ExportKind};
use doorward_store::{Filter, Index};
use parking_lot::Mutex;
use std::time::Duration;

/// Why a receiver did not take a batch.
#[derive(Debug)]
pub(super) enum Failed {
    /// It may take it later.
    Later {
        /// What happened.
        why: String,
        /// When it says that it would.
        asked: Option<Duration>,
    },
    /// It will never take this.
    Refused(String),
}

impl Failed {
    pub(super) fn later(why: impl ToString) -> Self {
        Self::Later { why: why.to_string(), asked: None }
    }
}

/// Who is told.
pub(super) enum Receiver {
    Otlp(Box<otlp::Otlp>),
    Webhook(Box<webhook::Webhook>),
    Syslog(Box<syslog::Syslog>),
}

pub(super) fn receiver(export: &Export, around: &Around, origin: &str) -> Result<Receiver, String> {
    let (link, calls) = (http::Link::new(export)?, calls(around));
    Ok(match &export.kind {
        ExportKind::Otlp { url, signals, headers } => {
            Receiver::Otlp(Box::new(otlp::Otlp::new(link, url, signals, headers, (calls, around, origin))?))
        }
        ExportKind::Webhook { url, secret, format, headers } => {
            let to = webhook::To { url: url.clone(), secret: secret.clone(), headers: headers.clone() };
            Receiver::Webhook(Box::new(webhook::Webhook::new(link, to, *format, (calls, around, origin))))
        }
        ExportKind::Syslog { url, transport, format, facility } => {
            Receiver::Syslog(Box::new(syslog::Syslog::new(link, url, *transport, (*format, *facility), calls)?))
        }
    })
}

impl Receiver {
    /// Tells a batch, all of it or, as far as the receiver can be known to have taken it, nothing.
    pub(super) async fn tell(&mut self, items: &[Item]) -> Result<(), Failed> {
        match self {
            Self::Otlp(otlp) => otlp.tell(items).await,
            Self::Webhook(webhook) => webhook.tell(items).await,
            Self::Syslog(syslog) => syslog.tell(items).await,
        }
    }

    /// What is told when nothing is recorded.
    pub(super) async fn rest(&mut self) -> Result<(), Failed> {
        match self {
            Self::Otlp(otlp) => otlp.rest().await,
            Self::Webhook(_) | Self::Syslog(_) => Ok(()),
        }
    }
}

/// Rulings that are not remembered are looked up in the index of the trail.
fn calls(around: &Around) -> Calls {
    let (trail, index) = (around.trail.clone(), Mutex::new(None));
    Calls::found_by(move |call| {
        let mut index = index.lock();
        if index.is_none() {
            *index = Index::open(&trail).inspect_err(|e| tracing::warn!("an export looks nothing up: {e}")).ok();
        }
        let filter = Filter { call: Some(call), kind: Some("ruling".to_owned()), limit: Some(1), ..Filter::default() };
        index.as_ref()?.query(&filter).ok()?.pop()?.record().ok()
    })
}
