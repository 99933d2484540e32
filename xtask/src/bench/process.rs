//! A process of ours: started with a log, asked to end when dropped, and made to if it does not.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(15);
const END: Duration = Duration::from_secs(5);

/// Ends with this value.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; what it says on standard error goes to a log in `dir`.
    pub(super) fn start(name: &str, mut command: Command, dir: &Path) -> Result<Self, String> {
        let log = dir.join(format!("{name}.log"));
        let file = File::create(&log).map_err(|error| format!("cannot write `{}`: {error}", log.display()))?;
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file).spawn();
        let child = child.map_err(|error| format!("cannot start {name}: {error}"))?;
        Ok(Self { child, name: name.to_owned(), log })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The address in the `listening ADDR` line which the load tool prints.
    pub(super) fn announced(&mut self) -> Result<SocketAddr, String> {
        let stdout = self.child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        let address = line.trim().strip_prefix("listening ").and_then(|address| address.parse().ok());
        address.ok_or_else(|| self.failure("did not say where it listens"))
    }

    /// Waits until something listens there.
    pub(super) fn wait_for(&mut self, address: SocketAddr) -> Result<(), String> {
        // What it prints is not for us, and a full pipe must not stop it.
        if let Some(mut stdout) = self.child.stdout.take() {
            thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        }
        let end = Instant::now() + START;
        while Instant::now() < end {
            if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
                return Ok(());
            }
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return Err(self.failure("ended at once"));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(self.failure("does not listen"))
    }

    fn failure(&self, what: &str) -> String {
        format!("{} {what}{}", self.name, self.last_words())
    }

    /// The end of its log, for whoever has to find out why.
    pub(super) fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(12).collect();
        lines.iter().rev().fold(String::new(), |all, line| format!("{all}\n    {line}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // The shell's own `kill`: the standard library knows only the hard way.
        let _ = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.pid())]).stderr(Stdio::null()).status();
        if !ended(&mut self.child, END) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Waits for the end, at most so long.
pub(super) fn ended(child: &mut Child, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(3)),
            Ok(None) | Err(_) => return false,
            Ok(Some(_)) => return true,
        }
    }
}

/// A command that also ends when this process is killed, where util-linux can arrange it.
pub(super) fn leashed(binary: &Path) -> Command {
    if super::machine::runs("setpriv") {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]).arg(binary);
        return command;
    }
    Command::new(binary)
}

/// A loopback address that was free a moment ago.
pub(super) fn free_address() -> Result<SocketAddr, String> {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    bound.map_err(|error| format!("no free port: {error}"))
}
