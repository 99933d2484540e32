//! Definitions that change: honest releases, and rugs that are pulled.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod harmless;
mod laws;
mod pulled;

use crate::{OTHERS, SCANNER};
use doorward_detect::{
    DefinitionContext,
    definition::change::{Form, Verdict, compare},
};
use serde_json::Value;
use std::sync::LazyLock;

/// Definitions in our own words: each with other words of the same meaning, and an example that may be added.
static DEFINITIONS: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    let all: Vec<Value> = serde_json::from_str(include_str!("../../data/definitions.json")).unwrap();
    let text = |v: &Value, key: &str| v[key].as_str().unwrap().to_owned();
    all.iter()
        .map(|v| Sample {
            definition: v["definition"].clone(),
            reworded: text(v, "reworded"),
            example: text(v, "example"),
        })
        .collect()
});

struct Sample {
    definition: Value,
    reworded: String,
    example: String,
}

impl Sample {
    fn name(&self) -> &str {
        self.definition["name"].as_str().unwrap()
    }
    fn description(&self) -> &str {
        self.definition["description"].as_str().unwrap()
    }
    /// The names of its parameters.
    fn parameters(&self) -> Vec<&String> {
        self.definition["inputSchema"]["properties"].as_object().unwrap().keys().collect()
    }
    /// The definition after `edit`.
    fn after(&self, edit: impl FnOnce(&mut Value)) -> Value {
        let mut definition = self.definition.clone();
        edit(&mut definition);
        definition
    }
}

fn verdict(form: Form, before: &Value, after: &Value) -> Verdict {
    let name = after["name"].as_str().unwrap_or_default();
    let context = DefinitionContext { server: "works", name, others: OTHERS };
    compare(&SCANNER, form, before.to_string().as_bytes(), after.to_string().as_bytes(), &context)
}

fn tool(before: &Value, after: &Value) -> Verdict {
    verdict(Form::Tool, before, after)
}
