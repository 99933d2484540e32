//! The decision about a message on its way to a server.

use crate::{
    Actor, Definition, History, Judgement, Outbound, Permit, Permitted, Ruling, Snapshot, Subject, Target, Traced,
    approval::{Answer, approved},
    authority::{Asked, outside},
    flow,
    intended::intended,
    judgement::{conversation_label, proof},
};
use doorward_audit::{Labels, Payload};
use doorward_detect::{Located, Reflection, Text};
use doorward_identity::{Method, Principal};
use doorward_mcp::{
    Message, Method as McpMethod, Notice,
    json::{Kind, Value},
};
use doorward_policy::{
    Action, ArgumentFacts, Behaviour, Context, Conversation, DefinitionState, FlowFacts, Leaf, LeafValue, Question,
    Remedy, Target as PolicyTarget,
};
use doorward_vocab::{
    Assurance, AuthorizedBy, Channel, Decision, Effects, Finding, FindingKind, Mode, Reason, ReasonCode, Severity,
    Timestamp,
};
use std::{borrow::Cow, ops::Range, sync::Arc, time::Duration};

/// Decides whether `outbound`, the form of `subject` that is to be sent, may be sent.
///
/// Pure: the same snapshot, history, subject and time give the same ruling. Anything that cannot be judged is refused.
pub fn rule(view: &Snapshot, history: &History, subject: &Subject<'_>, outbound: Outbound, now: Timestamp) -> Ruling {
    let matter = Matter::of(subject);
    let said = || matter.arguments.map(|a| ("", a)).into_iter().chain(matter.given.map(|g| (GIVEN, g)));
    let facts = said().next().map(|_| argument_facts(said()));
    let facts = facts.as_ref().unwrap_or_else(|| ArgumentFacts::none());
    let mut findings = Vec::new();
    said().for_each(|(_, said)| inspect(view, said, &mut findings));
    let marked = matter.arguments.map(|said| view.marks.judge(subject, said)).unwrap_or_default();
    let given = matter.given.map(|said| view.marks.judge(subject, said)).unwrap_or_default();
    // What a client answers to a server is no place for a placeholder.
    let misused = marked.misused.or(given.misused).or_else(|| given.fills.first().map(|_| misplaced()));
    findings.extend(marked.findings.into_iter().chain(given.findings));
    let traced = flow::trace(view, history, subject, said());
    let mut outside_of = None;
    let (decision, reasons, authorized_by) = match subject.target {
        // Whatever it is asked, and whoever asks: who answers is not known.
        _ if let Some(why) = &subject.server.withheld => {
            let reason = Reason::new(ReasonCode::ServerNotApproved, why.to_string());
            (Decision::Deny, [reason].into(), AuthorizedBy::StandingPolicy)
        }
        _ if view.poisons.source(subject, now) == Some(true) => {
            let reason = Reason::new(ReasonCode::ContentRefused, "what it reads is quarantined: it gave orders before");
            (Decision::Deny, [reason].into(), AuthorizedBy::StandingPolicy)
        }
        _ if let Some(reason) = misused => (Decision::Deny, [reason].into(), AuthorizedBy::StandingPolicy),
        Target::Unknown(_) => {
            let reason = Reason::new(ReasonCode::Unknown, "no approved definition of this name for this principal");
            (Decision::Deny, [reason].into(), AuthorizedBy::StandingPolicy)
        }
        Target::Tool(definition) if definition.is_held_back(view.level) => {
            findings.extend(definition.findings.iter().cloned());
            let why = format!("the definition of `{}` is {}", definition.name, definition.state.as_str());
            let reason = Reason::new(ReasonCode::DefinitionNotApproved, why);
            (Decision::Deny, [reason].into(), AuthorizedBy::StandingPolicy)
        }
        _ => {
            outside_of = outside(subject.actor, &matter.asked(subject, facts.max_amount()), now);
            match &outside_of {
                Some(reason) => (Decision::Deny, [reason.clone()].into(), AuthorizedBy::StandingPolicy),
                None => {
                    let answer = ask(view, history, subject, &matter, (facts, traced.as_deref()), &findings, now);
                    let answer = fitting(subject, &matter, proven(subject, &matter, answer));
                    let answer = intended(view, history, subject, matter.arguments, answer);
                    flow::judged(view, history, subject, traced.as_deref(), facts, (matter.sink, now), answer)
                }
            }
        }
    };
    let floor = too_low(subject, matter.action).map(|(floor, _)| floor);
    let ((decision, reasons, authorized_by), awaits) =
        approved(view, subject, (decision, reasons, authorized_by), floor, now);
    let values = flow::told(history, subject, traced.as_deref(), decision, said());
    // What was not handed over is nobody's to try out.
    let beyond = outside_of.is_some() || matches!(subject.target, Target::Unknown(_));
    let enforced = subject.server.mode == Mode::Enforce || beyond;
    let judgement = Judgement {
        decision,
        enforced,
        reasons,
        findings,
        authorized_by,
        effects: matter.effects,
        sink: matter.sink,
        arguments: matter.arguments.map(|a| Payload::of(a.raw().as_bytes())),
        labels: Labels { arguments: subject.message.label(), conversation: conversation_label(history.read) },
        level: view.level,
        mode: subject.server.mode,
        policy: view.policies.version(),
        proof: proof(subject.actor.principal(), attested_ago(subject.actor.principal(), now)),
        values,
        traced,
        awaits,
    };
    match judgement.acts() {
        Decision::Allow | Decision::Oblige => {
            let permit = Permit::mint(subject.call, judgement.sink);
            Ruling::Go(Permitted::new(outbound, permit).with_fills(marked.fills), judgement)
        }
        Decision::Challenge | Decision::Deny => Ruling::Stop(judgement),
    }
}

fn misplaced() -> Reason {
    Reason::new(ReasonCode::FlowRefused, "a placeholder stands in what a client answers to a server")
}

/// Something in a list.
#[derive(Clone, Copy, Debug)]
pub enum Listed<'a> {
    /// A tool.
    Tool(&'a Definition),
    /// A prompt or resource, and what is done with it.
    Other(&'a PolicyTarget, Action),
}

/// Whether a definition may be seen in a list: only what would be refused whatever the arguments is hidden.
pub fn visible(view: &Snapshot, history: &History, subject: &Subject<'_>, listed: Listed<'_>, now: Timestamp) -> bool {
    let (tool, target, action) = match listed {
        Listed::Tool(definition) => (Some(definition), &definition.target, Action::Call),
        Listed::Other(target, action) => (None, target, action),
    };
    let asked = Asked { server: &subject.server.name, tool, action, amount: 0 };
    if outside(subject.actor, &asked, now).is_some() {
        return false;
    }
    if subject.server.mode == Mode::Observe {
        return true;
    }
    let context = context(view, history, subject, ArgumentFacts::none(), false, &[], now);
    view.policies.visible(&question(subject.actor, action, target, &context))
}

/// What a message does, in the words of policy. Every method and notification of every revision has its arm here: one
/// that has none does not compile, and so cannot be forwarded.
struct Matter<'a> {
    action: Action,
    target: Cow<'a, PolicyTarget>,
    arguments: Option<Value<'a>>,
    /// What the client says to what the server asked, sent with the request that the server asked it about (2026-07-28,
    /// basic/patterns/mrtr).
    given: Option<Value<'a>>,
    effects: Effects,
    sink: bool,
}

impl<'a> Matter<'a> {
    fn of(subject: &Subject<'a>) -> Self {
        let (action, arguments) = match subject.message.inspect() {
            Message::Request(request) => {
                let params = request.params();
                let argument = |key| params.and_then(|p| p.get(key));
                match request.method {
                    McpMethod::ToolsCall => (Action::Call, argument("arguments")),
                    McpMethod::TasksGet | McpMethod::TasksResult | McpMethod::TasksList | McpMethod::TasksCancel => {
                        (Action::Call, None)
                    }
                    McpMethod::TasksUpdate => (Action::Call, argument("inputResponses")),
                    McpMethod::ResourcesRead
                    | McpMethod::DirectoryRead
                    | McpMethod::ResourcesSubscribe
                    | McpMethod::ResourcesUnsubscribe => (Action::Read, argument("uri")),
                    McpMethod::PromptsGet => (Action::Prompt, argument("arguments")),
                    McpMethod::Complete => (Action::Complete, argument("argument")),
                    McpMethod::ToolsList
                    | McpMethod::ResourcesList
                    | McpMethod::TemplatesList
                    | McpMethod::PromptsList => (Action::List, None),
                    McpMethod::Initialize
                    | McpMethod::Ping
                    | McpMethod::Discover
                    | McpMethod::SetLevel
                    | McpMethod::Listen => (Action::Session, None),
                    // Server requests never travel to a server; `decode` refuses them from a client.
                    McpMethod::Sample => (Action::Sample, params),
                    McpMethod::Elicit => (Action::Elicit, params),
                    McpMethod::RootsList => (Action::Roots, params),
                }
            }
            Message::Notification(notification) => match notification.notice {
                Notice::Initialized => (Action::Session, None),
                Notice::Cancelled | Notice::Progress | Notice::RootsChanged | Notice::TaskStatus => {
                    (Action::Notify, notification.params())
                }
                // Notifications of servers; `decode` refuses them from a client.
                Notice::Message
                | Notice::ToolsChanged
                | Notice::PromptsChanged
                | Notice::ResourcesChanged
                | Notice::ResourceUpdated
                | Notice::Tasks
                | Notice::ElicitationComplete
                | Notice::Acknowledged => (Action::Notify, notification.params()),
            },
            Message::Response(response) => (Action::Answer, response.result().or_else(|| response.error())),
        };
        let given = match subject.message.inspect() {
            Message::Request(request) if request.method != McpMethod::TasksUpdate => {
                request.params().and_then(|params| params.get("inputResponses"))
            }
            _ => None,
        };
        let server = subject.server;
        let target = match subject.target {
            Target::Tool(definition) => Cow::Borrowed(&definition.target),
            Target::Prompt(name) => Cow::Owned(PolicyTarget::prompt(&server.party, name, DefinitionState::Approved)),
            Target::Resource(uri) => Cow::Owned(PolicyTarget::resource(&server.party, uri, DefinitionState::Approved)),
            Target::Server | Target::Unknown(_) => Cow::Borrowed(&server.whole),
        };
        let effects = match (action, subject.target) {
            (Action::Call, Target::Tool(definition)) => definition.effects,
            _ => Effects::just(doorward_vocab::Effect::Read),
        };
        // The task methods steer a call that was ruled as a sink or not when it began; cancelling one is no new effect.
        let sink = matches!(action, Action::Call) && effects.is_sink();
        Self { action, target, arguments, given, effects, sink }
    }

    /// What is asked of delegations.
    fn asked<'s>(&self, subject: &Subject<'s>, amount: i64) -> Asked<'s> {
        Asked { server: &subject.server.name, tool: subject.target.definition(), action: self.action, amount }
    }
}

/// Where policies find what a client says beside the arguments of a call. It has a place of its own, so that it cannot
/// pass for an argument.
const GIVEN: &str = "/inputResponses";

/// The facts of some values, each with the pointer to where policies find it.
fn argument_facts<'a>(said: impl Iterator<Item = (&'static str, Value<'a>)>) -> ArgumentFacts {
    ArgumentFacts::gather(|see| {
        for (place, value) in said {
            value.leaves(&mut |path, value| {
                let path = if place.is_empty() { Cow::Borrowed(path) } else { Cow::Owned([place, path].concat()) };
                let path = &*path;
                if let Some(text) = value.as_str() {
                    see(Leaf { path, value: LeafValue::Str(&text) });
                } else if let Some(b) = value.as_bool() {
                    see(Leaf { path, value: LeafValue::Bool(b) });
                } else if value.kind() == Kind::Number {
                    see(Leaf { path, value: LeafValue::Number(value.raw()) });
                }
            });
        }
    })
}

/// What detectors see in what goes to the server: secrets that leave, above all.
fn inspect(view: &Snapshot, arguments: Value<'_>, findings: &mut Vec<Finding>) {
    let texts: Vec<_> = arguments.texts().collect();
    look(view, Channel::Arguments, &texts, |_, _, finding| findings.push(finding));
    findings.extend(reflections(view, arguments, Channel::Arguments).filter_map(|(.., finding)| finding));
}

/// Runs the content detectors over texts of a message. `found` gets the index of the text, the place in it, and the
/// finding, its span moved to where the text stands in the message (exact where the text has no escapes, else within the
/// text).
pub(crate) fn look(
    view: &Snapshot,
    channel: Channel,
    texts: &[(Cow<'_, str>, Range<usize>)],
    mut found: impl FnMut(usize, Range<usize>, Finding),
) {
    let views: Vec<Text<'_>> = texts.iter().map(|(text, _)| Text { path: "", text, channel }).collect();
    for Located { text, mut finding } in view.scanner.scan(&views) {
        let Some((_, place)) = texts.get(text) else { continue };
        let within = finding.span;
        let start = (place.start + 1 + within.start).min(place.end);
        finding.span = start..(start + within.len()).min(place.end);
        found(text, within, finding);
    }
}

/// Every secret that the gateway handles and that stands in `value`, piece by piece: the place in the message, what is
/// put there, and for the first piece the finding.
pub(crate) fn reflections(
    view: &Snapshot,
    value: Value<'_>,
    channel: Channel,
) -> impl Iterator<Item = (Range<usize>, String, Option<Finding>)> + use<> {
    view.secrets.find_in(value).into_iter().map(move |held| {
        let instead = held.instead();
        let Reflection { name, form, span } = held.reflection;
        let finding = (!held.goes_on).then(|| Finding {
            detector: "known-secret".into(),
            kind: FindingKind::KnownSecret,
            severity: Severity::Critical,
            confidence: 1.0,
            channel,
            span: span.clone(),
            note: format!("the secret `{name}`, written as {form:?}").into(),
        });
        (span, instead, finding)
    })
}

/// The answer of the policies, or that a stronger identity is needed where they would let a call pass.
fn proven(subject: &Subject<'_>, matter: &Matter<'_>, answer: Answer) -> Answer {
    let low = too_low(subject, matter.action).map(|(_, low)| low);
    match (low, answer) {
        (None, answer) => answer,
        (Some(low), (Decision::Allow | Decision::Oblige, _, by)) => (Decision::Challenge, [low].into(), by),
        (Some(low), (decision, reasons, by)) => (decision, reasons.iter().cloned().chain([low]).collect(), by),
    }
}

/// The floor that a call is under, where it is.
fn too_low(subject: &Subject<'_>, action: Action) -> Option<(Assurance, Reason)> {
    let tool = subject.target.definition().filter(|_| action == Action::Call);
    tool.and_then(|tool| subject.server.floors.too_low(subject.actor.principal(), tool))
}

/// The answer, or that the arguments are not what the tool asks for, where they would reach it.
fn fitting(subject: &Subject<'_>, matter: &Matter<'_>, answer: Answer) -> Answer {
    let is_call = matches!(subject.message.inspect(), Message::Request(r) if r.method == McpMethod::ToolsCall);
    let checks = is_call && subject.server.checks_arguments && answer.0 != Decision::Deny;
    let Some(tool) = subject.target.definition().filter(|_| checks) else { return answer };
    let said = matter.arguments.filter(|said| said.kind() != Kind::Null);
    match tool.schema.wrong(said) {
        None => answer,
        Some(wrong) => (Decision::Deny, [Reason::new(ReasonCode::ArgumentsInvalid, wrong)].into(), answer.2),
    }
}

fn ask(
    view: &Snapshot,
    history: &History,
    subject: &Subject<'_>,
    matter: &Matter<'_>,
    (facts, traced): (&ArgumentFacts, Option<&Traced>),
    findings: &[Finding],
    now: Timestamp,
) -> Answer {
    let untrusted_recipient = history.injected
        && matter.sink
        && facts.emails().iter().chain(facts.hosts()).any(|e| history.heard.contains(e) && !history.said.contains(e));
    let mut kinds: Vec<FindingKind> = findings.iter().map(|f| f.kind).collect();
    kinds.sort_unstable_by_key(|k| k.as_str());
    kinds.dedup();
    let asked = traced.filter(|_| view.policies.asks_for_sources());
    let flow = asked.map(|traced| traced.facts(history.intent.as_deref(), subject));
    let context = context(view, history, subject, facts, untrusted_recipient, &kinds, now);
    let context = Context { flow: flow.as_ref().unwrap_or_else(|| FlowFacts::none()), ..context };
    let verdict = view.policies.decide(&question(subject.actor, matter.action, &matter.target, &context));
    let reasons = match verdict.would_be() {
        None => Arc::clone(verdict.reasons()),
        Some(would) => {
            let observed = would.reasons.iter().map(|r| Reason {
                code: ReasonCode::Observed,
                text: format!("would be {}: {}", would.decision.as_str(), r.text).into(),
                policy: r.policy.clone(),
            });
            verdict.reasons().iter().cloned().chain(observed).collect()
        }
    };
    // Whatever a policy calls its reason: that an approval is not enough is always said.
    let is_said = || reasons.iter().any(|reason| reason.code == ReasonCode::AssuranceTooLow);
    let reasons = if verdict.remedies().contains(&Remedy::StepUp) && !is_said() {
        let low = Reason::new(ReasonCode::AssuranceTooLow, "a policy asks for a stronger sign-in");
        reasons.iter().cloned().chain([low]).collect()
    } else {
        reasons
    };
    (verdict.decision, reasons, verdict.authorized_by())
}

pub(crate) fn context<'a>(
    view: &Snapshot,
    history: &History,
    subject: &Subject<'a>,
    arguments: &'a ArgumentFacts,
    untrusted_recipient: bool,
    findings: &'a [FindingKind],
    now: Timestamp,
) -> Context<'a> {
    Context {
        level: view.level,
        assurance: subject.actor.principal().assurance,
        attested: attested_ago(subject.actor.principal(), now),
        signed_in: signed_in_ago(subject.actor.principal(), now),
        loopback: subject.local,
        era: subject.revision.era(),
        now,
        conversation: Conversation {
            ambiguous: subject.correlation.conversation.ambiguous,
            attended: subject.correlation.attended(),
            turns: history.turns.into(),
            calls: history.calls.into(),
            sinks: history.sinks.into(),
            untrusted: history.untrusted(),
            injected: history.injected,
        },
        behaviour: Behaviour { pauses: history.paused.into() },
        arguments,
        untrusted_recipient,
        flow: FlowFacts::none(),
        credential: subject.credential,
        findings,
    }
}

/// How old the proof of the agent is. A process of this machine is proved anew with every request.
fn attested_ago(principal: &Principal, now: Timestamp) -> Option<Duration> {
    match principal.attestation.method {
        Method::Asserted => None,
        _ if principal.attestation.at == Timestamp::default() => Some(Duration::ZERO),
        _ => Some(now.since(principal.attestation.at)),
    }
}

fn signed_in_ago(principal: &Principal, now: Timestamp) -> Option<Duration> {
    Some(now.since(principal.human.as_ref()?.login.as_ref()?.at?))
}

pub(crate) fn question<'a>(
    actor: &'a Actor,
    action: Action,
    target: &'a PolicyTarget,
    context: &'a Context<'a>,
) -> Question<'a> {
    Question {
        agent: &actor.agent,
        human: actor.human.as_ref(),
        delegations: &actor.delegations,
        action,
        target,
        context,
    }
}
