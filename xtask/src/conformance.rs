//! `cargo xtask conformance`: the official suite against our test server, direct and through the gateway.
//!
//! Through the gateway must say the same as direct, scenario by scenario, for every pair of client and server era. The
//! suite's other side is in `client_mode`.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    Outcome, Verdict, auth_mode, client_mode,
    process::{Background, build, free_port},
    suite::{self, REVISIONS, Report},
    workspace,
};

/// A server behind the gateway, and what a client of each revision must find there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upstream {
    /// Our own server, all revisions.
    Dual,
    /// Our own server, up to 2025-11-25: the gateway bridges clients of 2026-07-28.
    Legacy,
    /// Our own server, 2026-07-28 only: the gateway bridges older clients.
    Modern,
    /// The official Python library.
    Python,
}

const UPSTREAMS: &[Upstream] = &[Upstream::Dual, Upstream::Legacy, Upstream::Modern, Upstream::Python];

/// Scenarios that cannot be the same through a bridge, each with its reason.
const EXCEPTIONS: &[(Upstream, &str, &str, &str)] = &[
    (Upstream::Legacy, "2026-07-28", "tasks-*", "a server of 2025-11-25 has no tasks extension"),
    (Upstream::Legacy, "2026-07-28", "input-required-result-basic-elicitation", NO_NAMES),
    (Upstream::Legacy, "2026-07-28", "input-required-result-ignore-extra-params", NO_NAMES),
    (
        Upstream::Legacy,
        "2026-07-28",
        "input-required-result-multiple-input-requests",
        "a server with sessions asks one thing after the other, each by a request of its own (client/elicitation)",
    ),
    (
        Upstream::Modern,
        "2025-11-25",
        "server-sse-polling",
        "a server of 2026-07-28 does not hang up to be polled (basic/transports); that the stream can be taken up again is seen",
    ),
];

/// The suite looks for the name that its server gives to an input. A request of a server with sessions has an id, and no
/// name (basic, requests), so the gateway names the input.
const NO_NAMES: &str = "an input of a server with sessions has no name of its own";

impl Upstream {
    fn name(self) -> &'static str {
        match self {
            Self::Dual => "fixture",
            Self::Legacy => "fixture-legacy",
            Self::Modern => "fixture-modern",
            Self::Python => "python",
        }
    }

    /// The server whose direct results are the measure: a bridge must look like a server that speaks both eras.
    fn measure(self) -> Self {
        if self == Self::Python { Self::Python } else { Self::Dual }
    }

    /// A direct report without what the library behind the server is known to lack: that is the measure, not a failure.
    fn without_gaps(self, direct: &Report) -> Report {
        let mut report = direct.clone();
        if self == Self::Python {
            // The library has no server side of the tasks extension.
            report.0.retain(|scenario, _| !scenario.starts_with("tasks-"));
        }
        report
    }

    fn start(self) -> Result<(Background, String), String> {
        let era = match self {
            Self::Dual => "both",
            Self::Legacy => "legacy",
            Self::Modern => "modern",
            Self::Python => {
                let script = workspace::peers().join("python/everything.py");
                return Background::start_with_url(Command::new(workspace::python()).arg(script).args(["--port", "0"]));
            }
        };
        let fixture = build("doorward-testkit", "doorward-fixture")?;
        Background::start_with_url(Command::new(fixture).args(["--port", "0", "--era", era]))
    }
}

/// What was asked for on the command line.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) urls: Vec<String>,
    through: bool,
    /// The suite's client mode: a client is what is looked at.
    client: bool,
    /// This is the client, as the suite started it.
    behind: bool,
    /// The same for the scenarios of authorization.
    authorized: bool,
    pub(crate) gateway: Option<PathBuf>,
    pub(crate) level: Option<String>,
    more_config: Option<PathBuf>,
    upstream: Option<Upstream>,
    revision: Option<String>,
    pub(crate) scenario: Option<String>,
}

const USAGE: &str = "usage: cargo xtask conformance [--url URL]… [--through] [--gateway BINARY] [--level watch|guard|lockdown]
       [--config-extra FILE] [--upstream fixture|fixture-legacy|fixture-modern|python] [--revision REV] [--scenario NAME]
       cargo xtask conformance --client [--gateway BINARY] [--level …] [--config-extra FILE] [--revision REV] [--scenario NAME]";

/// Runs what the arguments ask for; without any, our server and the Python one, direct.
pub(crate) fn run(args: &[String]) -> Outcome {
    let options = Options::parse(args)?;
    if options.behind {
        return client_mode::behind(&options);
    }
    if options.authorized {
        return auth_mode::authorized(&options);
    }
    let tally = check(&options)?;
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(if tally.failed == 0 { Verdict::Pass } else { Verdict::Fail })
}

/// Checks that went well and that did not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

/// What `cargo xtask test` runs.
pub(crate) fn check_all() -> Result<Tally, String> {
    let guard = || Some("guard".to_owned());
    let mut tally = check(&Options { through: true, level: guard(), ..Options::default() })?;
    client_mode::check(&Options { level: guard(), ..Options::default() }, &mut tally)?;
    auth_mode::check(&Options { level: guard(), ..Options::default() }, &mut tally)?;
    Ok(tally)
}

fn check(options: &Options) -> Result<Tally, String> {
    let mut tally = Tally::default();
    if options.client {
        client_mode::check(options, &mut tally)?;
        auth_mode::check(options, &mut tally)?;
        return Ok(tally);
    }
    for url in &options.urls {
        for revision in options.revisions() {
            tally.add_direct(url, &suite::run(url, revision, options.scenario.as_deref())?, revision);
        }
    }
    if !options.urls.is_empty() {
        return Ok(tally);
    }
    for upstream in UPSTREAMS.iter().copied().filter(|upstream| options.upstream.is_none_or(|only| only == *upstream)) {
        check_upstream(options, upstream, &mut tally)?;
    }
    Ok(tally)
}

fn check_upstream(options: &Options, upstream: Upstream, tally: &mut Tally) -> Result<(), String> {
    let own_measure = upstream.measure() == upstream;
    if !own_measure && !options.through {
        return Ok(());
    }
    for revision in options.revisions() {
        let (_measure, url) = upstream.measure().start()?;
        let mut direct = suite::run(&url, revision, options.scenario.as_deref())?;
        let failing = |report: &Report| -> Vec<String> {
            let gaps = upstream.without_gaps(report);
            gaps.0.iter().filter(|(_, checks)| checks.failed > 0).map(|(name, _)| name.clone()).collect()
        };
        again(&url, revision, &mut direct, failing)?;
        if own_measure {
            let name = format!("{} direct", upstream.name());
            tally.add_direct(&name, &upstream.without_gaps(&direct), revision);
        }
        if options.through {
            let (_server, server_url) = upstream.start()?;
            let gateway = Gateway::start(options, &server_url)?;
            let mut through = suite::run(&gateway.url, revision, options.scenario.as_deref())?;
            again(&gateway.url, revision, &mut through, |report| unexplained(upstream, revision, &direct, report))?;
            let reason = |scenario: &str| exception(upstream, revision, scenario);
            tally.add_through((upstream.name(), revision), &direct, &through, reason);
        }
    }
    Ok(())
}

/// More doubtful scenarios than this are not bad luck.
const DOUBTS: usize = 5;

/// Some checks wait for half a second and no longer, which a busy machine misses: a few doubtful scenarios run again.
fn again(
    url: &str,
    revision: &str,
    report: &mut Report,
    doubtful: impl Fn(&Report) -> Vec<String>,
) -> Result<(), String> {
    let doubts = doubtful(report);
    if doubts.len() > DOUBTS {
        return Ok(());
    }
    for scenario in doubts {
        println!("conformance: {scenario} ({revision}) runs a second time");
        report.0.extend(suite::run(url, revision, Some(&scenario))?.0);
    }
    Ok(())
}

/// Scenarios that fall short of direct without a reason.
fn unexplained(upstream: Upstream, revision: &str, direct: &Report, through: &Report) -> Vec<String> {
    let differences = direct.shortfalls(through).into_iter().map(|(scenario, ..)| scenario);
    differences.filter(|scenario| exception(upstream, revision, scenario).is_none()).map(str::to_owned).collect()
}

impl Tally {
    fn add_direct(&mut self, name: &str, report: &Report, revision: &str) {
        println!("conformance: {name}, {revision}: {} passed, {} failed", report.passed(), report.failed());
        for (scenario, checks) in report.0.iter().filter(|(_, checks)| checks.failed > 0) {
            println!("  ✗ {scenario}: {}", checks.complaints.join("; "));
        }
        self.passed += report.passed();
        self.failed += report.failed();
    }

    /// One check per scenario: no fewer passes and no more failures than direct, but where `reason` says why.
    pub(crate) fn add_through(
        &mut self,
        (name, revision): (&str, &str),
        direct: &Report,
        through: &Report,
        reason: impl Fn(&str) -> Option<&'static str>,
    ) {
        let differences = direct.shortfalls(through);
        let (known, new): (Vec<_>, Vec<_>) = differences.iter().partition(|(scenario, ..)| reason(scenario).is_some());
        println!(
            "conformance: {name} through the gateway, {revision}: {} passed, {} failed (direct {}, {}); {} scenarios fall short, {} of them by nature",
            through.passed(),
            through.failed(),
            direct.passed(),
            direct.failed(),
            differences.len(),
            known.len(),
        );
        for (scenario, direct, through) in &new {
            println!(
                "  ✗ {scenario}: {}/{} direct, {}/{} through",
                direct.passed, direct.failed, through.passed, through.failed
            );
            through.complaints.iter().for_each(|complaint| println!("      {complaint}"));
        }
        for (scenario, ..) in &known {
            println!("  - {scenario}: {}", reason(scenario).unwrap_or_default());
        }
        self.failed += new.len();
        self.passed += direct.0.len() - new.len().min(direct.0.len());
    }
}

fn exception(upstream: Upstream, revision: &str, scenario: &str) -> Option<&'static str> {
    let fits =
        |pattern: &str| pattern.strip_suffix('*').map_or(pattern == scenario, |start| scenario.starts_with(start));
    EXCEPTIONS.iter().find(|(u, r, s, _)| (*u, *r) == (upstream, revision) && fits(s)).map(|(.., reason)| *reason)
}

/// The gateway in front of one server, on loopback, with a state folder of its own.
pub(crate) struct Gateway {
    pub(crate) url: String,
    state: PathBuf,
    _running: Background,
}

impl Gateway {
    pub(crate) fn start(options: &Options, upstream: &str) -> Result<Self, String> {
        Self::start_with(options, upstream, |_| Ok(String::new()))
    }

    /// The same with more behind the configuration of its server; what that needs goes into the folder.
    pub(crate) fn start_with(
        options: &Options,
        upstream: &str,
        more: impl FnOnce(&std::path::Path) -> Result<String, String>,
    ) -> Result<Self, String> {
        let binary = options.gateway.clone().map_or_else(|| build("doorward", "doorward"), Ok)?;
        let (mcp, console) = (free_port()?, free_port()?);
        let state = std::env::temp_dir().join(format!("doorward-conformance-state-{}-{mcp}", std::process::id()));
        fs::create_dir_all(&state).map_err(|error| format!("cannot create `{}`: {error}", state.display()))?;
        let config = state.join("doorward.toml");
        fs::write(&config, options.config(upstream, (mcp, console), &more(&state)?)?)
            .map_err(|error| format!("cannot write `{}`: {error}", config.display()))?;
        let mut running = Background::start(
            Command::new(binary).arg("run").arg("-c").arg(&config).env("DOORWARD_STATE", &state).current_dir(&state),
        )?;
        running.wait_for_port(mcp)?;
        Ok(Self { url: format!("http://localhost:{mcp}/mcp/fixture"), state, _running: running })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.state);
    }
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(flag) = args.next() {
            let mut value = || args.next().cloned().ok_or_else(|| format!("`{flag}` needs a value\n{USAGE}"));
            match flag.as_str() {
                "--url" => options.urls.push(value()?),
                "--through" => options.through = true,
                "--client" => options.client = true,
                "--behind" => options.behind = true,
                "--authorized" => options.authorized = true,
                "--gateway" => options.gateway = Some(value()?.into()),
                "--level" => options.level = Some(value()?),
                "--config-extra" => options.more_config = Some(value()?.into()),
                "--revision" => options.revision = Some(value()?),
                "--scenario" => options.scenario = Some(value()?),
                "--upstream" => {
                    let name = value()?;
                    let found = UPSTREAMS.iter().find(|upstream| upstream.name() == name);
                    options.upstream = Some(*found.ok_or_else(|| format!("unknown upstream `{name}`\n{USAGE}"))?);
                }
                _ => return Err(format!("unknown flag `{flag}`\n{USAGE}")),
            }
        }
        Ok(options)
    }

    pub(crate) fn revisions(&self) -> impl Iterator<Item = &str> {
        REVISIONS.iter().copied().filter(|revision| self.revision.as_deref().is_none_or(|only| only == *revision))
    }

    /// The gateway's configuration: one server, no trust entry, so loopback runs as the local user.
    fn config(&self, upstream: &str, (mcp, console): (u16, u16), after: &str) -> Result<String, String> {
        let level = self.level.as_deref().unwrap_or("watch");
        let more = match &self.more_config {
            Some(path) => {
                fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?
            }
            None => String::new(),
        };
        Ok(format!(
            "level = \"{level}\"\n\n[listen]\nmcp = \"127.0.0.1:{mcp}\"\nconsole = \"127.0.0.1:{console}\"\n\n\
             [[server]]\nname = \"fixture\"\nurl = \"{upstream}\"\n{after}\n{more}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_fit_one_upstream_and_revision() {
        assert!(exception(Upstream::Legacy, "2026-07-28", "tasks-lifecycle").is_some());
        assert!(exception(Upstream::Dual, "2026-07-28", "tasks-lifecycle").is_none());
        assert!(exception(Upstream::Legacy, "2025-11-25", "tasks-lifecycle").is_none());
        assert!(exception(Upstream::Legacy, "2026-07-28", "tools-list").is_none());
    }

    #[test]
    fn flags_are_read_and_mistakes_named() {
        let parse = |line: &str| Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let options = parse("--through --level guard --upstream fixture-legacy --revision 2025-11-25").unwrap();
        assert!(options.through && options.upstream == Some(Upstream::Legacy));
        assert_eq!(options.revisions().collect::<Vec<_>>(), ["2025-11-25"]);
        let behind = parse("--behind --gateway doorward --level guard --url http://localhost:1/mcp").unwrap();
        assert!(behind.behind && !behind.client && behind.urls == ["http://localhost:1/mcp"]);
        assert!(parse("--upstream perl").err().unwrap().contains("`perl`"));
        assert!(parse("--level").err().unwrap().contains("needs a value"));
    }
}
