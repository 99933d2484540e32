//! What stands between the driver and the upstream: nothing, nginx, a bare proxy, the gateway.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::doorward::{self, Variant};
use super::nginx;
use super::options::Options;
use super::process::Process;
use super::scenarios::Scenario;
use super::tools::Tools;

/// All processes of a run.
#[derive(Debug)]
pub(super) struct Bench {
    peers: Vec<Peer>,
    upstream: Process,
    load: PathBuf,
    gateway: Option<PathBuf>,
    /// Dropped last, when nobody writes to it any more.
    scratch: Scratch,
}

/// One of those that are compared.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) name: &'static str,
    pub(super) address: SocketAddr,
    /// `None` for the upstream itself.
    pub(super) process: Option<Process>,
    pub(super) host_token: Option<PathBuf>,
    /// A variant of a peer is shown where the targets are, and nowhere else.
    variant: bool,
    /// Has something to remember about a conversation.
    remembers: bool,
}

impl Bench {
    pub(super) fn start(tools: &Tools, options: &Options) -> Result<Self, String> {
        let scratch = Scratch::make(&tools.scratch)?;
        let dir = scratch.0.clone();
        let mut upstream = Process::start("upstream", load(tools, "upstream"), &dir)?;
        let address = upstream.announced()?;
        let mut peers = vec![Peer::plain("direct", address, None)];
        match &tools.nginx {
            Some(binary) => {
                let (process, at) = nginx::start(binary, &dir, address)?;
                peers.push(Peer::plain("nginx", at, Some(process)));
            }
            None => eprintln!("bench: nginx is not installed (Debian: nginx-light); its ratios will be missing"),
        }
        if options.bare {
            let mut command = load(tools, "bare");
            command.args(["--upstream", &address.to_string()]);
            let mut process = Process::start("bare", command, &dir)?;
            let at = process.announced()?;
            peers.push(Peer::plain("bare", at, Some(process)));
        }
        match &tools.doorward {
            Some(binary) => {
                let mut variants = vec![("doorward", Variant::Plain)];
                variants.extend(options.policies.then_some(("doorward+1000", Variant::Policies)));
                variants.extend(options.credential.then_some(("doorward+credential", Variant::Credential)));
                for (name, variant) in variants {
                    let gateway = doorward::start(name, binary, &dir, address, variant)?;
                    peers.push(Peer {
                        name,
                        address: gateway.address,
                        process: Some(gateway.process),
                        host_token: gateway.host_token,
                        variant: variant != Variant::Plain,
                        remembers: true,
                    });
                }
            }
            None => eprintln!("bench: no gateway in target/dist or target/release; give `--build` or `--bin PATH`"),
        }
        Ok(Self { peers, upstream, load: tools.load.clone(), gateway: tools.doorward.clone(), scratch })
    }

    /// Who takes part, in another order each round.
    pub(super) fn peers_of(&self, scenario: &Scenario, round: usize) -> Vec<&Peer> {
        let mut peers: Vec<_> = self.peers.iter().filter(|peer| peer.takes_part(scenario)).collect();
        let by = round % peers.len().max(1);
        peers.rotate_left(by);
        peers
    }

    pub(super) fn upstream_pid(&self) -> u32 {
        self.upstream.pid()
    }

    pub(super) fn load(&self) -> &Path {
        &self.load
    }

    /// The binary that is measured, where there is one.
    pub(super) fn gateway(&self) -> Option<&Path> {
        self.gateway.as_deref()
    }

    pub(super) fn dir(&self) -> &Path {
        &self.scratch.0
    }
}

impl Peer {
    fn plain(name: &'static str, address: SocketAddr, process: Option<Process>) -> Self {
        Self { name, address, process, host_token: None, variant: false, remembers: false }
    }

    fn takes_part(&self, scenario: &Scenario) -> bool {
        if scenario.is_conversations() {
            return self.remembers && !self.variant;
        }
        !self.variant || matches!(scenario.name, "c1" | "c32")
    }
}

fn load(tools: &Tools, mode: &str) -> Command {
    let mut command = Command::new(&tools.load);
    command.args([mode, "--listen", "127.0.0.1:0", "--until", "stdin"]);
    command
}

/// A folder that goes with the run.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    fn make(parent: &Path) -> Result<Self, String> {
        sweep(parent);
        let dir = parent.join(format!("run-{}", std::process::id()));
        fs::create_dir_all(&dir).map_err(|error| format!("cannot make `{}`: {error}", dir.display()))?;
        // nginx wants whole paths.
        let dir = dir.canonicalize().map_err(|error| format!("`{}`: {error}", dir.display()))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what a killed run left.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("run-")?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
