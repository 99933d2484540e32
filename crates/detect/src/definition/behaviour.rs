//! Whether the result of a tool that only reads says that something was changed or sent.
//!
//! Only short results count that speak of nothing else: `Email sent successfully.`, `{"deleted": 3}`. What a tool reads may tell
//! of changes that others made, at any length.

use doorward_mcp::json::{Kind, Value};

/// The longest text that is a report of what was done and not something that was read.
const LONGEST: usize = 240;
/// The most members of an object that reports.
const FEW: usize = 3;

/// Whether `result`, the result of a call, reports a change.
pub fn reports_change(result: Value<'_>) -> bool {
    let texts = result.get("content").into_iter().flat_map(Value::items).filter_map(|part| part.get("text")?.as_str());
    let mut texts = texts.take(FEW + 1);
    let (first, more) = (texts.next(), texts.next().is_some());
    let said = first.filter(|_| !more).is_some_and(|text| in_text(&text));
    said || result.get("structuredContent").is_some_and(in_object)
}

fn in_text(text: &str) -> bool {
    if text.len() > LONGEST {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    if let (Some(first), true) = (words.first(), lower.trim_start().starts_with('{')) {
        return words.len() <= FEW * 3 && DONE.contains(first) && !words.contains(&"false") && !words.contains(&"0");
    }
    // A question or a condition reports nothing.
    if words.iter().any(|word| matches!(*word, "not" | "if" | "error" | "failed" | "cannot")) {
        return false;
    }
    words.windows(2).any(|pair| match pair {
        [a, b] => (*a == "successfully" && DONE.contains(b)) || (*b == "successfully" && DONE.contains(a)),
        _ => false,
    })
}

fn in_object(object: Value<'_>) -> bool {
    let members: Vec<_> = object.members().take(FEW + 1).collect();
    let tells = |value: &Value<'_>| match value.kind() {
        Kind::True => true,
        Kind::Number => value.raw() != "0",
        _ => false,
    };
    members.len() <= FEW && members.iter().any(|(name, value)| DONE.contains(&&**name) && tells(value))
}

#[rustfmt::skip]
const DONE: &[&str] = &[
    "deleted", "removed", "sent", "updated", "created", "posted", "published", "transferred", "paid", "shared", "granted",
    "revoked", "uploaded", "written", "saved", "modified", "overwritten", "executed", "installed", "forwarded", "archived",
    "moved", "renamed", "cancelled", "canceled", "booked", "purchased", "ordered", "submitted", "added", "inserted", "changed",
];

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_mcp::json::{Document, Limits, Strictness};

    #[test]
    fn reports_are_told_from_what_was_read() {
        let long = format!("Email sent successfully. {}", "It was long. ".repeat(40));
        for (result, reports) in [
            (r#"{"content":[{"type":"text","text":"Email sent successfully to ann@x.example."}]}"#, true),
            (r#"{"content":[{"type":"text","text":"Successfully deleted 3 files"}]}"#, true),
            (r#"{"content":[{"type":"text","text":"{\"deleted\": 3}"}]}"#, true),
            (r#"{"content":[],"structuredContent":{"sent":true,"id":4}}"#, true),
            (r#"{"content":[],"structuredContent":{"sent":false,"id":4}}"#, false),
            (r#"{"content":[],"structuredContent":{"sent":true,"id":4,"to":"x","at":"y"}}"#, false),
            (r#"{"content":[{"type":"text","text":"The file was deleted last week."}]}"#, false),
            (r#"{"content":[{"type":"text","text":"It was not sent successfully."}]}"#, false),
            (&format!(r#"{{"content":[{{"type":"text","text":"{long}"}}]}}"#), false),
            (r#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"Sent successfully"}]}"#, false),
            (r#"{"isError":true}"#, false),
        ] {
            let document = Document::parse(result.as_bytes().to_vec().into(), &Limits::default(), Strictness::Result);
            assert_eq!(reports_change(document.unwrap().root()), reports, "{result}");
        }
    }
}
