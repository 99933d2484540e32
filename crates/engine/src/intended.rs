//! Whether a call serves what the human asked for, where a host reported what that is.

use crate::{History, Snapshot, Subject, Target, approval::Answer};
use doorward_intent::{Intent, Stance, Tool, Verdict};
use doorward_mcp::{
    Message, Method,
    json::{Kind, Value},
};
use doorward_vocab::{AuthorizedBy, Decision, Effects, Level, Reason, ReasonCode};
use std::{borrow::Cow, sync::Arc};

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
    if !intent.has_turns() {
        return answer;
    }
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
        (_, Some(clause)) => Some(format!("{} asked for it {}", clause.asker(), clause.place())),
        (_, None) => None,
    };
    let reason = why.map(|why| Reason::new(ReasonCode::Permitted, why));
    (decision, reasons.iter().cloned().chain(reason).collect(), by)
}

fn is_call(subject: &Subject<'_>) -> bool {
    matches!(subject.message.inspect(), Message::Request(r) if r.method == Method::ToolsCall)
}

/// The leaves of a value, each with its pointer (RFC 6901) and its text.
pub(crate) fn leaves(value: Option<Value<'_>>) -> Vec<(String, String)> {
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

pub(crate) fn pairs(leaves: &[(String, String)]) -> Vec<(&str, &str)> {
    leaves.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}

/// A memory as it begins, under a key that nobody knows.
pub(crate) fn begin(key: [u8; 16]) -> Arc<Intent> {
    Arc::new(Intent::new(doorward_flow::Settings::new(key)))
}
