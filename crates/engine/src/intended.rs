//! Whether a call serves what the human asked for, where a host reported what that is.

use crate::{Definition, History, Snapshot, Subject, Target, approval::Answer};
use doorward_intent::{Brought, Intent, Stance, Tool, Verdict};
use doorward_mcp::{
    Message, Method,
    json::{Kind, Value},
};
use doorward_vocab::{AuthorizedBy, Decision, Effect, Effects, Label, Level, Reason, ReasonCode, Standing};
use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

/// Of one answer, so much is remembered, in bytes.
const REMEMBERED: usize = 64 * 1024;

/// What a resource or prompt is read with, as mandates see it.
static READING: LazyLock<Arc<Tool>> =
    LazyLock::new(|| Arc::new(Tool::new("read resource", Effects::just(Effect::Read), "", std::iter::empty())));

/// The tool that a mandate is compared with.
pub(crate) fn tool_of(item: Value<'_>, name: &str, effects: Effects) -> Tool {
    let description = item.get("description").and_then(Value::as_str).unwrap_or_default();
    let properties = item.get("inputSchema").and_then(|s| s.get("properties"));
    let names: Vec<Cow<'_, str>> = properties.into_iter().flat_map(Value::members).map(|(name, _)| name).collect();
    Tool::new(name, effects, &description, names.iter().map(|n| &**n))
}

/// The answer of the policies, or what the mandate says where that is stricter, of a call that can change something. A
/// conversation of which nobody reported what the human said has no mandate: there the policies alone decide.
pub(crate) fn intended(
    view: &Snapshot,
    history: &History,
    subject: &Subject<'_>,
    arguments: Option<Value<'_>>,
    answer: Answer,
) -> Answer {
    let (Some(intent), Target::Tool(definition)) = (&history.intent, subject.target) else { return answer };
    let judged = definition.effects.is_sink() && subject.server.checks_mandate && is_call(subject);
    if !judged || answer.0 == Decision::Deny {
        return answer;
    }
    let asks = answer.0 == Decision::Challenge;
    let leaves = leaves(arguments);
    let verdict = intent.judge(&definition.tool, &pairs(&leaves));
    let code = match verdict.stance {
        Stance::Within | Stance::Delegated | Stance::Harmless if asks => return answer,
        Stance::Within | Stance::Delegated | Stance::Harmless => return permitted(answer, verdict),
        Stance::Ask if view.level == Level::Lockdown => ReasonCode::OutsideMandate,
        Stance::Ask => ReasonCode::ApprovalRequired,
        Stance::Outside => ReasonCode::OutsideMandate,
        Stance::Misled => ReasonCode::FlowRefused,
    };
    let decision = if code == ReasonCode::ApprovalRequired { Decision::Challenge } else { Decision::Deny };
    let why = verdict.why.into_iter().map(|why| Reason::new(code, why));
    let before = answer.1.iter().filter(|_| asks).cloned();
    (decision, why.chain(before).collect(), AuthorizedBy::Autonomous)
}

/// The policies' answer with who stands behind the call.
fn permitted((decision, reasons, _): Answer, verdict: Verdict) -> Answer {
    let Verdict { stance, by, why, clause } = verdict;
    let why = match (stance, clause) {
        (Stance::Harmless, _) => why.into_iter().next(),
        (_, Some(clause)) => Some(format!("the user asked for it {}", clause.place())),
        (_, None) => None,
    };
    let reason = why.map(|why| Reason::new(ReasonCode::Permitted, why));
    (decision, reasons.iter().cloned().chain(reason).collect(), by)
}

/// Takes in what a call brought, so that the values of the next ones are known.
pub(crate) fn brought(history: &mut History, subject: &Subject<'_>, message: &Message, label: Option<Label>) {
    let Some(intent) = &mut history.intent else { return };
    let Message::Response(response) = message else { return };
    let Some(result) = response.result() else { return };
    let Message::Request(request) = subject.message.inspect() else { return };
    let (tool, arguments) = match (subject.target, request.method) {
        (Target::Tool(Definition { tool, .. }), Method::ToolsCall) => {
            (tool, request.params().and_then(|p| p.get("arguments")))
        }
        (Target::Resource(_) | Target::Prompt(_), Method::ResourcesRead | Method::PromptsGet) => {
            (&*READING, request.params())
        }
        _ => return,
    };
    let texts = texts(result);
    if texts.is_empty() {
        return;
    }
    let intent = Arc::make_mut(intent);
    let leaves = leaves(arguments);
    let arguments = pairs(&leaves);
    let asked_for = tool.effects.is_sink() && intent.judge(tool, &arguments).stance <= Stance::Delegated;
    let standing = Standing::of(label.unwrap_or(Label::OUTSIDE));
    let server = &subject.server.name;
    let texts: Vec<(&str, &str)> = texts.iter().map(|text| ("", &**text)).collect();
    intent.heard(Brought { call: subject.call, server, tool, arguments: &arguments, standing, asked_for }, &texts);
}

fn is_call(subject: &Subject<'_>) -> bool {
    matches!(subject.message.inspect(), Message::Request(r) if r.method == Method::ToolsCall)
}

/// The leaves of a value, each with its pointer (RFC 6901) and its text.
fn leaves(value: Option<Value<'_>>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    if let Some(value) = value {
        value.leaves(&mut |path, value| {
            let text = match value.kind() {
                Kind::Null | Kind::Object | Kind::Array => return,
                _ => value.as_str().map_or_else(|| value.raw().to_owned(), Cow::into_owned),
            };
            all.push((path.to_owned(), text));
        });
    }
    all
}

fn pairs(leaves: &[(String, String)]) -> Vec<(&str, &str)> {
    leaves.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}

/// The texts of a result: those of its content, or what stands for them.
fn texts(result: Value<'_>) -> Vec<String> {
    let mut room = REMEMBERED;
    let mut take = |text: &str| {
        let head = text.get(..text.floor_char_boundary(room)).filter(|head| !head.is_empty())?;
        room -= head.len();
        Some(head.to_owned())
    };
    let text_of = |item: Value<'_>| {
        let nested = || item.get("resource").or_else(|| item.get("content"))?.get("text");
        take(&item.get("text").or_else(nested)?.as_str()?)
    };
    let lists = ["content", "contents", "messages"].into_iter().filter_map(|key| result.get(key));
    let mut all: Vec<String> = lists.flat_map(Value::items).filter_map(text_of).collect();
    if let Some(structured) = result.get("structuredContent").filter(|_| all.is_empty()) {
        all.extend(structured.raw().get(..structured.raw().floor_char_boundary(REMEMBERED)).map(str::to_owned));
    }
    all
}

/// A mandate as it begins, under a key that nobody knows.
pub(crate) fn begin(key: [u8; 16]) -> Arc<Intent> {
    Arc::new(Intent::new(doorward_flow::Settings::new(key)))
}
