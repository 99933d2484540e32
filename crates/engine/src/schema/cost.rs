//! What a schema can cost at most: how many times some part of it is applied to one place of a value, by how deep the
//! place is. A few lines that refer to each other twice can cost 2^depth, so it is computed, not hoped.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// Applications to all places of a value together.
const MOST: u64 = 1_000_000;
/// Steps to compute it.
const STEPS: usize = 200_000;
/// How deep a value may be.
const DEPTH: usize = 64;
/// Where items must differ, they are compared with each other: so many places at most.
const COMPARED: usize = 4_096;

/// Schemas that are applied to the same place as what holds them.
const HERE: [&str; 7] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];
/// Schemas for every member or item below.
const BELOW: [&str; 8] = [
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "items",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "prefixItems",
];
/// Schemas that are looked up while a value is judged, or by an address of their own.
const ELSEWHERE: [&str; 4] = ["$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor"];

/// The cost of a schema.
pub(super) struct Cost {
    /// For values that are so deep.
    by_depth: Vec<u64>,
    compares: bool,
}

/// How many places a value has, and how deep it is.
pub(super) fn shape(value: &Value) -> (usize, usize) {
    let inner = |all: &mut dyn Iterator<Item = &Value>| {
        all.map(shape).fold((1, 0), |(places, depth), (p, d)| (places + p, depth.max(d + 1)))
    };
    match value {
        Value::Array(items) => inner(&mut items.iter()),
        Value::Object(members) => inner(&mut members.values()),
        _ => (1, 0),
    }
}

impl Cost {
    /// That of `schema`; `None` where it refers to anything outside of itself, to itself without end, or cannot be told.
    pub(super) fn of(schema: &Value) -> Option<Self> {
        let mut count = Counts::default();
        count.walk(schema, true)?;
        let mut sum = Sum { root: schema, known: HashMap::new(), steps: STEPS };
        let mut by_depth = Vec::with_capacity(DEPTH + 1);
        for depth in 0..=DEPTH {
            let cost = sum.cost(schema, depth)?.saturating_mul(1 + count.unevaluated);
            by_depth.push(cost);
            if cost > MOST {
                break;
            }
        }
        Some(Self { by_depth, compares: count.unique })
    }

    /// Whether a value of this shape may be judged.
    pub(super) fn allows(&self, (places, depth): (usize, usize)) -> bool {
        let cost = self.by_depth.get(depth).copied().unwrap_or(u64::MAX);
        cost.saturating_mul(places as u64) <= MOST && !(self.compares && places > COMPARED)
    }
}

/// What is anywhere in a schema.
#[derive(Default)]
struct Counts {
    unevaluated: u64,
    unique: bool,
}

impl Counts {
    /// `None` where something is in it that is not followed.
    fn walk(&mut self, value: &Value, outermost: bool) -> Option<()> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.walk(item, false)),
            Value::Object(members) => {
                for (key, member) in members {
                    let addressed = !outermost && matches!(key.as_str(), "$id" | "id") && member.is_string();
                    if addressed || ELSEWHERE.contains(&key.as_str()) {
                        return None;
                    }
                    if key.starts_with("unevaluated") {
                        self.unevaluated = self.unevaluated.saturating_mul(2).max(1);
                    }
                    self.unique |= key == "uniqueItems";
                    self.walk(member, false)?;
                }
                Some(())
            }
            _ => Some(()),
        }
    }
}

struct Sum<'s> {
    root: &'s Value,
    /// By the schema, which stays where it is, and the depth below it.
    known: HashMap<(usize, usize), u64>,
    steps: usize,
}

impl<'s> Sum<'s> {
    /// What a value costs that is judged by `schema` and has `depth` levels below.
    fn cost(&mut self, schema: &'s Value, depth: usize) -> Option<u64> {
        let key = (std::ptr::from_ref(schema) as usize, depth);
        if let Some(known) = self.known.get(&key) {
            return Some(*known);
        }
        let mut here = Vec::new();
        self.gather(schema, &mut here, &mut Vec::new())?;
        let mut cost = here.len() as u64;
        if let Some(depth) = depth.checked_sub(1) {
            let (mut named, mut all): (HashMap<&str, u64>, u64) = (HashMap::new(), 0);
            for part in here.iter().filter_map(|part| part.as_object()) {
                for (name, schema) in members(part, "properties") {
                    let cost = self.cost(schema, depth)?;
                    let sum = named.entry(name).or_default();
                    *sum = sum.saturating_add(cost);
                }
                let patterns = members(part, "patternProperties").map(|(_, schema)| schema);
                let below: Vec<&Value> =
                    BELOW.iter().filter_map(|key| part.get(*key)).flat_map(each).chain(patterns).collect();
                for schema in below {
                    all = all.saturating_add(self.cost(schema, depth)?);
                }
            }
            cost = cost.saturating_add(all).saturating_add(named.into_values().max().unwrap_or(0));
        }
        self.known.insert(key, cost);
        Some(cost)
    }

    /// All that is applied to the same place as `schema`, as often as it is.
    fn gather(&mut self, schema: &'s Value, here: &mut Vec<&'s Value>, open: &mut Vec<usize>) -> Option<()> {
        self.steps = self.steps.checked_sub(1)?;
        let key = std::ptr::from_ref(schema) as usize;
        // What leads to itself without going deeper has no end.
        if open.contains(&key) || open.len() > 2 * DEPTH {
            return None;
        }
        here.push(schema);
        let Some(part) = schema.as_object() else { return Some(()) };
        open.push(key);
        let depending = ["dependentSchemas", "dependencies"].into_iter().flat_map(|key| members(part, key));
        let within = HERE.iter().filter_map(|key| part.get(*key)).flat_map(each).chain(depending.map(|(_, s)| s));
        for schema in within.collect::<Vec<_>>() {
            self.gather(schema, here, open)?;
        }
        if let Some(reference) = part.get("$ref").and_then(Value::as_str) {
            let target = target(self.root, reference)?;
            self.gather(target, here, open)?;
        }
        open.pop();
        Some(())
    }
}

/// A schema, or each of a list of schemas.
fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

fn members<'v>(part: &'v Map<String, Value>, key: &str) -> impl Iterator<Item = (&'v str, &'v Value)> {
    part.get(key).and_then(Value::as_object).into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
}

/// What a reference leads to, where that is within the schema.
fn target<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    let place = percent_encoding::percent_decode_str(reference.strip_prefix('#')?).decode_utf8().ok()?;
    if place.is_empty() || place.starts_with('/') { root.pointer(&place) } else { anchored(root, &place) }
}

fn anchored<'s>(value: &'s Value, name: &str) -> Option<&'s Value> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| anchored(item, name)),
        Value::Object(members) if members.get("$anchor").and_then(Value::as_str) == Some(name) => Some(value),
        Value::Object(members) => members.values().find_map(|member| anchored(member, name)),
        _ => None,
    }
}
