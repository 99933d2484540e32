//! What `run`, `wrap` and `demo` share: the runtime, the state folder, and a gateway made of settings.

use crate::Failure;
use doorward_config::{LogFormat, Seal, Settings};
use doorward_detect::KnownSecrets;
use doorward_gateway::{Beyond, Delegations, Gateway, LiveError, Pins, Surroundings};
use doorward_seal::Keyring;
use doorward_store::{GrantsDb, KeptDb, OsEntropy, State, SystemClock, Trail, trail};
use doorward_vocab::{Clock as _, Secret};
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::{EnvFilter, fmt};

/// A gateway and where it keeps its state.
pub(crate) struct OpenedGateway {
    pub(crate) gateway: Arc<Gateway>,
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::Broken(format!("cannot start: {e}")))
}

/// The diagnostic log goes to standard error: standard output belongs to the answer, or to MCP. No line of it holds a
/// secret that a gateway of this process handles.
pub(crate) fn log(settings: &doorward_config::Log) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = fmt().with_env_filter(filter).with_target(false);
    let _ = match settings.format {
        LogFormat::Text => builder.with_writer(|| Checked::new(KnownSecrets::redact)).try_init(),
        LogFormat::Json => builder.json().with_writer(|| Checked::new(KnownSecrets::redact_json)).try_init(),
    };
}

/// What looks for the secrets of this process.
pub(crate) fn secrets() -> &'static Arc<KnownSecrets> {
    static SECRETS: LazyLock<Arc<KnownSecrets>> =
        LazyLock::new(|| doorward_gateway::known_secrets(&OsEntropy::default()));
    &SECRETS
}

type Redact = fn(&KnownSecrets, &[u8]) -> Option<Vec<u8>>;

/// Standard error, for whole lines.
struct Checked {
    redact: Redact,
}

impl Checked {
    const fn new(redact: Redact) -> Self {
        Self { redact }
    }
}

impl io::Write for Checked {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let (text, end) = line.strip_suffix(b"\n").map_or((line, false), |text| (text, true));
        match (self.redact)(secrets(), text) {
            Some(mut clean) => {
                clean.extend(end.then_some(b'\n'));
                io::stderr().write_all(&clean)?;
            }
            None => io::stderr().write_all(line)?,
        }
        Ok(line.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

pub(crate) fn state() -> Result<PathBuf, Failure> {
    doorward_store::state_dir().map_err(|e| Failure::Broken(e.to_string()))
}

/// Opens the state in `dir` and puts `settings` in force.
pub(crate) fn open(dir: &Path, settings: Settings, listen: SocketAddr) -> Result<OpenedGateway, Failure> {
    let opened = Trail::open(&dir.join("trail"), &SystemClock, trail::Options::default());
    open_with(dir, settings, listen, opened.map_err(|e| Failure::Broken(e.to_string()))?)
}

/// The same with another trail.
pub(crate) fn open_with(
    dir: &Path,
    settings: Settings,
    listen: SocketAddr,
    trail: Trail,
) -> Result<OpenedGateway, Failure> {
    let broken = |e: &dyn std::fmt::Display| Failure::Broken(e.to_string());
    let clock = Arc::new(SystemClock);
    let state = State::open(dir).map_err(|e| broken(&e))?;
    let token = doorward_store::host_token(dir).map_err(|e| broken(&e))?;
    let store = Arc::new(KeptDb::open(dir).map_err(|e| broken(&e))?);
    let keys = keys(dir, settings.store.seal.as_ref(), &store)?;
    let beyond = Some(Beyond { store, keys });
    let grants = Arc::new(GrantsDb::open(dir).map_err(|e| broken(&e))?);
    let delegations = Delegations::open(grants).map_err(|e| broken(&e))?;
    let mark = doorward_store::mark_key(dir).map_err(|e| broken(&e))?;
    let secrets = secrets().clone();
    let surroundings =
        Surroundings { user: user(), host_token: Secret::new(token), listen, mark, beyond, delegations, secrets };
    let gateway =
        Gateway::new(settings, surroundings, trail, Pins::new(Arc::new(state)), clock).map_err(
            |error| match &error {
                LiveError::Policies(mistakes) => crate::policy::set::wrong(mistakes),
                other => Failure::Broken(other.to_string()),
            },
        )?;
    Ok(OpenedGateway { gateway })
}

/// The keys that state is sealed with. From here on they are followed.
fn keys(dir: &Path, seal: Option<&Seal>, store: &KeptDb) -> Result<Arc<Keyring>, Failure> {
    let now = SystemClock.now();
    let opened = Keyring::open(dir, super::seal::open(seal, dir)?, now);
    let keys = Arc::new(opened.map_err(|e| Failure::Broken(e.to_string()))?);
    match doorward_seal::sweep(dir, super::seal::sealed_in(store), now) {
        Ok(dropped) => dropped.iter().for_each(|id| tracing::info!("dropped key {id}: nothing is sealed with it")),
        Err(error) => tracing::warn!("old keys stay: {error}"),
    }
    keys.follow();
    Ok(keys)
}

/// The name of the user whose authority a local agent borrows.
pub(crate) fn user() -> String {
    let named = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
    named("USER").or_else(|| named("LOGNAME")).unwrap_or_else(|| format!("uid-{}", rustix::process::getuid().as_raw()))
}

/// The error with all mistakes of policies, each with its place.
pub(crate) fn explain(error: &LiveError) -> String {
    match error {
        LiveError::Policies(diagnostics) => {
            let all: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
            format!("{error}:\n{}", all.join("\n"))
        }
        other => other.to_string(),
    }
}

/// The signals that a gateway answers to. Made before anybody is told that it runs: a signal that comes earlier would
/// end the process in the middle of something.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|e| Failure::Broken(format!("cannot listen to signals: {e}")));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Waits until the process is asked to stop; SIGHUP runs `reload` instead.
    pub(crate) async fn asked_to_stop(&mut self, mut reload: impl FnMut()) -> &'static str {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return "interrupted",
                _ = self.terminate.recv() => return "asked to stop",
                _ = self.hangup.recv() => reload(),
            }
        }
    }
}
