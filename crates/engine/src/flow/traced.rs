//! The arguments of one call with where their values came from.

use super::{is_wary, traces_all};
use crate::{History, Judgement, Snapshot, Subject, intended};
use doorward_audit::ValueSource;
use doorward_flow::{Form, From, Index, Origin, Part, Source};
use doorward_intent::{Intent, Role};
use doorward_mcp::json::Value;
use doorward_policy::{Believed, FlowFacts, Sources};
use doorward_vocab::{AuthorizedBy, Integrity, Label, Standing};
use std::{fmt, sync::Arc};

/// As many values of one call are told to the trail.
const TOLD: usize = 16;

/// What stands for the tool that gave what a person approved.
pub(super) const APPROVED: &str = "approval";

/// The arguments of a call, each with its role and the sources of its values. It holds them, so it is for the time of the
/// call alone.
#[derive(Clone, PartialEq)]
pub struct Traced(Vec<Leaf>);

/// One argument.
#[derive(Clone, PartialEq)]
pub(super) struct Leaf {
    pub(super) pointer: String,
    pub(super) text: String,
    pub(super) role: Role,
    pub(super) origin: Origin,
}

impl fmt::Debug for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Traced({} arguments)", self.0.len())
    }
}

/// Traces what a message says to its server, where something asks for that.
pub(crate) fn trace<'a>(
    view: &Snapshot,
    history: &History,
    subject: &Subject<'_>,
    said: impl Iterator<Item = (&'static str, Value<'a>)>,
) -> Option<Arc<Traced>> {
    let intent = history.intent.as_deref();
    if !traces_all(view) && !intent.is_some_and(is_wary) {
        return None;
    }
    Traced::of(intent.map(Intent::index), subject, said).map(Arc::new)
}

impl Traced {
    /// The same whether or not anything asks; nothing where nothing is said.
    pub(super) fn of<'a>(
        index: Option<&Index>,
        subject: &Subject<'_>,
        said: impl Iterator<Item = (&'static str, Value<'a>)>,
    ) -> Option<Self> {
        let mut leaves = Vec::new();
        for (place, value) in said {
            let within = intended::leaves(Some(value)).into_iter();
            leaves.extend(within.map(|(path, text)| ([place, &path].concat(), text)));
        }
        if leaves.is_empty() {
            return None;
        }
        let origins = match index {
            Some(index) => {
                let tool = subject.target.name().unwrap_or_default();
                index.trace_call(&subject.server.name, tool, &intended::pairs(&leaves))
            }
            None => leaves.iter().map(|(_, text)| nowhere(text)).collect(),
        };
        let leaf = |((pointer, text), origin): ((String, String), Origin)| {
            let role = Role::of(&pointer, &text);
            Leaf { pointer, text, role, origin }
        };
        Some(Self(leaves.into_iter().zip(origins).map(leaf).collect()))
    }

    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.0.iter()
    }

    /// It left: what comes after is judged with that.
    pub(crate) fn leave(&self, intent: &mut Intent, subject: &Subject<'_>, judgement: &Judgement) {
        let server = &subject.server.name;
        let leaves: Vec<(&str, &str)> = self.0.iter().map(|leaf| (&*leaf.pointer, &*leaf.text)).collect();
        let origins: Vec<Origin> = self.0.iter().map(|leaf| leaf.origin.clone()).collect();
        let tool = subject.target.name().unwrap_or_default();
        intent.left(server, tool, &leaves, &origins);
        if judgement.authorized_by == AuthorizedBy::HumanApproval {
            // The person saw to whom and where it goes.
            let seen = self.0.iter().filter(|leaf| leaf.role.is_recipient()).map(|leaf| &*leaf.text);
            let source = Source::result(subject.call, server, APPROVED, Standing::BOTTOM);
            intent.remember(&source, seen);
        }
    }

    /// As policies see it.
    pub(crate) fn facts(&self, intent: Option<&Intent>, subject: &Subject<'_>) -> FlowFacts {
        let mut facts = FlowFacts::default();
        for leaf in &self.0 {
            let sources = match leaf.role {
                Role::Recipient => &mut facts.recipient,
                Role::Url => &mut facts.url,
                Role::Command => &mut facts.command,
                Role::Query => &mut facts.query,
                Role::Amount => &mut facts.amount,
                Role::Path | Role::File => &mut facts.path,
                Role::Object | Role::Container => &mut facts.object,
                Role::Secret => &mut facts.secret,
                Role::Body => &mut facts.body,
            };
            sources.join(&leaf.sources(intent));
        }
        facts.at(&subject.server.name)
    }

    /// As the trail keeps it: from where, how written, and never what.
    pub(crate) fn told(&self, index: Option<&Index>) -> Vec<ValueSource> {
        let mut all = Vec::new();
        for leaf in &self.0 {
            for part in &leaf.origin.parts {
                let places = part.places.iter().filter_map(|place| index?.source(place.source()));
                all.extend(places.map(|source| told(&leaf.pointer, part, &source)));
            }
            if !leaf.origin.unknown.is_empty() {
                let label = Label::new(Integrity::Untrusted, leaf.origin.label().confidentiality);
                let (at, source) = (leaf.pointer.clone().into(), "unknown".into());
                all.push(ValueSource { at, call: None, encoding: None, label, source });
            }
        }
        all.dedup();
        all.truncate(TOLD);
        all
    }
}

/// What nobody remembers.
fn nowhere(text: &str) -> Origin {
    let unknown = (!text.is_empty()).then_some(0..text.len());
    Origin { parts: Vec::new(), unknown: unknown.into_iter().collect(), forgotten: None }
}

fn told(pointer: &str, part: &Part, source: &Source) -> ValueSource {
    let call = match source.from {
        From::Result(call) | From::Written(call) => Some(call),
        From::Turn(_) | From::Definition => None,
    };
    let written = part.form.as_str();
    let encoding = match (part.form, part.split) {
        (Form::Plain, false) => None,
        (_, false) => Some(written.into()),
        (Form::Plain, true) => Some("in pieces".into()),
        (_, true) => Some(format!("{written}, in pieces").into()),
    };
    ValueSource {
        at: pointer.to_owned().into(),
        call,
        encoding,
        label: source.standing.label,
        source: place(source).into(),
    }
}

/// Where a value stood, in words.
pub(super) fn place(source: &Source) -> String {
    let server = source.server.as_ref().map_or("a server", doorward_vocab::ServerName::as_str);
    let tool = source.tool.as_deref().filter(|tool| !tool.is_empty());
    let of = tool.map_or_else(|| format!("`{server}`"), |tool| format!("`{tool}` of `{server}`"));
    match source.from {
        From::Turn(_) => "the user".to_owned(),
        From::Result(_) => format!("what {of} gave"),
        From::Definition => format!("the definition of {of}"),
        From::Written(_) => {
            let kept = source.resource.as_deref().unwrap_or("a server");
            format!("what another conversation left at `{kept}`, out of what {of} gave")
        }
    }
}

impl Leaf {
    /// Where the values of this argument came from.
    fn sources(&self, intent: Option<&Intent>) -> Sources {
        let mut all = Sources { confidentiality: self.origin.label().confidentiality, ..Sources::default() };
        let said = intent.is_some_and(|intent| intent.was_said(&self.text));
        for part in &self.origin.parts {
            let of = |source: Source| (source.from, source);
            let places: Vec<(From, Source)> =
                part.places.iter().filter_map(|place| intent?.index().source(place.source())).map(of).collect();
            let believed = match part.standing.label.integrity {
                _ if said || places.iter().any(|(from, _)| matches!(from, From::Turn(_))) => Believed::Said,
                Integrity::Trusted => Believed::Trusted,
                Integrity::Untrusted => Believed::Untrusted,
            };
            all.integrity = all.integrity.max(believed);
            all.classes.extend(part.standing.classes.iter());
            all.owners.extend(part.standing.owners.iter().map(|owner| (**owner).to_owned()));
            all.split |= part.split;
            all.encoded |= !part.form.is_usual();
            if part.form != Form::Plain {
                all.forms.insert(part.form.as_str().to_owned());
            }
            for (from, source) in places {
                all.planted |= matches!(from, From::Written(_));
                let Some(server) = source.server else { continue };
                if let Some(tool) = source.tool.filter(|tool| !tool.is_empty()) {
                    all.tools.insert(format!("{server}__{tool}"));
                }
                all.servers.insert(server.as_str().to_owned());
            }
        }
        // What says too little to be traced may still decide something.
        let silent = self.origin.is_insignificant() && self.role != Role::Body && !self.text.is_empty();
        let rest = match !self.origin.unknown.is_empty() || silent {
            true if said => Believed::Said,
            true => Believed::Unknown,
            false => Believed::None,
        };
        all.integrity = all.integrity.max(rest);
        all
    }
}
