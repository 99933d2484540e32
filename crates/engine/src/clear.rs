//! The decision about everything on its way to a client.

use crate::{
    Cleared, Heard, History, Snapshot, Subject, Target,
    asks::{Ask, asks, leads_astray},
    found::{Found, is_poison},
    poison::Poison,
    rule,
};
use doorward_detect::definition::reports_change;
use doorward_mcp::{
    Message, Method, Notice,
    json::{Edits, Value},
};
use doorward_policy::{Action, ArgumentFacts, Leaf, LeafValue};
use doorward_vocab::{
    Channel, Consequence, Decision, Effects, Finding, FindingKind, Mode, Reason, ReasonCode, Severity, Timestamp,
};

/// What became of a message on its way to a client.
#[derive(Debug)]
pub struct Clearance {
    /// What the client gets: the message, with what had to go taken out. `None` where it gets nothing.
    pub cleared: Option<Cleared>,
    /// Whether the bytes are other than those that came.
    pub changed: bool,
    /// What was decided: oblige where something was taken out, deny where nothing is left.
    pub decision: Decision,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What detectors saw.
    pub findings: Vec<Finding>,
    /// How many places were taken out.
    pub redactions: u32,
    /// What the conversation has now read.
    pub heard: Heard,
    /// Whether a canary was among it: its server shows what it must not show.
    pub canary: bool,
    /// What is to be remembered of it, for whoever reads it later.
    pub poison: Option<Poison>,
}

/// Decides what of `message` its client may see. `subject` is the request that it belongs to, or for a message that a
/// server sends by itself, the request that opened the session. `edits` are the changes that the protocol asks for
/// (an id, a name, a filtered list); what is found is taken out of the same original.
///
/// What the server asks of the client, by a request or inside of another message, needs a right. Where it has none,
/// nothing of the message passes.
///
/// Pure, like [`rule`](crate::rule()).
pub fn clear(
    view: &Snapshot,
    history: &History,
    subject: &Subject<'_>,
    message: &Message,
    mut edits: Edits,
    now: Timestamp,
) -> Clearance {
    let channel = channel(message);
    let enforce = subject.server.mode == Mode::Enforce;
    let mut found = Found::nothing();
    found.secrets(view, message, channel);
    // Tools are judged one by one as definitions, and what a person approved stays as it is.
    let tools = || if let Message::Response(r) = message { r.result().and_then(|r| r.get("tools")) } else { None };
    let judged = is_tool_list(subject).then(tools).flatten().map_or(0..0, Value::span);
    found.read(view, message, &judged, channel, subject, now);
    found.findings.extend(belied(subject, message));
    let asks = asks(message);
    let asked = u32::try_from(asks.iter().filter(|ask| ask.is_question()).count()).unwrap_or(u32::MAX);
    let too_often = || too_often(history, subject, asked);
    let refused = asks.iter().filter(|_| enforce).find_map(|ask| refusal(view, history, subject, ask, &found, now));
    let refused = refused.or_else(|| too_often().filter(|_| enforce));
    let refused = refused.map(|reasons| (Decision::Deny, reasons)).or_else(|| stopped(&found).filter(|_| enforce));
    let label = Some(found.label(subject.server.label)).filter(|_| says_something(message));
    let redactions = if enforce && refused.is_none() { found.change(&mut edits) } else { 0 };
    let asked = (asked > 0 && refused.is_none()).then(|| (subject.server.name.clone(), asked));
    let heard = Heard { label, asked, injected: found.injected, entities: found.entities };
    let (findings, canary, poison) = (found.findings, found.canary, found.poison);
    if let Some((decision, reasons)) = refused {
        return Clearance {
            cleared: None,
            changed: true,
            decision,
            reasons,
            findings,
            redactions,
            heard,
            canary,
            poison,
        };
    }
    let changed = !edits.is_empty();
    let decision = if redactions > 0 { Decision::Oblige } else { Decision::Allow };
    let cleared = Some(Cleared::mint(edits.apply(message.doc())));
    Clearance { cleared, changed, decision, reasons: found.reasons, findings, redactions, heard, canary, poison }
}

/// A tool that only reads, by its own words, whose result reports that something was changed or sent. Its definition is not
/// what it does: a person should say by `effects` what that is.
fn belied(subject: &Subject<'_>, message: &Message) -> Option<Finding> {
    let (Target::Tool(definition), Message::Response(response)) = (subject.target, message) else { return None };
    let called = matches!(subject.message.inspect(), Message::Request(r) if r.method == Method::ToolsCall);
    let result =
        response.result().filter(|_| called && definition.effects != Effects::NONE && !definition.is_sink())?;
    reports_change(result).then(|| Finding {
        detector: "false-read-only".into(),
        kind: FindingKind::DefinitionChanged,
        severity: Severity::Medium,
        confidence: 0.6,
        channel: Channel::Result,
        span: result.span(),
        note: format!(
            "`{}` says that it only reads, and its result says that it changed or sent something",
            definition.name
        )
        .into(),
    })
}

/// Whoever is asked again and again says yes in the end, and whoever lets a model be asked without end pays for it.
fn too_often(history: &History, subject: &Subject<'_>, asked: u32) -> Option<Vec<Reason>> {
    let server = subject.server;
    let sum = history.asked_by(&server.name).saturating_add(asked);
    (asked > 0 && sum > server.asks).then(|| {
        let why = format!("`{}` asks more often than {} times in one conversation", server.name, server.asks);
        vec![Reason::new(ReasonCode::Forbidden, why)]
    })
}

/// What is decided where a finding stops the whole message.
fn stopped(found: &Found) -> Option<(Decision, Vec<Reason>)> {
    match found.then {
        Consequence::Withhold | Consequence::Quarantine => Some((Decision::Deny, found.reasons.clone())),
        Consequence::Challenge => {
            let reason = Reason::new(ReasonCode::ApprovalRequired, "a person has to look at what the server answered");
            Some((Decision::Challenge, [vec![reason], found.reasons.clone()].concat()))
        }
        _ => None,
    }
}

/// What a server asks of the client needs a right, like what an agent asks of a server.
fn refusal(
    view: &Snapshot,
    history: &History,
    subject: &Subject<'_>,
    ask: &Ask<'_>,
    found: &Found,
    now: Timestamp,
) -> Option<Vec<Reason>> {
    let refused = |code, why| Some(vec![Reason::new(code, why)]);
    let place = ask.asked.span();
    let within = || found.findings.iter().filter(|f| place.contains(&f.span.start));
    if within().any(is_poison) {
        return refused(ReasonCode::ContentRefused, "a request of the server carries instructions for the model");
    }
    let Some(action) = ask.action else {
        return refused(ReasonCode::Protocol, "the server asks for an input of a kind that no revision knows");
    };
    if action == Action::Elicit && ask.params.is_some_and(leads_astray) {
        return refused(
            ReasonCode::ContentRefused,
            "the server sends the person to an address that is no page of the web",
        );
    }
    let mut kinds: Vec<FindingKind> = within().map(|f| f.kind).collect();
    kinds.sort_unstable_by_key(|k| k.as_str());
    kinds.dedup();
    // Where a person is sent is for policies to judge, as where a call goes is.
    let url = ask.params.filter(|_| action == Action::Elicit).and_then(|params| params.get("url")?.as_str());
    let facts = url.map(|url| ArgumentFacts::of([Leaf { path: "/url", value: LeafValue::Str(&url) }]));
    let facts = facts.as_ref().unwrap_or_else(|| ArgumentFacts::none());
    let context = rule::context(view, history, subject, facts, false, &kinds, now);
    let verdict = view.policies.decide(&rule::question(subject.actor, action, &subject.server.whole, &context));
    (verdict.decision > Decision::Oblige).then(|| verdict.reasons().to_vec())
}

/// On which channel a message reaches its reader. Every notification of every revision has its arm here: one that has none
/// does not compile, and so cannot be delivered. All members of a message are read, those that no revision knows too.
fn channel(message: &Message) -> Channel {
    match message {
        Message::Response(response) if response.is_error => Channel::Error,
        Message::Response(_) => Channel::Result,
        Message::Notification(notification) => match notification.notice {
            // Text that people and models read.
            Notice::Progress
            | Notice::Message
            | Notice::TaskStatus
            | Notice::Tasks
            | Notice::Cancelled
            | Notice::ResourceUpdated
            | Notice::ElicitationComplete
            | Notice::Acknowledged
            // No text of their own, but `_meta` may hold any.
            | Notice::ToolsChanged
            | Notice::PromptsChanged
            | Notice::ResourcesChanged
            // Notifications of clients; `decode` refuses them from a server.
            | Notice::Initialized
            | Notice::RootsChanged => Channel::Notification,
        },
        Message::Request(_) => Channel::ServerRequest,
    }
}

/// Whether a message holds anything but the words that say what it is.
fn says_something(message: &Message) -> bool {
    let root = message.doc().root();
    ["params", "result", "error"].iter().any(|key| root.get(key).is_some())
}

fn is_tool_list(subject: &Subject<'_>) -> bool {
    matches!(subject.message.inspect(), Message::Request(r) if r.method == Method::ToolsList)
}
