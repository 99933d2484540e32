//! What a change of a JSON Schema (draft 2020-12) means: whether a call can say more than before, or elsewhere.

use super::{
    Meaning,
    form::{keys, new_texts, text},
    look::{Look, below},
    names::{Role, role},
    parameter::{kinds, listed, parameter, required},
    prose,
    resolve::resolved,
};
use crate::text::spend;
use doorward_vocab::Severity;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// What a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// What the agent gives.
    Input,
    /// What it gets. Its shape harms nobody; its texts are read.
    Output,
}

/// Compares two schemas at `place`.
pub(super) fn compare(look: &mut Look<'_>, place: &str, was: Option<&Value>, is: Option<&Value>, side: Side) {
    let none = Value::Object(Map::new());
    let (old, new) = (resolved(was.unwrap_or(&none)), resolved(is.unwrap_or(&none)));
    if old == new {
        return look.note(Meaning::Layout, Severity::Info, place, (None, None), "the same, written in another way");
    }
    match side {
        Side::Input => nested(look, place, "", &old, &new),
        Side::Output => {
            new_texts_beside(look, place, &old, &new);
            look.note(Meaning::Output, Severity::Info, place, (was, is), "what it returns is described in another way");
        }
    }
}

/// Texts of the new tree, each beside the text at the same place of the old one.
fn new_texts_beside(look: &mut Look<'_>, place: &str, old: &Value, new: &Value) {
    match (old, new) {
        (Value::String(old), Value::String(new)) => prose::compare(look, place, Some(old), new),
        (Value::Object(_), Value::Object(_)) => {
            for key in keys(old, new) {
                let place = below(place, &key);
                match (old.get(&key), new.get(&key)) {
                    (Some(old), Some(new)) => new_texts_beside(look, &place, old, new),
                    (None, Some(new)) => {
                        prose::compare(look, &place, None, &key);
                        new_texts(look, &place, new);
                    }
                    _ => {}
                }
            }
        }
        _ if old == new => {}
        _ => new_texts(look, place, new),
    }
}

/// Compares two schemas of the parameter `name`.
fn nested(look: &mut Look<'_>, place: &str, name: &str, old: &Value, new: &Value) {
    if old == new {
        return;
    }
    let (Value::Object(_), Value::Object(_)) = (old, new) else {
        let closed = *new == Value::Bool(false) || *old == Value::Bool(true);
        let (meaning, severity) =
            if closed { (Meaning::Tightened, Severity::Info) } else { (Meaning::Widened, Severity::Medium) };
        return look.note(meaning, severity, place, (Some(old), Some(new)), "anything goes, or nothing");
    };
    for key in keys(old, new) {
        let (was, is) = (old.get(&key), new.get(&key));
        if was != is {
            let place = below(place, &key);
            let noted = look.changes.len();
            keyword(look, (&key, &place), name, new, (was, is));
            look.unless_noted(noted, &place, (was, is));
        }
    }
}

type Pair<'v> = (Option<&'v Value>, Option<&'v Value>);

fn keyword(look: &mut Look<'_>, (key, place): (&str, &str), name: &str, new: &Value, (was, is): Pair<'_>) {
    let tightened = |look: &mut Look<'_>| {
        look.note(Meaning::Tightened, Severity::Info, place, (was, is), "it takes less than before");
    };
    let widened = |look: &mut Look<'_>, severity| {
        look.note(Meaning::Widened, severity, place, (was, is), "it takes more than before");
    };
    match key {
        "description" | "title" | "$comment" => text(look, place, was, is),
        "properties" => properties(look, place, new, (was, is)),
        "required" => required(look, place, new, (was, is)),
        "type" => types(look, place, (was, is)),
        "enum" => values(look, place, (was, is)),
        "const" if was.is_none() => tightened(look),
        "examples" => {
            let before: HashSet<String> = was.map(texts_of).unwrap_or_default().into_iter().collect();
            let fresh: Vec<String> =
                is.map(texts_of).unwrap_or_default().into_iter().filter(|t| !before.contains(t)).collect();
            let noted = look.changes.len();
            fresh.iter().for_each(|text| prose::compare(look, place, None, text));
            if look.changes.len() == noted {
                look.note(Meaning::Wording, Severity::Info, place, (was, is), "other examples");
            }
        }
        "default" => default(look, place, name, new, (was, is)),
        "pattern" if was.is_none() => tightened(look),
        "pattern" => widened(look, Severity::Medium),
        "format" => match is.and_then(Value::as_str) {
            Some(
                "uri" | "uri-reference" | "iri" | "email" | "idn-email" | "hostname" | "idn-hostname" | "ipv4" | "ipv6",
            ) => {
                look.note(Meaning::SinkParameter, Severity::Medium, place, (was, is), "it takes an address now");
            }
            Some(_) if was.is_none() => tightened(look),
            _ => widened(look, Severity::Low),
        },
        "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" | "maxContains" => {
            bound(look, place, (was, is), |a, b| b <= a);
        }
        "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" | "minContains" => {
            bound(look, place, (was, is), |a, b| b >= a);
        }
        "uniqueItems" if is == Some(&Value::Bool(true)) => tightened(look),
        "multipleOf" if was.is_none() => tightened(look),
        "additionalProperties" | "unevaluatedProperties" | "additionalItems" | "unevaluatedItems" => {
            let yes = Value::Bool(true);
            let (old, new) = (was.unwrap_or(&yes), is.unwrap_or(&yes));
            let said = |v: &Value| matches!(v, Value::Object(o) if o.is_empty()) || *v == yes;
            match (said(old), said(new)) {
                (true, true) => {
                    look.note(Meaning::Layout, Severity::Info, place, (was, is), "it says what holds anyway")
                }
                (true, false) => {
                    look.note(Meaning::Tightened, Severity::Info, place, (was, is), "it takes less than before");
                    new_texts(look, place, new);
                }
                _ => widened(look, Severity::Medium),
            }
        }
        "items" | "contains" | "propertyNames" | "additional" => {
            let any = Value::Object(Map::new());
            nested(look, place, name, was.unwrap_or(&any), is.unwrap_or(&any));
        }
        "anyOf" | "oneOf" => branches(look, place, name, (was, is)),
        "allOf" | "not" | "if" | "then" | "else" | "dependentRequired" | "dependentSchemas" | "prefixItems"
            if was.is_none() =>
        {
            tightened(look);
            if let Some(new) = is {
                new_texts(look, place, new);
            }
        }
        "$defs" | "definitions" | "patternProperties" => {
            let none = Value::Object(Map::new());
            let (old, new) = (was.unwrap_or(&none), is.unwrap_or(&none));
            for key in keys(old, new) {
                let place = below(place, &key);
                match (old.get(&key), new.get(&key)) {
                    (Some(a), Some(b)) => nested(look, &place, &key, a, b),
                    (None, Some(b)) if key.starts_with("patternProperties") => parameter(look, &place, &key, b, false),
                    (None, Some(b)) => new_texts(look, &place, b),
                    _ => {}
                }
            }
            if key == "patternProperties" && was.is_none() {
                widened(look, Severity::Medium);
            }
        }
        "$schema" | "$id" if is.and_then(Value::as_str).is_none_or(|s| s.contains("://json-schema.org/")) => {
            look.note(Meaning::Layout, Severity::Info, place, (was, is), "which draft it is written in");
        }
        "deprecated" | "readOnly" | "writeOnly" => {
            look.note(Meaning::Wording, Severity::Info, place, (was, is), "what it says about its use");
        }
        "x-mcp-header" => look.note(Meaning::SinkParameter, Severity::Medium, place, (was, is), "a header carries it"),
        _ => {
            widened(look, Severity::Low);
            if let Some(new) = is {
                new_texts(look, place, new);
            }
        }
    }
}

fn properties(look: &mut Look<'_>, place: &str, new: &Value, (was, is): Pair<'_>) {
    let none = Value::Object(Map::new());
    let (before, after) = (was.unwrap_or(&none), is.unwrap_or(&none));
    let must = listed(new.get("required"));
    for name in keys(before, after) {
        let place = below(place, &name);
        match (before.get(&name), after.get(&name)) {
            (Some(old), Some(new)) => nested(look, &place, &name, old, new),
            (None, Some(new)) => parameter(look, &place, &name, new, must.contains(name.as_str())),
            (gone, _) => match role(&name) {
                Role::Switch => {
                    look.note(
                        Meaning::RemovedParameter,
                        Severity::Low,
                        &place,
                        (gone, None),
                        "a safeguard may be gone",
                    );
                }
                _ => look.note(Meaning::RemovedParameter, Severity::Info, &place, (gone, None), "a parameter less"),
            },
        }
    }
}

fn types(look: &mut Look<'_>, place: &str, (was, is): Pair<'_>) {
    let (before, after) = (kinds(was), kinds(is));
    let fresh: Vec<&str> = after
        .iter()
        .copied()
        .filter(|kind| {
            let held = before.contains(kind) || (*kind == "integer" && before.contains("number"));
            !held && *kind != "null" && !(*kind == "number" && before.contains("integer"))
        })
        .collect();
    let shown = (was, is);
    if before.is_empty() && !after.is_empty() {
        look.note(Meaning::Tightened, Severity::Info, place, shown, "it takes less than before");
    } else if after.is_empty() || !fresh.is_empty() {
        look.note(Meaning::Widened, Severity::Medium, place, shown, "it takes another type");
    } else {
        look.note(Meaning::Tightened, Severity::Info, place, shown, "of the same type");
    }
}

fn values(look: &mut Look<'_>, place: &str, (was, is): Pair<'_>) {
    let none = Vec::new();
    let list = |v: Option<&Value>| v.and_then(Value::as_array).unwrap_or(&none).clone();
    let (before, after) = (list(was), list(is));
    if is.is_none() || !is.is_some_and(Value::is_array) {
        return look.note(Meaning::Widened, Severity::Medium, place, (was, is), "it takes any value");
    }
    if was.is_none() {
        return look.note(Meaning::Tightened, Severity::Info, place, (was, is), "it takes some values only");
    }
    let known = written(&before);
    let mut fresh = 0;
    for value in after.iter().filter(|v| !known.contains(&v.to_string())) {
        fresh += 1;
        let noted = look.changes.len();
        let long = value.as_str().is_none_or(|s| s.chars().count() > 48) && !value.is_number() && !value.is_boolean();
        if let Value::String(text) = value {
            prose::compare(look, place, None, text);
            let effects = crate::definition::effects::of_value(text);
            if effects.iter().any(|e| e.is_sink() && !look.effects.contains(e)) && look.effects.iter().next().is_some()
            {
                look.note(
                    Meaning::Effect,
                    Severity::Medium,
                    place,
                    (None, Some(value)),
                    "a value that does more than the tool did",
                );
            }
        }
        if long {
            look.note(Meaning::Widened, Severity::Low, place, (None, Some(value)), "a value that is more than a word");
        } else if look.changes.len() == noted {
            look.note(Meaning::AddedValue, Severity::Info, place, (None, Some(value)), "a value more");
        }
    }
    if fresh == 0 {
        look.note(Meaning::Tightened, Severity::Info, place, (was, is), "in another order, or fewer values");
    }
}

fn default(look: &mut Look<'_>, place: &str, name: &str, new: &Value, (was, is): Pair<'_>) {
    let choice = new.get("enum").is_some();
    let noted = look.changes.len();
    if let Some(value) = is {
        new_texts(look, place, value);
    }
    let risky = match is {
        None | Some(Value::Null) => was.is_some_and(Value::is_boolean),
        Some(Value::Bool(_)) => {
            was.is_some_and(|w| !w.is_null()) && (role(name) == Role::Switch || look.effects.is_sink())
        }
        Some(Value::Number(_)) => {
            was.is_some_and(Value::is_number) && look.effects.contains(doorward_vocab::Effect::Pay)
        }
        Some(Value::String(text)) if !choice => {
            !text.is_empty() && (!matches!(role(name), Role::Selector | Role::Plain) || text.chars().count() > 48)
        }
        Some(Value::String(_)) => false,
        Some(Value::Array(items)) => !items.is_empty() && !matches!(role(name), Role::Selector | Role::Plain),
        Some(Value::Object(members)) => !members.is_empty(),
    };
    if risky {
        look.note(Meaning::Default, Severity::Low, place, (was, is), "where nothing is said, something else is done");
    } else if look.changes.len() == noted {
        look.note(
            Meaning::Default,
            Severity::Info,
            place,
            (was, is),
            "where nothing is said, another harmless value holds",
        );
    }
}

fn bound(look: &mut Look<'_>, place: &str, (was, is): Pair<'_>, narrower: impl Fn(f64, f64) -> bool) {
    let number = |v: Option<&Value>| v.and_then(Value::as_f64);
    let tight = match (number(was), number(is)) {
        (Some(a), Some(b)) => narrower(a, b),
        (None, Some(_)) => was.is_none(),
        _ => false,
    };
    let (meaning, severity, why) = match tight {
        true => (Meaning::Tightened, Severity::Info, "it takes less than before"),
        false => (Meaning::Widened, Severity::Low, "it takes more than before"),
    };
    look.note(meaning, severity, place, (was, is), why);
}

/// Alternatives: what is the same on both sides stays, the rest is compared in order.
fn branches(look: &mut Look<'_>, place: &str, name: &str, (was, is): Pair<'_>) {
    let list = |v: Option<&Value>| v.and_then(Value::as_array).cloned().unwrap_or_default();
    let (before, after) = (list(was), list(is));
    if was.is_none() {
        look.note(Meaning::Tightened, Severity::Info, place, (was, is), "it takes some forms only");
        return after.iter().for_each(|b| new_texts(look, place, b));
    }
    if is.is_none() {
        return look.note(Meaning::Widened, Severity::Medium, place, (was, is), "it takes any form");
    }
    let (old, new) = (written(&before), written(&after));
    let gone: Vec<&Value> = before.iter().filter(|b| !new.contains(&b.to_string())).collect();
    let fresh: Vec<&Value> = after.iter().filter(|b| !old.contains(&b.to_string())).collect();
    for (at, branch) in fresh.iter().enumerate() {
        let place = below(place, &at.to_string());
        match gone.get(at) {
            Some(old) => nested(look, &place, name, old, branch),
            None if branch.get("type").and_then(Value::as_str) == Some("null") => {
                look.note(Meaning::AddedValue, Severity::Info, &place, (None, Some(branch)), "it may be left out");
            }
            None => {
                look.note(Meaning::Widened, Severity::Medium, &place, (None, Some(branch)), "it takes another form");
                new_texts(look, &place, branch);
            }
        }
    }
    if fresh.len() < gone.len() {
        look.note(Meaning::Tightened, Severity::Info, place, (was, is), "it takes fewer forms");
    } else if fresh.is_empty() {
        look.note(Meaning::Layout, Severity::Info, place, (was, is), "in another order");
    }
}

fn texts_of(value: &Value) -> Vec<String> {
    let mut all = Vec::new();
    super::look::texts(value, &mut |text| all.push(text.to_owned()));
    all
}

/// Values as they are written, so that many can be looked up among many.
fn written(values: &[Value]) -> HashSet<String> {
    spend(values.len());
    values.iter().map(Value::to_string).collect()
}
