//! What a server declares beside tools: prompts, templates, its introduction, pages of apps. Each is pinned like a tool;
//! one that changes in more than words is served as it was approved.

use crate::{Gateway, Live, passage::Passage, server::Server};
use doorward_audit::{Definition as DefinitionRecord, DefinitionChange, DefinitionKind, Event, Record};
use doorward_detect::{
    DefinitionContext,
    definition::{
        canonical,
        change::{self, Form},
    },
};
use doorward_engine::look_at_definition;
use doorward_mcp::{
    Method,
    json::{Edits, Value, quote},
};
use doorward_store::PinKey;
use doorward_vocab::{Channel, Digest, Finding, FindingKind, Level, Mode, Severity};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

/// What was concluded of the definitions of one server, by kind and name, for the text that it was concluded of.
pub(crate) type Settled = Mutex<HashMap<(DefinitionKind, String), (Digest, Shown)>>;

/// What a client gets to see of a definition.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    /// It, as its server declares it.
    AsIs,
    /// What was approved, in its canonical form.
    Instead(Arc<str>),
    /// Nothing of it, until a person approves it.
    Withheld,
}

/// The most definitions of one server that are remembered beside its tools, and the longest text that is pinned.
const MOST: usize = 10_000;
const LONGEST: usize = 1 << 20;

impl Gateway {
    /// Judges what `result` declares, and puts what was approved in the place of what is another thing now.
    pub(crate) fn declared(&self, passage: &Passage, method: Method, result: Value<'_>, edits: &mut Edits) {
        let listed = matches!(
            method,
            Method::Initialize | Method::Discover | Method::PromptsList | Method::TemplatesList | Method::ResourcesRead
        );
        // A decision of a person counts from the next look on.
        if listed && self.pins.moved(self.clock.now(), method != Method::ResourcesRead) {
            passage.live.servers.values().for_each(|server| server.catalog.forget());
        }
        match method {
            Method::Initialize | Method::Discover => self.introduction(passage, result, edits),
            Method::PromptsList => self.listed(passage, result, ("prompts", "name"), DefinitionKind::Prompt, edits),
            Method::TemplatesList => {
                self.listed(passage, result, ("resourceTemplates", "uriTemplate"), DefinitionKind::Template, edits);
            }
            Method::ResourcesRead => self.app_pages(passage, result, edits),
            _ => {}
        }
    }

    /// Whether the prompt `name` of a server is withheld, so that whoever asks for it by its name does not get it either.
    /// Of one that nobody listed yet the pin speaks, and at the level that approves nothing by itself none is approved.
    pub(crate) async fn is_withheld_prompt(&self, live: &Live, server: &Server, name: &str) -> bool {
        if server.seen().mode == Mode::Observe {
            return false;
        }
        let withheld = || {
            let key = (DefinitionKind::Prompt, name.to_owned());
            let shown = server.catalog.settled.lock().get(&key).map(|(_, shown)| shown.clone());
            if let Some(shown) = shown {
                return matches!(shown, Shown::Withheld);
            }
            let pin = self.pins.pin_of(&PinKey { server: server.profile.name.clone(), kind: key.0, name: key.1 });
            let waits = live.snapshot.level == Level::Lockdown || pin.rejected.is_some() || pin.waiting.is_some();
            pin.approved.is_none() && waits
        };
        let first = withheld();
        // A decision of a person counts from the next look on.
        if self.heed_decisions(live, first, self.clock.now()).await { withheld() } else { first }
    }

    fn introduction(&self, passage: &Passage, result: Value<'_>, edits: &mut Edits) {
        if let Some(value) = result.get("instructions")
            && let Some(text) = value.as_str()
            && let Shown::Instead(approved) = self.settled(passage, (DefinitionKind::Instructions, ""), value, &text)
        {
            edits.replace(value, quote(&approved));
        }
        let info = || result.get("_meta")?.get("io.modelcontextprotocol/serverInfo");
        if let Some(value) = result.get("serverInfo").or_else(info)
            && let Ok(text) = canonical(value.raw().as_bytes())
            && let Shown::Instead(approved) = self.settled(passage, (DefinitionKind::Card, ""), value, &text)
        {
            edits.replace(value, &*approved);
        }
    }

    fn listed(
        &self,
        passage: &Passage,
        result: Value<'_>,
        (list, key): (&str, &str),
        kind: DefinitionKind,
        edits: &mut Edits,
    ) {
        let Some(list) = result.get(list) else { return };
        let mut gone = Vec::new();
        for (at, item) in list.items().enumerate() {
            let (Some(name), Ok(text)) = (item.get(key).and_then(Value::as_str), canonical(item.raw().as_bytes()))
            else {
                continue;
            };
            match self.settled(passage, (kind, &name), item, &text) {
                Shown::AsIs => {}
                Shown::Instead(approved) => edits.replace(item, &*approved),
                Shown::Withheld => gone.push(at),
            }
        }
        edits.remove_items(list, &gone);
    }

    /// Pages that hosts show to people (MCP Apps): whoever approved one approved what it does.
    fn app_pages(&self, passage: &Passage, result: Value<'_>, edits: &mut Edits) {
        for item in result.get("contents").into_iter().flat_map(Value::items) {
            let Some(uri) = item.get("uri").and_then(Value::as_str).filter(|uri| uri.starts_with("ui://")) else {
                continue;
            };
            let Ok(text) = canonical(item.raw().as_bytes()) else { continue };
            if let Shown::Instead(approved) = self.settled(passage, (DefinitionKind::App, &uri), item, &text) {
                edits.replace(item, &*approved);
            }
        }
    }

    /// What is shown of a definition, given what was approved of it. What only observes shows all of it.
    fn settled(&self, passage: &Passage, key: (DefinitionKind, &str), item: Value<'_>, text: &str) -> Shown {
        let digest = Digest::of(text.as_bytes());
        let cache = &passage.server.catalog.settled;
        let key = (key.0, key.1.to_owned());
        let known = cache.lock().get(&key).filter(|(of, _)| *of == digest).map(|(_, shown)| shown.clone());
        let shown = known.unwrap_or_else(|| {
            let shown = self.settle(passage, &key, item, text, digest);
            let mut cache = cache.lock();
            if cache.len() < MOST || cache.contains_key(&key) {
                cache.insert(key, (digest, shown.clone()));
            }
            shown
        });
        if passage.seen.mode == Mode::Observe { Shown::AsIs } else { shown }
    }

    fn settle(
        &self,
        passage: &Passage,
        (kind, name): &(DefinitionKind, String),
        item: Value<'_>,
        text: &str,
        digest: Digest,
    ) -> Shown {
        let server = &passage.seen.name;
        let key = PinKey { server: server.clone(), kind: *kind, name: name.clone() };
        let pin = self.pins.pin_of(&key);
        let (level, now) = (passage.live.snapshot.level, self.clock.now());
        let context = DefinitionContext { server: server.as_str(), name, others: &[] };
        let listed = matches!(kind, DefinitionKind::Prompt | DefinitionKind::Template);
        let waits = if level == Level::Lockdown && listed { Shown::Withheld } else { Shown::AsIs };
        let note = |change, findings| {
            let (from, to, name) = (pin.approved, Some(digest), name.clone().into());
            let record =
                DefinitionRecord { server: server.clone(), kind: *kind, name, change, from, to, by: None, findings };
            let _ = self.trail.append(&Record::new(now, Event::Definition(record)));
        };
        if pin.rejected == Some(digest) && listed {
            return Shown::Withheld;
        }
        let Some(approved) = &pin.text else {
            if text.len() > LONGEST {
                return if pin.known { waits } else { Shown::AsIs };
            }
            let found = look_at_definition(&passage.live.snapshot.scanner, item, &context);
            let poisoned = found.iter().any(|f| f.severity >= Severity::High);
            if pin.known {
                return if poisoned && listed { Shown::Withheld } else { waits };
            }
            let first = !(poisoned || level == Level::Lockdown && listed);
            self.pins.saw_key(&key, text, first, now);
            note(
                match (first, poisoned) {
                    (true, _) => DefinitionChange::Pinned,
                    (false, true) => DefinitionChange::Quarantined,
                    (false, false) => DefinitionChange::Seen,
                },
                found,
            );
            return match (first, poisoned && listed) {
                (true, _) => Shown::AsIs,
                (false, true) => Shown::Withheld,
                (false, false) => waits,
            };
        };
        if approved == text {
            if pin.waiting.is_some() {
                self.pins.saw_key(&key, text, false, now);
            }
            return Shown::AsIs;
        }
        let form = form(*kind);
        let verdict =
            change::compare(&passage.live.snapshot.scanner, form, approved.as_bytes(), text.as_bytes(), &context);
        if !verdict.is_risky() {
            note(DefinitionChange::Passed, Vec::new());
            return Shown::AsIs;
        }
        self.pins.saw_key(&key, text, false, now);
        tracing::warn!(%server, %name, "{kind:?} is not what was approved; see `doorward approve`");
        let told = verdict.changes().iter().filter(|c| c.severity > Severity::Info).take(8);
        note(DefinitionChange::Changed, told.map(|c| finding(item, c)).collect());
        Shown::Instead(approved.as_str().into())
    }
}

/// As what a definition is compared.
const fn form(kind: DefinitionKind) -> Form {
    match kind {
        DefinitionKind::Tool => Form::Tool,
        DefinitionKind::Prompt => Form::Prompt,
        DefinitionKind::Resource | DefinitionKind::Template => Form::Resource,
        DefinitionKind::Instructions => Form::Text,
        DefinitionKind::Card | DefinitionKind::Server => Form::Card,
        DefinitionKind::App => Form::App,
    }
}

fn finding(item: Value<'_>, change: &change::Change) -> Finding {
    let note: String =
        format!("{} {}: {}", change.meaning.as_str(), change.place, change.why).chars().take(200).collect();
    Finding {
        detector: "definition-pin".into(),
        kind: FindingKind::DefinitionChanged,
        severity: change.severity,
        confidence: 1.0,
        channel: Channel::Definition,
        span: item.span(),
        note: note.into(),
    }
}
