//! What the gateway learns from results on their way back: definitions above all. Lists lose what this principal may
//! not see.

use crate::{Gateway, all::Kind, passage::Passage};
use doorward_audit::{DefinitionChange, Event, Record};
use doorward_engine::{Definition, Listed, visible};
use doorward_mcp::{
    Message, Method, Response, Side, decode,
    json::{Edits, Limits, Value},
};
use doorward_policy::{Action, DefinitionState, Target};
use doorward_vocab::Mode;
use std::sync::Arc;

impl Gateway {
    /// Looks at what a server of another era declares, before it is put into the client's words: definitions are judged and
    /// pinned as their server writes them, whoever asks.
    ///
    /// Gives the message anew where what was approved stands in for some of it.
    pub(crate) fn observe_own(&self, passage: &Passage, message: &Message) -> Option<Message> {
        let Message::Response(response) = message else { return None };
        let mut edits = Edits::new();
        if let (Some(Method::ToolsList), Some(result)) = (passage.method(), response.result())
            && let Some(tools) = result.get("tools")
        {
            let judged = self.judge_tools(passage, tools);
            as_approved(passage, tools, &judged, &mut edits);
        }
        if let (Some(method), Some(result)) = (passage.method(), response.result()) {
            self.declared(passage, method, result, &mut edits);
        }
        if edits.is_empty() {
            return None;
        }
        decode(edits.apply(message.doc()), &Limits::default(), Side::Server).ok()
    }

    /// Looks at the result of a request, and adds the changes that lists need to `edits`. What `crossed` from another era
    /// was looked at already.
    pub(crate) fn observe_result(&self, passage: &Passage, response: &Response, crossed: bool, edits: &mut Edits) {
        let (Some(method), Some(result)) = (passage.method(), response.result()) else { return };
        if matches!(method, Method::Initialize | Method::Discover) {
            self.hear_name(&passage.server, result);
        }
        if !crossed {
            self.declared(passage, method, result, edits);
        }
        if let Some(task) = started(result) {
            let key = (passage.caller.actor.key(), task.into());
            // The first server that names it has it: another one must not take it over by naming it too.
            self.tasks.entry(key).or_insert_with(|| passage.server.profile.name.clone());
        }
        let Some(list) = method.list_key().and_then(|key| result.get(key)) else { return };
        let hidden = match method {
            Method::ToolsList => self.tools(passage, list, crossed, edits),
            Method::PromptsList => {
                let names: Vec<Arc<str>> =
                    list.items().filter_map(|item| Some(item.get("name")?.as_str()?.into())).collect();
                passage.server.catalog.declared(Kind::Prompt).saw(names.into_iter());
                self.others(passage, list, "name", Action::Prompt)
            }
            _ => self.others(
                passage,
                list,
                if method == Method::TemplatesList { "uriTemplate" } else { "uri" },
                Action::Read,
            ),
        };
        edits.remove_items(list, &hidden);
        // What one principal sees must not be served to another from a cache (2026-07-28, caching).
        if let Some(scope) = result.get("cacheScope").filter(|s| s.as_str().as_deref() == Some("public")) {
            edits.replace(scope, "\"private\"");
        }
    }

    /// Judges tools; gives the indexes of those that must not be seen.
    fn tools(&self, passage: &Passage, list: Value<'_>, crossed: bool, edits: &mut Edits) -> Vec<usize> {
        let catalog = &passage.server.catalog;
        let items = match crossed {
            false => {
                let judged = self.judge_tools(passage, list);
                as_approved(passage, list, &judged, edits);
                judged
            }
            true => list.items().map(|item| catalog.tool(&item.get("name")?.as_str()?)).collect(),
        };
        let now = self.clock.now();
        let history = passage.conversation.lock().clone();
        let subject = passage.subject();
        let may = |item: &Option<Arc<Definition>>| {
            item.as_ref().map_or(subject.server.mode == Mode::Observe, |d| {
                let d = shown(passage, d).unwrap_or(d);
                // What only observes hides nothing, but for what was not handed over.
                let held_back = d.is_held_back(passage.live.snapshot.level) && subject.server.mode == Mode::Enforce;
                !held_back && visible(&passage.live.snapshot, &history, &subject, Listed::Tool(d), now)
            })
        };
        items.iter().enumerate().filter(|(_, item)| !may(item)).map(|(i, _)| i).collect()
    }

    /// Judges tools as their server declares them; gives the definition of each.
    fn judge_tools(&self, passage: &Passage, list: Value<'_>) -> Vec<Option<Arc<Definition>>> {
        let server = &passage.server;
        let now = self.clock.now();
        if self.pins.moved(now, true) {
            self.recall();
            passage.live.servers.values().for_each(|server| server.catalog.forget());
        }
        let observed =
            server.catalog.observe(&passage.live, &passage.seen, passage.caller.actor.key(), list, &self.pins, now);
        for change in observed.changes {
            match change.change {
                DefinitionChange::Pinned | DefinitionChange::Approved | DefinitionChange::Passed => {
                    tracing::debug!(server = %change.server, tool = %&*change.name, "definition {:?}", change.change);
                }
                _ => {
                    tracing::warn!(server = %change.server, tool = %&*change.name, "definition {:?}; see `doorward approve`", change.change)
                }
            }
            let _ = self.trail.append(&Record::new(now, Event::Definition(change)));
        }
        observed.items
    }

    fn others(&self, passage: &Passage, list: Value<'_>, key: &str, action: Action) -> Vec<usize> {
        let now = self.clock.now();
        let history = passage.conversation.lock().clone();
        let subject = passage.subject();
        let party = passage.seen.party();
        let may = |item: Value<'_>| {
            let Some(name) = item.get(key).and_then(Value::as_str) else {
                return subject.server.mode == Mode::Observe;
            };
            let target = match action {
                Action::Prompt => Target::prompt(party, &name, DefinitionState::Approved),
                _ => Target::resource(party, &name, DefinitionState::Approved),
            };
            visible(&passage.live.snapshot, &history, &subject, Listed::Other(&target, action), now)
        };
        list.items().enumerate().filter(|(_, item)| !may(*item)).map(|(i, _)| i).collect()
    }
}

/// What is shown instead of a tool that is held back: what was approved of it.
fn shown<'d>(passage: &Passage, definition: &'d Arc<Definition>) -> Option<&'d Arc<Definition>> {
    let held = passage.seen.mode == Mode::Enforce && definition.is_held_back(passage.live.snapshot.level);
    definition.approved.as_ref().filter(|_| held).map(|approved| &approved.definition)
}

/// Puts what was approved in the place of what is declared instead.
fn as_approved(passage: &Passage, list: Value<'_>, judged: &[Option<Arc<Definition>>], edits: &mut Edits) {
    for (item, definition) in list.items().zip(judged) {
        let approved = definition.as_ref().and_then(|d| shown(passage, d).and(d.approved.as_ref()));
        if let Some(approved) = approved {
            edits.replace(item, &*approved.text);
        }
    }
}

/// The task that a result says was begun: in `taskId` (tasks extension), or in `task.taskId` (2025-11-25).
fn started(result: Value<'_>) -> Option<std::borrow::Cow<'_, str>> {
    match result.get("task") {
        Some(task) => task.get("taskId")?.as_str(),
        None => {
            result.get("resultType").filter(|kind| kind.as_str().as_deref() == Some("task"))?;
            result.get("taskId")?.as_str()
        }
    }
}
