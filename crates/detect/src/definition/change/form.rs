use super::{
    Meaning,
    hints::{annotations, card, icons, meta},
    look::{Look, below},
    names::{Role, role},
    parameter, prose, schema,
};
use crate::definition::{
    Annotations,
    classes::{self, DataClass},
    infer_effects,
};
use doorward_vocab::{Effects, Severity};
use serde_json::Value;
use std::collections::HashMap;

/// What a definition defines, as far as its members mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A tool.
    Tool,
    /// A prompt.
    Prompt,
    /// A resource, or a template of resources.
    Resource,
    /// How a server introduces itself: name, title, version, what it can do.
    Card,
    /// A text that agents read: `instructions`.
    Text,
    /// A page that hosts show to people (`ui://`, MCP Apps).
    App,
}

impl Form {
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::App)
    }

    pub(super) fn compare(self, look: &mut Look<'_>, old: &Value, new: &Value) {
        match (old, new) {
            (Value::String(old), Value::String(new)) if self == Self::Text => prose::compare(look, "", Some(old), new),
            (Value::Object(_), Value::Object(_)) if !self.is_text() => self.members(look, old, new),
            _ if self == Self::App => look.note(
                Meaning::App,
                Severity::Medium,
                "",
                (Some(old), Some(new)),
                "a page that people are shown is another one",
            ),
            (Value::String(old), Value::String(new)) => prose::compare(look, "", Some(old), new),
            _ => look.note(Meaning::Other, Severity::High, "", (Some(old), Some(new)), "it cannot be compared"),
        }
        if self == Self::Tool {
            effects_changed(look, old, new);
            classes_changed(look, old, new);
        }
    }

    fn members(self, look: &mut Look<'_>, old: &Value, new: &Value) {
        for key in keys(old, new) {
            let (was, is) = (old.get(&key), new.get(&key));
            if was != is {
                let (noted, place) = (look.changes.len(), below("", &key));
                self.member(look, &key, &place, was, is);
                look.unless_noted(noted, &place, (was, is));
            }
        }
    }

    fn member(self, look: &mut Look<'_>, key: &str, place: &str, was: Option<&Value>, is: Option<&Value>) {
        match (self, key) {
            (_, "title" | "description") => text(look, place, was, is),
            (Self::Tool, "inputSchema") => schema::compare(look, place, was, is, schema::Side::Input),
            (Self::Tool, "outputSchema") => schema::compare(look, place, was, is, schema::Side::Output),
            (Self::Tool, "annotations") => annotations(look, place, was, is),
            (_, "icons") => icons(look, place, was, is),
            (_, "_meta") => meta(look, place, was, is),
            (Self::Prompt, "arguments") => arguments(look, place, was, is),
            (Self::Tool, "name") => {
                look.note(Meaning::Other, Severity::Info, place, (was, is), "it has another name");
            }
            (Self::Card, "serverInfo") => {
                let none = Value::Null;
                let (was, is) = (was.unwrap_or(&none), is.unwrap_or(&none));
                for key in keys(was, is) {
                    let (was, is) = (was.get(&key), is.get(&key));
                    if was != is {
                        card(look, &key, &below(place, &key), was, is);
                    }
                }
            }
            (Self::Card, _) => card(look, key, place, was, is),
            (Self::Resource, "size" | "annotations") => {
                look.note(Meaning::Version, Severity::Info, place, (was, is), "what it is about, not what it is");
            }
            (Self::Resource, "mimeType") => {
                look.note(Meaning::Output, Severity::Low, place, (was, is), "it is of another type");
            }
            (Self::Tool, "execution") => {
                look.note(Meaning::Output, Severity::Info, place, (was, is), "how a call is waited for");
            }
            _ => unknown(look, place, was, is),
        }
    }
}

/// The effects of a tool as it declares itself.
pub(in crate::definition) fn effects(tool: &Value) -> Effects {
    let text = |key: &str| tool.get(key).and_then(Value::as_str).unwrap_or_default();
    let hint = |key: &str| tool.get("annotations").and_then(|a| a.get(key)).and_then(Value::as_bool);
    let annotations = Annotations {
        read_only: hint("readOnlyHint"),
        destructive: hint("destructiveHint"),
        idempotent: hint("idempotentHint"),
        open_world: hint("openWorldHint"),
    };
    let schema = tool.get("inputSchema").map_or_else(|| "{}".to_owned(), Value::to_string);
    infer_effects(text("name"), text("description"), annotations, &schema)
}

fn effects_changed(look: &mut Look<'_>, old: &Value, new: &Value) {
    // The name is judged where names are; here only what was said under it.
    let named = |tool: &Value| {
        let mut tool = tool.clone();
        if let Some(members) = tool.as_object_mut() {
            members.insert("name".into(), new.get("name").cloned().unwrap_or_default());
        }
        effects(&tool)
    };
    let (was, is) = (named(old), named(new));
    // What only new parameters betray is where they are: a call without them does what it did.
    let mut as_before = new.clone();
    if let Some(members) = as_before.as_object_mut() {
        members.insert("inputSchema".into(), old.get("inputSchema").cloned().unwrap_or_default());
    }
    let place = if named(&as_before) == was { "/inputSchema" } else { "" };
    let list = |effects: Effects| {
        let all: Vec<_> = effects.iter().map(doorward_vocab::Effect::as_str).collect();
        if all.is_empty() { "unknown".to_owned() } else { all.join(", ") }
    };
    let shown = (Value::from(list(was)), Value::from(list(is)));
    let shown = (Some(&shown.0), Some(&shown.1));
    if is.iter().any(|e| e.is_sink() && !was.contains(e)) && was != Effects::NONE {
        look.note(Meaning::Effect, Severity::High, place, shown, "it does more than what was approved");
    } else if was.is_sink() && !is.is_sink() {
        look.note(Meaning::Effect, Severity::Medium, place, shown, "it claims to do less than what was approved");
    }
}

/// A tool that begins to deal with secrets, money or health is held back; other data that it deals with is told.
fn classes_changed(look: &mut Look<'_>, old: &Value, new: &Value) {
    let (was, is) = (classes::of(old), classes::of(new));
    let fresh: Vec<DataClass> = is.difference(&was).copied().collect();
    let list =
        |all: &mut dyn Iterator<Item = &DataClass>| Value::from(all.map(|c| c.as_str()).collect::<Vec<_>>().join(", "));
    for (grave, severity) in [(true, Severity::Low), (false, Severity::Info)] {
        let told = list(&mut fresh.iter().filter(|class| class.is_grave() == grave));
        if told != "" {
            let why = "it deals with data that it did not deal with";
            look.note(Meaning::Data, severity, "", (Some(&list(&mut was.iter())), Some(&told)), why);
        }
    }
}

/// A text that may be there or not.
pub(super) fn text(look: &mut Look<'_>, place: &str, was: Option<&Value>, is: Option<&Value>) {
    match (was, is) {
        (None | Some(Value::String(_)), Some(Value::String(new))) => {
            let old = was.and_then(Value::as_str);
            let noted = look.changes.len();
            prose::compare(look, place, old, new);
            if look.changes.len() == noted {
                look.note(Meaning::Wording, Severity::Info, place, (was, is), "a text where none was");
            }
        }
        (Some(Value::String(_)), None) => {
            look.note(Meaning::Wording, Severity::Info, place, (was, is), "a text less");
        }
        _ => look.note(Meaning::Other, Severity::Medium, place, (was, is), "a text is no text"),
    }
}

/// The keys of both, in order.
pub(super) fn keys(old: &Value, new: &Value) -> Vec<String> {
    let of = |v: &Value| v.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let mut all = of(old);
    all.extend(of(new));
    all.sort();
    all.dedup();
    all
}

/// A place that no rule knows: harmless where it is gone, or a number; a text is read like any other.
pub(super) fn unknown(look: &mut Look<'_>, place: &str, was: Option<&Value>, is: Option<&Value>) {
    look.note(Meaning::Other, Severity::Low, place, (was, is), "nobody knows what this place means");
    if let Some(new) = is {
        new_texts(look, place, new);
    }
}

/// Reads every text of something new.
pub(super) fn new_texts(look: &mut Look<'_>, place: &str, new: &Value) {
    match new {
        Value::String(text) => prose::compare(look, place, None, text),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                new_texts(look, &below(place, &at.to_string()), item);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let place = below(place, key);
                prose::compare(look, &place, None, key);
                new_texts(look, &place, member);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The arguments of a prompt, each known by its name.
fn arguments(look: &mut Look<'_>, place: &str, was: Option<&Value>, is: Option<&Value>) {
    let of = |v: Option<&Value>| v.and_then(Value::as_array).cloned().unwrap_or_default();
    let (old, new) = (of(was), of(is));
    let name = |a: &Value| a.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let by_name =
        |list: &[Value]| -> HashMap<String, Value> { list.iter().rev().map(|a| (name(a), a.clone())).collect() };
    let (before, after) = (by_name(&old), by_name(&new));
    for argument in &old {
        if !after.contains_key(&name(argument)) {
            look.note(
                Meaning::RemovedParameter,
                Severity::Info,
                &below(place, &name(argument)),
                (Some(argument), None),
                "a parameter less",
            );
        }
    }
    for argument in &new {
        let named = name(argument);
        let place = below(place, &named);
        match before.get(&named) {
            Some(before) => {
                for key in keys(before, argument) {
                    let (was, is) = (before.get(&key), argument.get(&key));
                    match key.as_str() {
                        _ if was == is => {}
                        "description" | "title" => text(look, &below(&place, &key), was, is),
                        "required" => look.note(
                            Meaning::Tightened,
                            Severity::Info,
                            &below(&place, &key),
                            (was, is),
                            "whether it may be left out",
                        ),
                        _ => unknown(look, &below(&place, &key), was, is),
                    }
                }
            }
            None => {
                parameter::named(look, &place, &named, argument, !matches!(role(&named), Role::Selector | Role::Plain));
                new_texts(look, &place, argument);
            }
        }
    }
}
