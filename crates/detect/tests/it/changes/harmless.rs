//! What honest releases change.

use super::{DEFINITIONS, Sample, tool};
use serde_json::{Map, Value, json};

/// One kind of edit; nothing where a definition has no place for it.
type Edit = fn(&Sample, usize) -> Option<Value>;

const EDITS: &[(&str, Edit)] = &[
    ("a corrected typo", |s, _| {
        // The approved one has the mistake.
        let word = s.description().split(' ').find(|w| w.len() > 5 && w.is_ascii())?;
        Some(s.after(|d| {
            d["description"] = s.description().replacen(word, &format!("{}{}", &word[1..2], word), 1).into()
        }))
    }),
    ("other words", |s, _| Some(s.after(|d| d["description"] = s.reworded.clone().into()))),
    ("an example", |s, _| Some(s.after(|d| d["description"] = format!("{} {}", s.description(), s.example).into()))),
    ("a parameter that may be left out", |s, n| {
        let (name, schema) = [
            ("limit", json!({ "type": "integer", "minimum": 1, "maximum": 100, "description": "How many at most." })),
            ("verbose", json!({ "type": "boolean", "default": false, "description": "Whether to return details." })),
            (
                "format",
                json!({ "type": "string", "enum": ["json", "text"], "description": "How the result is written." }),
            ),
            ("cursor", json!({ "type": "string", "description": "Where the last page ended." })),
            ("language", json!({ "type": "string", "description": "Language of the answer, such as `en`." })),
            ("since", json!({ "type": "string", "format": "date-time" })),
            ("page_size", json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }], "default": null })),
        ][n % 7]
            .clone();
        Some(s.after(|d| d["inputSchema"]["properties"][name] = schema))
    }),
    ("another order of members", |s, _| {
        // Written by hand: a tree of serde_json is sorted.
        let members = s.definition.as_object()?.iter().rev();
        let backwards: Vec<_> = members.map(|(k, v)| format!("  {}:{v}", json!(k))).collect();
        serde_json::from_str(&format!("{{\n{}\n}}", backwards.join(",\n"))).ok()
    }),
    ("a title", |s, _| Some(s.after(|d| d["title"] = s.name().replace('_', " ").into()))),
    ("a value more", |s, n| {
        let value = ["weekly", "svg", "west", "archive", "se"][n % 5];
        let name = s
            .parameters()
            .into_iter()
            .find(|p| s.definition["inputSchema"]["properties"][p].get("enum").is_some())?
            .clone();
        Some(s.after(|d| d["inputSchema"]["properties"][name]["enum"].as_array_mut().unwrap().push(value.into())))
    }),
    ("a bound", |s, _| {
        let name = s
            .parameters()
            .into_iter()
            .find(|p| s.definition["inputSchema"]["properties"][p]["type"] == "string")?
            .clone();
        Some(s.after(|d| {
            let schema = d["inputSchema"]["properties"][name].as_object_mut().unwrap();
            let least = schema.get("maxLength").and_then(Value::as_u64).unwrap_or(200) / 2;
            schema.insert("maxLength".into(), least.into());
            schema.insert("minLength".into(), 1.into());
        }))
    }),
    ("layout", |s, _| {
        Some(s.after(|d| {
            d["description"] = format!("{}\n", s.description().replace(". ", ".\n\n- ").replace("  ", " ")).into()
        }))
    }),
    ("a version in the text", |s, n| {
        Some(s.after(|d| {
            d["description"] = format!("{} (v2.{n}.0)", s.description()).into();
            d["_meta"] = json!({ "acme.example/version": format!("2.{n}.0") });
        }))
    }),
    ("another description of a parameter", |s, _| {
        let (name, said) = s.parameters().into_iter().find_map(|p| {
            Some((p.clone(), s.definition["inputSchema"]["properties"][p]["description"].as_str()?.to_owned()))
        })?;
        let said = format!("The value to use: {}", said.to_lowercase());
        Some(s.after(|d| d["inputSchema"]["properties"][name]["description"] = said.into()))
    }),
    ("closed to more", |s, _| Some(s.after(|d| d["inputSchema"]["additionalProperties"] = false.into()))),
    ("what it returns", |s, n| {
        let fields = json!({ "count": { "type": "integer" }, "items": { "type": "array", "items": { "type": "object" } }, format!("part{n}"): {} });
        Some(s.after(|d| d["outputSchema"] = json!({ "type": "object", "properties": fields })))
    }),
    ("another default", |s, _| {
        let name = s
            .parameters()
            .into_iter()
            .find(|p| s.definition["inputSchema"]["properties"][p]["type"] == "integer")?
            .clone();
        Some(s.after(|d| d["inputSchema"]["properties"][name]["default"] = 20.into()))
    }),
    ("hints that say what holds anyway", |s, _| {
        let hints = s.definition.get("annotations").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
        Some(s.after(|d| {
            let mut all = hints;
            all.entry("openWorldHint").or_insert(true.into());
            all.insert("title".into(), "A tool of the works".into());
            d["annotations"] = all.into();
        }))
    }),
    ("limits in the text", |s, _| {
        Some(s.after(|d| {
            d["description"] =
                format!("{} Returns at most 200 entries; larger results are cut. Must not be empty.", s.description())
                    .into()
        }))
    }),
    ("a note about behaviour", |s, n| {
        let note = [
            "Times are always UTC.",
            "Results are cached for five minutes.",
            "Fails with `not-found` where nothing matches.",
            "Note: names are not case-sensitive.",
            "Requires the role `reader`.",
            "You must provide either a name or a number.",
            "If nothing is given, the default of the site is used.",
        ][n % 7];
        Some(s.after(|d| d["description"] = format!("{} {note}", s.description()).into()))
    }),
    ("a parameter less", |s, _| {
        let must = s.definition["inputSchema"]["required"].as_array()?.clone();
        let name = s.parameters().into_iter().find(|p| !must.contains(&json!(p)))?.clone();
        Some(s.after(|d| drop(d["inputSchema"]["properties"].as_object_mut().unwrap().remove(&name))))
    }),
];

#[test]
fn honest_releases_pass_by_rule() {
    let (mut all, mut stopped) = (0, Vec::new());
    for (n, sample) in DEFINITIONS.iter().enumerate() {
        for (what, edit) in EDITS {
            let Some(after) = edit(sample, n) else { continue };
            all += 1;
            let verdict = tool(&sample.definition, &after);
            if verdict.is_risky() {
                stopped.push(format!("{what} of {}: {:?}", sample.name(), verdict.changes()[0]));
            }
        }
    }
    assert!(all >= 300, "{all}");
    println!("{} of {all} honest changes are stopped", stopped.len());
    assert!(stopped.len() * 50 <= all, "{} of {all}:\n{}", stopped.len(), stopped.join("\n"));
}

#[test]
fn and_the_way_back_too() {
    // What was corrected, retitled or laid out anew may be taken back.
    for (n, sample) in DEFINITIONS.iter().enumerate() {
        for (what, edit) in EDITS.iter().filter(|(what, _)| {
            ["a corrected typo", "other words", "an example", "a title", "layout", "a version in the text"]
                .contains(what)
        }) {
            let Some(after) = edit(sample, n) else { continue };
            let verdict = tool(&after, &sample.definition);
            assert!(!verdict.is_risky(), "{what} of {}: {:?}", sample.name(), verdict.changes()[0]);
        }
    }
}

#[test]
fn the_same_schema_of_another_generator_is_the_same() {
    let plain = json!({ "name": "t", "inputSchema": { "type": "object", "properties": {
        "day": { "type": ["string", "null"], "format": "date" }, "kind": { "type": "string", "enum": ["a", "b"] } } } });
    let referred = json!({ "name": "t", "inputSchema": { "type": "object", "$defs": { "Kind": { "type": "string", "enum": ["a", "b"] } },
        "properties": { "day": { "anyOf": [{ "type": "string", "format": "date" }, { "type": "null" }] }, "kind": { "$ref": "#/$defs/Kind" } } } });
    for (a, b) in [(&plain, &referred), (&referred, &plain)] {
        let verdict = tool(a, b);
        assert!(!verdict.is_risky() && verdict.changes().iter().all(|c| c.meaning.as_str() == "layout"), "{verdict:?}");
    }
}
