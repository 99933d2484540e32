//! Where threads run while the cores mostly wait.
//!
//! With few calls in flight every hop is a sleep and a wake-up. Whether the next process wakes on the same core or on
//! a halted one makes 10 or 100 µs, by chance, and hides the peer. So for these scenarios the driver is held on the
//! first core and the upstream on the last, and a spinner of idle priority keeps every core from halting; it gives way
//! to anything else. The gateway is left free. `--as-is` does none of this.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use super::options::Options;
use super::peers::Bench;
use super::scenarios::Scenario;

/// Holds as long as the scenario runs.
#[derive(Debug)]
pub(super) struct Setting {
    spinners: Vec<Child>,
    /// The upstream and the core list it goes back to.
    pinned: Option<(u32, String)>,
}

impl Setting {
    pub(super) fn prepare(bench: &Bench, scenario: &Scenario, options: &Options) -> Self {
        if !scenario.latency || !is_steady(options) {
            return Self { spinners: Vec::new(), pinned: None };
        }
        let last = cores() - 1;
        let pid = bench.upstream_pid();
        taskset(pid, &last.to_string());
        let spinners = (0..=last).filter_map(|core| spinner(bench.load(), core)).collect();
        Self { spinners, pinned: Some((pid, format!("0-{last}"))) }
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        for spinner in &mut self.spinners {
            let _ = spinner.kill();
            let _ = spinner.wait();
        }
        if let Some((pid, all)) = self.pinned.take() {
            taskset(pid, &all);
        }
    }
}

/// The driver, held on the first core when the setting is.
pub(super) fn driver(load: &Path, scenario: &Scenario, options: &Options) -> Command {
    if scenario.latency && is_steady(options) {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(load);
        return command;
    }
    Command::new(load)
}

/// There are two cores to tell apart, and the tools to do it.
pub(super) fn is_steady(options: &Options) -> bool {
    static TOOLS: OnceLock<bool> = OnceLock::new();
    !options.as_is && cores() > 1 && *TOOLS.get_or_init(|| runs("taskset") && runs("chrt"))
}

/// The tool is installed.
pub(super) fn runs(tool: &str) -> bool {
    Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn spinner(load: &Path, core: usize) -> Option<Child> {
    let core = core.to_string();
    let mut command = Command::new("taskset");
    command.args(["-c", &core, "chrt", "--idle", "0"]).arg(load).args(["spin", "--until", "stdin"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
}

fn taskset(pid: u32, cores: &str) {
    let _ = Command::new("taskset")
        .args(["-a", "-c", "-p", cores, &pid.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
