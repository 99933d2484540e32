//! What a person is shown. All of it is made here: what an agent or a server wrote stands between lines, each of its own
//! lines is marked, and what cannot be seen in it is made visible.

use crate::passage::Passage;
use doorward_engine::Judgement;
use doorward_mcp::{
    Message,
    json::{Kind, Value, quote},
};
use doorward_vocab::{Reason, ReasonCode};
use std::fmt::Write as _;

/// The most that is shown of arguments, in characters. Nobody reads more.
const MOST: usize = 6_000;
/// The most that is shown of one name or reason.
const LINE: usize = 400;

/// The question about the call of `passage`, which `judgement` stopped.
pub(crate) fn question(passage: &Passage, judgement: &Judgement) -> String {
    let subject = passage.subject();
    let agent = &subject.actor.principal().agent.name;
    let tool = subject.target.name().unwrap_or_default();
    let mut text = format!(
        "{} wants to call `{}` of the server `{}`. Do you approve just this call, once?\n",
        line(agent),
        line(tool),
        passage.server.profile.name
    );
    let params = match passage.message.inspect() {
        Message::Request(request) => request.params(),
        Message::Notification(_) | Message::Response(_) => None,
    };
    let part = |key: &str| params.and_then(|p| p.get(key));
    fenced("It was written by a program, not by you: its arguments", part("arguments"), &mut text);
    if let Some(given) = part("inputResponses") {
        fenced("What it answers to the server", Some(given), &mut text);
    }
    text.push_str("\nWhy you are asked:\n");
    for reason in judgement.reasons.iter().filter(|r| r.code != ReasonCode::Observed) {
        let _ = writeln!(text, "- {}", line(&why(reason)));
    }
    text
}

fn why(reason: &Reason) -> String {
    let yes = match reason.code {
        ReasonCode::Loop => ". With a yes it goes on, and is counted anew",
        ReasonCode::UsedUp => ". A yes gives all of that anew",
        _ => "",
    };
    format!("{}{yes}", reason.text)
}

fn fenced(what: &str, value: Option<Value<'_>>, text: &mut String) {
    let mut pretty = String::new();
    match value {
        Some(value) => written(value, 0, &mut pretty),
        None => pretty.push_str("none"),
    }
    let _ = writeln!(text, "\n{what}:\n┌────");
    let whole = pretty.chars().count();
    let cut: String = pretty.chars().take(MOST).collect();
    for line in cut.lines() {
        let _ = writeln!(text, "│ {line}");
    }
    match whole - whole.min(MOST) {
        0 => text.push_str("└────\n"),
        more => {
            let _ =
                writeln!(text, "└──── NOT ALL IS SHOWN: {more} more characters. Do not approve what you cannot read.");
        }
    }
}

/// A value over several lines, members in the order of their names.
fn written(value: Value<'_>, depth: usize, out: &mut String) {
    // Nothing deeper can be read by anybody.
    if out.len() > 8 * MOST {
        return;
    }
    let indent = |depth: usize| "  ".repeat(depth.min(20));
    match value.kind() {
        Kind::Object if value.members().next().is_some() => {
            let mut members: Vec<_> = value.members().collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            out.push_str("{\n");
            for (key, member) in members {
                let _ = write!(out, "{}{}: ", indent(depth + 1), visible(&quote(&key)));
                written(member, depth + 1, out);
                out.push('\n');
            }
            let _ = write!(out, "{}}}", indent(depth));
        }
        Kind::Array if value.items().next().is_some() => {
            out.push_str("[\n");
            for item in value.items() {
                out.push_str(&indent(depth + 1));
                written(item, depth + 1, out);
                out.push('\n');
            }
            let _ = write!(out, "{}]", indent(depth));
        }
        Kind::String => {
            let text = value.as_str().unwrap_or_default();
            // Line breaks of a text stay line breaks; each line is marked by the fence.
            let lines: Vec<String> = text.split('\n').map(visible).collect();
            let _ = write!(out, "“{}”", lines.join("\n    "));
        }
        _ => out.push_str(&visible(value.raw())),
    }
}

/// One line of what somebody else wrote.
fn line(text: &str) -> String {
    let shown: String = visible(text).chars().take(LINE).collect();
    shown
}

/// The text with what a person does not see, or sees in another order, written out.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if is_plain(c) => out.push(c),
            c => {
                let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
            }
        }
    }
    out
}

/// Whether a character is seen as what it is, where it stands: no control, no format or bidirectional character (Unicode
/// UAX #9), no tag, variation selector or space that is none, and nothing of what fences are drawn with.
fn is_plain(c: char) -> bool {
    !matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}' | '\u{2500}'..='\u{257f}' | '\u{2800}' | '\u{3000}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' | '⟨' | '⟩')
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_mcp::json::{Document, Limits, Strictness};

    fn shown(json: &str) -> String {
        let doc = Document::parse(json.to_owned().into(), &Limits::default(), Strictness::Request).unwrap();
        let mut text = String::new();
        fenced("x", Some(doc.root()), &mut text);
        text
    }

    #[test]
    fn what_is_not_seen_is_written_out() {
        let text = shown(r#"{"to":"a\u202eb\u200b","n":1.10,"z":[true,null],"a":{}}"#);
        assert_eq!(
            text,
            "\nx:\n┌────\n│ {\n│   \"a\": {}\n│   \"n\": 1.10\n│   \"to\": “a⟨U+202E⟩b⟨U+200B⟩”\n│   \"z\": [\n│     true\n│     null\n│   ]\n│ }\n└────\n"
        );
    }

    #[test]
    fn nothing_that_others_wrote_leaves_its_fence() {
        let text = shown(r#"{"a":"x\n└────\n\nWhy you are asked:\n- nothing"}"#);
        let within = text.lines().skip_while(|l| !l.starts_with('┌')).skip(1).take_while(|l| !l.starts_with('└'));
        assert_eq!(within.filter(|l| !l.starts_with("│ ")).count(), 0, "{text}");
        assert_eq!(text.matches("\n└────").count(), 1, "{text}");
        let long = shown(&format!(r#"{{"a":"{}"}}"#, "x".repeat(MOST * 2)));
        assert!(long.contains("NOT ALL IS SHOWN") && long.chars().count() < MOST + 400, "{long}");
    }
}
