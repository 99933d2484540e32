use crate::{Glob, Mistake, section::Section, value::Item};
use doorward_vocab::{Channel, Consequence, FindingKind, Severity};
use serde::Serialize;

/// What is done about findings of some kind in what servers say. The first rule that fits a finding speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OnFinding {
    /// The kinds; empty: all that a rule may be about.
    pub kinds: Vec<FindingKind>,
    /// The least severity.
    pub severity: Severity,
    /// Patterns of servers; empty: all.
    pub servers: Vec<Glob>,
    /// The channels; empty: all.
    pub channels: Vec<Channel>,
    /// What is done.
    pub then: Consequence,
}

/// What a rule may be about. The rest has a way of its own: secrets of the gateway and canaries are always taken out, and
/// definitions are judged by themselves.
const KINDS: [FindingKind; 3] = [FindingKind::Injection, FindingKind::HiddenText, FindingKind::SecretShape];

/// The channels on which servers speak. A request that they make is asked of the policies, and refused where it gives orders.
const CHANNELS: [Channel; 3] = [Channel::Result, Channel::Error, Channel::Notification];

impl OnFinding {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let kinds = section.get("kind", |item| words(item, &KINDS.map(|k| (k.as_str(), k))));
        let severity = section.get("severity", |item| item.choice(&Severity::ALL.map(|s| (s.as_str(), s))));
        let servers = section.get("server", Item::one_or_more).unwrap_or_default();
        let channels = section.get("channel", |item| words(item, &CHANNELS.map(|c| (c.as_str(), c))));
        let then =
            section.need("do", "do = \"redact\"", |item| item.choice(&Consequence::ALL.map(|c| (c.as_str(), c))));
        section.finish();
        Some(Self {
            kinds: kinds.unwrap_or_else(|| KINDS.to_vec()),
            severity: severity.unwrap_or(Severity::High),
            servers: servers.into_iter().map(Glob::new).collect(),
            channels: channels.unwrap_or_default(),
            then: then?,
        })
    }
}

/// One of some words, or a list of them.
fn words<T: Copy>(item: &Item<'_>, known: &[(&'static str, T)]) -> Result<Vec<T>, Mistake> {
    if item.is_empty_list() {
        return Err(item.wrong("is empty").label("leave it out where it does not matter"));
    }
    if item.value.is_str() {
        item.choice(known).map(|one| vec![one])
    } else {
        item.all("a word, or a list of words", |one| one.choice(known))
    }
}
