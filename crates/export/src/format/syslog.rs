//! Messages of syslog, RFC 5424.

use super::{cef, ocsf};
use crate::{Calls, Item};
use doorward_audit::Event;
use doorward_vocab::{Decision, Finding, Severity};

/// What the text of a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// A line of CEF.
    Cef,
    /// An event of OCSF.
    Ocsf,
    /// The record as it stands in the trail.
    Record,
}

/// The messages of a record: one, or for OCSF one for each event.
pub fn message(item: &Item, body: Body, facility: u8, host: &str, calls: &mut Calls) -> Vec<String> {
    let texts = match body {
        Body::Cef => vec![cef::line(item)],
        Body::Ocsf => ocsf::events(item, calls).iter().map(ToString::to_string).collect(),
        Body::Record => vec![format!(
            "{{\"index\":{},{}",
            item.index,
            String::from_utf8_lossy(item.bytes.get(1..).unwrap_or_default())
        )],
    };
    // §6.2.1: the facility times eight and the severity.
    let priority = u16::from(facility) * 8 + u16::from(severity(&item.record.event));
    let (time, kind) = (item.record.time, item.record.event.kind());
    // §6.3.3, §7.2: who wrote it. Every other part is a word of ours, or printable ASCII without blanks.
    let head = format!(
        "<{priority}>1 {time} {} doorward {} {kind} [origin software=\"doorward\" swVersion=\"{}\"][meta sequenceId=\"{}\"]",
        printable(host, 255),
        std::process::id(),
        env!("CARGO_PKG_VERSION"),
        // §7.3.1: from 1 to 2147483647, and then from the beginning.
        item.index % 0x7fff_ffff + 1,
    );
    // §6.4: a byte order mark says that the text is UTF-8.
    texts.into_iter().map(|text| format!("{head} \u{feff}{text}")).collect()
}

/// From 0, emergency, to 7, debug.
fn severity(event: &Event) -> u8 {
    let worst = |findings: &[Finding]| findings.iter().map(|f| level(f.severity)).min().unwrap_or(6);
    match event {
        Event::Ruling(r) => worst(&r.findings).min(if r.decision == Decision::Deny { 4 } else { 6 }),
        Event::Outcome(o) => worst(&o.findings),
        Event::Definition(d) => worst(&d.findings),
        Event::Finding(f) => worst(&f.findings),
        Event::Recovered(_) => 4,
        Event::Config(_) | Event::Delegation(_) | Event::Approval(_) | Event::Start(_) | Event::Stop(_) => 5,
        _ => 6,
    }
}

const fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 6,
        Severity::Low => 5,
        Severity::Medium => 4,
        Severity::High => 3,
        Severity::Critical => 2,
    }
}

/// §6: a name is printable ASCII; `-` stands for none.
fn printable(text: &str, most: usize) -> String {
    let text: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}
