use super::{ConfigFile, serve};
use crate::{Done, Failure, Out};
use doorward_config::Settings;
use doorward_identity::{
    Delegation, PartyId,
    delegation::{Reach, Tools},
};
use doorward_store::{Filter, Grant, Grants, GrantsDb, Index, SystemClock, state_dir};
use doorward_vocab::{Clock as _, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Show what was granted to agents, and take it back
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// List the delegations: those that were granted, and those of the configuration
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Show all about a delegation, and what was made from it
    Show {
        /// Its id
        id: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Take delegations back, and what was made from them: a running gateway ends what goes on under them within a second
    Revoke {
        /// Their ids; that of a token of another issuer is its `jti`
        #[arg(required_unless_present_any = ["agent", "human"])]
        ids: Vec<String>,
        /// All of this agent, by its id
        #[arg(long)]
        agent: Option<String>,
        /// All that this human granted, by the id at the identity provider
        #[arg(long)]
        human: Option<String>,
    },
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    match args.verb {
        Verb::List { config } => list(&config, out),
        Verb::Show { id, config } => show(&id, &config, out),
        Verb::Revoke { ids, agent, human } => revoke(ids, agent.as_deref(), human.as_deref(), out),
    }
}

/// A delegation with what became of it.
pub(crate) struct Known {
    pub(crate) delegation: Delegation,
    pub(crate) revoked: Option<(Timestamp, Box<str>)>,
    /// Whether the configuration gives it.
    configured: bool,
}

impl Known {
    pub(crate) fn state(&self, now: Timestamp) -> &'static str {
        match (&self.revoked, self.delegation.expires) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "over",
            _ if self.configured => "standing",
            _ => "in force",
        }
    }
}

/// All that the store and the configuration know, by id.
pub(crate) fn known(config: &ConfigFile) -> Result<BTreeMap<String, Known>, Failure> {
    let (_, loaded) = config.load()?;
    known_to(&loaded.settings, store()?.as_ref())
}

/// The same for settings that were read, and a store.
pub(crate) fn known_to(settings: &Settings, store: Option<&GrantsDb>) -> Result<BTreeMap<String, Known>, Failure> {
    let mut all = BTreeMap::new();
    for delegation in doorward_gateway::standing(settings) {
        let known = Known { delegation, revoked: None, configured: true };
        all.insert(known.delegation.id.to_string(), known);
    }
    for Grant { id, body, revoked, .. } in
        store.map(|s| s.since(0)).transpose().map_err(broken)?.unwrap_or_default().grants
    {
        match serde_json::from_slice::<Delegation>(&body) {
            Ok(delegation) => drop(all.insert(id.into(), Known { delegation, revoked, configured: false })),
            // Only its revocation is known, or that of one of the configuration.
            Err(_) => match all.get_mut(&*id) {
                Some(known) => known.revoked = revoked,
                None => {
                    let delegation = Delegation::new(&*id, PartyId { issuer: None, id: "unknown".into() });
                    all.insert(id.into(), Known { delegation, revoked, configured: false });
                }
            },
        }
    }
    Ok(all)
}

fn store() -> Result<Option<GrantsDb>, Failure> {
    let dir = state_dir().map_err(broken)?;
    if dir.join("delegations.db").exists() { GrantsDb::open(&dir).map(Some).map_err(broken) } else { Ok(None) }
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::Broken(error.to_string())
}

fn list(config: &ConfigFile, out: &Out) -> Done {
    let (all, now, names) = (known(config)?, SystemClock.now(), Names::read());
    if out.is_json() {
        all.values().for_each(|known| out.record(&Value::Object(record(known, now))));
        return Ok(());
    }
    if all.is_empty() {
        out.say("nothing was granted yet");
        return Ok(());
    }
    for known in all.values() {
        let d = &known.delegation;
        let state = known.state(now);
        let painted = if matches!(state, "revoked" | "over") { out.bad(state) } else { out.good(state) };
        out.say(format!("{}  {painted}  {} {}", out.strong(&d.id), names.agent(&d.agent), names.behind(d)));
        let until = d.expires.map_or_else(String::new, |end| format!(", until {end}"));
        out.say(out.faint(&format!("  {}{until}", reach(&d.reach))));
    }
    Ok(())
}

fn show(id: &str, config: &ConfigFile, out: &Out) -> Done {
    let (all, now, names) = (known(config)?, SystemClock.now(), Names::read());
    let Some(known) = all.get(id) else {
        return Err(Failure::Broken(format!("there is no delegation `{id}`; see `doorward delegation list`")));
    };
    let made: Vec<&str> =
        all.values().filter(|k| k.delegation.parent.as_deref() == Some(id)).map(|k| &*k.delegation.id).collect();
    if out.is_json() {
        let mut record = record(known, now);
        record.extend([("made".to_owned(), json!(made))]);
        out.record(&Value::Object(record));
        return Ok(());
    }
    let d = &known.delegation;
    out.say(format!("{}  {}", out.strong(&d.id), known.state(now)));
    let line = |what: &str, text: Option<String>| {
        if let Some(text) = text.filter(|t| !t.is_empty()) {
            out.say(format!("  {what:<11} {text}"));
        }
    };
    line("agent", Some(names.agent(&d.agent)));
    line("authority", Some(names.behind(d)));
    line("purpose", d.purpose.as_ref().map(ToString::to_string));
    line("reaches", Some(reach(&d.reach)));
    line("effects", d.limits.effects.as_ref().map(|e| e.iter().map(|e| e.as_str()).collect::<Vec<_>>().join(", ")));
    line("amount", d.limits.amount.map(|a| format!("at most {}.{:02} in one call", a / 100, a % 100)));
    line("changes", d.limits.sinks.map(|n| format!("at most {n} calls that can change something")));
    line("scopes", Some(d.scopes.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ")));
    line("hand-overs", (d.depth > 0).then(|| format!("{} more may follow", d.depth)));
    line("made from", d.parent.as_ref().map(ToString::to_string));
    line("made", Some(made.join(", ")));
    line("from", d.not_before.map(|t| t.to_string()));
    line("until", d.expires.map(|t| t.to_string()));
    line("consent", d.consent.map(|digest| digest.to_string()));
    line("key", d.key.map(|_| "its holder must show a key".to_owned()));
    line("revoked", known.revoked.as_ref().map(|(at, by)| format!("{at} by {by}")));
    Ok(())
}

fn revoke(ids: Vec<String>, agent: Option<&str>, human: Option<&str>, out: &Out) -> Done {
    let dir = state_dir().map_err(broken)?;
    let (store, now) = (GrantsDb::open(&dir).map_err(broken)?, SystemClock.now());
    let mut wanted: BTreeSet<String> = ids.into_iter().collect();
    for grant in store.since(0).map_err(broken)?.grants.iter().filter(|grant| grant.revoked.is_none()) {
        let Ok(d) = serde_json::from_slice::<Delegation>(&grant.body) else { continue };
        let whose = agent.is_some_and(|id| *d.agent.id == *id)
            || human.is_some_and(|id| d.human.as_ref().is_some_and(|human| *human.id == *id));
        if whose {
            wanted.insert(grant.id.to_string());
        }
    }
    let by = serve::user();
    let mut revoked = Vec::new();
    for id in &wanted {
        revoked.extend(store.revoke(id, &by, now).map_err(broken)?);
    }
    revoked.sort();
    if out.is_json() {
        out.record(&json!({ "revoked": revoked, "by": by }));
    } else {
        for id in &revoked {
            out.say(format!("revoked {}", out.strong(id)));
        }
        if revoked.is_empty() {
            out.say("nothing was in force of that");
        }
    }
    Ok(())
}

fn record(known: &Known, now: Timestamp) -> Map<String, Value> {
    // A delegation is written as an object.
    let mut record = json!(known.delegation).as_object().cloned().unwrap_or_default();
    record.extend([("state".to_owned(), json!(known.state(now)))]);
    if let Some((at, by)) = &known.revoked {
        record.extend([("revoked".to_owned(), json!({ "at": at, "by": by }))]);
    }
    record
}

/// `files, mail/read, mail/search`
pub(crate) fn reach(reach: &Reach) -> String {
    match reach {
        Reach::Everything => "all servers".to_owned(),
        Reach::Only(servers) if servers.is_empty() => "nothing".to_owned(),
        Reach::Only(servers) => {
            let of = |(server, tools): (&_, &Tools)| match tools {
                Tools::All => vec![format!("{server}")],
                Tools::Only(tools) => tools.iter().map(|tool| format!("{server}/{tool}")).collect(),
            };
            servers.iter().flat_map(of).collect::<Vec<_>>().join(", ")
        }
    }
}

/// What people are called, as the trail knows it.
struct Names(Option<Index>);

impl Names {
    fn read() -> Self {
        let trail = state_dir().ok().map(|dir| dir.join("trail")).filter(|dir| dir.exists());
        Self(trail.and_then(|dir| Index::open(&dir).ok()))
    }

    fn last(&self, filter: Filter) -> Option<doorward_audit::Ruling> {
        let filter = Filter { kind: Some("ruling".to_owned()), limit: Some(1), ..filter };
        match self.0.as_ref()?.query(&filter).ok()?.pop()?.record().ok()?.event {
            doorward_audit::Event::Ruling(ruling) => Some(*ruling),
            _ => None,
        }
    }

    fn agent(&self, party: &PartyId) -> String {
        let seen = self.last(Filter { agent: Some(party.id.to_string()), ..Filter::default() });
        shown(party, seen.map(|r| r.agent))
    }

    /// On whose authority.
    fn behind(&self, d: &Delegation) -> String {
        match (&d.human, &d.owner) {
            (Some(human), _) => {
                let seen = self.last(Filter { human: Some(human.id.to_string()), ..Filter::default() });
                format!("for {}", shown(human, seen.and_then(|r| r.human)))
            }
            (None, Some(owner)) => format!("alone; {owner} answers"),
            (None, None) => "alone; nobody answers".to_owned(),
        }
    }
}

/// A name with the id where they differ; else the id with who vouches for it.
fn shown(party: &PartyId, seen: Option<doorward_audit::Party>) -> String {
    match (seen.filter(|p| *p.name != *party.id), &party.issuer) {
        (Some(known), _) => format!("{} ({})", &*known.name, party.id),
        (None, Some(issuer)) => format!("{} at {issuer}", party.id),
        (None, None) => party.id.to_string(),
    }
}
