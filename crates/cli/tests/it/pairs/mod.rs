//! Every client meets every server, with the gateway between them: what both ends can do, works.

mod clients;
mod servers;
mod table;

use crate::{live::Live, place::Place};
use clients::Client;
use doorward_testkit::peers::installed;
use serde_json::{Map, Value, json};
use servers::{Door, Op, Server};
use std::{
    collections::BTreeMap,
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering::Relaxed},
    thread,
};

/// Clients under way at once.
const AT_ONCE: usize = 4;

/// What came of one operation of one pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Works,
    /// What was seen instead.
    Fails(String),
}

/// By client and server, as they stand in their lists: the operations that both ends can do.
type Met = BTreeMap<(usize, usize), BTreeMap<Op, Cell>>;

/// The gateway where each server has its own address, and the one where all have one.
struct Gateways {
    one: Live,
    all: Live,
}

impl Gateways {
    fn url(&self, server: &Server) -> String {
        match server.door {
            Door::One => self.one.url(&format!("/mcp/{}", server.name)),
            Door::All => self.all.url("/mcp"),
        }
    }

    /// They end the commands that they started.
    fn end(self) {
        for mut live in [self.one, self.all] {
            live.signal("-TERM");
            assert!(live.process.wait().unwrap().success());
        }
    }
}

#[test]
fn every_client_meets_every_server() {
    if !installed("every client with every server").unwrap() {
        return;
    }
    let (place, joined) = (Place::new(), Place::new());
    let servers = servers::start(&place);
    let clients = clients::all();
    let toml = |door| servers.iter().filter(|s| s.door == door).map(|s| s.toml.as_str()).collect::<String>();
    let one = Live::start(&place, &toml(Door::One));
    let gateways = Gateways { one, all: Live::start(&joined, &toml(Door::All)) };
    let met = meet(&clients, &servers, &gateways);
    gateways.end();
    let text = table::render(&clients, &servers, &met);
    let wrong = table::surprises(&clients, &servers, &met);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    table::compare(&text);
}

/// One client after the other is started, a few at once; each visits every server.
fn meet(clients: &[Client], servers: &[Server], gateways: &Gateways) -> Met {
    let doors: Vec<Mutex<()>> = servers.iter().map(|_| Mutex::default()).collect();
    let (next, met) = (AtomicUsize::new(0), Mutex::new(Met::new()));
    let work = || {
        while let Some(client) = clients.get(next.fetch_add(1, Relaxed)) {
            let number = clients.iter().position(|c| c.title == client.title).unwrap();
            visit_all(client, servers, gateways, &doors, |visited, cells| {
                met.lock().unwrap().insert((number, visited), cells);
            });
        }
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    met.into_inner().unwrap()
}

/// A server has one visitor at a time: what one does to it is not another's news. Who finds a door closed goes on to the next.
fn visit_all(
    client: &Client,
    servers: &[Server],
    gateways: &Gateways,
    doors: &[Mutex<()>],
    mut met: impl FnMut(usize, BTreeMap<Op, Cell>),
) {
    let mut tour = client.peer.tour().unwrap();
    let mut left: Vec<usize> = (0..servers.len()).collect();
    while !left.is_empty() {
        let open = left.iter().position(|s| doors[*s].try_lock().is_ok());
        let visited = left.remove(open.unwrap_or(0));
        let (server, _door) = (&servers[visited], doors[visited].lock().unwrap());
        let seen = tour.visit(&gateways.url(server), &jobs(client, server)).unwrap_or_else(|error| {
            tour = client.peer.tour().unwrap();
            json!({ "error": error.to_string() })
        });
        met(visited, judge(client, server, &seen));
    }
}

fn jobs(client: &Client, server: &Server) -> Value {
    let steps = server.steps.iter().filter(|step| client.can(step.op));
    let jobs: Map<String, Value> = steps.map(|step| (step.op.name().to_owned(), step.job.clone())).collect();
    let text = Value::Object(jobs).to_string();
    serde_json::from_str(&text.replace(servers::VISITOR, client.title)).unwrap()
}

fn judge(client: &Client, server: &Server, seen: &Value) -> BTreeMap<Op, Cell> {
    let steps = server.steps.iter().filter(|step| client.can(step.op));
    steps
        .map(|step| match seen["saw"].get(step.op.name()) {
            Some(saw) if step.is_right(saw) && client.kept_its_era(seen) => (step.op, Cell::Works),
            Some(saw) => (step.op, Cell::Fails(format!("{saw} in {}", seen["version"]))),
            None => (step.op, Cell::Fails(seen.to_string())),
        })
        .collect()
}
