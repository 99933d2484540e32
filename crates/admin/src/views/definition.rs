use super::line;
use crate::{
    ports::{self, Fault, Ports},
    query::{Query, link},
    words::word,
};
use doorward_audit::DefinitionKind;
use doorward_store::SeenRole;
use schemars::JsonSchema;
use serde::Serialize;

/// What servers declare.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Definitions {
    /// Those that wait first, the riskiest first.
    pub(crate) definitions: Vec<DefinitionView>,
}

/// A definition.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct DefinitionView {
    /// The server that declares it.
    pub(crate) server: String,
    /// What it defines.
    pub(crate) kind: String,
    /// Its name.
    pub(crate) name: String,
    /// `approved`, `pending`, `quarantined` or `rejected`.
    pub(crate) state: String,
    /// How closely a person should look: `low`, `medium` or `high`.
    pub(crate) risk: String,
    /// Why.
    pub(crate) reasons: Vec<String>,
    /// What a tool says that it does.
    pub(crate) does: Option<String>,
    /// What differs from what was approved.
    pub(crate) changes: Vec<ChangeView>,
    /// The digest of what was approved.
    pub(crate) approved: Option<String>,
    /// The digest of what waits.
    pub(crate) pending: Option<String>,
    /// What it declares now.
    pub(crate) text: String,
    /// When it was first seen; UTC.
    pub(crate) first_seen: String,
    /// When it last changed.
    pub(crate) changed_at: String,
    /// Who last decided about it.
    pub(crate) by: Option<String>,
}

/// One place of a definition that differs from what was approved.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ChangeView {
    /// Where.
    pub(crate) place: String,
    /// What that means.
    pub(crate) meaning: Option<String>,
    /// How bad that is if meant badly.
    pub(crate) severity: Option<String>,
    /// Why.
    pub(crate) why: Option<String>,
    /// What stood there.
    pub(crate) before: Option<String>,
    /// What stands there now.
    pub(crate) after: Option<String>,
}

/// The word of a kind of definitions, read.
pub(crate) fn kind(text: &str) -> Result<DefinitionKind, Fault> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| Fault::Wrong(format!("`{text}` is no kind of definitions")))
}

impl DefinitionView {
    fn of(d: &ports::Definition) -> Self {
        let change = |c: &ports::Change| ChangeView {
            place: c.place.clone(),
            meaning: c.meaning.as_ref().map(|m| m.word.clone()),
            severity: c.meaning.as_ref().map(|m| m.severity.clone()),
            why: c.meaning.as_ref().map(|m| m.why.clone()),
            before: c.before.clone(),
            after: c.after.clone(),
        };
        Self {
            server: d.server.clone(),
            kind: word(&d.kind),
            name: d.name.clone(),
            state: d.state.clone(),
            risk: d.risk.clone(),
            reasons: d.reasons.clone(),
            does: d.does.clone(),
            changes: d.changes.iter().map(change).collect(),
            approved: d.approved.map(|d| d.to_string()),
            pending: d.pending.map(|d| d.to_string()),
            text: d.text.clone(),
            first_seen: line::time(d.first_seen),
            changed_at: line::time(d.changed_at),
            by: d.by.clone(),
        }
    }
    pub(crate) fn waits(&self) -> bool {
        matches!(self.state.as_str(), "pending" | "quarantined")
    }
    pub(crate) fn href(&self) -> String {
        link("/definition", &[("server", &self.server), ("kind", &self.kind), ("name", &self.name)])
    }
    /// Where a decision about it goes. What it is called stands in the address, where every character is spelt out.
    pub(crate) fn decide(&self) -> String {
        link("/definitions/decide", &[("server", &self.server), ("kind", &self.kind), ("name", &self.name)])
    }
    /// The digest that a decision is about.
    pub(crate) fn digest(&self) -> Option<&str> {
        self.pending.as_deref().or(self.approved.as_deref())
    }
    pub(crate) fn tone(&self) -> &'static str {
        line::tone(&self.state)
    }
    pub(crate) fn risk_tone(&self) -> &'static str {
        match self.risk.as_str() {
            "high" => "bad",
            "medium" => "warn",
            _ => "plain",
        }
    }
}

impl ChangeView {
    pub(crate) fn tone(&self) -> &'static str {
        self.severity.as_deref().map_or("plain", line::tone)
    }
}

pub(crate) fn definitions(ports: &Ports, query: &Query) -> Result<Definitions, Fault> {
    let mut all: Vec<DefinitionView> =
        ports.definitions.list(query.get("server"))?.iter().map(DefinitionView::of).collect();
    if query.get("waiting") == Some("yes") {
        all.retain(DefinitionView::waits);
    }
    let risk = |d: &DefinitionView| ["high", "medium", "low"].iter().position(|r| *r == d.risk);
    all.sort_by_key(|d| (!d.waits(), risk(d)));
    Ok(Definitions { definitions: all })
}

pub(crate) fn definition(ports: &Ports, query: &Query) -> Result<DefinitionView, Fault> {
    let (server, name) = (query.must("server")?, query.must("name")?);
    let kind = kind(query.must("kind")?)?;
    let all = ports.definitions.list(Some(server))?;
    let found = all.iter().find(|d| d.kind == kind && d.name == name);
    found.map(DefinitionView::of).ok_or_else(|| Fault::Missing(format!("`{server}` has declared no such definition")))
}

/// Servers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Servers {
    /// Those of the configuration, and those that were seen.
    pub(crate) servers: Vec<ServerLine>,
}

/// A server, counted.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct ServerLine {
    /// Its name.
    pub(crate) name: String,
    /// Whether the configuration names it.
    pub(crate) configured: bool,
    /// What it declares.
    pub(crate) definitions: usize,
    /// What of it waits for a person.
    pub(crate) waiting: usize,
    /// Messages to it that were ruled.
    pub(crate) calls: u64,
    /// Those that were stopped, or would have been.
    pub(crate) stopped: u64,
    /// When it was last used; UTC.
    pub(crate) until: Option<String>,
}

impl ServerLine {
    pub(crate) fn href(&self) -> String {
        link("/server", &[("name", &self.name)])
    }
}

/// The most servers that are listed.
const MOST: usize = 500;

pub(crate) fn servers(ports: &Ports) -> Result<Servers, Fault> {
    let definitions = ports.definitions.list(None)?;
    let seen = ports.evidence.parties(SeenRole::Server, None, MOST)?;
    let configured = ports.definitions.servers();
    let mut names: Vec<String> = configured.clone();
    names.extend(seen.iter().map(|s| s.id.clone()).chain(definitions.iter().map(|d| d.server.clone())));
    names.sort();
    names.dedup();
    let line = |name: String| {
        let own = || definitions.iter().filter(|d| d.server == name);
        let used = seen.iter().find(|s| s.id == name);
        ServerLine {
            configured: configured.contains(&name),
            definitions: own().count(),
            waiting: own().filter(|d| matches!(d.state.as_str(), "pending" | "quarantined")).count(),
            calls: used.map_or(0, |u| u.calls),
            stopped: used.map_or(0, |u| u.stopped),
            until: used.map(|u| line::time(u.until)),
            name,
        }
    };
    Ok(Servers { servers: names.into_iter().map(line).collect() })
}

/// One server.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ServerView {
    /// What was counted of it.
    pub(crate) about: ServerLine,
    /// What it declares.
    pub(crate) definitions: Vec<DefinitionView>,
    /// Which of its tools were called.
    pub(crate) tools: Vec<ToolLine>,
    /// Tools that are approved, and that nobody has called.
    pub(crate) unused: Vec<String>,
}

/// A tool, counted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ToolLine {
    /// Its name.
    pub(crate) name: String,
    /// Calls of it that were ruled.
    pub(crate) calls: u64,
    /// Those that were stopped, or would have been.
    pub(crate) stopped: u64,
    /// The first call; UTC.
    pub(crate) since: String,
    /// The last one.
    pub(crate) until: String,
}

pub(crate) fn server(ports: &Ports, query: &Query) -> Result<ServerView, Fault> {
    let name = query.must("name")?;
    let about = servers(ports)?.servers.into_iter().find(|s| s.name == name);
    let about = about.ok_or_else(|| Fault::Missing("there is no such server".to_owned()))?;
    let definitions =
        definitions(ports, &Query::parse(link("", &[("server", name)]).trim_start_matches('?').as_bytes())?)?;
    let seen = ports.evidence.tools_of(name, MOST)?;
    let tools: Vec<ToolLine> = seen
        .iter()
        .map(|t| ToolLine {
            name: t.name.clone(),
            calls: t.calls,
            stopped: t.stopped,
            since: line::time(t.since),
            until: line::time(t.until),
        })
        .collect();
    let is_used = |d: &&DefinitionView| tools.iter().any(|t| t.name == d.name);
    let approved = definitions.definitions.iter().filter(|d| d.kind == "tool" && d.state == "approved");
    let unused = approved.filter(|d| !is_used(d)).map(|d| d.name.clone()).collect();
    Ok(ServerView { about, definitions: definitions.definitions, tools, unused })
}
