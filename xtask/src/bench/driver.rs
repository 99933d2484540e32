//! One run of the load driver against one peer.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::machine;
use super::options::Options;
use super::peers::{Bench, Peer};
use super::process;
use super::scenarios::{Load, Scenario};

/// Beyond what the driver was told to take: handshakes, and its own patience with a gateway that hangs.
const GRACE: Duration = Duration::from_secs(30);

/// What the driver told: figures by name, and the first fault.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sample {
    pub(super) figures: BTreeMap<String, f64>,
    pub(super) fault: Option<String>,
}

impl Sample {
    fn failed(fault: String) -> Self {
        Self { figures: BTreeMap::from([("errors".to_owned(), 1.0)]), fault: Some(fault) }
    }

    pub(super) fn figure(&self, name: &str) -> Option<f64> {
        self.figures.get(name).copied()
    }

    /// No figure counts when a call failed: errors are often quick.
    pub(super) fn is_good(&self) -> bool {
        self.figure("errors") == Some(0.0) && self.fault.is_none()
    }

    fn parse(told: &str) -> Self {
        let mut sample = Self::default();
        for (name, value) in told.lines().filter_map(|line| line.split_once(' ')) {
            match value.parse() {
                _ if name == "fault" => sample.fault = Some(value.to_owned()),
                Ok(number) => _ = sample.figures.insert(name.to_owned(), number),
                Err(_) => {}
            }
        }
        sample
    }
}

pub(super) fn sample(bench: &Bench, peer: &Peer, scenario: &Scenario, options: &Options) -> Sample {
    let mut command = machine::driver(bench.load(), scenario, options);
    command.args(["drive", "--target", &peer.address.to_string(), "--upstream", &bench.upstream_pid().to_string()]);
    if let Some(process) = &peer.process {
        command.args(["--gateway", &process.pid().to_string()]);
    }
    if let Some(token) = &peer.host_token {
        command.arg("--host-token").arg(token);
    }
    let (warm, measured) = scenario.stretch(options);
    command.args(["--warm", &warm.as_secs_f64().to_string(), "--seconds", &measured.as_secs_f64().to_string()]);
    match scenario.load {
        Load::Calls { era, tool, connections, rate } => {
            command.args(["--era", era.year(), "--path", &format!("/mcp/{}", era.server()), "--tool", tool]);
            command.args(["--connections", &connections.to_string()]);
            if let Some(rate) = rate {
                command.args(["--rate", &rate.to_string()]);
            }
        }
        Load::Conversations { count, calls, streams } => {
            command.args(["--conversations", &count.to_string(), "--calls", &calls.to_string()]);
            command.args(["--streams", if streams { "1" } else { "0" }]);
        }
    }
    match output(command, warm + measured + GRACE) {
        Ok(told) => Sample::parse(&told),
        Err(error) => {
            let words = peer.process.as_ref().map(process::Process::last_words).unwrap_or_default();
            Sample::failed(format!("{error}{words}"))
        }
    }
}

/// What one durable append costs at the least where the gateway keeps its state, in microseconds.
pub(super) fn disk_price(load: &Path, dir: &Path) -> Result<f64, String> {
    let mut command = Command::new(load);
    command.arg("disk").arg("--dir").arg(dir);
    let sample = Sample::parse(&output(command, GRACE)?);
    sample.figure("fdatasync_us").ok_or_else(|| "the load tool did not price the disk".to_owned())
}

fn output(mut command: Command, patience: Duration) -> Result<String, String> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("cannot start the driver: {error}"))?;
    // It says a few hundred bytes: no pipe fills up while we wait.
    if !process::ended(&mut child, patience) {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("the driver did not end within {patience:?}"));
    }
    let mut told = String::new();
    let mut complaint = String::new();
    let _ = child.stdout.take().map(|mut stdout| stdout.read_to_string(&mut told));
    let _ = child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut complaint));
    match child.wait() {
        Ok(status) if status.success() => Ok(told),
        _ => Err(complaint.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_read_and_judged() {
        let good = Sample::parse("rps 12.5\np50_us 3\nerrors 0\n");
        assert_eq!((good.figure("rps"), good.is_good()), (Some(12.5), true));
        let bad = Sample::parse("rps 12.5\nerrors 2\nfault status 403: no such tool\n");
        assert!(!bad.is_good());
        assert_eq!(bad.fault.as_deref(), Some("status 403: no such tool"));
        assert!(!Sample::parse("").is_good());
        assert!(!Sample::failed("x".into()).is_good());
    }
}
