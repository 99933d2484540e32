//! Agents that the operator knows, and what they may do for themselves.

use crate::{Glob, Mistake, section::Section, value::Item};
use doorward_vocab::{Effect, ServerName, Timestamp};
use serde::Serialize;
use std::{collections::BTreeSet, time::Duration};
use toml::de::DeValue;

/// An agent as the operator calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentEntry {
    /// What people call it; unique in the file.
    pub name: String,
    /// The trust entry that vouches for it; none: any.
    pub trust: Option<String>,
    /// Its id there.
    pub subject: Glob,
    /// What kind of agent it is: its `AgentGroup` in policies.
    pub class: Option<String>,
    /// Who made it.
    pub publisher: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
}

impl AgentEntry {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"nightly\"", Item::owned);
        let trust = section.get("trust", Item::owned);
        let subject = section.need("subject", "subject = \"spiffe://corp/batch/*\"", Item::owned).map(Glob::new);
        let class = section.get("class", Item::owned);
        let publisher = section.get("publisher", Item::owned);
        let owner = section.get("owner", Item::owned);
        section.finish();
        Some(Self { name: name?, trust, subject: subject?, class, publisher, owner })
    }
}

/// What an agent may do without a human, and who answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StandingDelegation {
    /// Names it in policy, trail and revocation; unique in the file.
    pub id: String,
    /// The name of the agent.
    pub agent: String,
    /// Who answers for what it does.
    pub owner: String,
    /// What it is for.
    pub purpose: Option<String>,
    /// The servers of which it opens everything.
    pub servers: Vec<ServerName>,
    /// Tools of other servers that it opens.
    pub tools: Vec<(ServerName, String)>,
    /// The effects that calls may have; none: all.
    pub effects: Option<BTreeSet<Effect>>,
    /// The largest amount of money in one call, in hundredths; none: any.
    pub amount: Option<i64>,
    /// How many calls that can change something may be made in all; none: any.
    pub sinks: Option<u64>,
    /// The OAuth scopes that it holds; none named: those of the agent's token.
    pub scopes: Vec<String>,
    /// How many hand-overs to other agents may follow.
    pub depth: u8,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

impl StandingDelegation {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let id = section.need("name", "name = \"nightly-backup\"", Item::owned);
        let agent = section.need("agent", "agent = \"nightly\"", Item::owned);
        let owner = section.need("owner", "owner = \"ops@example.com\"", Item::owned);
        let purpose = section.get("purpose", Item::owned);
        let servers = section.get("servers", |item| item.all("a list of server names", Item::parse));
        let tools = section.get("tools", |item| item.all("a list of tools", tool));
        if servers.is_none() && tools.is_none() && !section.has("servers") && !section.has("tools") {
            section.missing("servers", "servers = [\"files\"]");
        }
        let effects = section.get("effects", |item| item.all("a list of effects", effect)).map(BTreeSet::from_iter);
        let amount = section.get("amount", Item::count).and_then(|n| i64::try_from(n).ok()?.checked_mul(100));
        let sinks = section.get("sinks", Item::count).map(|n| n as u64);
        let scopes = section.get("scopes", Item::texts).unwrap_or_default();
        let depth = section.get("depth", depth).unwrap_or_default();
        let expires = section.get("expires", moment);
        section.finish();
        let (servers, tools) = (servers.unwrap_or_default(), tools.unwrap_or_default());
        let (id, agent, owner) = (id?, agent?, owner?);
        Some(Self { id, agent, owner, purpose, servers, tools, effects, amount, sinks, scopes, depth, expires })
    }

    /// The servers that it names.
    pub fn named(&self) -> impl Iterator<Item = &ServerName> {
        self.servers.iter().chain(self.tools.iter().map(|(server, _)| server))
    }
}

/// `server/tool`
fn tool(item: &Item<'_>) -> Result<(ServerName, String), Mistake> {
    let text = item.text()?;
    let parts = text.split_once('/').filter(|(_, tool)| !tool.is_empty());
    let (server, tool) = parts.ok_or_else(|| {
        Mistake::error(format!("`{text}` is not a tool of a server")).help("write `server/tool`, with its exact name")
    })?;
    let server = server.parse::<ServerName>().map_err(|e| Mistake::error(e.to_string()))?;
    Ok((server, tool.to_owned()))
}

pub(super) fn effect(item: &Item<'_>) -> Result<Effect, Mistake> {
    let text = item.text()?;
    let words = Effect::ALL.map(|e| (e.as_str(), e));
    item.choice(&words).map_err(|mistake| mistake.renamed(format!("unknown effect `{text}`")))
}

fn depth(item: &Item<'_>) -> Result<u8, Mistake> {
    let number = item.value.as_integer().and_then(|n| n.as_str().parse::<u8>().ok()).filter(|n| *n <= 2);
    number.ok_or_else(|| item.wrong("is out of range").label("0, 1 or 2 hand-overs to other agents may follow"))
}

/// A date with a time and a zone, as TOML writes it: `2027-01-31T00:00:00Z`.
fn moment(item: &Item<'_>) -> Result<Timestamp, Mistake> {
    let wrong = || item.wants("a moment such as `2027-01-31T00:00:00Z`");
    let DeValue::Datetime(at) = item.value else { return Err(wrong()) };
    let (Some(date), Some(time), Some(offset)) = (at.date, at.time, at.offset) else {
        return Err(wrong().help("with its time and zone: `Z` is UTC"));
    };
    let minutes = match offset {
        toml::value::Offset::Z => 0,
        toml::value::Offset::Custom { minutes } => i64::from(minutes),
    };
    let days = days_since_epoch(i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let seconds = days * 86_400
        + i64::from(time.hour) * 3600
        + (i64::from(time.minute) - minutes) * 60
        + time.second.map_or(0, i64::from);
    let seconds = u64::try_from(seconds).map_err(|_| item.wrong("is before 1970"))?;
    Ok(Timestamp::default().plus(Duration::from_secs(seconds)))
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, by counting years that begin in March: a leap day is then
/// the last of its year.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let before = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    before + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::days_since_epoch;

    #[test]
    fn days() {
        for (date, days) in
            [((1970, 1, 1), 0), ((2000, 2, 29), 11_016), ((2000, 3, 1), 11_017), ((2027, 1, 31), 20_849)]
        {
            let (year, month, day) = date;
            assert_eq!(days_since_epoch(year, month, day), days, "{date:?}");
        }
    }
}
