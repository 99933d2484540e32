use super::{Change, Form, Meaning, form, words};
use crate::{DefinitionContext, Scanner};
use doorward_vocab::{Effects, Severity};
use serde_json::Value;
use std::collections::HashSet;

/// One comparison on its way.
pub(super) struct Look<'a> {
    form: Form,
    pub(super) scanner: &'a Scanner,
    pub(super) context: &'a DefinitionContext<'a>,
    /// What the approved definition does.
    pub(super) effects: Effects,
    /// The addresses and files that the approved definition names anywhere.
    pub(super) known: HashSet<String>,
    pub(super) changes: Vec<Change>,
}

/// The most changes of one definition that are told one by one.
const MOST: usize = 500;

impl<'a> Look<'a> {
    pub(super) fn new(scanner: &'a Scanner, context: &'a DefinitionContext<'a>, form: Form, old: &Value) -> Self {
        let mut known = HashSet::new();
        texts(old, &mut |text| known.extend(words::references(text)));
        let effects = if form == Form::Tool { form::effects(old) } else { Effects::NONE };
        Self { form, scanner, context, effects, known, changes: Vec::new() }
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
        let show = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let change = Change {
            meaning,
            severity,
            place: place.to_owned(),
            before: before.map(show),
            after: after.map(show),
            why: why.into(),
        };
        let full = self.changes.len() >= MOST;
        match self.changes.last_mut().filter(|_| full) {
            // What is beyond must not hide behind what is harmless.
            Some(_) if severity == Severity::Info => {}
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
