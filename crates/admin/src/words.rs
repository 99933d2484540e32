//! A record in words, for people.

use doorward_audit::{Approval, Credential, DefinitionChange, Delegated, Event, OutcomeRecord, Record, Ruling};
use doorward_vocab::{Finding, Outcome, Reason, Timestamp};
use serde::Serialize;
use std::time::Duration;

/// One line of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// When; UTC.
    pub time: String,
    /// Who did it.
    pub who: String,
    /// The conversation.
    pub conversation: String,
    /// What it concerns.
    pub what: String,
    /// What was decided or happened.
    pub decision: String,
    /// Why.
    pub why: String,
}

impl Row {
    /// The line of a record; what could not be seen in it is spelt out.
    pub fn of(record: &Record) -> Self {
        let mut row = match &record.event {
            Event::Ruling(r) => Self {
                who: who(r),
                conversation: r.conversation.id.to_string(),
                what: what(r),
                decision: verdict(r),
                why: reasons(&r.reasons, &r.findings),
                ..Self::empty()
            },
            Event::Outcome(o) => {
                Self { what: format!("  {}", o.call), decision: word(&o.outcome), why: ending(o), ..Self::empty() }
            }
            Event::Turn(t) => Self {
                who: t.human.as_ref().map_or("a human", |h| &h.name).to_owned(),
                conversation: t.conversation.id.to_string(),
                what: "said something".into(),
                decision: if t.attested { "attested" } else { "claimed" }.into(),
                why: t
                    .mandate
                    .as_deref()
                    .map_or_else(|| format!("{} bytes, told by {}", t.text.bytes, t.host), str::to_owned),
                ..Self::empty()
            },
            Event::Definition(d) => Self {
                who: d.by.as_ref().map_or_else(String::new, |p| p.name.to_string()),
                what: format!("{}/{} ({})", d.server, d.name, word(&d.kind)),
                decision: word(&d.change),
                why: match d.change {
                    DefinitionChange::Changed | DefinitionChange::Quarantined => "it is not what was approved".into(),
                    _ => reasons(&[], &d.findings),
                },
                ..Self::empty()
            },
            Event::Delegation(d) => Self {
                who: d.by.as_ref().or(d.human.as_ref()).map_or_else(String::new, |p| p.name.to_string()),
                what: format!("delegation {}", d.id),
                decision: word(&d.change),
                why: delegated(d),
                ..Self::empty()
            },
            Event::Credential(c) => Self {
                who: c.human.as_ref().or(c.agent.as_ref()).map_or_else(String::new, |p| p.name.to_string()),
                what: match &c.server {
                    Some(server) => format!("credential {} for {server}", c.name),
                    None => format!("credential {}", c.name),
                },
                decision: word(&c.change),
                why: credential(c),
                ..Self::empty()
            },
            Event::Approval(a) => Self {
                who: a.by.as_ref().or(a.human.as_ref()).map_or_else(String::new, |p| p.name.to_string()),
                conversation: a.conversation.id.to_string(),
                what: format!("approval {} for {}/{}", a.id, a.server, a.target),
                decision: word(&a.change),
                why: approval(a),
                ..Self::empty()
            },
            Event::Config(c) => Self {
                who: c.by.name.to_string(),
                what: "configuration".into(),
                decision: "changed".into(),
                why: c.what.to_string(),
                ..Self::empty()
            },
            Event::Finding(f) => Self {
                who: f.agent.as_ref().map_or_else(String::new, |a| a.name.to_string()),
                conversation: f.conversation.as_ref().map_or_else(String::new, |c| c.id.to_string()),
                what: f.server.as_ref().map_or_else(String::new, ToString::to_string),
                decision: "finding".into(),
                why: reasons(&[], &f.findings),
                ..Self::empty()
            },
            Event::Start(s) => Self {
                who: "doorward".into(),
                what: format!("start of {}", s.version),
                decision: s.mode.as_str().into(),
                why: format!("level {}, policies {}", s.level, s.policy.short()),
                ..Self::empty()
            },
            Event::Access(a) => Self {
                who: a.by.name.to_string(),
                what: format!("read {}", a.what),
                why: a.of.as_ref().map_or_else(String::new, ToString::to_string),
                ..Self::empty()
            },
            Event::Stop(s) => {
                Self { who: "doorward".into(), what: "stop".into(), why: s.reason.to_string(), ..Self::empty() }
            }
            Event::Recovered(r) => Self {
                who: "doorward".into(),
                what: "repair of the trail".into(),
                decision: "recovered".into(),
                why: format!("{}: {} bytes cut after record {}", r.what, r.bytes, r.size),
                ..Self::empty()
            },
        };
        row.time = time(record.time);
        for cell in [&mut row.who, &mut row.conversation, &mut row.what, &mut row.decision, &mut row.why] {
            *cell = clean(cell);
        }
        row
    }

    fn empty() -> Self {
        let none = String::new;
        Self { time: none(), who: none(), conversation: none(), what: none(), decision: none(), why: none() }
    }
}

/// What a delegation is, in one line.
fn delegated(d: &Delegated) -> String {
    let on_behalf = match (&d.human, &d.owner) {
        (Some(human), _) => Some(format!("for {}", human.name)),
        (None, Some(owner)) => Some(format!("{owner} answers")),
        (None, None) => None,
    };
    let agent = d.agent.as_ref().map(|agent| agent.name.to_string());
    let purpose = d.purpose.as_ref().map(|purpose| format!("“{purpose}”"));
    let until = d.until.map(|until| format!("until {}", time(until)));
    let from = d.parent.as_ref().map(|parent| format!("made from {parent}"));
    [agent, on_behalf, purpose, until, from].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// How a person was asked, and how fast the answer came, in one line.
fn approval(a: &Approval) -> String {
    let after = a.after_ms.map(|ms| format!("after {ms} ms"));
    let shown = format!("shown {}", a.shown.short());
    let until = format!("until {}", time(a.until));
    [Some(format!("{} for {}", a.way, a.agent.name)), after, Some(shown), Some(until)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

/// What a credential is, in one line.
fn credential(c: &Credential) -> String {
    let account = c.account.as_ref().map(|account| format!("the account {account}"));
    let scopes: Vec<&str> = c.scopes.iter().map(|scope| &**scope).collect();
    let scopes = Some(scopes.join(" ")).filter(|scopes| !scopes.is_empty());
    let until = c.until.map(|until| format!("until {}", time(until)));
    let why = c.why.as_ref().map(ToString::to_string);
    [Some(c.provider.to_string()), account, scopes, until, why].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `2026-11-20 14:03:05.123`, UTC.
pub fn time(t: Timestamp) -> String {
    let text = t.to_string().replacen('T', " ", 1);
    text.get(..23).unwrap_or(&text).to_owned()
}

/// The human through whom, or on whose behalf, the agent acts.
pub fn who(r: &Ruling) -> String {
    match &r.human {
        Some(human) => format!("{} via {}", human.name, r.agent.name),
        None => format!("{} alone", r.agent.name),
    }
}

/// `files/read_file`, or the method where it is not a plain call.
pub fn what(r: &Ruling) -> String {
    let target = r.target.as_deref().unwrap_or_default();
    let name = match (&r.server, target) {
        (Some(server), "") => server.to_string(),
        (Some(server), target) => format!("{server}/{target}"),
        (None, target) => target.to_owned(),
    };
    match &*r.method {
        "tools/call" => name,
        method => format!("{method} {name}").trim_end().to_owned(),
    }
}

/// The decision; in brackets where it was not acted on.
pub fn verdict(r: &Ruling) -> String {
    if r.enforced { r.decision.as_str().to_owned() } else { format!("({})", r.decision.as_str()) }
}

/// Why, in one line: reasons first, what was found after them.
pub fn reasons(reasons: &[Reason], findings: &[Finding]) -> String {
    let found = findings.iter().map(|f| format!("{}: {}", f.kind.as_str(), f.note));
    reasons.iter().map(|r| r.text.to_string()).chain(found).collect::<Vec<_>>().join("; ")
}

/// How a message ended.
pub fn ending(o: &OutcomeRecord) -> String {
    let ending = match o.outcome {
        Outcome::Refused => String::new(),
        _ if o.upstream_us == 0 => format!("in {}", millis(o.duration_us)),
        _ => format!("in {}, the server {}", millis(o.duration_us), millis(o.upstream_us)),
    };
    let redacted = if o.redactions > 0 { format!("{} places removed", o.redactions) } else { String::new() };
    let why = reasons(&o.reasons, &o.findings);
    let acting = o.credential.as_ref().map_or_else(String::new, |worn| match &worn.account {
        Some(account) => format!("acting upstream as {account} ({})", worn.name),
        None => format!("acting upstream with {}", worn.name),
    });
    [ending, acting, redacted, why].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("; ")
}

fn millis(us: u64) -> String {
    format!("{}.{} ms", us / 1000, us % 1000 / 100)
}

/// The word that the trail uses for a value of an enumeration.
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Text from outside for a terminal: what would move the cursor, hide or turn text around is shown as its number.
pub fn clean(text: &str) -> String {
    let unsafe_for_terminal = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    if !text.contains(unsafe_for_terminal) {
        return text.to_owned();
    }
    text.chars().map(|c| if unsafe_for_terminal(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// A moment: so long ago (`30m`, `1h`, `7d`), or a date; none where it is neither.
pub fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    let ago = || {
        let (number, unit) = text.split_at_checked(text.find(|c: char| !c.is_ascii_digit())?)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return None,
        };
        let ago = Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?);
        Some(Timestamp::from_micros(now.micros().saturating_sub(u64::try_from(ago.as_micros()).ok()?)))
    };
    let date = || {
        let whole = text.parse::<jiff::Timestamp>();
        let t = whole.or_else(|_| format!("{text}T00:00:00Z").parse::<jiff::Timestamp>()).ok()?;
        Some(Timestamp::from_micros(u64::try_from(t.as_microsecond()).ok()?))
    };
    ago().or_else(date)
}
