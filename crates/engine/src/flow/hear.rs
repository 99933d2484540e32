//! What an answer brings: its values with their labels, the secrets in it, and what another conversation left there.

use super::remembers_all;
use crate::{Definition, History, Snapshot, Subject, Target, intended};
use doorward_flow::{From, Origins, Recalled, Source, Write, classes};
use doorward_intent::{Brought, Intent, Role, Stance, Tool};
use doorward_mcp::{
    Message, Method,
    json::{Kind, Value},
};
use doorward_vocab::{Class, Classes, Confidentiality, Effect, Effects, Label, Standing};
use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

/// Of one answer, so much is remembered, in bytes. Secrets are looked for in all of it.
const REMEMBERED: usize = 64 * 1024;
/// As many secrets of one answer are remembered.
const SECRETS: usize = 64;

/// What a resource or prompt is read with, as mandates see it.
static READING: LazyLock<Arc<Tool>> =
    LazyLock::new(|| Arc::new(Tool::new("read resource", Effects::just(Effect::Read), "", std::iter::empty())));

/// Takes in what a call brought, so that the values of the next ones are known. Tells whether something of it was left at
/// its server for other conversations.
pub(crate) fn brought(
    view: &Snapshot,
    history: &mut History,
    subject: &Subject<'_>,
    message: &Message,
    label: Option<Label>,
    key: impl FnOnce() -> [u8; 16],
) -> bool {
    let Some((tool, arguments)) = asked(subject) else { return false };
    let Message::Response(response) = message else { return false };
    let said = response.result().or_else(|| response.error());
    let texts = said.map(texts).unwrap_or_default();
    if texts.is_empty() {
        return false;
    }
    let secrets: Vec<&str> =
        texts.iter().flat_map(|text| classes::secrets(text).filter_map(|at| text.get(at))).take(SECRETS).collect();
    let all = history.intent.is_some() || remembers_all(view);
    if !all && secrets.is_empty() {
        return false;
    }
    let intent = Arc::make_mut(history.intent.get_or_insert_with(|| intended::begin(key())));
    let leaves = intended::leaves(arguments);
    let arguments = intended::pairs(&leaves);
    let mut wrote = false;
    if all && (intent.has_turns() || remembers_all(view)) {
        let texts: Vec<(&str, &str)> = heads(&texts).map(|text| ("", text)).collect();
        let resource = resource(subject, &arguments);
        let recalled = recalled(view, subject, resource, &texts);
        let standing = standing(view, subject, resource, label, &texts, recalled.as_ref());
        let asked_for = tool.effects.is_sink() && intent.judge(tool, &arguments).stance <= Stance::Delegated;
        wrote = response.result().is_some() && leave(view, intent, subject, tool, resource, &arguments);
        let left = recalled.as_ref().is_some_and(|recalled| !recalled.values.is_empty());
        let (call, server) = (subject.call, &subject.server.name);
        intent.heard(Brought { call, server, tool, arguments: &arguments, standing, asked_for, left }, &texts);
        for (source, value) in recalled.into_iter().flat_map(|recalled| recalled.values) {
            intent.remember(&source, [value]);
        }
    }
    if !secrets.is_empty() {
        let from = Origins { server: subject.server.name.as_str(), tool: &tool.name, resource: None };
        let secret = Classes::NONE.with(Class::Secret);
        let standing = view.flow.labelling.standing_of(from, subject.server.label, secret);
        let source = Source::result(subject.call, &subject.server.name, &tool.name, standing);
        let host = arguments.iter().find_map(|(_, text)| host_of(text));
        let source = host.map_or(source.clone(), |host| source.of_resource(&host));
        intent.remember(&source, secrets);
    }
    wrote
}

/// What was asked, as mandates see it, and with which arguments.
fn asked<'a>(subject: &Subject<'a>) -> Option<(&'a Tool, Option<Value<'a>>)> {
    let Message::Request(request) = subject.message.inspect() else { return None };
    match (subject.target, request.method) {
        (Target::Tool(Definition { tool, .. }), Method::ToolsCall) => {
            Some((tool, request.params().and_then(|p| p.get("arguments"))))
        }
        (Target::Resource(_) | Target::Prompt(_), Method::ResourcesRead | Method::PromptsGet) => {
            Some((&READING, request.params()))
        }
        _ => None,
    }
}

/// Which resource is meant, as far as the arguments say so.
fn resource<'a>(subject: &Subject<'a>, arguments: &[(&'a str, &'a str)]) -> Option<&'a str> {
    let names = |(pointer, text): &&(&str, &str)| {
        matches!(Role::of(pointer, text), Role::Path | Role::File | Role::Url | Role::Object)
    };
    match subject.target {
        Target::Resource(uri) => Some(uri),
        _ => arguments.iter().find(names).map(|(_, text)| *text),
    }
}

/// The host of an address of the web.
pub(super) fn host_of(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    url.host_str().map(str::to_ascii_lowercase)
}

/// What other conversations left of it. Servers of which nothing is known are not looked at more closely.
fn recalled<'t>(
    view: &Snapshot,
    subject: &Subject<'_>,
    resource: Option<&str>,
    texts: &[(&str, &'t str)],
) -> Option<Recalled<'t>> {
    let server = &subject.server.name;
    view.flow.memories.read(|written| {
        let known = !written.is_empty() && written.knows(server);
        known.then(|| written.read(server, resource, texts.iter().map(|(_, text)| *text))).flatten()
    })
}

/// The standing of an answer: of its server, by the rules of the operator, by what it is about, and by what was left there.
/// What is secret in it has a standing of its own.
fn standing(
    view: &Snapshot,
    subject: &Subject<'_>,
    resource: Option<&str>,
    label: Option<Label>,
    texts: &[(&str, &str)],
    recalled: Option<&Recalled<'_>>,
) -> Standing {
    let (server, without) = (&subject.server.name, subject.server.label);
    let label = label.unwrap_or(Label::OUTSIDE);
    let mut standing = Standing::of(label);
    if remembers_all(view) {
        // What a call that changes something answers repeats what it was given.
        let repeats = subject.target.definition().is_some_and(|tool| is_writing(tool.effects));
        let all = texts.iter().filter(|_| !repeats).fold(Classes::NONE, |all, (_, text)| all.join(classes::of(text)));
        let tool = subject.target.name().unwrap_or_default();
        let from = Origins { server: server.as_str(), tool, resource };
        standing = view.flow.labelling.standing_of(from, without, all.without(Class::Secret));
        // What detectors saw in it makes it worse, whatever the rules say.
        let worse = if label == without { Label::BOTTOM } else { label };
        standing.label = standing.label.join(worse);
    }
    recalled.map_or(standing.clone(), |recalled| {
        // Its secrets are told by themselves.
        let classes = recalled.standing.classes.without(Class::Secret);
        let confidentiality = recalled.standing.label.confidentiality.min(Confidentiality::Confidential);
        let label = Label { confidentiality, ..recalled.standing.label };
        standing.join(&Standing { classes, label, ..recalled.standing.clone() })
    })
}

/// Whether it is known that nothing is read.
fn is_writing(effects: Effects) -> bool {
    let reads = [Effect::Read, Effect::Search].iter().any(|effect| effects.contains(*effect));
    effects != Effects::NONE && effects.is_sink() && !reads
}

/// Remembers what a call that keeps something left at its server: values that stood in something anybody may have written,
/// and that the human neither said nor chose.
fn leave(
    view: &Snapshot,
    intent: &Intent,
    subject: &Subject<'_>,
    tool: &Tool,
    resource: Option<&str>,
    arguments: &[(&str, &str)],
) -> bool {
    let keeps = |effect: Effect| matches!(effect, Effect::Create | Effect::Update);
    if !tool.effects.is_sink() || !(tool.effects == Effects::NONE || tool.effects.iter().any(keeps)) {
        return false;
    }
    let mut wrote = false;
    for (pointer, text) in arguments {
        for part in intent.index().find(text) {
            let Some(value) = text.get(part.span.clone()).filter(|value| intent.is_strangers(value)) else { continue };
            let source = part.places.iter().find_map(|place| intent.index().source(place.source()));
            let Some(Source { server: Some(server), tool, from, .. }) = source else { continue };
            // What a server gave itself was there before.
            if server == subject.server.name && !matches!(from, From::Written(_)) {
                continue;
            }
            let tool = tool.as_deref().unwrap_or_default();
            let write = Write { server: &subject.server.name, resource, by: subject.call, from: (&server, tool) };
            view.flow.memories.change(|written| written.write(write, &part.standing, [(*pointer, value)]));
            wrote = true;
        }
    }
    wrote
}

/// The texts of an answer: those of its content, or what stands for them; of an error, all.
fn texts(said: Value<'_>) -> Vec<String> {
    let text_of = |item: Value<'_>| {
        let nested = || item.get("resource").or_else(|| item.get("content"))?.get("text");
        Some(item.get("text").or_else(nested)?.as_str()?.into_owned())
    };
    if said.get("message").is_some_and(|m| m.kind() == Kind::String) && said.get("code").is_some() {
        return said.texts().map(|(text, _)| Cow::into_owned(text)).filter(|text| !text.is_empty()).collect();
    }
    let lists = ["content", "contents", "messages"].into_iter().filter_map(|key| said.get(key));
    let mut all: Vec<String> = lists.flat_map(Value::items).filter_map(text_of).collect();
    if let Some(structured) = said.get("structuredContent").filter(|_| all.is_empty()) {
        all.push(structured.raw().to_owned());
    }
    all.retain(|text| !text.is_empty());
    all
}

/// As much of the texts as is remembered.
fn heads(texts: &[String]) -> impl Iterator<Item = &str> {
    let mut room = REMEMBERED;
    texts.iter().filter_map(move |text| {
        let head = text.get(..text.floor_char_boundary(room)).filter(|head| !head.is_empty())?;
        room -= head.len();
        Some(head)
    })
}
