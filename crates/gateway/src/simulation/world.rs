//! One run: a gateway over pipes, servers that misbehave, clients that come and go, and what must be true when all are gone.

use super::{
    dice::Dice,
    exchange::Line,
    journal::{Journal, Who},
    legacy, modern,
    server::{Fleet, Scripted},
};
use crate::{Endpoint, Gateway, Live, Pins, Surroundings, link::Link, session::Session};
use doorward_config::{Known, Settings};
use doorward_store::{State, Trail, trail};
use doorward_vocab::{Clock, Entropy, Secret, Timestamp};
use parking_lot::Mutex;
use std::{
    path::Path,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    task::JoinSet,
    time::{Instant, sleep},
};

/// The credential of the second principal.
pub(super) const HOST_TOKEN: &str = "dwh_0000000000000000000000000000000000000000000";

const SETTINGS: &str = r#"
[limits]
upstream_timeout = "60s"
session_idle = "2h"
[[server]]
name = "one"
command = ["simulated"]
[[server]]
name = "two"
command = ["simulated"]
"#;

/// Longer than anybody's patience, and than any limit.
pub(super) const FOREVER: Duration = Duration::from_secs(60 * 60);

/// Time as the run has it.
struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000).plus(self.0.elapsed())
    }
}

/// Unpredictable to nobody.
struct Dealt(Mutex<Dice>);

impl Entropy for Dealt {
    fn draw(&self) -> [u8; 16] {
        let mut dice = self.0.lock();
        let mut half = || dice.below(u64::MAX).to_be_bytes();
        [half(), half()].concat().try_into().unwrap()
    }
}

/// What the clients of a run share.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) gateway: Arc<Gateway>,
    pub(super) journal: Arc<Journal>,
    /// Every session that was ever open.
    pub(super) sessions: Arc<Mutex<Vec<Weak<Session>>>>,
}

/// Plays the run of `seed` to its end.
pub(super) async fn play(seed: u64, dir: &Path) -> (Vec<String>, Vec<String>) {
    let journal = Arc::new(Journal::new(seed));
    let fleet = Arc::new(Fleet::new(journal.clone()));
    let gateway = build(&journal, &fleet, dir);
    let world = World { gateway: gateway.clone(), journal: journal.clone(), sessions: Arc::default() };

    let mut dice = journal.dice("world");
    let mut clients = JoinSet::new();
    for client in 0..3 + usize::try_from(dice.below(4)).unwrap() {
        let who = Who { client, principal: usize::from(dice.chance(40)) };
        let endpoint = match dice.below(6) {
            0 => Endpoint::All,
            1..5 => Endpoint::One("one".parse().unwrap()),
            _ => Endpoint::One("two".parse().unwrap()),
        };
        let line = Line { gateway: gateway.clone(), endpoint, principal: who.principal };
        match dice.chance(50) {
            true => clients.spawn(modern::live(world.clone(), line, who)),
            false => clients.spawn(legacy::live(world.clone(), line, who)),
        };
    }
    let fate = tokio::spawn(fleet.clone().fate());
    let sweeper = tokio::spawn(sweep(gateway.clone()));
    while clients.join_next().await.is_some_and(|end| end.is_ok_and(|()| true)) {}
    if !clients.is_empty() {
        journal.broken("a client fell over");
    }
    fate.abort();
    journal.say("all clients are gone");
    sleep(FOREVER * 3).await;
    sweeper.abort();
    line_up(world, &fleet);
    let left = Arc::downgrade(&gateway);
    for server in gateway.live.load_full().servers.values() {
        server.ties.release().await;
    }
    gateway.stop("over").await;
    drop(gateway);
    sleep(FOREVER).await;
    if left.strong_count() > 0 {
        journal.broken("something still runs for the gateway");
    }
    let tasks = Handle::current().metrics().num_alive_tasks();
    if tasks > 0 {
        journal.broken(format!("{tasks} tasks still run"));
    }
    journal.close()
}

fn build(journal: &Arc<Journal>, fleet: &Arc<Fleet>, dir: &Path) -> Arc<Gateway> {
    let settings = Settings::parse("simulation.toml", SETTINGS, &Known::default()).map_err(drop).unwrap().settings;
    let clock = Arc::new(VirtualClock(Instant::now()));
    let around = Surroundings {
        user: "ada".to_owned(),
        host_token: Secret::new(HOST_TOKEN.to_owned()),
        mark: Secret::new([7; 32]),
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        beyond: None,
        delegations: crate::Delegations::in_memory(),
        secrets: crate::known_secrets(&doorward_store::OsEntropy::default()),
    };
    let mut live = Live::assemble(settings, &around, None).unwrap();
    for (name, server) in &mut live.servers {
        let scripted = Scripted::new(name.as_str(), fleet.clone());
        Arc::get_mut(server).unwrap().simulated(Box::new(move || scripted.start()));
    }
    let trail = Trail::open(&dir.join("trail"), &*clock, trail::Options::default()).unwrap();
    let pins = Pins::new(Arc::new(State::in_memory().unwrap()));
    let entropy = Arc::new(Dealt(Mutex::new(journal.dice("entropy"))));
    Gateway::of(live, around, trail, pins, clock, entropy).unwrap()
}

async fn sweep(gateway: Arc<Gateway>) {
    loop {
        sleep(Duration::from_secs(60)).await;
        gateway.sweep().await;
    }
}

/// What is still held when nobody is there any more and all limits have passed.
fn line_up(world: World, fleet: &Fleet) {
    let World { gateway, journal, sessions } = world;
    let must_be_none = |what: &str, count: usize| {
        if count > 0 {
            journal.broken(format!("{what} left: {count}"));
        }
    };
    must_be_none("sessions", gateway.sessions.count());
    let held: Vec<_> = sessions.lock().iter().filter_map(Weak::upgrade).collect();
    must_be_none("sessions that somebody holds", held.len());
    must_be_none("parked calls", gateway.parking.count());
    for server in gateway.live.load().servers.values() {
        must_be_none("pooled sessions", server.ties.pooled());
        if let Some(Link::Process(process)) = server.ties.shared() {
            must_be_none("routes of a shared process", process.waited_for());
        }
    }
    fleet.line_up();
}
