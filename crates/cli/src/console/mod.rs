//! The console of a running gateway: its ports, and the door at which it stands.

mod definitions;
mod door;
mod ports;
mod sign_in;

pub(crate) use door::Console;

use crate::Failure;
use doorward_admin::{Admin, Settings, Ticket, TicketKey};
use doorward_gateway::Gateway;
use doorward_store::{GrantsDb, Index, IndexThread, OsEntropy, State, SystemClock, console_key};
use doorward_vocab::{Clock as _, Entropy as _};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The console of a gateway, and what keeps its index up to date.
pub(crate) struct Opened {
    pub(crate) admin: Admin,
    pub(crate) index: IndexThread,
}

/// Opens the console of `gateway`, whose state is in `dir`, and whose configuration is in `file`. It listens at `address`.
pub(crate) fn open(
    gateway: &Arc<Gateway>,
    dir: &Path,
    file: Option<PathBuf>,
    address: SocketAddr,
) -> Result<Opened, Failure> {
    let broken = |e: &dyn std::fmt::Display| Failure::Broken(e.to_string());
    let trail = dir.join("trail");
    let index = IndexThread::start(&trail).map_err(|e| broken(&e))?;
    let state = Arc::new(State::open(dir).map_err(|e| broken(&e))?);
    let grants = GrantsDb::open(dir).map_err(|e| broken(&e))?;
    let desk = Arc::new(ports::Desk { gateway: gateway.clone(), state: state.clone(), grants, file });
    let console = gateway.settings().console;
    let login = console.login.filter(|name| gateway.can_sign_in(name));
    let ports = doorward_admin::Ports {
        // A connection of its own: pages do not wait for what is being indexed.
        evidence: Arc::new(Index::open(&trail).map_err(|e| broken(&e))?),
        trail: desk.clone(),
        approvals: desk.clone(),
        definitions: desk.clone(),
        delegations: desk.clone(),
        sources: state,
        posture: desk,
        login: login.map(|name| Arc::new(sign_in::Provider::new(gateway.clone(), name)) as Arc<_>),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy::default()),
    };
    let settings = Settings {
        secure: console.public_url.is_some_and(|url| url.scheme() == "https"),
        links: address.ip().is_loopback(),
        ..Settings::default()
    };
    Ok(Opened { admin: Admin::new(ports, settings, key(dir)?), index })
}

/// Says where the console of the gateway that runs with `dir` is, or that none runs any more.
pub(crate) fn tell(dir: &Path, address: Option<SocketAddr>) {
    let path = dir.join(ADDRESS);
    let told = match address {
        Some(address) => {
            doorward_store::replace_secret(&path, address.to_string().as_bytes()).map_err(|e| e.to_string())
        }
        None => std::fs::remove_file(&path).map_err(|e| e.to_string()),
    };
    if let Err(error) = told {
        tracing::warn!("`doorward console` does not know where the console is: {error}");
    }
}

/// Where the console of the gateway is that runs with `dir`.
pub(crate) fn told(dir: &Path) -> Option<SocketAddr> {
    std::fs::read_to_string(dir.join(ADDRESS)).ok()?.trim().parse().ok()
}

const ADDRESS: &str = "console.address";

/// The key of links and tokens.
pub(crate) fn key(dir: &Path) -> Result<TicketKey, Failure> {
    let key = console_key(dir).map_err(|e| Failure::Broken(e.to_string()))?;
    Ok(key.reveal(TicketKey::new))
}

/// A link to the console at `address`, good once; none where others can reach it.
pub(crate) fn link(dir: &Path, address: SocketAddr) -> Result<Option<String>, Failure> {
    if !address.ip().is_loopback() {
        return Ok(None);
    }
    let ticket = Ticket::link(OsEntropy::default().draw(), SystemClock.now()).seal(&key(dir)?);
    Ok(Some(format!("http://{address}/sign-in/link?ticket={ticket}")))
}
