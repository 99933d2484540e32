use super::{Attest, CredentialRule, MODES, Upstream};
use crate::{Glob, Mistake, section::Section, units, value::Item};
use doorward_vocab::{Assurance, Confidentiality, Effect, Effects, Integrity, Label, Mode, ServerName};
use serde::Serialize;
use std::time::Duration;

/// One MCP server behind the gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// Its name, unique in the file.
    pub name: ServerName,
    /// How it is reached.
    pub upstream: Upstream,
    /// Which credentials it is called with; they exist and fit the upstream. Empty: none.
    pub credentials: Vec<CredentialRule>,
    /// The variable of a command in which it finds a canary.
    pub canary: Option<String>,
    /// How it proves that it is the one that is meant.
    pub attest: Attest,
    /// What its tools do, where that differs from what is declared or inferred.
    pub effects: Vec<EffectRule>,
    /// How well agents must be proven for its tools, beside what their effects ask for.
    pub assurance: Vec<AssuranceRule>,
    /// Whether arguments must fit the schemas that its tools declare.
    pub check_arguments: bool,
    /// Whether calls that change something must serve what the human asked for, where a host reports that.
    pub check_mandate: bool,
    /// Whether what reaches it is held to where it came from.
    pub check_flow: bool,
    /// Patterns of tools that are meant to be called again and again until something happens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub polling: Vec<Glob>,
    /// How often it may ask something of the client's model or person in one conversation; none: as often as all may.
    pub asks: Option<u32>,
    /// The label of what it returns before anything is known about the content.
    pub label: Label,
    /// Its own timeout for a call; none: the one of the limits.
    #[serde(serialize_with = "units::write_optional_duration")]
    pub timeout: Option<Duration>,
    /// Its own mode; none: the deployment's.
    pub mode: Option<Mode>,
}

/// What the tools of one pattern do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EffectRule {
    /// The pattern of tool names.
    pub tools: Glob,
    /// Their effects.
    pub effects: Effects,
}

/// How well an agent must be proven for the tools of one pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssuranceRule {
    /// The pattern of tool names.
    pub tools: Glob,
    /// The least that is enough.
    pub floor: Assurance,
}

impl Server {
    /// What the operator says `tool` does. The most specific pattern speaks: the one with the most plain characters.
    pub fn effects_of(&self, tool: &str) -> Option<Effects> {
        let fits = self.effects.iter().filter(|rule| rule.tools.matches(tool));
        fits.max_by_key(|rule| rule.tools.specificity()).map(|rule| rule.effects)
    }

    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"files\"", Item::parse);
        let upstream = Upstream::read(&section);
        let credentials = CredentialRule::read_all(&section);
        let canary = section.get("canary", Item::variable);
        if canary.is_some() && !section.has("command") {
            let mistake = Mistake::error("a canary needs a `command`").label("an address has no environment");
            section.reading.tell(section.spot("canary"), mistake);
        }
        let attest = Attest::read(&section, section.has("command"));
        let effects = section.table("effects").map(effects).unwrap_or_default();
        let assurance = section.table("assurance").map(assurance).unwrap_or_default();
        let check_arguments = section.get("check_arguments", Item::flag).unwrap_or(true);
        let check_mandate = section.get("check_mandate", Item::flag).unwrap_or(true);
        let check_flow = section.get("check_flow", Item::flag).unwrap_or(true);
        let polling = section.get("polling", Item::one_or_more).unwrap_or_default();
        let polling = polling.into_iter().map(Glob::new).collect();
        let asks = section.get("asks", Item::count).map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        let trusted = section.get("trusted", Item::flag).unwrap_or(false);
        let confidentiality = section.get("confidentiality", |item| item.choice(&CONFIDENTIALITY));
        let timeout = section.get("timeout", Item::duration);
        let mode = section.get("mode", |item| item.choice(&MODES));
        section.finish();
        let integrity = if trusted { Integrity::Trusted } else { Integrity::Untrusted };
        let label = Label::new(integrity, confidentiality.unwrap_or(Label::OUTSIDE.confidentiality));
        Some(Self {
            name: name?,
            upstream: upstream?,
            credentials,
            canary,
            attest,
            effects,
            assurance,
            check_arguments,
            check_mandate,
            check_flow,
            polling,
            asks,
            label,
            timeout,
            mode,
        })
    }
}

pub(super) const CONFIDENTIALITY: [(&str, Confidentiality); 4] = [
    ("public", Confidentiality::Public),
    ("internal", Confidentiality::Internal),
    ("confidential", Confidentiality::Confidential),
    ("secret", Confidentiality::Secret),
];

/// `{ "delete_*" = "delete", "mail" = ["read", "send"] }`
fn effects(section: Section<'_>) -> Vec<EffectRule> {
    let mut rules = Vec::new();
    for (_, item) in section.entries() {
        match words(&item) {
            Ok(effects) => rules.push(EffectRule { tools: Glob::new(&item.key), effects }),
            Err(mistake) => section.reading.tell(item.span, mistake),
        }
    }
    rules
}

/// `{ "delete_*" = 3 }`
fn assurance(section: Section<'_>) -> Vec<AssuranceRule> {
    let mut rules = Vec::new();
    for (_, item) in section.entries() {
        match floor(&item) {
            Ok(floor) => rules.push(AssuranceRule { tools: Glob::new(&item.key), floor }),
            Err(mistake) => section.reading.tell(item.span, mistake),
        }
    }
    rules
}

/// An assurance, 0 to 4.
pub(super) fn floor(item: &Item<'_>) -> Result<Assurance, Mistake> {
    let number = item.value.as_integer().and_then(|n| n.as_str().parse::<u8>().ok());
    let floor = number.and_then(|n| Assurance::try_from(n).ok());
    floor.ok_or_else(|| {
        let help = "0 asserted, 1 local process, 2 platform token, 3 key-bound, 4 hardware";
        item.wrong("is not an assurance").label("from 0 to 4").help(help)
    })
}

fn words(item: &Item<'_>) -> Result<Effects, Mistake> {
    let words = Effect::ALL.map(|e| (e.as_str(), e));
    let one = |item: &Item<'_>| {
        let text = item.text()?;
        item.choice(&words).map_err(|mistake| mistake.renamed(format!("unknown effect `{text}`")))
    };
    if item.value.is_str() {
        return one(item).map(Effects::just);
    }
    if item.is_empty_list() {
        return Err(item.wrong("is empty").label("name at least one effect"));
    }
    item.all("an effect, or a list of effects", one).map(Effects::from_iter)
}
