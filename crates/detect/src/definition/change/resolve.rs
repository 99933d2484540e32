//! Schemas without the ways in which generators write the same thing.

use serde_json::{Map, Value};

/// The most values of a schema once its references are followed.
const MOST: usize = 20_000;

/// A schema with its own references (`#/$defs/…`) followed and simple alternatives written as types, so that the same
/// schema of another generator is the same. One that refers to itself, or grows too large, stays as it is.
pub(super) fn resolved(schema: &Value) -> Value {
    let mut left = MOST;
    let follow = inlined(schema, schema, 0, &mut left);
    let Some(mut whole) = follow else { return simple(schema.clone()) };
    if let Some(members) = whole.as_object_mut() {
        members.remove("$defs");
        members.remove("definitions");
    }
    simple(whole)
}

fn inlined(value: &Value, root: &Value, depth: usize, left: &mut usize) -> Option<Value> {
    *left = left.checked_sub(1)?;
    if depth > 64 {
        return None;
    }
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
            if let Some(path) = target {
                let Value::Object(mut base) = inlined(root.pointer(path)?, root, depth + 1, left)? else { return None };
                for (key, member) in members.iter().filter(|(key, _)| *key != "$ref") {
                    base.insert(key.clone(), inlined(member, root, depth + 1, left)?);
                }
                return Some(Value::Object(base));
            }
            let followed = members.iter().map(|(key, member)| {
                // Definitions are followed where they are used.
                let keep = depth == 0 && matches!(key.as_str(), "$defs" | "definitions");
                Some((key.clone(), if keep { Value::Null } else { inlined(member, root, depth + 1, left)? }))
            });
            followed.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        Value::Array(items) => {
            items.iter().map(|item| inlined(item, root, depth + 1, left)).collect::<Option<Vec<_>>>().map(Value::Array)
        }
        other => Some(other.clone()),
    }
}

/// `anyOf` of a schema and `null` as that schema with one type more, at every place.
fn simple(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(simple).collect()),
        Value::Object(members) => {
            let mut members: Map<String, Value> = members.into_iter().map(|(k, v)| (k, simple(v))).collect();
            for key in ["anyOf", "oneOf"] {
                let Some(branches) = members.get(key).and_then(Value::as_array) else { continue };
                let null =
                    |b: &&Value| b.as_object().is_some_and(|o| o.len() == 1) && b.get("type") == Some(&"null".into());
                let others: Vec<&Value> = branches.iter().filter(|b| !null(b)).collect();
                let [Value::Object(one)] = others.as_slice() else { continue };
                let typed = one.get("type").is_some_and(Value::is_string);
                if others.len() == branches.len() || !typed || one.keys().any(|k| members.contains_key(k)) {
                    continue;
                }
                let mut one = one.clone();
                let kind = one.remove("type").unwrap_or_default();
                members.remove(key);
                members.extend(one);
                members.insert("type".into(), Value::Array(vec![kind, "null".into()]));
            }
            if let Some(Value::Array(kinds)) = members.get_mut("type") {
                kinds.sort_by_key(Value::to_string);
            }
            Value::Object(members)
        }
        other => other,
    }
}
