use super::{
    Network, Setting,
    upstream::{NETWORKS, header, network_of, settings},
};
use crate::{Mistake, SecretRef, section::Section, value::Item};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};
use url::Url;

/// Somebody else's tool that is told what is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Export {
    /// Its name, unique in the file; what was sent is remembered by it.
    pub name: String,
    /// How it is told.
    pub kind: ExportKind,
    /// The kinds of records that are told, e.g. `ruling`; empty: all.
    pub records: Vec<String>,
    /// Where it begins that was never told anything.
    pub begin: Begin,
    /// Which addresses its name may have.
    pub network: Network,
    /// Authorities that may certify it besides those of the system, a PEM file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

/// How an export is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ExportKind {
    /// OTLP/HTTP with protobuf.
    Otlp {
        /// The address that `/v1/traces` and so on are put behind.
        url: Url,
        /// Which of them.
        signals: Vec<Signal>,
        /// Headers of every request.
        headers: BTreeMap<String, Setting>,
    },
    /// CloudEvents over HTTP, signed as Standard Webhooks says.
    Webhook {
        /// Where.
        url: Url,
        /// What they are signed with.
        secret: SecretRef,
        /// What the data of an event is.
        format: ExportFormat,
        /// Headers of every request.
        headers: BTreeMap<String, Setting>,
    },
    /// Syslog, RFC 5424.
    Syslog {
        /// Where; `https` stands for TLS, `http` for none.
        url: Url,
        /// How it is carried.
        transport: SyslogTransport,
        /// What the text of a message is.
        format: ExportFormat,
        /// The facility, by its number.
        facility: u8,
    },
}

/// What OpenTelemetry tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// A span for each message that ended.
    Traces,
    /// A log for each record.
    Logs,
    /// Durations and counts.
    Metrics,
}

/// What a record looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// As it stands in the trail, with its index.
    Record,
    /// Events of OCSF.
    Ocsf,
    /// A line of CEF; syslog only.
    Cef,
}

/// How syslog is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SyslogTransport {
    /// A datagram for each message (RFC 5426).
    Udp,
    /// A stream with the length before each message (RFC 6587 §3.4.1).
    Tcp,
    /// The same over TLS (RFC 5425).
    Tls,
}

/// Where an export begins that was never told anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Begin {
    /// With what is recorded from then on.
    #[default]
    Now,
    /// With the first record of the trail.
    Oldest,
}

/// The kinds of records, as the trail calls them.
const RECORDS: [&str; 13] = [
    "start",
    "ruling",
    "outcome",
    "definition",
    "delegation",
    "credential",
    "approval",
    "turn",
    "config",
    "access",
    "finding",
    "recovered",
    "stop",
];

impl Export {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"collector\"", name);
        let stated = section.get("network", |item| item.choice(&NETWORKS));
        let kind = section.need("kind", "kind = \"otlp\"", |item| item.choice(&KINDS));
        let read = match kind {
            Some(Kind::Otlp) => Self::otlp(&section, stated),
            Some(Kind::Webhook) => Self::webhook(&section, stated),
            Some(Kind::Syslog) => Self::syslog(&section, stated),
            None => None,
        };
        let known: Vec<_> = RECORDS.into_iter().map(|kind| (kind, kind)).collect();
        let kinds = |item: &Item<'_>| item.all("a list of kinds of records", |one| one.choice(&known));
        let records = section.get("records", kinds).unwrap_or_default().into_iter().map(str::to_owned).collect();
        let begin = section.get("begin", |item| item.choice(&BEGINS)).unwrap_or_default();
        let ca = section.get("ca", Item::existing);
        // Of what kind its other keys would have been, nobody knows.
        if kind.is_some() {
            section.finish();
        }
        let (kind, url) = read?;
        let network = stated.unwrap_or_else(|| network_of(&url));
        Some(Self { name: name?, kind, records, begin, network, ca })
    }

    fn otlp(section: &Section<'_>, stated: Option<Network>) -> Option<(ExportKind, Url)> {
        let url = section.need("url", "url = \"http://127.0.0.1:4318\"", |item| http(item, stated));
        let headers = section.table("headers").map(|table| settings(table, header)).unwrap_or_default();
        let all = |item: &Item<'_>| item.all("a list of `traces`, `logs` and `metrics`", |one| one.choice(&SIGNALS));
        let signals = section.get("signals", all).unwrap_or_else(|| SIGNALS.map(|(_, signal)| signal).to_vec());
        let url = url?;
        Some((ExportKind::Otlp { url: url.clone(), signals, headers }, url))
    }

    fn webhook(section: &Section<'_>, stated: Option<Network>) -> Option<(ExportKind, Url)> {
        let url = section.need("url", "url = \"https://desk.example/doorward\"", |item| http(item, stated));
        let secret = section.need("secret", "secret = { env = \"WEBHOOK_SECRET\" }", Item::secret);
        let headers = section.table("headers").map(|table| settings(table, header)).unwrap_or_default();
        let format = section.get("format", |item| item.choice(&[RECORD, OCSF])).unwrap_or(ExportFormat::Record);
        let (url, secret) = (url?, secret?);
        Some((ExportKind::Webhook { url: url.clone(), secret, format, headers }, url))
    }

    fn syslog(section: &Section<'_>, stated: Option<Network>) -> Option<(ExportKind, Url)> {
        let place = section.need("url", "url = \"tls://siem.example:6514\"", |item| place(item, stated));
        let cef = ("cef", ExportFormat::Cef);
        let format = section.get("format", |item| item.choice(&[cef, OCSF, RECORD])).unwrap_or(ExportFormat::Cef);
        // 13 is `log audit` (RFC 5424 §6.2.1).
        let facility = section.get("facility", facility).unwrap_or(13);
        let (url, transport) = place?;
        Some((ExportKind::Syslog { url: url.clone(), transport, format, facility }, url))
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Otlp,
    Webhook,
    Syslog,
}

const KINDS: [(&str, Kind); 3] = [("otlp", Kind::Otlp), ("webhook", Kind::Webhook), ("syslog", Kind::Syslog)];
const SIGNALS: [(&str, Signal); 3] = [("traces", Signal::Traces), ("logs", Signal::Logs), ("metrics", Signal::Metrics)];
const BEGINS: [(&str, Begin); 2] = [("now", Begin::Now), ("oldest", Begin::Oldest)];
const RECORD: (&str, ExportFormat) = ("record", ExportFormat::Record);
const OCSF: (&str, ExportFormat) = ("ocsf", ExportFormat::Ocsf);

/// It names a file in the state folder.
fn name(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.owned()?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match text.chars().all(plain) && text.len() <= 40 {
        true => Ok(text),
        false => Err(item.wrong("is no name").label("lower-case letters, digits and `-`, at most 40")),
    }
}

fn http(item: &Item<'_>, stated: Option<Network>) -> Result<Url, Mistake> {
    let url = item.url(|url| stated.unwrap_or_else(|| network_of(url)) == Network::Private)?;
    match url.query() {
        Some(_) => Err(item.wrong("has a query").label("what opens it goes into `headers`")),
        None => Ok(url),
    }
}

/// `udp://`, `tcp://` or `tls://`, host and port.
fn place(item: &Item<'_>, stated: Option<Network>) -> Result<(Url, SyslogTransport), Mistake> {
    let text = item.text()?;
    let help = "write `tls://siem.example:6514`, or `udp://` and `tcp://` within your own network";
    let transports = [("udp", SyslogTransport::Udp), ("tcp", SyslogTransport::Tcp), ("tls", SyslogTransport::Tls)];
    let named = text.split_once("://").and_then(|(scheme, rest)| {
        transports.into_iter().find(|(word, _)| *word == scheme).map(|(_, transport)| (transport, rest))
    });
    let (transport, rest) = named.ok_or_else(|| item.wrong("names no way to carry syslog").help(help))?;
    let scheme = if transport == SyslogTransport::Tls { "https" } else { "http" };
    let url =
        Url::parse(&format!("{scheme}://{rest}")).map_err(|e| item.wrong("is no address").label(e.to_string()))?;
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !plain || rest.trim_end_matches('/').rsplit(':').next().is_none_or(|port| port.parse::<u16>().is_err()) {
        return Err(item.wrong("is no address").label("a host and a port, nothing else").help(help));
    }
    let public = stated.unwrap_or_else(|| network_of(&url)) == Network::Public;
    match transport {
        SyslogTransport::Tls => Ok((url, transport)),
        _ if public => Err(item
            .wrong("is not encrypted")
            .label("use `tls://`")
            .help("say `network = \"private\"` where that is a name of your own network")),
        _ => Ok((url, transport)),
    }
}

fn facility(item: &Item<'_>) -> Result<u8, Mistake> {
    const NAMES: [(&str, u8); 13] = [
        ("user", 1),
        ("daemon", 3),
        ("auth", 4),
        ("authpriv", 10),
        ("audit", 13),
        ("local0", 16),
        ("local1", 17),
        ("local2", 18),
        ("local3", 19),
        ("local4", 20),
        ("local5", 21),
        ("local6", 22),
        ("local7", 23),
    ];
    item.choice(&NAMES)
}
