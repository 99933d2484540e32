//! The official conformance suite: one run against one URL, and what its checks said.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{process::quiet, workspace};

/// The revisions whose requirements are checked.
pub(crate) const REVISIONS: &[&str] = &["2025-11-25", "2026-07-28"];

/// The checks of one scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) passed: usize,
    /// Names of the checks that failed or warned.
    pub(crate) complaints: Vec<String>,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

/// What one run said, by scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report(pub(crate) BTreeMap<String, Scenario>);

impl Report {
    pub(crate) fn passed(&self) -> usize {
        self.0.values().map(|scenario| scenario.passed).sum()
    }

    pub(crate) fn failed(&self) -> usize {
        self.0.values().map(|scenario| scenario.failed).sum()
    }

    /// Scenarios in which `other` passes less or fails more than this report, with both. A gateway that checks what its
    /// server does not may do better.
    pub(crate) fn shortfalls<'a>(&'a self, other: &'a Self) -> Vec<(&'a str, Scenario, Scenario)> {
        let of = |report: &Self, name: &str| report.0.get(name).cloned().unwrap_or_default();
        let pairs = self.0.keys().map(|name| (name.as_str(), of(self, name), of(other, name)));
        pairs.filter(|(_, a, b)| b.passed < a.passed || b.failed > a.failed).collect()
    }

    /// The same for one scenario.
    pub(crate) fn falls_short(&self, scenario: &str, other: &Self) -> bool {
        self.shortfalls(other).iter().any(|(name, ..)| *name == scenario)
    }
}

/// Runs the server scenarios that one revision requires, or one scenario as that revision has it.
///
/// # Errors
/// The suite is not installed, or left no results.
pub(crate) fn run(url: &str, revision: &str, scenario: Option<&str>) -> Result<Report, String> {
    let mut command = suite()?;
    command.args(["server", "--url", url]);
    match scenario {
        Some(scenario) => command.args(["--scenario", scenario, "--spec-version", revision, "--force"]),
        None => command.args(["--requirements", revision]),
    };
    reported(command, &format!("{url} ({revision})"))
}

/// Runs one client scenario as a revision has it. The suite starts `client` with the URL of its server as last word.
///
/// # Errors
/// The suite is not installed, or left no results.
pub(crate) fn run_client(client: &str, revision: &str, scenario: &str) -> Result<Report, String> {
    let mut command = suite()?;
    command.args(["client", "--command", client, "--scenario", scenario, "--spec-version", revision, "--force"]);
    // A busy machine starts programs slowly.
    command.args(["--timeout", "60000"]);
    reported(command, &format!("{scenario} ({revision})"))
}

/// The client scenarios that one revision requires, and those that it has besides.
///
/// # Errors
/// The suite is not installed, or names none.
pub(crate) fn client_scenarios(revision: &str) -> Result<Vec<String>, String> {
    let list = quiet(suite()?.args(["list", "--requirements", revision]))?;
    let names = client_names(&list);
    if names.is_empty() { Err("the suite names no client scenarios".to_owned()) } else { Ok(names) }
}

fn client_names(list: &str) -> Vec<String> {
    let (_, list) = list.split_once("Client scenarios").unwrap_or_default();
    let (required, besides) = list.split_once("\n\n").unwrap_or((list, ""));
    let required = required.lines().filter_map(|line| line.trim().strip_prefix("- "));
    let besides = besides.lines().filter_map(|line| line.trim().strip_prefix("- ")?.strip_suffix(" [client]"));
    required.chain(besides).map(str::to_owned).collect()
}

fn suite() -> Result<Command, String> {
    let suite = workspace::node_modules().join("@modelcontextprotocol/conformance/dist/index.js");
    if !suite.exists() {
        return Err("the conformance suite is not installed: run `cargo xtask setup`".to_owned());
    }
    let mut command = Command::new(workspace::node());
    command.arg(suite);
    Ok(command)
}

fn reported(mut command: Command, what: &str) -> Result<Report, String> {
    let results = results_folder()?;
    // A failed check is an exit code of its own; what counts is in the files.
    let output =
        command.arg("-o").arg(&results).output().map_err(|error| format!("cannot start the suite: {error}"))?;
    let report = read(&results);
    let _ = fs::remove_dir_all(&results);
    match report {
        Ok(report) if !report.0.is_empty() => Ok(report),
        _ => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(format!("the suite left no results for {what}: {}", said.trim()))
        }
    }
}

fn results_folder() -> Result<PathBuf, String> {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("doorward-conformance-{}-{n}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| format!("cannot create `{}`: {error}", folder.display()))?;
    Ok(folder)
}

fn read(results: &Path) -> Result<Report, String> {
    let mut report = Report::default();
    read_into(results, "", &mut report)?;
    Ok(report)
}

/// Some scenarios have a group in their name, which is a folder more.
fn read_into(results: &Path, group: &str, report: &mut Report) -> Result<(), String> {
    for entry in fs::read_dir(results).map_err(|error| error.to_string())?.flatten() {
        let folder = entry.file_name().to_string_lossy().into_owned();
        match fs::read_to_string(entry.path().join("checks.json")) {
            Ok(text) => {
                let checks: Vec<Value> =
                    serde_json::from_str(&text).map_err(|error| format!("bad results: {error}"))?;
                report.0.insert(format!("{group}{}", scenario_name(&folder)), tally(&checks));
            }
            Err(_) if group.is_empty() && entry.path().is_dir() => {
                read_into(&entry.path(), &format!("{folder}/"), report)?;
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// `server-tools-list-2026-11-20T11-41-44-623Z` → `tools-list`.
fn scenario_name(folder: &str) -> String {
    let name = folder.strip_prefix("server-").unwrap_or(folder);
    let stamp = "-2026-11-20T11-41-44-623Z".len();
    let end = name.len().saturating_sub(stamp);
    name.get(..end).filter(|name| !name.is_empty()).unwrap_or(name).to_owned()
}

fn tally(checks: &[Value]) -> Scenario {
    let mut scenario = Scenario::default();
    for check in checks {
        let text = |key: &str| check.get(key).and_then(Value::as_str).unwrap_or_default();
        match text("status") {
            "SUCCESS" => scenario.passed += 1,
            "SKIPPED" => scenario.skipped += 1,
            "INFO" => {}
            // A warning is a SHOULD that direct clients get and ours would not: it counts like a failure.
            _ => {
                scenario.failed += 1;
                scenario.complaints.push(format!("{}: {}", text("id"), text("errorMessage")));
            }
        }
    }
    scenario
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn folders_name_scenarios() {
        assert_eq!(scenario_name("server-tools-list-2026-11-20T11-41-44-623Z"), "tools-list");
        assert_eq!(scenario_name("server-server-sse-polling-2026-11-20T11-41-44-623Z"), "server-sse-polling");
    }

    #[test]
    fn client_scenarios_are_those_of_clients() {
        let list = "Server scenarios (test against a server):\n  - ping\n\nClient scenarios (test against a client):\n  - tools_call\n  - auth/dpop\n\nRun and reported, but never scored:\n  pending (2):\n    - sampling [server]\n    - late [client]\n";
        assert_eq!(client_names(list), ["tools_call", "auth/dpop", "late"]);
        assert_eq!(client_names(""), Vec::<String>::new());
    }

    #[test]
    fn warnings_count_as_failures_and_notes_do_not_count() {
        let check = |status: &str| json!({ "id": "x", "status": status, "errorMessage": "why" });
        let scenario = tally(&["SUCCESS", "SUCCESS", "INFO", "WARNING", "FAILURE", "SKIPPED"].map(check));
        assert_eq!((scenario.passed, scenario.failed, scenario.skipped), (2, 2, 1));
        assert_eq!(scenario.complaints, ["x: why", "x: why"]);
    }

    #[test]
    fn a_missing_scenario_is_a_difference() {
        let one = Report([("a".to_owned(), Scenario { passed: 2, ..Scenario::default() })].into());
        assert_eq!(one.shortfalls(&Report::default()).len(), 1);
        assert!(Report::default().shortfalls(&one).is_empty());
        assert!(one.shortfalls(&one.clone()).is_empty());
    }
}
