//! The decision about everything on its way to a client.

use crate::{
    Cleared, EntitySet, Heard, History, Snapshot, Subject,
    rule::{self, look, reflections},
};
use doorward_mcp::{
    Message, Method, Notice,
    json::{Edits, Kind, Value, quote},
};
use doorward_policy::{Action, ArgumentFacts};
use doorward_vocab::{
    CallId, Channel, Confidentiality, Decision, Finding, FindingKind, Integrity, Label, Mode, Reason, ReasonCode,
    Severity, Timestamp,
};
use std::{borrow::Cow, ops::Range};

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
}

/// Decides what of `message` its client may see. `subject` is the request that it belongs to, or for a message that a
/// server sends by itself, the request that opened the session. `edits` are the changes that the protocol asks for
/// (an id, a name, a filtered list); what is found is taken out of the same original.
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
    let passage = Passage::of(message);
    let enforce = subject.server.mode == Mode::Enforce;
    let mut found = Found::default();
    found.secrets(view, message, passage.channel);
    if let Some(content) = passage.content {
        // Tools are judged one by one as definitions, and what a person approved stays as it is.
        let judged = is_tool_list(subject).then(|| content.get("tools")).flatten().map_or(0..0, Value::span);
        found.read(view, content, &judged, passage.channel, subject.call);
    }
    let refused =
        passage.action.filter(|_| enforce).and_then(|action| refusal(view, history, subject, action, &found, now));
    let label = found.label(subject.server.label);
    let heard = Heard { label: passage.content.map(|_| label), injected: found.injected, entities: found.entities };
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
    Clearance { cleared, changed, decision, reasons: found.reasons, findings: found.findings, redactions, heard }
}

/// A server's own request asks for a right like an agent's does.
fn refusal(
    view: &Snapshot,
    history: &History,
    subject: &Subject<'_>,
    action: Action,
    found: &Found,
    now: Timestamp,
) -> Option<Vec<Reason>> {
    if found.injected {
        return Some(vec![Reason::new(
            ReasonCode::ContentRefused,
            "a request of the server carries instructions for the model",
        )]);
    }
    let mut kinds: Vec<FindingKind> = found.findings.iter().map(|f| f.kind).collect();
    kinds.dedup();
    let context = rule::context(view, history, subject, ArgumentFacts::none(), false, &kinds, now);
    let verdict = view.policies.decide(&rule::question(subject.actor, action, &subject.server.whole, &context));
    (verdict.decision > Decision::Oblige).then(|| verdict.reasons().to_vec())
}

/// What of a message a model or person may read, on which channel, and the right that it needs. Every method and
/// notification of every revision has its arm here: one that has none does not compile, and so cannot be delivered.
struct Passage<'a> {
    channel: Channel,
    content: Option<Value<'a>>,
    action: Option<Action>,
}

impl<'a> Passage<'a> {
    fn of(message: &'a Message) -> Self {
        match message {
            Message::Response(response) => match response.error() {
                Some(error) => Self { channel: Channel::Error, content: Some(error), action: None },
                None => Self { channel: Channel::Result, content: response.result(), action: None },
            },
            Message::Notification(notification) => {
                let content = match notification.notice {
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
                    | Notice::RootsChanged => notification.params(),
                };
                Self { channel: Channel::Notification, content, action: None }
            }
            Message::Request(request) => {
                let action = match request.method {
                    Method::Sample => Some(Action::Sample),
                    Method::Elicit => Some(Action::Elicit),
                    Method::RootsList => Some(Action::Roots),
                    Method::Ping | Method::TasksGet | Method::TasksResult | Method::TasksList | Method::TasksCancel => {
                        Some(Action::Session)
                    }
                    // Requests of clients; `decode` refuses them from a server.
                    Method::Initialize
                    | Method::Discover
                    | Method::ToolsList
                    | Method::ToolsCall
                    | Method::ResourcesList
                    | Method::TemplatesList
                    | Method::ResourcesRead
                    | Method::DirectoryRead
                    | Method::ResourcesSubscribe
                    | Method::ResourcesUnsubscribe
                    | Method::PromptsList
                    | Method::PromptsGet
                    | Method::Complete
                    | Method::SetLevel
                    | Method::Listen
                    | Method::TasksUpdate => Some(Action::Call),
                };
                Self { channel: Channel::ServerRequest, content: request.params(), action }
            }
        }
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
}

impl Found {
    /// Finds the secrets of the gateway anywhere in `message`, members that no revision knows included.
    fn secrets(&mut self, view: &Snapshot, message: &Message, channel: Channel) {
        for (span, finding) in reflections(view, message.doc().root(), channel) {
            self.findings.push(finding);
            self.removals.push((span, "[secret removed by Doorward]".to_owned()));
            self.secret = true;
        }
        if self.secret {
            self.reasons.push(Reason::new(ReasonCode::SecretRemoved, "a secret that the gateway handles came back"));
        }
    }
    /// Reads all of `content` but the texts within `judged`.
    fn read(&mut self, view: &Snapshot, content: Value<'_>, judged: &Range<usize>, channel: Channel, call: CallId) {
        let mut texts = Vec::new();
        readable(content, &mut |text, span| {
            if !judged.contains(&span.start) {
                texts.push((text, span));
            }
        });
        let mut poisoned = Vec::new();
        look(view, channel, &texts, |index, finding| {
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
        for (_, span) in poisoned.iter().filter_map(|i| texts.get(*i)) {
            let note = format!("[withheld by Doorward: this text was not safe to pass on; reference {call}]");
            self.removals.push((span.clone(), quote(&note)));
        }
        if self.injected {
            self.reasons.push(Reason::new(ReasonCode::ContentRefused, "a text gives orders to its reader"));
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

fn is_tool_list(subject: &Subject<'_>) -> bool {
    matches!(subject.message.inspect(), Message::Request(r) if r.method == Method::ToolsList)
}

/// Every text in `value` that somebody may read, keys too, but for the bytes of images, sounds and binary resources.
fn readable<'a>(value: Value<'a>, visit: &mut dyn FnMut(Cow<'a, str>, Range<usize>)) {
    let binary = |v: Value<'a>| {
        let kind = v.get("type").and_then(Value::as_str);
        matches!(kind.as_deref(), Some("image" | "audio")) || v.get("blob").is_some()
    };
    match value.kind() {
        Kind::Object => {
            let skip = binary(value);
            for (key, member) in value.members() {
                if skip && matches!(&*key, "data" | "blob") && member.kind() == Kind::String {
                    continue;
                }
                // A key is looked at with its value's place: a removal replaces the value.
                if key.len() > 24 {
                    visit(key, member.span());
                }
                readable(member, visit);
            }
        }
        Kind::Array => value.items().for_each(|item| readable(item, visit)),
        Kind::String => {
            if let Some(text) = value.as_str() {
                visit(text, value.span());
            }
        }
        Kind::Null | Kind::False | Kind::True | Kind::Number | Kind::Key => {}
    }
}
