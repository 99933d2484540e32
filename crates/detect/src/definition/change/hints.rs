//! What stands beside names and texts: hints, pictures, what hosts read, how a server introduces itself.

use super::{
    Meaning,
    form::{keys, new_texts, text, unknown},
    look::{Look, below},
    words,
};
use doorward_vocab::Severity;
use serde_json::Value;
use std::collections::HashSet;

/// The hints of a tool (2025-11-25, schema, `ToolAnnotations`), with what holds where nothing is said.
const HINTS: [(&str, bool); 4] =
    [("readOnlyHint", false), ("destructiveHint", true), ("idempotentHint", false), ("openWorldHint", true)];

pub(super) fn annotations(look: &mut Look<'_>, place: &str, was: Option<&Value>, is: Option<&Value>) {
    let none = Value::Null;
    let (old, new) = (was.unwrap_or(&none), is.unwrap_or(&none));
    for key in keys(old, new) {
        let (was, is) = (old.get(&key), new.get(&key));
        if was == is {
            continue;
        }
        let place = below(place, &key);
        let Some((_, default)) = HINTS.iter().find(|(hint, _)| *hint == key) else {
            match key.as_str() {
                "title" => text(look, &place, was, is),
                _ => unknown(look, &place, was, is),
            }
            continue;
        };
        let told = |v: Option<&Value>| v.map_or(Some(*default), Value::as_bool);
        match (told(was), told(is)) {
            (Some(a), Some(b)) if a == b => {
                look.note(Meaning::Claim, Severity::Info, &place, (was, is), "it says what holds anyway");
            }
            // A claim that nobody made before, and that the name bears out: effects are compared besides.
            (Some(_), Some(_)) if was.is_none() && !look.effects.is_sink() => {
                look.note(Meaning::Claim, Severity::Info, &place, (was, is), "a claim that fits what it is called");
            }
            (Some(_), Some(_)) if was.is_none() && matches!(key.as_str(), "idempotentHint" | "openWorldHint") => {
                look.note(Meaning::Claim, Severity::Info, &place, (was, is), "a claim that changes no effect");
            }
            _ => {
                look.note(
                    Meaning::Annotation,
                    Severity::High,
                    &place,
                    (was, is),
                    "a hint says something else than what was approved",
                );
            }
        }
    }
}

pub(super) fn icons(look: &mut Look<'_>, place: &str, was: Option<&Value>, is: Option<&Value>) {
    let sources = |v: Option<&Value>| -> Vec<String> {
        let items = v.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|icon| icon.get("src")?.as_str().map(str::to_owned)).collect()
    };
    let old: HashSet<String> = sources(was).iter().flat_map(|s| words::references(s)).collect();
    for source in sources(is) {
        let picture = ["data:image/png", "data:image/jpeg", "data:image/webp", "data:image/gif"];
        let fine = picture.iter().any(|p| source.starts_with(p))
            || (source.starts_with("https://")
                && words::references(&source).iter().all(|host| old.contains(host) || look.known.contains(host)));
        if !fine {
            look.note(
                Meaning::Icon,
                Severity::Low,
                place,
                (was, is),
                "a picture from somewhere else, or one that can hold more than a picture",
            );
            return;
        }
    }
    look.note(Meaning::Icon, Severity::Info, place, (was, is), "another picture from where the first one was");
}

/// What stands beside the definition for hosts. What says when it was made is harmless.
pub(super) fn meta(look: &mut Look<'_>, place: &str, was: Option<&Value>, is: Option<&Value>) {
    const DATES: &[&str] = &[
        "version",
        "build",
        "revision",
        "commit",
        "updated",
        "updatedat",
        "generated",
        "hash",
        "etag",
        "checksum",
        "date",
        "timestamp",
    ];
    let none = Value::Null;
    let (old, new) = (was.unwrap_or(&none), is.unwrap_or(&none));
    if keys(old, new).is_empty() {
        return look.note(Meaning::Layout, Severity::Info, place, (was, is), "nothing stands there");
    }
    for key in keys(old, new) {
        let (was, is) = (old.get(&key), new.get(&key));
        if was == is {
            continue;
        }
        let place = below(place, &key);
        let last = key.rsplit(['/', '.', ':']).next().unwrap_or_default().to_lowercase().replace(['_', '-'], "");
        let short = is.is_none_or(|v| v.as_str().is_some_and(|s| s.len() <= 64) || v.is_number());
        if DATES.contains(&last.as_str()) && short {
            look.note(Meaning::Version, Severity::Info, &place, (was, is), "a version or a date");
            if let Some(new) = is {
                new_texts(look, &place, new);
            }
        } else if key.contains("ui") || key.to_lowercase().contains("template") || key.to_lowercase().contains("widget")
        {
            look.note(
                Meaning::App,
                Severity::Medium,
                &place,
                (was, is),
                "it is shown with another page, or may do more there",
            );
        } else {
            unknown(look, &place, was, is);
        }
    }
}

/// How a server introduces itself.
pub(super) fn card(look: &mut Look<'_>, key: &str, place: &str, was: Option<&Value>, is: Option<&Value>) {
    match key {
        "version" => {
            look.note(Meaning::Version, Severity::Info, place, (was, is), "a version");
            if let Some(new) = is {
                new_texts(look, place, new);
            }
        }
        "capabilities" | "supportedVersions" => {
            look.note(Meaning::Version, Severity::Info, place, (was, is), "what it can do; each use is ruled on");
        }
        "title" | "description" => text(look, place, was, is),
        "icons" => icons(look, place, was, is),
        "name" => look.note(Meaning::Other, Severity::Medium, place, (was, is), "it calls itself something else"),
        "websiteUrl" => match (was, is.and_then(Value::as_str)) {
            (Some(_), Some(url)) if words::references(url).iter().all(|host| look.known.contains(host)) => {
                look.note(Meaning::Wording, Severity::Info, place, (was, is), "another page of the same site");
            }
            (_, None) => look.note(Meaning::Wording, Severity::Info, place, (was, is), "an address less"),
            _ => look.note(Meaning::Reference, Severity::Low, place, (was, is), "its site is another one"),
        },
        _ => unknown(look, place, was, is),
    }
}
