use super::{Change, Form, Meaning, form, words};
use crate::{DefinitionContext, Scanner};
use doorward_vocab::{Effects, Severity};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// One comparison on its way.
pub(super) struct Look<'a> {
    form: Form,
    pub(super) scanner: &'a Scanner,
    pub(super) context: &'a DefinitionContext<'a>,
    /// What the approved definition does.
    pub(super) effects: Effects,
    /// The addresses and files that the approved definition names anywhere.
    pub(super) known: HashSet<String>,
    /// Tools of other servers, each with its server, whose names are no words of plain language.
    pub(super) strangers: HashMap<&'a str, &'a str>,
    pub(super) changes: Vec<Change>,
}

/// The most changes of one definition that are told one by one.
const MOST: usize = 500;

impl<'a> Look<'a> {
    pub(super) fn new(scanner: &'a Scanner, context: &'a DefinitionContext<'a>, form: Form, old: &Value) -> Self {
        let mut known = HashSet::new();
        texts(old, &mut |text| known.extend(words::references(text)));
        let effects = if form == Form::Tool { form::effects(old) } else { Effects::NONE };
        Self { form, scanner, context, effects, known, strangers: strangers(context), changes: Vec::new() }
    }

    pub(super) const fn form(&self) -> Form {
        self.form
    }

    /// Notes a change.
    pub(super) fn note(
        &mut self,
        meaning: Meaning,
        severity: Severity,
        place: &str,
        (before, after): (Option<&Value>, Option<&Value>),
        why: impl Into<String>,
    ) {
        let full = self.changes.len() >= MOST;
        // What is beyond must not hide behind what is less bad.
        if full && self.changes.last().is_some_and(|last| severity <= last.severity) {
            return;
        }
        let show = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let change = Change {
            meaning,
            severity,
            place: place.to_owned(),
            before: before.map(show),
            after: after.map(show),
            why: why.into(),
        };
        match self.changes.last_mut().filter(|_| full) {
            Some(last) => *last = change,
            None => self.changes.push(change),
        }
    }
}

impl Look<'_> {
    /// Notes a place that differs and about which no rule said anything: it is not what it should be.
    pub(super) fn unless_noted(&mut self, noted: usize, place: &str, shown: (Option<&Value>, Option<&Value>)) {
        if self.changes.len() == noted {
            self.note(Meaning::Other, Severity::Low, place, shown, "nobody knows what this place means");
        }
    }
}

/// Tools of other servers that a text cannot name by accident. One that this server has too is its own.
fn strangers<'a>(context: &'a DefinitionContext<'a>) -> HashMap<&'a str, &'a str> {
    let mine: HashSet<&str> = context.others.iter().filter(|(s, _)| *s == context.server).map(|(_, t)| *t).collect();
    let distinctive = |tool: &str| {
        tool.len() >= 5 && (tool.contains(['_', '-', '.']) || tool.chars().skip(1).any(char::is_uppercase))
    };
    let others = context.others.iter().filter(|(server, tool)| {
        *server != context.server && *tool != context.name && !mine.contains(tool) && distinctive(tool)
    });
    others.map(|(server, tool)| (*tool, *server)).collect()
}

/// Every text of a tree, keys too.
pub(super) fn texts(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, visit)),
        Value::Object(members) => {
            for (key, member) in members {
                visit(key);
                texts(member, visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A place below `place` (RFC 6901).
pub(super) fn below(place: &str, key: &str) -> String {
    format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"))
}
