//! Every shape that a definition of a schema can take, in as few values as hold them all.

use crate::schema::Schema;
use serde_json::{Map, Value, json};

/// A text for every string: nobody minds it.
const PLAIN: &str = "plain";
/// The same in base64.
const BYTES: &str = "cGxhaW4=";

/// Values of the definition `name`, all of them together with every member and every alternative.
pub(crate) fn instances(schema: &Schema, name: &str) -> Vec<Value> {
    let shape = schema.definition(name).unwrap_or_else(|| panic!("{} has no {name}", schema.revision));
    of(schema, shape, &mut vec![name.to_owned()])
}

/// Nothing where a shape would contain itself without end; whoever holds it goes on without.
fn of(schema: &Schema, shape: &Value, within: &mut Vec<String>) -> Vec<Value> {
    if let Some(reference) = shape.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap().to_owned();
        if within.contains(&name) {
            return Vec::new();
        }
        within.push(name);
        let made = of(schema, schema.resolve(reference), within);
        within.pop();
        return made;
    }
    if let Some(one) = shape.get("const") {
        return vec![one.clone()];
    }
    if let Some(all) = shape.get("enum").and_then(Value::as_array) {
        return all.iter().take(1).cloned().collect();
    }
    for union in ["anyOf", "oneOf"] {
        if let Some(all) = shape.get(union).and_then(Value::as_array) {
            return all.iter().flat_map(|one| of(schema, one, within)).collect();
        }
    }
    if let Some(parts) = shape.get("allOf").and_then(Value::as_array) {
        let mut whole = Map::new();
        for part in parts {
            let made = of(schema, part, within).into_iter().next();
            whole.extend(made.and_then(|v| v.as_object().cloned()).unwrap_or_default());
        }
        return vec![whole.into()];
    }
    match shape.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().flat_map(|kind| primitive(kind.as_str().unwrap())).collect(),
        Some(Value::String(kind)) => match kind.as_str() {
            "object" => objects(schema, shape, within),
            "array" => vec![shape.get("items").map(|items| of(schema, items, within)).unwrap_or_default().into()],
            "string" => vec![string(shape)],
            kind => primitive(kind),
        },
        // Anything goes.
        _ => vec![json!(PLAIN), json!({ "any": [PLAIN, { "deep": PLAIN }] })],
    }
}

fn primitive(kind: &str) -> Vec<Value> {
    match kind {
        "string" => vec![json!(PLAIN)],
        "number" | "integer" => vec![json!(1)],
        "boolean" => vec![json!(true)],
        "null" => vec![Value::Null],
        "object" => vec![json!({ "any": PLAIN })],
        "array" => vec![json!([PLAIN])],
        other => panic!("a schema of kind {other}"),
    }
}

fn string(shape: &Value) -> Value {
    match shape.get("format").and_then(Value::as_str) {
        Some("byte") => json!(BYTES),
        Some("uri" | "uri-template") => json!("https://example.org/plain"),
        Some("date-time") => json!("2026-07-28T00:00:00Z"),
        _ => json!(PLAIN),
    }
}

/// As many objects as the member with the most values has of them.
fn objects(schema: &Schema, shape: &Value, within: &mut Vec<String>) -> Vec<Value> {
    let required: Vec<&str> =
        shape.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut members: Vec<(&str, Vec<Value>)> = Vec::new();
    for (key, property) in shape.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let values = of(schema, property, within);
        match values.is_empty() {
            true if required.contains(&key.as_str()) => return Vec::new(),
            true => {}
            false => members.push((key, values)),
        }
    }
    let others = match shape.get("additionalProperties") {
        Some(Value::Bool(false)) => Vec::new(),
        Some(other @ Value::Object(_)) => of(schema, other, within),
        // What no revision knows passes too.
        _ => vec![json!(PLAIN)],
    };
    let most = members.iter().map(|(_, values)| values.len()).max().unwrap_or(1);
    let made = (0..most).map(|i| {
        let mut object: Map<String, Value> =
            members.iter().map(|(key, values)| ((*key).to_owned(), values[i.min(values.len() - 1)].clone())).collect();
        object.extend(others.iter().enumerate().map(|(n, value)| (format!("other{n}"), value.clone())));
        object.into()
    });
    made.collect()
}

/// The pointer of every string in `value`, and of every object.
pub(crate) fn places(value: &Value) -> (Vec<String>, Vec<String>) {
    fn go(value: &Value, at: &str, strings: &mut Vec<String>, objects: &mut Vec<String>) {
        match value {
            Value::String(_) => strings.push(at.to_owned()),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, item)| go(item, &format!("{at}/{i}"), strings, objects));
            }
            Value::Object(members) => {
                objects.push(at.to_owned());
                for (key, member) in members {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    go(member, &format!("{at}/{key}"), strings, objects);
                }
            }
            _ => {}
        }
    }
    let (mut strings, mut objects) = (Vec::new(), Vec::new());
    go(value, "", &mut strings, &mut objects);
    (strings, objects)
}
