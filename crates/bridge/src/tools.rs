//! Definitions of tools: what one era puts into them and the other does not take.

use doorward_mcp::json::{Edits, Kind, Value};

/// Takes the tools out of a list that can only be called as tasks of 2025-11-25, and `execution` off the others
/// (`basic/utilities/tasks`): a client of 2026-07-28 knows neither.
pub(crate) fn without_tasks(edits: &mut Edits, result: Value<'_>) {
    let Some(tools) = result.get("tools") else { return };
    let mut gone = Vec::new();
    for (i, tool) in tools.items().enumerate() {
        let execution = tool.get("execution");
        let support = execution.and_then(|e| e.get("taskSupport")).and_then(Value::as_str);
        if support.as_deref() == Some("required") {
            gone.push(i);
        } else if execution.is_some() {
            edits.reshape(tool, &[], |key| key == "execution");
        }
    }
    edits.remove_items(tools, &gone);
}

/// Gives tools the schemas that revisions with sessions take (`server/tools`). Up to 2025-11-25 the schema of an output describes an
/// object; where it does not, the tool goes without. The keywords `properties` and `required` have one form there.
pub(crate) fn fit(edits: &mut Edits, tools: Option<Value<'_>>) {
    for tool in tools.into_iter().flat_map(Value::items) {
        if let Some(schema) = tool.get("inputSchema") {
            object_schema(edits, schema);
        }
        let Some(schema) = tool.get("outputSchema") else { continue };
        if schema.get("type").and_then(Value::as_str).as_deref() == Some("object") {
            object_schema(edits, schema);
        } else {
            edits.reshape(tool, &[], |key| key == "outputSchema");
        }
    }
}

/// Properties are objects (`true` and `false` have each an object that says the same), and `required` is a list of
/// strings. A keyword that is not even JSON Schema goes.
fn object_schema(edits: &mut Edits, schema: Value<'_>) {
    let properties = schema.get("properties");
    for (_, property) in properties.into_iter().flat_map(Value::members) {
        match property.kind() {
            Kind::Object => {}
            Kind::False => edits.replace(property, r#"{"not":{}}"#),
            _ => edits.replace(property, "{}"),
        }
    }
    let broken = |key: &str, value: Value<'_>| match key {
        "properties" => !value.is_object(),
        "required" => value.kind() != Kind::Array || value.items().any(|i| i.kind() != Kind::String),
        _ => false,
    };
    let gone: Vec<_> = schema.members().filter(|(k, v)| broken(k, *v)).map(|(k, _)| k).collect();
    if !gone.is_empty() {
        edits.reshape(schema, &[], |key| gone.iter().any(|g| g == key));
    }
}
