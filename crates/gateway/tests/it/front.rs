//! A gateway with its door on a free port, and everything that a test wants to know of it.

use doorward_audit::{Event, Record, Ruling};
use doorward_config::{Known, Settings};
use doorward_gateway::{Beyond, Delegations, Gateway, Pins, Surroundings, http::McpDoor};
use doorward_seal::{Keyring, Outer, Source};
use doorward_store::{GrantsDb, KeptDb, OsEntropy, PinKey, Pins as _, State, SystemClock, Trail, trail};
use doorward_transport::serve::{Body, Bound, Peer, Running, Serve, ServeSettings, TlsSlot};
use doorward_vocab::{Clock, Secret, Timestamp};
use http::{Request, Response};
use hyper::body::Incoming;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

/// The credential of hosts in these tests.
pub(crate) const HOST_TOKEN: &str = "dwh_0000000000000000000000000000000000000000000";

/// A running gateway. Dropping it cuts every connection.
pub(crate) struct Front {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) address: SocketAddr,
    /// The store as another process sees it, such as `doorward approve`.
    pub(crate) pins: State,
    state: Arc<TempDir>,
    trail: PathBuf,
    running: Option<Running>,
    strangers: bool,
    clock: Arc<Ahead>,
}

/// The door as a peer on another machine sees it.
struct Faraway(Arc<McpDoor>);

impl Serve for Faraway {
    fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: Arc<Peer>,
    ) -> impl Future<Output = Response<Body>> + Send + 'static {
        let peer = Peer {
            address: SocketAddr::from(([203, 0, 113, 7], 4711)),
            local: peer.local,
            tls: peer.tls,
            certificates: peer.certificates.clone(),
            process: None,
        };
        self.0.clone().serve(request, Arc::new(peer))
    }
}

/// A clock that is ahead of the machine's, by so many seconds.
struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(Duration::from_secs(self.0.load(Ordering::Relaxed)))
    }
}

impl Front {
    /// A gateway with the configuration `toml`, on loopback.
    pub(crate) async fn start(toml: &str) -> Self {
        Self::serve(toml, false, Self::fresh(), "trail", Duration::ZERO).await
    }

    /// The same on a port that was known before.
    pub(crate) async fn start_on(port: u16, toml: &str) -> Self {
        Self::serve_on((port, None), toml, false, Self::fresh(), "trail", Duration::ZERO).await
    }

    /// The same for peers that are not on this machine.
    pub(crate) async fn start_for_strangers(toml: &str) -> Self {
        Self::serve(toml, true, Self::fresh(), "trail", Duration::ZERO).await
    }

    /// A gateway at level `guard` in front of one server `fixture` at `url`.
    pub(crate) async fn over(url: &str) -> Self {
        Self::start(&http_server("fixture", url)).await
    }

    /// Ends this gateway in good order and starts one with its state.
    pub(crate) async fn restart(self, toml: &str) -> Self {
        self.restart_on(0, toml).await
    }

    /// The same on a port that was known before.
    pub(crate) async fn restart_on(self, port: u16, toml: &str) -> Self {
        let state = self.state.clone();
        self.stop().await;
        Self::serve_on((port, None), toml, false, state, "trail", Duration::ZERO).await
    }

    /// The same with something that happens while no gateway runs.
    pub(crate) async fn restart_after(self, toml: &str, meanwhile: impl FnOnce(&Path)) -> Self {
        let (state, trail) = (self.state.clone(), self.trail.clone());
        self.stop().await;
        // What the gateway was at may hold it for a moment longer.
        crate::client::until("the trail to be free", async || (!trail::is_held(&trail)).then_some(())).await;
        meanwhile(state.path());
        Self::serve(toml, false, state, "trail", Duration::ZERO).await
    }

    /// Another gateway with the same state, whose clock is ahead; its trail is its own.
    pub(crate) async fn beside(&self, toml: &str, ahead: Duration) -> Self {
        static OTHERS: AtomicUsize = AtomicUsize::new(1);
        let trail = format!("trail-{}", OTHERS.fetch_add(1, Ordering::Relaxed));
        Self::serve(toml, self.strangers, self.state.clone(), &trail, ahead).await
    }

    /// Where it keeps its state.
    pub(crate) fn state_dir(&self) -> &Path {
        self.state.path()
    }

    /// The store of sessions as another process sees it.
    pub(crate) fn kept(&self) -> KeptDb {
        KeptDb::open(self.state.path()).unwrap()
    }

    /// The store of delegations as another process sees it, such as `doorward delegation`.
    pub(crate) fn grants(&self) -> GrantsDb {
        GrantsDb::open(self.state.path()).unwrap()
    }

    fn fresh() -> Arc<TempDir> {
        Arc::new(tempfile::tempdir().unwrap())
    }

    /// The same over TLS.
    pub(crate) async fn start_with_tls(toml: &str, tls: Arc<TlsSlot>) -> Self {
        Self::serve_on((0, Some(tls)), toml, true, Self::fresh(), "trail", Duration::ZERO).await
    }

    async fn serve(toml: &str, strangers: bool, state: Arc<TempDir>, trail: &str, ahead: Duration) -> Self {
        Self::serve_on((0, None), toml, strangers, state, trail, ahead).await
    }

    async fn serve_on(
        (port, tls): (u16, Option<Arc<TlsSlot>>),
        toml: &str,
        strangers: bool,
        state: Arc<TempDir>,
        trail: &str,
        ahead: Duration,
    ) -> Self {
        let trail_dir = state.path().join(trail);
        let bound = bind(port).await;
        let address = bound.address();
        let clock = Arc::new(Ahead(AtomicU64::new(ahead.as_secs())));
        let trail = Trail::open(&trail_dir, &*clock, trail::Options::default()).unwrap();
        let own = Arc::new(State::open(state.path()).unwrap());
        let pins = State::open(state.path()).unwrap();
        let store = Arc::new(KeptDb::open(state.path()).unwrap());
        let surroundings = Surroundings {
            user: "ada".to_owned(),
            host_token: Secret::new(HOST_TOKEN.to_owned()),
            mark: Secret::new([7; 32]),
            listen: address,
            beyond: Some(Beyond { store, keys: keys(state.path()) }),
            delegations: Delegations::open(Arc::new(GrantsDb::open(state.path()).unwrap())).unwrap(),
            secrets: doorward_gateway::known_secrets(&OsEntropy::default()),
        };
        let gateway = Gateway::new(settings(toml), surroundings, trail, Pins::new(own), clock.clone()).unwrap();
        let door = McpDoor::new(gateway.clone());
        let running = if strangers {
            bound.serve(Arc::new(Faraway(door)), ServeSettings::default(), tls)
        } else {
            bound.serve(door, ServeSettings::default(), tls)
        };
        Self { gateway, address, pins, state, trail: trail_dir, running: Some(running), strangers, clock }
    }

    /// For this gateway so much time passes.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    /// Puts another configuration in force.
    pub(crate) fn reload(&self, toml: &str) {
        self.gateway.reload(settings(toml), "test").unwrap();
    }

    /// A person approves the definition of a tool as it is waiting.
    pub(crate) fn approve(&self, server: &str, tool: &str) {
        let key = PinKey::tool(server.parse().unwrap(), tool);
        let pin = self.pins.get(&key).unwrap().unwrap();
        self.pins.approve(&key, pin.pending_digest().unwrap(), "test", SystemClock.now()).unwrap();
    }

    pub(crate) fn trail_dir(&self) -> PathBuf {
        self.trail.clone()
    }

    /// What the trail says so far.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut reader = trail::Reader::new(&self.trail_dir());
        let mut records = Vec::new();
        while let Ok(Some(entry)) = reader.next() {
            records.push(Record::decode(&entry.record).unwrap());
        }
        records
    }

    /// What the trail says once `enough` holds: records that no sink waits for are milliseconds behind.
    pub(crate) async fn records_until(&self, enough: impl Fn(&[Record]) -> bool) -> Vec<Record> {
        for _ in 0..2_000 {
            let records = self.records();
            if enough(&records) {
                return records;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the trail never said it: {:#?}", self.records());
    }

    /// The decisions about calls of the tool `name`, once there are as many as `count`.
    pub(crate) async fn rulings(&self, name: &str, count: usize) -> Vec<Ruling> {
        let of = |records: &[Record]| rulings_of(records, name);
        of(&self.records_until(|records| of(records).len() >= count).await)
    }

    /// Ends the gateway in good order and proves its trail.
    pub(crate) async fn stop(mut self) -> Vec<Record> {
        if let Some(running) = self.running.take() {
            running.drain(Duration::from_secs(5)).await;
        }
        self.gateway.stop("test").await;
        let report = trail::verify(&self.trail_dir(), &trail::Trust::default(), |_| {}).unwrap();
        assert!(report.is_good(), "{report:?}");
        self.records()
    }

    /// Lets what runs finish, as at the end of the process.
    pub(crate) fn take_listener(&mut self) -> Running {
        self.running.take().unwrap()
    }
}

/// The decisions about the target `name`.
/// A port that was known before may be somebody's for a moment.
async fn bind(port: u16) -> Bound {
    for _ in 0..100 {
        match Bound::bind(SocketAddr::from(([127, 0, 0, 1], port))) {
            Ok(bound) => return bound,
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    Bound::bind(SocketAddr::from(([127, 0, 0, 1], port))).unwrap()
}

pub(crate) fn rulings_of(records: &[Record], name: &str) -> Vec<Ruling> {
    let ruling = |record: &Record| match &record.event {
        Event::Ruling(ruling) if ruling.target.as_deref() == Some(name) => Some(ruling.as_ref().clone()),
        _ => None,
    };
    records.iter().filter_map(ruling).collect()
}

/// A server over HTTP, as it is configured. Tests repeat themselves, so that nothing of it is taken for a loop.
pub(crate) fn http_server(name: &str, url: &str) -> String {
    format!("[[server]]\nname = \"{name}\"\nurl = \"{url}\"\npolling = \"*\"\n")
}

/// A server that is a command, as it is configured.
pub(crate) fn command_server(name: &str, words: &[String]) -> String {
    format!("[[server]]\nname = \"{name}\"\npolling = \"*\"\ncommand = {}\n", serde_json::to_string(words).unwrap())
}

/// The keys of the state folder.
pub(crate) fn keys(state: &Path) -> Arc<Keyring> {
    let outer = Outer::open(Source::File(state.join("seal.key"))).unwrap();
    Arc::new(Keyring::open(state, outer, SystemClock.now()).unwrap())
}

pub(crate) fn settings(toml: &str) -> Settings {
    Settings::parse("test.toml", toml, &Known::default()).map_err(|report| format!("{report:?}")).unwrap().settings
}
