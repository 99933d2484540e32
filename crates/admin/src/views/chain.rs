use super::{Who, line};
use crate::ports::{Fault, Ports};
use doorward_audit::{Event, Record, Ruling};
use doorward_vocab::{CallId, Decision, Integrity};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What belongs together with a call, as a graph: from where it began to where it went, across agents and servers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Chain {
    /// The call that was asked about.
    pub(crate) call: String,
    /// The content that it began with: the earliest answer with untrusted text whose values reached this call; where no
    /// value is known, that led to it; else that its conversation had read before.
    pub(crate) patient_zero: Option<String>,
    /// Who else read the same source, as calls of the chain.
    pub(crate) readers: Vec<String>,
    /// The calls, and what the human said, in the order of the trail.
    pub(crate) nodes: Vec<Node>,
    /// What led from one to another.
    pub(crate) edges: Vec<Edge>,
    /// Whether there is more than is shown.
    pub(crate) cut: bool,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// The human said something.
    Turn,
    /// A call that reads.
    Read,
    /// A call that can move data out or change something.
    Sink,
}

/// A node of a chain.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Node {
    /// The call or turn.
    pub(crate) id: String,
    /// What it is.
    pub(crate) part: Part,
    /// When; UTC.
    pub(crate) time: String,
    /// What is called, or who speaks.
    pub(crate) what: String,
    /// The agent that acts.
    pub(crate) agent: Option<Who>,
    /// The conversation.
    pub(crate) conversation: String,
    /// What was decided.
    pub(crate) decision: String,
    /// Whether that was acted on.
    pub(crate) enforced: bool,
    /// Whether its answer held what anybody may have written.
    pub(crate) untrusted: bool,
    /// Whether its arguments held what anybody may have written.
    pub(crate) tainted: bool,
    /// Why it was ruled so.
    pub(crate) why: String,
    /// Whether values or causes lead from it to the call that was asked about, or back from that.
    pub(crate) on_path: bool,
}

/// What led from one node to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Edge {
    /// Where it begins.
    pub(crate) from: String,
    /// Where it ends.
    pub(crate) to: String,
    /// `said`: the last turn before; `caused`: the call that it was made for; `value`: a value came from the answer.
    pub(crate) kind: String,
    /// Where the value stands.
    pub(crate) at: Option<String>,
    /// Whether anybody may have written it.
    pub(crate) untrusted: bool,
}

/// Nodes that one drawing shows.
const MOST: usize = 120;

pub(crate) fn chain(ports: &Ports, id: &str) -> Result<Chain, Fault> {
    let id: CallId = id.parse().map_err(Fault::Wrong)?;
    let hits = ports.evidence.chain(id)?;
    if hits.is_empty() {
        return Err(Fault::Missing(format!("the trail has no call {id}")));
    }
    let records: Vec<Record> = hits.iter().filter_map(|hit| hit.record().ok()).collect();
    Ok(draw(&records, &id.to_string()))
}

fn draw(records: &[Record], asked: &str) -> Chain {
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    let mut said: HashMap<String, String> = HashMap::new();
    for record in records {
        match &record.event {
            Event::Turn(t) => {
                said.insert(t.conversation.id.to_string(), t.turn.to_string());
                nodes.push(turn(record, t));
            }
            Event::Ruling(r) => {
                links(r, &said, &mut edges);
                nodes.push(call(record, r));
            }
            Event::Outcome(o) => {
                let id = o.call.to_string();
                let untrusted = o.label.is_some_and(|l| l.integrity == Integrity::Untrusted);
                if let Some(node) = nodes.iter_mut().rev().find(|n: &&mut Node| n.id == id) {
                    node.untrusted |= untrusted;
                }
            }
            _ => {}
        }
    }
    let known: HashSet<String> = nodes.iter().map(|n| n.id.clone()).collect();
    edges.retain(|e: &Edge| known.contains(&e.from) && known.contains(&e.to));
    let leads = reached(&edges, asked, false);
    let path: HashSet<String> = leads.iter().cloned().chain(reached(&edges, asked, true)).collect();
    for node in &mut nodes {
        node.on_path = path.contains(&node.id);
    }
    let cut = nodes.len() > MOST;
    if cut {
        // What leads to the call and from it stays; of the rest the latest.
        let mut room = MOST.saturating_sub(path.len());
        let mut keep: Vec<bool> = nodes.iter().map(|n| n.on_path).collect();
        for (keep, node) in keep.iter_mut().zip(&nodes).rev() {
            if !node.on_path && room > 0 {
                (*keep, room) = (true, room - 1);
            }
        }
        let mut keep = keep.into_iter();
        nodes.retain(|_| keep.next().unwrap_or(false));
        nodes.truncate(MOST);
    }
    let known: HashSet<&str> = nodes.iter().map(|n| n.id.as_str()).collect();
    edges.retain(|e| known.contains(e.from.as_str()) && known.contains(e.to.as_str()));
    let led = || nodes.iter().find(|n| n.untrusted && n.id != asked && leads.contains(&n.id)).map(|n| n.id.clone());
    let patient_zero = patient_zero(&edges, asked).or_else(led).or_else(|| read_before(&nodes, asked));
    let readers = match &patient_zero {
        Some(zero) => {
            let mut readers: Vec<String> = edges.iter().filter(|e| e.from == *zero).map(|e| e.to.clone()).collect();
            readers.sort();
            readers.dedup();
            readers
        }
        None => Vec::new(),
    };
    Chain { call: asked.to_owned(), patient_zero, readers, nodes, edges, cut }
}

fn turn(record: &Record, t: &doorward_audit::Turn) -> Node {
    Node {
        id: t.turn.to_string(),
        part: Part::Turn,
        time: line::time(record.time),
        what: t.human.as_ref().map_or("a human", |h| &h.name).to_owned(),
        agent: t.agent.as_ref().map(Who::of),
        conversation: t.conversation.id.to_string(),
        decision: if t.attested { "attested" } else { "claimed" }.to_owned(),
        enforced: true,
        untrusted: false,
        tainted: false,
        why: t.mandate.as_ref().map(ToString::to_string).unwrap_or_default(),
        on_path: false,
    }
}

fn call(record: &Record, r: &Ruling) -> Node {
    let target = r.target.as_deref().unwrap_or(&r.method);
    Node {
        id: r.call.to_string(),
        part: if r.effects.is_sink() { Part::Sink } else { Part::Read },
        time: line::time(record.time),
        what: r.server.as_ref().map_or_else(|| target.to_owned(), |s| format!("{s}/{target}")),
        agent: Some(Who::of(&r.agent)),
        conversation: r.conversation.id.to_string(),
        decision: r.decision.as_str().to_owned(),
        enforced: r.enforced,
        untrusted: false,
        tainted: r.labels.arguments.integrity == Integrity::Untrusted,
        why: r.reasons.iter().map(|r| r.text.to_string()).collect::<Vec<_>>().join("; "),
        on_path: false,
    }
}

/// What led to a call: values of answers, the call that caused it, and else the last thing that the human said.
fn links(r: &Ruling, said: &HashMap<String, String>, edges: &mut Vec<Edge>) {
    let to = r.call.to_string();
    let mut values: BTreeMap<String, (String, bool)> = BTreeMap::new();
    for v in &r.values {
        let Some(from) = v.call else { continue };
        let untrusted = v.label.integrity == Integrity::Untrusted;
        let entry = values.entry(from.to_string()).or_insert_with(|| (v.at.to_string(), untrusted));
        entry.1 |= untrusted;
    }
    let value = |(from, (at, untrusted))| Edge { from, to: to.clone(), kind: "value".into(), at: Some(at), untrusted };
    let before = edges.len();
    edges.extend(values.into_iter().map(value));
    if let Some(parent) = r.parent {
        let from = parent.to_string();
        edges.push(Edge { from, to: to.clone(), kind: "caused".into(), at: None, untrusted: false });
    }
    let turn = r.turn.map(|t| t.to_string()).or_else(|| said.get(r.conversation.id.as_str()).cloned());
    if let Some(from) = turn.filter(|_| edges.len() == before || r.decision <= Decision::Oblige) {
        edges.push(Edge { from, to, kind: "said".into(), at: None, untrusted: false });
    }
}

/// All from which something leads to `asked`; or to which something leads from it, forward.
fn reached(edges: &[Edge], asked: &str, forward: bool) -> HashSet<String> {
    let mut found: HashSet<String> = HashSet::from([asked.to_owned()]);
    let mut open = vec![asked.to_owned()];
    while let Some(id) = open.pop() {
        for edge in edges {
            let (here, there) = if forward { (&edge.from, &edge.to) } else { (&edge.to, &edge.from) };
            if *here == id && found.insert(there.clone()) {
                open.push(there.clone());
            }
        }
    }
    found
}

/// The first untrusted answer that the conversation of a call had read before it, where its arguments are untrusted.
fn read_before(nodes: &[Node], asked: &str) -> Option<String> {
    let call = nodes.iter().find(|n| n.id == asked && n.tainted)?;
    let before = nodes.iter().take_while(|n| n.id != asked);
    before.into_iter().find(|n| n.untrusted && n.conversation == call.conversation).map(|n| n.id.clone())
}

/// The earliest answer with untrusted text from which values reached `asked`. Ids of calls sort by time.
fn patient_zero(edges: &[Edge], asked: &str) -> Option<String> {
    let mut reached = HashSet::from([asked.to_owned()]);
    let mut open = vec![asked.to_owned()];
    let mut zero: Option<String> = None;
    while let Some(id) = open.pop() {
        for edge in edges.iter().filter(|e| e.kind == "value" && e.to == id) {
            if edge.untrusted && zero.as_ref().is_none_or(|zero| edge.from < *zero) {
                zero = Some(edge.from.clone());
            }
            if reached.insert(edge.from.clone()) {
                open.push(edge.from.clone());
            }
        }
    }
    zero
}

impl Node {
    pub(crate) fn tone(&self) -> &'static str {
        match self.part {
            Part::Turn => "plain",
            _ => line::tone(&self.decision),
        }
    }
    pub(crate) fn href(&self) -> Option<String> {
        (self.part != Part::Turn).then(|| super::call::href(&self.id))
    }
}
