//! Servers of a run: each start is an incarnation at the end of two pipes, which lives until it is told to go or dies.

use super::{
    dice::Dice,
    journal::Journal,
    play::{self, Answer},
};
use doorward_mcp::Era;
use doorward_transport::stdio::{StdioInbox, StdioLink, StdioSettings};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex},
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Bytes that a pipe holds: little, so that writers wait.
const PIPE: usize = 2 << 10;

/// All incarnations of all servers, and when they die.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) journal: Arc<Journal>,
    eras: Mutex<BTreeMap<String, Era>>,
    all: Mutex<Vec<Arc<Incarnation>>>,
}

/// One server: whoever starts it gets another incarnation.
#[derive(Debug)]
pub(super) struct Scripted {
    name: String,
    fleet: Arc<Fleet>,
    started: AtomicU64,
}

/// One process, as it were.
#[derive(Debug)]
pub(super) struct Incarnation {
    pub(super) name: String,
    pub(super) era: Era,
    pub(super) journal: Arc<Journal>,
    out: mpsc::UnboundedSender<String>,
    /// Requests that it works on, and how it hears that nobody wants them.
    pub(super) open: Mutex<BTreeMap<String, CancellationToken>>,
    /// What it asked.
    asked: Mutex<HashMap<String, oneshot::Sender<Value>>>,
    questions: AtomicU64,
    pub(super) death: CancellationToken,
    over: AtomicBool,
    /// It serves requests that stand alone, in a session that the gateway holds.
    pooled: AtomicBool,
}

impl Fleet {
    pub(super) fn new(journal: Arc<Journal>) -> Self {
        Self { journal, eras: Mutex::default(), all: Mutex::default() }
    }

    /// Ends a server in the middle of whatever it does, now and then; the next one may speak the other era.
    pub(super) async fn fate(self: Arc<Self>) {
        let mut dice = self.journal.dice("fate");
        if dice.chance(40) {
            return;
        }
        loop {
            for _ in 0..=dice.below(8) {
                dice.idle().await;
            }
            let alive: Vec<_> = self.all.lock().iter().filter(|i| !i.over.load(Relaxed)).cloned().collect();
            if !alive.is_empty() {
                let nth = usize::try_from(dice.below(alive.len() as u64)).unwrap();
                if dice.chance(20) {
                    let server = alive[nth].name.split('/').next().unwrap().to_owned();
                    let mut eras = self.eras.lock();
                    let era = if eras[&server] == Era::Modern { Era::Legacy } else { Era::Modern };
                    eras.insert(server, era);
                }
                alive[nth].death.cancel();
            }
            tokio::time::sleep(std::time::Duration::from_millis(1 + dice.below(20_000))).await;
        }
    }

    /// What must be true of the servers when nobody is there any more.
    pub(super) fn line_up(&self) {
        for one in self.all.lock().iter().filter(|i| !i.over.load(Relaxed)) {
            if one.era == Era::Legacy {
                self.journal.broken(format!("{} still runs", one.name));
            }
            one.left_alone("all clients are gone");
        }
    }
}

impl Scripted {
    pub(super) fn new(name: &str, fleet: Arc<Fleet>) -> Self {
        let era = if fleet.journal.dice(name).chance(50) { Era::Modern } else { Era::Legacy };
        fleet.eras.lock().insert(name.to_owned(), era);
        Self { name: name.to_owned(), fleet, started: AtomicU64::new(0) }
    }

    pub(super) fn start(&self) -> (StdioLink, StdioInbox) {
        let (to_server, input) = duplex(PIPE);
        let (output, from_server) = duplex(PIPE);
        let (out, lines) = mpsc::unbounded_channel();
        let incarnation = Arc::new(Incarnation {
            name: format!("{}/{}", self.name, self.started.fetch_add(1, Relaxed)),
            era: self.fleet.eras.lock()[&self.name],
            journal: self.fleet.journal.clone(),
            out,
            open: Mutex::default(),
            asked: Mutex::default(),
            questions: AtomicU64::new(0),
            death: CancellationToken::new(),
            over: AtomicBool::new(false),
            pooled: AtomicBool::new(false),
        });
        incarnation.journal.say(format!("{} starts, {:?}", incarnation.name, incarnation.era));
        self.fleet.all.lock().push(incarnation.clone());
        tokio::spawn(incarnation.live(input, output, lines));
        StdioLink::over(to_server, from_server, StdioSettings::default())
    }
}

impl Incarnation {
    async fn live(self: Arc<Self>, input: DuplexStream, output: DuplexStream, lines: mpsc::UnboundedReceiver<String>) {
        let mut tasks = JoinSet::new();
        tasks.spawn(write(output, lines));
        let mut input = BufReader::new(input).lines();
        loop {
            let line = tokio::select! {
                biased;
                () = self.death.cancelled() => {
                    self.journal.say(format!("{} dies", self.name));
                    break;
                }
                line = input.next_line() => line.unwrap_or_default(),
            };
            let Some(line) = line else {
                self.journal.say(format!("{} was let go", self.name));
                if self.pooled.load(Relaxed) {
                    self.left_alone("it was let go");
                }
                break;
            };
            self.hear(&serde_json::from_str(&line).unwrap(), &mut tasks);
        }
        self.over.store(true, Relaxed);
    }

    /// Nobody may be waited for who is gone: each call was answered here, or taken back.
    fn left_alone(&self, when: &str) {
        for (id, taken_back) in &*self.open.lock() {
            // What the gateway asks by itself is short, and what opens a session ends with its link.
            if !id.starts_with("\"doorward/") && !taken_back.is_cancelled() {
                self.journal.broken(format!("{} was never told that nobody waits for {id}, and {when}", self.name));
            }
        }
    }

    pub(super) fn dice(&self, purpose: &str) -> Dice {
        self.journal.dice(&format!("{}{purpose}", self.name))
    }

    pub(super) fn send(&self, message: &Value) {
        let _ = self.out.send(format!("{message}\n"));
    }

    pub(super) fn answer(&self, id: &Value, result: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
    }

    pub(super) fn fail(&self, id: &Value, code: i64, why: &str) {
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": why } }));
    }

    /// Asks the client; what it says comes as the whole response.
    pub(super) fn ask(&self, method: &str, params: &Value) -> oneshot::Receiver<Value> {
        let id = format!("q{}", self.questions.fetch_add(1, Relaxed));
        let (to, from) = oneshot::channel();
        self.asked.lock().insert(id.clone(), to);
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        from
    }

    fn hear(self: &Arc<Self>, message: &Value, tasks: &mut JoinSet<()>) {
        let (id, params) = (&message["id"], &message["params"]);
        match message["method"].as_str() {
            Some("notifications/cancelled") => {
                let id = params["requestId"].to_string();
                self.journal.say(format!("{} hears that nobody waits for {id}", self.name));
                if let Some(taken_back) = self.open.lock().get(&id) {
                    taken_back.cancel();
                }
            }
            Some(method) if !id.is_null() => {
                let ours = *id == json!("doorward/0") && params["clientInfo"]["name"] != "doorward";
                if method == "initialize" && ours {
                    self.pooled.store(true, Relaxed);
                }
                let taken_back = CancellationToken::new();
                if self.open.lock().insert(id.to_string(), taken_back.clone()).is_some() {
                    self.journal.broken(format!("{} got the id {id} twice", self.name));
                }
                let (me, message) = (self.clone(), message.clone());
                tasks.spawn(async move {
                    let id = message["id"].to_string();
                    match play::serve(&me, &message, &taken_back).await {
                        Answer::Given => drop(me.open.lock().remove(&id)),
                        Answer::None => {}
                    }
                });
            }
            Some(_) => {}
            None => match self.asked.lock().remove(id.as_str().unwrap_or_default()) {
                Some(asked) => drop(asked.send(message.clone())),
                None => self.journal.broken(format!("{} was answered what it did not ask: {message}", self.name)),
            },
        }
    }
}

async fn write(mut output: DuplexStream, mut lines: mpsc::UnboundedReceiver<String>) {
    while let Some(line) = lines.recv().await {
        if output.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}
