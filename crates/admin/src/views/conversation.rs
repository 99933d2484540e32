use super::{Line, Who, line};
use crate::{
    ports::{Fault, Ports},
    query::{Query, link},
};
use doorward_audit::{Event, Ruling};
use doorward_store::{Hit, SeenConversation};
use doorward_vocab::{CallId, Decision, Integrity};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;

/// Conversations.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Conversations {
    /// Those with the latest records first.
    pub(crate) conversations: Vec<ConversationLine>,
    /// `before` of the next page.
    pub(crate) next: Option<u64>,
}

/// One conversation, counted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ConversationLine {
    /// Its name, which means something only together with `whose`.
    pub(crate) name: String,
    /// The id of its human, or of its agent where it has none.
    pub(crate) whose: String,
    /// The agent.
    pub(crate) agent: Option<Who>,
    /// The human.
    pub(crate) human: Option<Who>,
    /// Its first record; UTC.
    pub(crate) since: String,
    /// Its last one.
    pub(crate) until: String,
    /// What the human said.
    pub(crate) turns: u64,
    /// Messages that were ruled.
    pub(crate) calls: u64,
    /// Those that were stopped, or would have been.
    pub(crate) stopped: u64,
    /// Records with findings.
    pub(crate) findings: u64,
}

impl ConversationLine {
    fn of(seen: &SeenConversation) -> Self {
        Self {
            name: seen.name.clone(),
            whose: seen.whose.clone(),
            agent: seen.agent.as_ref().map(Who::of),
            human: seen.human.as_ref().map(Who::of),
            since: line::time(seen.since),
            until: line::time(seen.until),
            turns: seen.turns,
            calls: seen.calls,
            stopped: seen.stopped,
            findings: seen.findings,
        }
    }
    pub(crate) fn href(&self) -> String {
        link("/conversation", &[("name", &self.name), ("whose", &self.whose)])
    }
    pub(crate) fn when(&self) -> &str {
        self.until.get(..19).unwrap_or(&self.until)
    }
}

pub(crate) fn conversations(ports: &Ports, query: &Query) -> Result<Conversations, Fault> {
    let of = (query.get("agent"), query.get("human"));
    let stopped = query.get("stopped") == Some("yes");
    let page = ports.evidence.conversations(of, stopped, query.number("before")?, query.limit(60)?)?;
    Ok(Conversations { conversations: page.items.iter().map(ConversationLine::of).collect(), next: page.next })
}

/// One conversation, replayed: what the human said, and under it what was done.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Conversation {
    /// What was counted in it.
    pub(crate) about: ConversationLine,
    /// What the human said, each with what was done after it; what was done before anything was said stands first.
    pub(crate) parts: Vec<Said>,
    /// `from` of the next page.
    pub(crate) next: Option<u64>,
}

/// Something that the human said, and what was done after it.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Said {
    /// The turn; absent for what was done before any.
    pub(crate) turn: Option<TurnView>,
    /// What was done.
    pub(crate) actions: Vec<Action>,
}

/// A turn of the human.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct TurnView {
    /// Its id.
    pub(crate) id: String,
    /// When.
    pub(crate) time: String,
    /// Who said it.
    pub(crate) human: Option<Who>,
    /// The host that reported it.
    pub(crate) host: String,
    /// Whether the host proved that it may report turns.
    pub(crate) attested: bool,
    /// The length of its words in bytes; the words themselves are not in the trail.
    pub(crate) bytes: u64,
    /// The digest of its words.
    pub(crate) digest: String,
    /// The scope that was derived from it.
    pub(crate) mandate: Option<String>,
}

/// Something that was done, or happened.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Action {
    /// The record.
    pub(crate) line: Line,
    /// Who stands behind it, in words.
    pub(crate) authority: Option<String>,
    /// How deep it stands below the call that caused it.
    pub(crate) depth: usize,
    /// The label of what the conversation had read.
    pub(crate) read: Option<String>,
    /// Where values came from, those that anybody may have written.
    pub(crate) from: Vec<Whence>,
    /// The label of its answer.
    pub(crate) answer: Option<String>,
    /// How it ended, in a line.
    pub(crate) ended: Option<String>,
    /// The reason that the agent gave; claimed.
    pub(crate) rationale: Option<String>,
}

/// Where a value came from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Whence {
    /// Where it stands in the arguments.
    pub(crate) at: String,
    /// The call whose result held it.
    pub(crate) call: Option<String>,
    /// Who said it.
    pub(crate) source: String,
    /// Whether anybody may have written it.
    pub(crate) untrusted: bool,
}

pub(crate) fn conversation(ports: &Ports, query: &Query) -> Result<Conversation, Fault> {
    let name = query.must("name")?;
    let named = ports.evidence.conversations_named(name)?;
    let about = match query.get("whose") {
        Some(whose) => named.iter().find(|c| c.whose == whose),
        None if named.len() > 1 => {
            return Err(Fault::Wrong("several have a conversation of this name: say `whose`".to_owned()));
        }
        None => named.first(),
    };
    let about = about.ok_or_else(|| Fault::Missing("the trail has no such conversation".to_owned()))?;
    let from = query.number("from")?.unwrap_or(0);
    let page = ports.evidence.conversation(&about.name, &about.whose, from, query.limit(200)?)?;
    Ok(Conversation { about: ConversationLine::of(about), parts: parts(&page.items), next: page.next })
}

fn parts(hits: &[Hit]) -> Vec<Said> {
    let mut all = vec![Said::default()];
    let mut at: HashMap<CallId, (usize, usize)> = HashMap::new();
    let mut depths: HashMap<CallId, usize> = HashMap::new();
    for hit in hits {
        let Ok(record) = hit.record() else { continue };
        let line = Line::of(hit);
        match &record.event {
            Event::Turn(t) => all.push(Said {
                turn: Some(TurnView {
                    id: t.turn.to_string(),
                    time: line.time,
                    human: t.human.as_ref().map(Who::of),
                    host: t.host.to_string(),
                    attested: t.attested,
                    bytes: t.text.bytes,
                    digest: t.text.digest.to_string(),
                    mandate: t.mandate.as_ref().map(ToString::to_string),
                }),
                actions: Vec::new(),
            }),
            Event::Outcome(o) => {
                let found = at.get(&o.call).and_then(|(part, n)| all.get_mut(*part)?.actions.get_mut(*n));
                if let Some(action) = found {
                    let (word, text) = line::ending(o);
                    action.line.ending = Some(word);
                    action.ended = Some(text).filter(|t| !t.is_empty());
                    action.answer = o.label.map(line::label);
                }
            }
            Event::Ruling(r) => {
                let depth = r.parent.and_then(|p| depths.get(&p)).map_or(0, |d| (d + 1).min(8));
                depths.insert(r.call, depth);
                let part = all.len().saturating_sub(1);
                if let Some(said) = all.last_mut() {
                    at.insert(r.call, (part, said.actions.len()));
                    said.actions.push(action(line, r, depth));
                }
            }
            _ => {
                if let Some(said) = all.last_mut() {
                    said.actions.push(Action::plain(line));
                }
            }
        }
    }
    all.retain(|said| said.turn.is_some() || !said.actions.is_empty());
    all
}

fn action(line: Line, r: &Ruling, depth: usize) -> Action {
    let refused = r.enforced && r.decision > Decision::Oblige;
    let from = r.values.iter().filter(|v| v.call.is_some() || v.label.integrity == Integrity::Untrusted);
    Action {
        authority: (!refused).then(|| line::authority(r.authorized_by).to_owned()),
        depth,
        read: Some(line::label(r.labels.conversation)),
        from: from
            .map(|v| Whence {
                at: v.at.to_string(),
                call: v.call.map(|c| c.to_string()),
                source: v.source.to_string(),
                untrusted: v.label.integrity == Integrity::Untrusted,
            })
            .collect(),
        rationale: r.rationale.as_ref().map(ToString::to_string),
        ..Action::plain(line)
    }
}

impl Action {
    const fn plain(line: Line) -> Self {
        Self {
            line,
            authority: None,
            depth: 0,
            read: None,
            from: Vec::new(),
            answer: None,
            ended: None,
            rationale: None,
        }
    }
    /// The class of who stands behind it.
    pub(crate) fn behind(&self) -> String {
        self.line.authorized_by.as_ref().map_or_else(|| "by-nobody".to_owned(), |by| format!("by-{by}"))
    }
}

impl Conversation {
    pub(crate) fn more(&self) -> Option<String> {
        let next = self.next?.to_string();
        Some(link("/conversation", &[("name", &self.about.name), ("whose", &self.about.whose), ("from", &next)]))
    }
}
