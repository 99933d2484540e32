//! The decision about everything on its way to a client.

use crate::{
    Cleared, EntitySet, Heard, History, Snapshot, Subject,
    asks::{Ask, asks, leads_astray},
    readable::{NO_DATA, Texts, icon_finding},
    rule::{self, look, reflections},
};
use doorward_mcp::{
    Message, Method, Notice,
    json::{Edits, Value, quote},
};
use doorward_policy::{Action, ArgumentFacts};
use doorward_vocab::{
    Channel, Confidentiality, Decision, Finding, FindingKind, Integrity, Label, Mode, Reason, ReasonCode, Severity,
    Timestamp,
};
use std::ops::Range;

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
    let mut found = Found::default();
    found.secrets(view, message, channel);
    // Tools are judged one by one as definitions, and what a person approved stays as it is.
    let tools = || if let Message::Response(r) = message { r.result().and_then(|r| r.get("tools")) } else { None };
    let judged = is_tool_list(subject).then(tools).flatten().map_or(0..0, Value::span);
    found.read(view, message, &judged, channel, subject);
    let refused =
        asks(message).iter().filter(|_| enforce).find_map(|ask| refusal(view, history, subject, ask, &found, now));
    let label = Some(found.label(subject.server.label)).filter(|_| says_something(message));
    let heard = Heard { label, injected: found.injected, entities: found.entities };
    if let Some(reasons) = refused {
        let decision = Decision::Deny;
        return Clearance {
            cleared: None,
            changed: true,
            decision,
            reasons,
            findings: found.findings,
            redactions: 0,
            heard,
            canary: found.canary,
        };
    }
    let mut redactions = 0;
    if enforce {
        for (span, replacement) in found.removals {
            edits.splice(span, replacement);
            redactions += 1;
        }
    }
    let changed = !edits.is_empty();
    let decision = if redactions > 0 { Decision::Oblige } else { Decision::Allow };
    let cleared = Some(Cleared::mint(edits.apply(message.doc())));
    Clearance {
        cleared,
        changed,
        decision,
        reasons: found.reasons,
        findings: found.findings,
        redactions,
        heard,
        canary: found.canary,
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
    let context = rule::context(view, history, subject, ArgumentFacts::none(), false, &kinds, now);
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

#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    reasons: Vec<Reason>,
    removals: Vec<(Range<usize>, String)>,
    entities: EntitySet,
    secret: bool,
    injected: bool,
    canary: bool,
}

impl Found {
    /// Finds the secrets of the gateway anywhere in `message`, members that no revision knows included.
    fn secrets(&mut self, view: &Snapshot, message: &Message, channel: Channel) {
        for (span, instead, finding) in reflections(view, message.doc().root(), channel) {
            self.findings.extend(finding);
            self.removals.push((span, instead));
            self.secret = true;
        }
        if self.secret {
            self.reasons.push(Reason::new(ReasonCode::SecretRemoved, "a secret that the gateway handles came back"));
        }
    }
    /// Reads all of `message` but the texts within `judged`.
    fn read(
        &mut self,
        view: &Snapshot,
        message: &Message,
        judged: &Range<usize>,
        channel: Channel,
        subject: &Subject<'_>,
    ) {
        let call = subject.call;
        let all = Texts::of_message(message.doc().root(), judged);
        let texts = &all.texts;
        for (index, (text, span)) in texts.iter().enumerate() {
            let seen = view.marks.in_text(subject, text, span, channel);
            if seen.iter().any(|f| f.kind == FindingKind::Canary) {
                self.canary = true;
                self.removals.push((span.clone(), all.withheld(index, "[removed by Doorward]")));
                self.reasons.push(Reason::new(ReasonCode::SecretRemoved, "a canary came from a server"));
            }
            self.findings.extend(seen);
        }
        let mut poisoned = Vec::new();
        look(view, channel, texts, |index, finding| {
            if is_poison(&finding) {
                self.injected = true;
                let acts = view.scanner.mode(&finding.detector) == Some(Mode::Enforce);
                if acts && poisoned.last() != Some(&index) {
                    poisoned.push(index);
                }
            }
            self.findings.push(finding);
        });
        if self.injected {
            texts.iter().for_each(|(text, _)| self.entities.extend_from_text(text));
        }
        for (index, (_, span)) in poisoned.iter().filter_map(|i| Some((*i, texts.get(*i)?))) {
            // What was read in two forms goes once.
            if self.removals.last().is_none_or(|(last, _)| last != span) {
                let note = format!("[withheld by Doorward: this text was not safe to pass on; reference {call}]");
                self.removals.push((span.clone(), all.withheld(index, &note)));
            }
        }
        if self.injected {
            self.reasons.push(Reason::new(ReasonCode::ContentRefused, "a text gives orders to its reader"));
        }
        if !all.icons.is_empty() {
            self.reasons.push(Reason::new(ReasonCode::ContentRefused, "an icon is no picture of the web"));
        }
        for span in all.icons {
            self.findings.push(icon_finding(channel, span.clone()));
            self.removals.push((span, quote(NO_DATA)));
        }
    }
    fn label(&self, server: Label) -> Label {
        let mut label = server;
        if self.injected {
            label = label.join(Label::new(Integrity::Untrusted, Confidentiality::Public));
        }
        if self.secret {
            label = label.join(Label::new(Integrity::Trusted, Confidentiality::Secret));
        }
        label
    }
}

/// Whether a finding is of a kind that acts on its reader, and sure enough.
fn is_poison(f: &Finding) -> bool {
    matches!(f.kind, FindingKind::Injection | FindingKind::HiddenText) && f.severity >= Severity::High
}

/// Whether a message holds anything but the words that say what it is.
fn says_something(message: &Message) -> bool {
    let root = message.doc().root();
    ["params", "result", "error"].iter().any(|key| root.get(key).is_some())
}

fn is_tool_list(subject: &Subject<'_>) -> bool {
    matches!(subject.message.inspect(), Message::Request(r) if r.method == Method::ToolsList)
}
