//! Blocks of content, and what a client of an older revision can show of them.

use crate::{splice::object, tools};
use doorward_mcp::{
    Revision,
    json::{Edits, Kind, Value, quote},
};

/// Fits every block of `content` (`server/tools`, `CallToolResult`).
pub(crate) fn fit_all(edits: &mut Edits, content: Option<Value<'_>>, revision: Revision) {
    for block in content.into_iter().flat_map(Value::items) {
        fit(edits, Some(block), revision);
    }
}

/// Replaces a block whose kind came after `revision` by one that says the same there: sound (2025-03-26) by an embedded
/// resource, a link to a resource (2025-06-18) by a line of text.
pub(crate) fn fit(edits: &mut Edits, block: Option<Value<'_>>, revision: Revision) {
    let Some(block) = block else { return };
    let string = |key: &str| block.get(key).and_then(Value::as_str);
    match string("type").as_deref() {
        Some("audio") if revision < Revision::V2025_03_26 => {
            let (Some(data), Some(mime)) = (block.get("data"), block.get("mimeType")) else { return };
            let resource = [
                ("uri", quote("audio:embedded")),
                ("mimeType", mime.raw().to_owned()),
                ("blob", data.raw().to_owned()),
            ];
            edits.reshape(block, &[("type", quote("resource")), ("resource", object(&resource))], |key| {
                matches!(key, "data" | "mimeType")
            });
        }
        Some("resource_link") if revision < Revision::V2025_06_18 => {
            let (Some(name), Some(uri)) = (string("title").or_else(|| string("name")), string("uri")) else { return };
            edits.reshape(block, &[("type", quote("text")), ("text", quote(&format!("{name}: {uri}")))], |_| false);
        }
        _ => {}
    }
}

/// The `content` that carries a structured value which the client's revision cannot have, where the server gave no other
/// (`server/tools`: it should).
pub(crate) fn instead_of(value: Value<'_>, content: Option<Value<'_>>) -> Option<(&'static str, String)> {
    let empty = content.is_none_or(|c| c.items().next().is_none());
    empty.then(|| {
        let text = object(&[("type", quote("text")), ("text", quote(value.raw()))]);
        ("content", format!("[{text}]"))
    })
}

/// Whether the form of an elicitation can be shown by a client of `revision`: before 2025-11-25 every field holds one
/// value (`client/elicitation`, `PrimitiveSchemaDefinition`).
pub(crate) fn form_fits(params: Value<'_>, revision: Revision) -> bool {
    let fields = params.get("requestedSchema").and_then(|s| s.get("properties"));
    revision >= Revision::V2025_11_25
        || fields
            .into_iter()
            .flat_map(Value::members)
            .all(|(_, field)| field.get("type").and_then(Value::as_str).is_some_and(|t| t != "array"))
}

/// Fits a `sampling/createMessage` to a client of `revision` (`client/sampling`). Before 2025-11-25 a message holds one
/// block, and there are no tools; `None` where that is not enough.
pub(crate) fn fit_sampling(edits: &mut Edits, params: Value<'_>, revision: Revision) -> Option<()> {
    let early = revision < Revision::V2025_11_25;
    for message in params.get("messages").into_iter().flat_map(Value::items) {
        let content = message.get("content")?;
        if !early {
            blocks(content).for_each(|block| fit_tool_result(edits, block));
            continue;
        }
        let mut all = blocks(content);
        let (block, None) = (all.next()?, all.next()) else { return None };
        let kind = block.get("type").and_then(Value::as_str)?;
        match &*kind {
            "text" | "image" => {}
            "audio" if revision >= Revision::V2025_03_26 => {}
            _ => return None,
        }
        if content.kind() == Kind::Array {
            alone(edits, content, block);
        }
    }
    if early && params.get("tools").is_some_and(|t| t.items().next().is_some()) {
        return None;
    }
    tools::fit(edits, params.get("tools"));
    Some(())
}

/// The result of a tool inside a conversation: its structured value is an object up to 2025-11-25.
fn fit_tool_result(edits: &mut Edits, block: Value<'_>) {
    let Some(value) = block.get("structuredContent").filter(|v| !v.is_object()) else { return };
    let set: Vec<_> = instead_of(value, block.get("content")).into_iter().collect();
    edits.reshape(block, &set, |key| key == "structuredContent");
}

/// The text of a client's answer in the form that every revision with sessions has: of a model's message, a list of one
/// block is that block (`client/sampling`; lists came with 2025-11-25).
pub(crate) fn fit_answer(answer: Value<'_>) -> String {
    let mut edits = Edits::new();
    if let (Some(content), true) = (answer.get("content"), answer.get("model").is_some()) {
        blocks(content).for_each(|block| fit_tool_result(&mut edits, block));
        let mut all = content.items();
        if let (Some(block), None) = (all.next(), all.next())
            && block.is_object()
        {
            alone(&mut edits, content, block);
        }
    }
    edits.within(answer)
}

/// Leaves of a list its one block.
fn alone(edits: &mut Edits, content: Value<'_>, block: Value<'_>) {
    let (list, one) = (content.span(), block.span());
    edits.splice(list.start..one.start, "");
    edits.splice(one.end..list.end, "");
}

/// The blocks of a message: one, or a list of them.
fn blocks(content: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let one = (content.kind() != Kind::Array).then_some(content);
    one.into_iter().chain(content.items())
}
