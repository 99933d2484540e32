use crate::{Mistake, section::Section, units, value::Item};
use serde::Serialize;
use std::time::Duration;

/// How much somebody may use. It flows in again, unless it is for a conversation and says no time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// Whose it is.
    pub of: QuotaOf,
    /// Whether nothing is limited here, not even by default.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
    /// Calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Tokens of arguments and results.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Time in which servers are busy.
    #[serde(serialize_with = "units::write_optional_duration", skip_serializing_if = "Option::is_none")]
    pub busy: Option<Duration>,
    /// In how long it flows in; none: never.
    #[serde(serialize_with = "units::write_optional_duration")]
    pub within: Option<Duration>,
    /// Whether a person who approves a call that came too much gives the holder all of it anew.
    pub more: bool,
}

/// Whose a quota is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuotaOf {
    /// Everybody behind this gateway.
    Tenant,
    /// Each human, with all agents.
    Human,
    /// Each agent, for all humans.
    Agent,
    /// Each agent for each human.
    Pair,
    /// Each conversation.
    Conversation,
    /// Each tool, for everybody.
    Tool,
    /// Each server, for everybody.
    Server,
}

const HOLDERS: [(&str, QuotaOf); 7] = [
    ("tenant", QuotaOf::Tenant),
    ("human", QuotaOf::Human),
    ("agent", QuotaOf::Agent),
    ("pair", QuotaOf::Pair),
    ("conversation", QuotaOf::Conversation),
    ("tool", QuotaOf::Tool),
    ("server", QuotaOf::Server),
];

const HOUR: Duration = Duration::from_secs(3600);

impl Quota {
    /// What holds where the file says nothing of these holders: far above what an agent with one human needs.
    pub fn usual() -> [Self; 2] {
        let of = |of, calls, tokens| Self {
            of,
            off: false,
            calls: Some(calls),
            tokens: Some(tokens),
            busy: None,
            within: Some(HOUR),
            more: true,
        };
        [of(QuotaOf::Conversation, 6_000, 20_000_000), of(QuotaOf::Pair, 60_000, 200_000_000)]
    }

    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let of = section.need("of", "of = \"conversation\"", |item| item.choice(&HOLDERS));
        let off = section.get("off", Item::flag).unwrap_or(false);
        let count = |key| section.get(key, Item::count).map(|count| count as u64);
        let (calls, tokens) = (count("calls"), count("tokens"));
        let busy = section.get("busy", Item::duration);
        let within = section.get("within", Item::duration);
        let mine = matches!(of, Some(QuotaOf::Conversation | QuotaOf::Pair));
        let more = section.get("more", Item::flag).unwrap_or(mine);
        let limited = calls.is_some() || tokens.is_some() || busy.is_some();
        let wrong = |what: &str, label: &str| {
            section.reading.tell(section.span.clone(), Mistake::error(what.to_owned()).label(label.to_owned()));
        };
        match (off, limited) {
            (false, false) => {
                wrong("a quota without an amount", "say how many `calls` or `tokens`, or how long `busy`")
            }
            (true, true) => wrong("a quota that is off and has an amount", "say one of both"),
            _ => {}
        }
        if limited && within.is_none() && of.is_some_and(|of| of != QuotaOf::Conversation) {
            wrong("a quota that never flows in again", "say `within`; only a conversation ends by itself");
        }
        section.finish();
        Some(Self { of: of?, off, calls, tokens, busy, within, more })
    }
}
