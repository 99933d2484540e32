use super::*;
use doorward_mcp::json::{Document, Limits, Strictness};
use serde_json::json;

fn document(value: &serde_json::Value) -> Document {
    Document::parse(value.to_string().into(), &Limits::default(), Strictness::Result).unwrap()
}

fn schema(input: &serde_json::Value) -> ArgumentSchema {
    ArgumentSchema::of(document(&json!({ "name": "x", "inputSchema": input })).root())
}

#[track_caller]
fn check(input: &serde_json::Value, arguments: &serde_json::Value, wrong: Option<&str>) {
    let arguments = document(arguments);
    assert_eq!(schema(input).wrong(Some(arguments.root())).as_deref(), wrong, "{arguments:?}");
}

#[test]
fn arguments_fit_or_it_is_said_why_not() {
    let input = json!({
        "type": "object",
        "properties": {
            "to": { "type": "string", "pattern": "^[a-z@.]+$" },
            "count": { "type": "integer", "maximum": 9 },
            "how": { "$ref": "#/$defs/how" },
        },
        "required": ["to"],
        "additionalProperties": false,
        "$defs": { "how": { "enum": ["fast", "slow"] } },
    });
    for (arguments, wrong) in [
        (json!({ "to": "a@b.c", "count": 3, "how": "fast" }), None),
        (json!({ "to": "a@b.c", "count": null, "how": null }), None),
        (json!({ "to": null }), Some("the arguments: \"to\" is a required property")),
        (
            json!({ "to": "a", "bcc": null }),
            Some("the arguments: Additional properties are not allowed ('bcc' was unexpected)"),
        ),
        (json!({ "to": 7 }), Some("`/to`: value is not of type \"string\"")),
        (json!({ "count": 3 }), Some("the arguments: \"to\" is a required property")),
        (json!({ "to": "a", "count": 3.5 }), Some("`/count`: value is not of type \"integer\"")),
        (json!({ "to": "a", "count": 10 }), Some("`/count`: value is greater than the maximum of 9")),
        (json!({ "to": "a", "how": "now" }), Some("`/how`: value is not one of \"fast\" or \"slow\"")),
        (
            json!({ "to": "a", "bcc": "x" }),
            Some("the arguments: Additional properties are not allowed ('bcc' was unexpected)"),
        ),
        (json!({ "to": "secret!" }), Some("`/to`: value does not match \"^[a-z@.]+$\"")),
        (json!([]), Some("the arguments: value is not of type \"object\"")),
    ] {
        check(&input, &arguments, wrong);
    }
    assert_eq!(schema(&input).wrong(None).as_deref(), Some("the arguments: \"to\" is a required property"));
    assert_eq!(ArgumentSchema::of(document(&json!({ "name": "x" })).root()).wrong(None), None);
}

#[test]
fn what_is_no_schema_or_beyond_the_bounds_checks_nothing() {
    for input in [
        json!({ "type": "nothing" }),
        json!({ "type": "object", "properties": { "a": { "$ref": "http://example.com/schema" } }, "required": ["b"] }),
        json!({ "type": "object", "properties": { "a": { "$ref": "other.json#/a" } }, "required": ["b"] }),
        json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/none" } }, "required": ["b"] }),
        json!({ "type": "object", "properties": { "a": { "pattern": "(?=a)b" } }, "required": ["b"] }),
        json!({ "type": "object", "properties": { "a": { "pattern": "((a{99}){99}){99}" } }, "required": ["b"] }),
        json!({ "$ref": "#", "required": ["b"] }),
        json!({ "allOf": [{ "$ref": "#/$defs/a" }], "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } }, "required": ["b"] }),
        json!({ "$dynamicRef": "#x", "required": ["b"] }),
        json!({ "required": ["b"], "description": "x".repeat(LENGTH) }),
    ] {
        let schema = schema(&input);
        assert_eq!(schema.wrong(Some(document(&json!({ "a": "x" })).root())), None, "{input}");
        assert_ne!(schema.is_usable(), Some(true), "{input}");
    }
}

#[test]
fn what_refers_to_itself_is_judged_as_deep_as_it_may_cost() {
    let deep = |levels: usize| (0..levels).fold(json!(true), |inner, _| json!({ "x": inner }));
    let once =
        json!({ "type": "object", "properties": { "x": { "anyOf": [{ "$ref": "#" }, { "type": "boolean" }] } } });
    check(&once, &deep(40), None);
    let wrong = (0..40).fold(json!(5), |inner, _| json!({ "x": inner }));
    assert!(schema(&once).wrong(Some(document(&wrong).root())).is_some());
    // Each level doubles what it costs.
    let half = json!({ "properties": { "x": { "$ref": "#" } } });
    let twice = json!({ "anyOf": [half, half], "not": { "const": 5 } });
    let begun = std::time::Instant::now();
    assert!(schema(&twice).wrong(Some(document(&json!({ "x": { "x": 5 } })).root())).is_some());
    check(&twice, &(0..60).fold(json!(5), |inner, _| json!({ "x": inner })), None);
    // So do definitions that name each other.
    let mut defs = serde_json::Map::new();
    for n in 0..40 {
        let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
        defs.insert(format!("d{n}"), json!({ "anyOf": [next, next] }));
    }
    defs.insert("d40".to_owned(), json!({ "type": "string" }));
    check(&json!({ "$ref": "#/$defs/d0", "$defs": defs }), &json!({}), None);
    assert!(begun.elapsed().as_secs() < 5);
}

#[test]
fn older_drafts_mean_what_they_meant() {
    let pair = json!({ "type": "array", "items": [{ "type": "string" }, { "type": "number" }] });
    let old =
        json!({ "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": { "a": pair } });
    check(&old, &json!({ "a": ["x", 1] }), None);
    assert!(schema(&old).wrong(Some(document(&json!({ "a": [1, "x"] })).root())).is_some());
}
