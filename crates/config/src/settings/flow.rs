use crate::{Glob, Mistake, section::Section, units, value::Item};
use doorward_vocab::{Class, Confidentiality, Integrity};
use serde::Serialize;
use std::time::Duration;

/// Which label what comes from somewhere has. Every pattern must fit; one that is not there fits everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelRule {
    /// The server.
    pub server: Option<Glob>,
    /// The tool, prompt or resource, by its name at the server.
    pub tool: Option<Glob>,
    /// The resource that the arguments name: a path, an address, an id.
    pub resource: Option<Glob>,
    /// What it must be about, in part.
    pub class: Option<Class>,
    /// Whether it may be believed.
    pub integrity: Option<Integrity>,
    /// Who may read it.
    pub confidentiality: Option<Confidentiality>,
    /// To whom it belongs.
    pub owners: Vec<String>,
}

/// How much of one class may go to each server in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowBudget {
    /// The class.
    pub class: Class,
    /// Patterns of the servers; empty: all.
    pub servers: Vec<Glob>,
    /// The most records of which something may go.
    pub records: Option<u32>,
    /// The most bytes of values.
    pub bytes: Option<u64>,
    /// Within how long; none: in the whole conversation.
    #[serde(serialize_with = "units::write_optional_duration")]
    pub within: Option<Duration>,
}

/// What a text may be about.
const CLASSES: [(&str, Class); 4] =
    [("personal", Class::Personal), ("secret", Class::Secret), ("financial", Class::Financial), ("code", Class::Code)];

const INTEGRITY: [(&str, Integrity); 2] = [("trusted", Integrity::Trusted), ("untrusted", Integrity::Untrusted)];

impl LabelRule {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let glob = |key| section.get(key, |item| item.text().map(Glob::new));
        let (server, tool, resource) = (glob("server"), glob("tool"), glob("resource"));
        let class = section.get("class", |item| item.choice(&CLASSES));
        let integrity = section.get("integrity", |item| item.choice(&INTEGRITY));
        let confidentiality = section.get("confidentiality", |item| item.choice(&super::server::CONFIDENTIALITY));
        let owners = section.get("owner", Item::one_or_more).unwrap_or_default();
        if integrity.is_none() && confidentiality.is_none() && owners.is_empty() {
            let mistake = Mistake::error("a label that says nothing");
            let help = "say `integrity`, `confidentiality` or `owner`";
            section.reading.tell(section.span.clone(), mistake.label("it changes nothing").help(help));
        }
        section.finish();
        Some(Self { server, tool, resource, class, integrity, confidentiality, owners })
    }
}

impl FlowBudget {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let class = section.need("class", "class = \"personal\"", |item| item.choice(&CLASSES));
        let servers = section.get("server", Item::one_or_more).unwrap_or_default();
        let records = section.get("records", Item::count).map(|most| u32::try_from(most).unwrap_or(u32::MAX));
        let bytes = section.get("bytes", Item::size).map(|most| most as u64);
        let within = section.get("within", Item::duration);
        if records.is_none() && bytes.is_none() {
            let mistake = Mistake::error("a budget without an amount");
            section.reading.tell(section.span.clone(), mistake.label("say how many `records` or `bytes`"));
        }
        section.finish();
        Some(Self { class: class?, servers: servers.into_iter().map(Glob::new).collect(), records, bytes, within })
    }
}
