//! What a new parameter can carry, and where it leads.

use super::{
    Meaning,
    form::new_texts,
    look::{Look, below},
    names::{Role, role},
    prose,
};
use doorward_vocab::Severity;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A parameter that was not there.
pub(super) fn parameter(look: &mut Look<'_>, place: &str, name: &str, new: &Value, must: bool) {
    let noted = look.changes.len();
    prose::compare(look, place, None, name);
    new_texts(look, place, new);
    let free = look.changes.len() > noted || carries_much(name, new, 0);
    named(look, place, name, new, free);
    let risk = look.changes.get_mut(noted..).and_then(<[_]>::last_mut).filter(|c| c.severity > Severity::Info);
    if let Some(risk) = risk.filter(|_| must) {
        risk.why.push_str(", and it must be given");
    }
}

/// Notes what a new parameter of this name is; `free` says that it can carry more than a choice.
pub(super) fn named(look: &mut Look<'_>, place: &str, name: &str, new: &Value, free: bool) {
    let shown = (None, Some(new));
    match role(name) {
        Role::Secret => look.note(Meaning::SecretParameter, Severity::High, place, shown, "it asks for a secret"),
        Role::Destination if free => {
            look.note(Meaning::SinkParameter, Severity::High, place, shown, "it says where data goes");
        }
        Role::Command if free => look.note(Meaning::SinkParameter, Severity::High, place, shown, "it says what is run"),
        Role::Collector if free => {
            look.note(Meaning::SinkParameter, Severity::High, place, shown, "it collects what only the agent knows");
        }
        Role::File if free => look.note(Meaning::SinkParameter, Severity::Medium, place, shown, "it says which file"),
        Role::Switch => look.note(Meaning::SinkParameter, Severity::Low, place, shown, "it may switch off a safeguard"),
        _ if free => {
            look.note(Meaning::FreeParameter, Severity::Medium, place, shown, "it takes any text, or anything")
        }
        _ => look.note(Meaning::AddedOption, Severity::Info, place, shown, "a parameter that can carry little"),
    }
}

/// The longest text that still is a choice and not a message.
const SHORT: u64 = 64;

/// Whether a parameter can carry a message: a text of any length that its name does not explain, or anything at all.
fn carries_much(name: &str, schema: &Value, depth: usize) -> bool {
    let Some(members) = schema.as_object().filter(|_| depth < 8) else { return *schema != Value::Bool(false) };
    if members.contains_key("const") || members.contains_key("enum") {
        return false;
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(branches) = members.get(key).and_then(Value::as_array) {
            return branches.iter().any(|b| carries_much(name, b, depth + 1));
        }
    }
    let kinds = kinds(members.get("type"));
    if kinds.is_empty() {
        return true;
    }
    kinds.iter().any(|kind| match *kind {
        "boolean" | "integer" | "number" | "null" => false,
        "string" => {
            let short = members.get("maxLength").and_then(Value::as_u64).is_some_and(|n| n <= SHORT);
            let dated = members
                .get("format")
                .and_then(Value::as_str)
                .is_some_and(|f| matches!(f, "date" | "date-time" | "time" | "duration" | "uuid"));
            !(short || dated || role(name) == Role::Selector)
        }
        "array" => members.get("items").is_none_or(|items| carries_much(name, items, depth + 1)),
        "object" => {
            let open = members.get("additionalProperties").is_some_and(|a| *a != Value::Bool(false));
            let inner = members.get("properties").and_then(Value::as_object).filter(|p| !p.is_empty());
            open || inner.is_none_or(|p| {
                p.iter().any(|(name, s)| {
                    carries_much(name, s, depth + 1) || !matches!(role(name), Role::Plain | Role::Selector)
                })
            })
        }
        _ => true,
    })
}

pub(super) fn required(look: &mut Look<'_>, place: &str, new: &Value, (was, is): (Option<&Value>, Option<&Value>)) {
    let (before, after) = (listed(was), listed(is));
    let none = Map::new();
    let properties = new.get("properties").and_then(Value::as_object).unwrap_or(&none);
    for gone in before.difference(&after) {
        // A delete of everything is a delete that nobody says of what.
        let (severity, why) = match look.effects.is_sink() && properties.contains_key(*gone) {
            true => (Severity::Low, "it may be left out now, and nobody knows what is done then"),
            false => (Severity::Info, "it may be left out now"),
        };
        let meaning = if severity == Severity::Info { Meaning::AddedOption } else { Meaning::Widened };
        look.note(meaning, severity, &below(place, gone), (was, is), why);
    }
    for fresh in after.difference(&before) {
        let known = properties.get(*fresh);
        let much = known.is_none_or(|s| carries_much(fresh, s, 0));
        let (meaning, severity, why) = match role(fresh) {
            Role::Plain | Role::Selector | Role::File if known.is_some() => {
                (Meaning::Tightened, Severity::Info, "it must be given now")
            }
            _ if !much => (Meaning::Tightened, Severity::Info, "it must be given now"),
            _ => (Meaning::SinkParameter, Severity::Medium, "what says where data goes must be given now"),
        };
        look.note(meaning, severity, &below(place, fresh), (was, is), why);
    }
    if before == after {
        look.note(Meaning::Layout, Severity::Info, place, (was, is), "in another order");
    }
}

pub(super) fn listed(list: Option<&Value>) -> BTreeSet<&str> {
    list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

/// The types that a schema allows; nothing where it does not say.
pub(super) fn kinds(kind: Option<&Value>) -> BTreeSet<&str> {
    match kind {
        Some(Value::String(one)) => [one.as_str()].into(),
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}
