//! Random instances of a definition of a schema, with fields strewn in that no schema knows.

use crate::schema::Schema;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What random instances are made of: each choice takes a byte, and where none is left, the first alternative. So a
/// shorter list is a smaller instance, which is what shrinking looks for. Each instance begins at another place of the
/// list, and may use all of it.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    bytes: Vec<u8>,
    made: usize,
    used: usize,
}

/// Any choices.
pub(crate) fn choices() -> impl Strategy<Value = Choices> {
    prop::collection::vec(any::<u8>(), 0..400).prop_map(|bytes| Choices { bytes, made: 0, used: 0 })
}

const TEXTS: [&str; 8] = ["a", "", "two words", "\"quoted\\", "line\nbreak", "grün 漢 🙂", "</script>", "io.x/y"];
const KEYS: [&str; 5] = ["k", "vendor", "x-extra", "grün", "with \"quote\""];
/// No schema has these; `resulttype` and its like are refused before the bridge.
const UNKNOWN: [&str; 4] = ["dev.example/unknown", "x_unknown", "unbekannt ü", "x\"unknown"];

impl Choices {
    fn below(&mut self, n: usize) -> usize {
        let at = (self.made * 61 + self.used).checked_rem(self.bytes.len());
        let byte = at.filter(|_| self.used < self.bytes.len()).map_or(0, |at| self.bytes[at]);
        self.used += 1;
        usize::from(byte) % n.max(1)
    }
    fn coin(&mut self) -> bool {
        self.below(2) == 1
    }
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
    /// An instance of the definition `name`.
    pub(crate) fn instance(&mut self, schema: &Schema, name: &str) -> Value {
        let definition = schema.definition(name).unwrap_or_else(|| panic!("{} has no {name}", schema.revision));
        (self.made, self.used) = (self.made + 1, 0);
        let value = self.value(schema, definition, 6);
        let errors = schema.errors(name, &value);
        assert!(errors.is_empty(), "{} {name} made wrongly: {errors:?} in {value}", schema.revision);
        value
    }

    fn value(&mut self, schema: &Schema, shape: &Value, depth: usize) -> Value {
        if let Some(reference) = shape.get("$ref").and_then(Value::as_str) {
            return self.value(schema, schema.resolve(reference), depth);
        }
        if let Some(value) = shape.get("const") {
            return value.clone();
        }
        if let Some(values) = shape.get("enum").and_then(Value::as_array) {
            return values[self.below(values.len())].clone();
        }
        if let Some(all) = shape.get("allOf").and_then(Value::as_array) {
            let mut whole = Map::new();
            for part in all {
                let Value::Object(part) = self.value(schema, part, depth) else { panic!("{part} is no object") };
                whole.extend(part);
            }
            return Value::Object(whole);
        }
        if let Some(any) = shape.get("anyOf").and_then(Value::as_array) {
            // Where it is deep already, the first: the others may go deeper.
            let n = if depth == 0 { any.len() - 1 } else { self.below(any.len()) };
            return self.value(schema, &any[n], depth.saturating_sub(1));
        }
        match shape.get("type") {
            Some(Value::String(kind)) => self.of_kind(schema, shape, kind, depth),
            Some(Value::Array(kinds)) => {
                let kind = kinds[self.below(kinds.len())].clone();
                self.of_kind(schema, shape, kind.as_str().unwrap(), depth)
            }
            _ => self.anything(depth.min(3)),
        }
    }

    fn of_kind(&mut self, schema: &Schema, shape: &Value, kind: &str, depth: usize) -> Value {
        match kind {
            "object" => self.object(schema, shape, depth),
            "array" => {
                let n = if depth == 0 { 0 } else { self.below(3) };
                let items = shape.get("items").cloned().unwrap_or_default();
                (0..n).map(|_| self.value(schema, &items, depth - 1)).collect()
            }
            "string" => match shape.get("format").and_then(Value::as_str) {
                Some("uri") => self.one(&["test://a", "file:///tmp/x", "https://example.com/a?b=c#d"]).into(),
                Some("uri-template") => self.one(&["test://{id}", "file:///{+path}"]).into(),
                Some("byte") => self.one(&["", "aGk=", "AAECAw=="]).into(),
                _ => self.one(&TEXTS).into(),
            },
            "integer" => {
                let least = shape.get("minimum").and_then(Value::as_i64).unwrap_or(i64::MIN);
                self.one(&[0_i64, 1, -1, 7, 9_007_199_254_740_993]).max(least).into()
            }
            "number" if shape.get("maximum").is_some() => self.one(&[0.0, 0.25, 1.0]).into(),
            "number" => self.one(&[0.5, 1.0, -3.25, 1e21]).into(),
            "boolean" => self.coin().into(),
            "null" => Value::Null,
            other => panic!("a schema of kind {other}"),
        }
    }

    fn object(&mut self, schema: &Schema, shape: &Value, depth: usize) -> Value {
        let mut made = Map::new();
        let required: Vec<_> = shape.get("required").and_then(Value::as_array).into_iter().flatten().collect();
        for (key, property) in shape.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if required.iter().any(|r| *r == key) || depth > 0 && self.coin() {
                made.insert(key.clone(), self.value(schema, property, depth.saturating_sub(1)));
            }
        }
        if depth == 0 {
            return made.into();
        }
        if shape.pointer("/properties/$schema").is_some() && shape.pointer("/properties/properties").is_none() {
            self.keywords(&mut made);
        }
        match shape.get("additionalProperties") {
            Some(others) if others.as_object().is_some_and(|o| !o.is_empty()) => {
                for _ in 0..self.below(3) {
                    let key = self.one(&KEYS).to_owned();
                    let value = self.value(schema, others, depth - 1);
                    made.entry(key).or_insert(value);
                }
            }
            _ => {
                if self.below(3) == 2 {
                    made.insert(self.one(&UNKNOWN).to_owned(), self.anything(2));
                }
            }
        }
        made.into()
    }

    /// Keywords of JSON Schema, where any schema is allowed: some that earlier revisions do not take.
    fn keywords(&mut self, made: &mut Map<String, Value>) {
        let kinds = [json!("object"), json!("array"), json!(["object", "null"])];
        let properties = [json!(true), json!(false), json!({}), json!({"type": "string"}), json!({"$ref": "#/x"})];
        if self.coin() {
            let n = self.below(4);
            let of = (0..n).map(|_| (self.one(&KEYS).to_owned(), properties[self.below(5)].clone()));
            made.insert("properties".to_owned(), Value::Object(of.collect()));
        }
        if self.coin() {
            made.insert(
                "required".to_owned(),
                [json!(["k"]), json!([]), json!([1]), json!(true)][self.below(4)].clone(),
            );
        }
        if self.coin() {
            made.entry("type").or_insert_with(|| kinds[self.below(3)].clone());
        }
    }

    fn anything(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => self.one(&TEXTS).into(),
            1 => self.one(&[0_i64, -5, i64::MAX]).into(),
            2 => self.coin().into(),
            3 => Value::Null,
            4 => json!(1.5),
            5 => (0..self.below(3)).map(|_| self.anything(depth - 1)).collect(),
            _ => {
                let n = self.below(3);
                let members = (0..n).map(|_| (self.one(&KEYS).to_owned(), self.anything(depth - 1)));
                Value::Object(members.collect())
            }
        }
    }
}
