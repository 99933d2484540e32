//! One tool: what is found in it, whether it is the approved one, and what stands in for it where it is not.

use crate::{
    Live,
    pins::{Kin, Pin, Pins},
};
use doorward_audit::{Definition as DefinitionRecord, DefinitionChange, DefinitionKind};
use doorward_detect::{
    DefinitionContext,
    definition::{
        Annotations,
        change::{self, Meaning, Verdict},
        infer_effects,
    },
};
use doorward_engine::{
    ArgumentSchema, AsApproved, Definition, ServerProfile, intended_tool, judge_definition, look_at_definition,
};
use doorward_mcp::{
    json::{Document, Limits, Strictness, Value},
    parameter_headers,
};
use doorward_policy::{DefinitionState, Target, ToolFacts};
use doorward_vocab::{Channel, Digest, Effects, Finding, FindingKind, Severity, Timestamp};
use std::{collections::HashSet, sync::Arc};

/// What tools of one list are judged with.
pub(super) struct Judge<'a> {
    pub(super) live: &'a Live,
    pub(super) server: &'a ServerProfile,
    /// The tools of the servers before this one.
    pub(super) others: &'a [(String, Arc<str>)],
    /// The names in the same list.
    pub(super) listed: &'a HashSet<String>,
    pub(super) pins: &'a Pins,
    pub(super) now: Timestamp,
}

/// A tool in its canonical form.
pub(super) struct Form<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    pub(super) digest: Digest,
    /// Whether the server shows other clients another one.
    pub(super) two_faced: bool,
}

/// How a tool stands to what was approved.
enum Since {
    /// Nothing was approved under this name, or it is just that.
    Same,
    /// It says something else that means the same.
    Passes,
    /// A person has to look.
    Changed(Verdict),
}

impl Judge<'_> {
    /// Judges one tool; gives what the trail should know, too.
    pub(super) fn tool(
        &self,
        item: Value<'_>,
        form: &Form<'_>,
        before: Option<&Arc<Definition>>,
    ) -> (Definition, Option<DefinitionRecord>) {
        let (name, seen) = (form.name, form.digest);
        let mut findings = self.scan(item, name);
        let pin = self.pins.tool(&self.server.name, name);
        let since = self.since(&pin, form);
        if let Since::Changed(verdict) = &since {
            findings.splice(0..0, changes(item, verdict, form.two_faced));
        }
        let kin = if pin.known { None } else { self.pins.kin(&self.server.name, name, form.text, self.listed) };
        findings.extend(kin.as_ref().and_then(|kin| self.turned(item, form, kin)));
        if let Some(Kin::Renamed { name: before }) = &kin {
            tracing::info!(server = %self.server.name, tool = name, "the approved tool `{before}` under another name");
        }
        let unsigned = self.is_unsigned(name, seen);
        if unsigned {
            findings.insert(0, not_signed(item));
        }
        let rejected = pin.rejected == Some(seen);
        let pinned = if matches!(since, Since::Passes) { Some(seen) } else { pin.approved };
        // What a person approved keeps its approval under another name.
        let moved = matches!(kin, Some(Kin::Renamed { .. })) && findings.iter().all(|f| f.severity < Severity::High);
        let level = self.live.snapshot.level;
        let state = match judge_definition(level, pinned, pin.by_person, seen, rejected, &findings) {
            // No person at the gateway stands in for who signs.
            _ if unsigned || rejected => DefinitionState::Quarantined,
            _ if moved => DefinitionState::Approved,
            // It waits for a person since a stricter level was in force.
            DefinitionState::Approved if pin.waiting == Some(seen) && pin.approved.is_none() => {
                DefinitionState::Pending
            }
            state => state,
        };
        let first = pin.approved.is_none() && state == DefinitionState::Approved;
        let news = before.is_none_or(|d| d.digest != seen || d.state != state);
        match &since {
            // What the server shows to others still waits for a person.
            Since::Same if form.two_faced && pin.approved == Some(seen) => {}
            Since::Passes if state == DefinitionState::Approved => {
                if pin.waiting.is_some()
                    && let Some(text) = &pin.text
                {
                    self.pins.saw(&self.server.name, name, text, first, self.now);
                }
            }
            _ if news => self.pins.saw(&self.server.name, name, form.text, first, self.now),
            _ => {}
        }
        let approved = match &since {
            Since::Changed(verdict) if !unsigned && !rejected => self.as_approved(item, name, &pin, verdict),
            _ => None,
        };
        let effects = self.effects(item, item.get("inputSchema"), name);
        let change = match (state, before) {
            _ if !news => None,
            (DefinitionState::Approved, _) if first => Some(DefinitionChange::Pinned),
            (DefinitionState::Approved, _) if matches!(since, Since::Passes) => Some(DefinitionChange::Passed),
            (DefinitionState::Approved, Some(_)) => Some(DefinitionChange::Approved),
            (DefinitionState::Approved, None) => None,
            (DefinitionState::Pending, _) => Some(DefinitionChange::Seen),
            (DefinitionState::Quarantined, _) if pin.approved.is_some() => Some(DefinitionChange::Changed),
            (DefinitionState::Quarantined, _) => Some(DefinitionChange::Quarantined),
        };
        let record = change.map(|change| DefinitionRecord {
            server: self.server.name.clone(),
            kind: DefinitionKind::Tool,
            name: name.to_owned().into(),
            change,
            from: pin.approved,
            to: Some(seen),
            by: None,
            findings: findings.clone(),
        });
        (Definition { findings, approved, ..self.definition(item, name, seen, effects, state) }, record)
    }

    fn since(&self, pin: &Pin, form: &Form<'_>) -> Since {
        let Some(text) = pin.text.as_deref().filter(|text| *text != form.text) else {
            // A pin that cannot be read is none that this one is.
            return match pin.approved {
                Some(approved) if approved != form.digest => Since::Changed(Verdict::Same),
                _ => Since::Same,
            };
        };
        match self.compare(text, form) {
            verdict if verdict.is_risky() || form.two_faced => Since::Changed(verdict),
            _ => Since::Passes,
        }
    }

    fn compare(&self, approved: &str, form: &Form<'_>) -> Verdict {
        let others = pairs(self.others);
        let context = DefinitionContext { server: self.server.name.as_str(), name: form.name, others: &others };
        let (before, after) = (approved.as_bytes(), form.text.as_bytes());
        change::compare(&self.live.snapshot.scanner, change::Form::Tool, before, after, &context)
    }

    /// What it means that a tool comes under another name.
    fn turned(&self, item: Value<'_>, form: &Form<'_>, kin: &Kin) -> Option<Finding> {
        let note = match kin {
            Kin::Withheld { name } => format!("it is `{name}`, which is withheld, under another name"),
            Kin::Like { name, text } if self.compare(text, form).is_risky() => {
                format!("it is `{name}` under another name, and not as it was approved")
            }
            Kin::Like { .. } | Kin::Renamed { .. } => return None,
        };
        Some(Finding { kind: FindingKind::Shadowing, note: note.into(), ..finding(item) })
    }

    /// What was approved of a tool that is another one now, where nothing is found in that.
    fn as_approved(&self, now: Value<'_>, name: &str, pin: &Pin, verdict: &Verdict) -> Option<Arc<AsApproved>> {
        let text = pin.text.as_deref()?;
        let document = Document::parse(text.as_bytes().to_vec().into(), &Limits::default(), Strictness::Result).ok()?;
        let (item, digest) = (document.root(), Digest::of(text.as_bytes()));
        let findings = self.scan(item, name);
        let level = self.live.snapshot.level;
        let state = judge_definition(level, Some(digest), pin.by_person, digest, false, &findings);
        if state != DefinitionState::Approved {
            return None;
        }
        // A call with arguments that are new does not go on anyway.
        let does_more = |c: &change::Change| {
            c.meaning == Meaning::Effect && c.severity >= Severity::Medium && c.place != "/inputSchema"
        };
        let schema = item.get("inputSchema");
        let effects = self.effects(now, schema, name).iter().fold(self.effects(item, schema, name), Effects::with);
        let closed = schema.and_then(|s| s.get("properties")).filter(|_| !is_open(schema));
        Some(Arc::new(AsApproved {
            arguments: closed.map(|p| p.members().map(|(name, _)| name.as_ref().into()).collect()),
            callable: !verdict.changes().iter().any(does_more),
            definition: Arc::new(self.definition(item, name, digest, effects, state)),
            text: text.into(),
        }))
    }

    fn definition(
        &self,
        item: Value<'_>,
        name: &str,
        digest: Digest,
        effects: Effects,
        state: DefinitionState,
    ) -> Definition {
        let hint = |key| item.get("annotations").and_then(|a| a.get(key)).and_then(Value::as_bool);
        let facts = ToolFacts {
            name,
            effects,
            read_only: hint("readOnlyHint"),
            destructive: hint("destructiveHint"),
            open_world: hint("openWorldHint"),
            state,
        };
        Definition {
            name: name.into(),
            digest,
            effects,
            state,
            findings: Vec::new(),
            target: Target::tool(self.server.party(), &facts),
            tool: intended_tool(item, name, effects),
            schema: Arc::new(ArgumentSchema::of(item)),
            parameters: item.get("inputSchema").and_then(parameter_headers).unwrap_or_default().into(),
            approved: None,
        }
    }

    fn is_unsigned(&self, name: &str, seen: Digest) -> bool {
        let manifest = self.live.servers.get(&self.server.name).and_then(|s| s.standing.manifest());
        manifest.is_some_and(|m| !m.has(name, seen))
    }

    /// What the detectors see in a definition, with the tools of the other servers in mind.
    fn scan(&self, item: Value<'_>, name: &str) -> Vec<Finding> {
        let others = pairs(self.others);
        let context = DefinitionContext { server: self.server.name.as_str(), name, others: &others };
        look_at_definition(&self.live.snapshot.scanner, item, &context)
    }

    /// What a tool does that takes what `schema` says.
    fn effects(&self, item: Value<'_>, schema: Option<Value<'_>>, name: &str) -> Effects {
        if let Some(set) = self.live.servers.get(self.server.name.as_str()).and_then(|s| s.settings.effects_of(name)) {
            return set;
        }
        let text = |key| item.get(key).and_then(Value::as_str).unwrap_or_default();
        let hint = |key| item.get("annotations").and_then(|a| a.get(key)).and_then(Value::as_bool);
        let annotations = Annotations {
            read_only: hint("readOnlyHint"),
            destructive: hint("destructiveHint"),
            idempotent: hint("idempotentHint"),
            open_world: hint("openWorldHint"),
        };
        infer_effects(name, &text("description"), annotations, schema.map_or("{}", Value::raw))
    }
}

fn pairs(others: &[(String, Arc<str>)]) -> Vec<(&str, &str)> {
    others.iter().map(|(server, tool)| (server.as_str(), &**tool)).collect()
}

/// Whether a schema says that it takes members that it does not name.
fn is_open(schema: Option<Value<'_>>) -> bool {
    let keys = ["additionalProperties", "unevaluatedProperties", "patternProperties"];
    keys.iter().any(|key| schema.and_then(|s| s.get(key)).is_some_and(|v| v.as_bool() != Some(false)))
}

/// The most changes that are told as findings.
const TOLD: usize = 8;

/// What is different from what was approved, the most dangerous first.
fn changes(item: Value<'_>, verdict: &Verdict, two_faced: bool) -> Vec<Finding> {
    let risky = verdict.changes().iter().filter(|c| c.severity > Severity::Info).take(TOLD);
    let mut all = vec![Finding { note: "not the definition that was approved".into(), ..finding(item) }];
    if two_faced {
        all.push(Finding { note: "its server shows other clients another definition".into(), ..finding(item) });
    }
    all.extend(risky.map(|change| {
        let place = if change.place.is_empty() { "" } else { " at " };
        let note: String = format!("{}{place}{}: {}", change.meaning.as_str(), change.place, change.why);
        Finding { severity: change.severity, note: note.chars().take(200).collect::<String>().into(), ..finding(item) }
    }));
    all
}

fn finding(item: Value<'_>) -> Finding {
    Finding {
        detector: "definition-pin".into(),
        kind: FindingKind::DefinitionChanged,
        severity: Severity::High,
        confidence: 1.0,
        channel: Channel::Definition,
        span: item.span(),
        note: "".into(),
    }
}

fn not_signed(item: Value<'_>) -> Finding {
    Finding {
        detector: "server-manifest".into(),
        note: "not in the signed manifest of its server".into(),
        ..finding(item)
    }
}
