//! `cargo xtask conformance --client`: the suite as a server, and a client of the official TypeScript library, direct and
//! through the gateway. What the suite sees of the client it must see of the gateway in front of it.
//!
//! The suite starts a client anew for each scenario. Through the gateway it starts this program, which starts a gateway in
//! front of the suite's server, and the same client in front of that.
//!
//! Scenarios of authorization are in `auth_mode`: there the gateway is the client that signs in.

use std::process::Command;

use crate::{
    Outcome, Verdict,
    conformance::{Gateway, Options, Tally},
    process::build,
    suite::{self, Report},
    workspace,
};

/// Scenarios that cannot be the same through a gateway, each with its reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Runs every scenario of every revision that the options ask for, direct and through the gateway.
pub(crate) fn check(options: &Options, tally: &mut Tally) -> Result<(), String> {
    let gateway = options.gateway.clone().map_or_else(|| build("doorward", "doorward"), Ok)?;
    let this = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let level = options.level.as_deref().unwrap_or("watch");
    let behind =
        format!("{} conformance --behind --gateway {} --level {level} --url", this.display(), gateway.display());
    for revision in options.revisions() {
        let (mut direct, mut through) = (Report::default(), Report::default());
        let scenarios = suite::client_scenarios(revision)?;
        let wanted = |name: &String| options.scenario.as_ref().is_none_or(|only| only == name);
        for scenario in scenarios.iter().filter(|name| !name.starts_with("auth/") && wanted(name)) {
            direct.0.extend(one(&alone(), revision, scenario)?.0);
            let mut report = one(&behind, revision, scenario)?;
            if direct.falls_short(scenario, &report) && exception(revision, scenario).is_none() {
                // Some checks measure time, which a busy machine stretches.
                println!("conformance: {scenario} ({revision}) runs a second time");
                report = one(&behind, revision, scenario)?;
            }
            through.0.extend(report.0);
        }
        tally.add_through(("a client", revision), &direct, &through, |scenario| exception(revision, scenario));
    }
    Ok(())
}

fn one(client: &str, revision: &str, scenario: &str) -> Result<Report, String> {
    suite::run_client(client, revision, scenario)
}

fn alone() -> String {
    let client = workspace::peers().join("node/everything.mjs");
    format!("{} {}", workspace::node().display(), client.display())
}

/// What the suite starts as a client: a gateway in front of `url`, and the client in front of it.
pub(crate) fn behind(options: &Options) -> Outcome {
    let [url] = options.urls.as_slice() else { return Err("`--behind` needs one `--url`".to_owned()) };
    let gateway = Gateway::start(options, url)?;
    let client = workspace::peers().join("node/everything.mjs");
    let status = Command::new(workspace::node()).arg(client).arg(&gateway.url).status();
    match status {
        Ok(status) if status.success() => Ok(Verdict::Pass),
        Ok(_) => Ok(Verdict::Fail),
        Err(error) => Err(format!("cannot start the client: {error}")),
    }
}

fn exception(revision: &str, scenario: &str) -> Option<&'static str> {
    EXCEPTIONS.iter().find(|(r, s, _)| (*r, *s) == (revision, scenario)).map(|(.., reason)| *reason)
}
