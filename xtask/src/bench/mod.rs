//! `cargo xtask bench`: what the gateway adds to a call, side by side with no gateway and with a plain reverse proxy.
//!
//! All peers stand at once and are measured in turn, round by round, so that a change of the machine's mood meets all
//! of them. Ratios are taken inside a round; the median over the rounds is what is told. The load tool
//! (`crates/load`) is the upstream and the driver; this module starts processes, asks, and does the sums.
//!
//! Invariants: loopback only; nothing outlives the run but the report; only processes started here are ended here;
//! standard library only, so that `cargo xtask` stays quick to build.

mod doorward;
mod driver;
mod json;
mod machine;
mod nginx;
mod options;
mod peers;
mod process;
mod report;
mod results;
mod scenarios;
mod tools;
mod verdict;

use crate::{Outcome, Verdict};
use std::io::IsTerminal as _;
use std::time::Instant;

use options::Options;
use results::Results;

/// Runs the task and says how it went: 0 measured, 1 a call failed or (with `--check`) a target was missed, 2 the
/// harness could not do its work.
pub(crate) fn run(words: &[String]) -> Outcome {
    let Some(options) = Options::parse(words.iter().cloned())? else {
        println!("{}", options::USAGE);
        return Ok(Verdict::Pass);
    };
    Ok(if measure(&options)? { Verdict::Pass } else { Verdict::Fail })
}

fn measure(options: &Options) -> Result<bool, String> {
    let load_average = report::load_average();
    let tools = tools::build(options)?;
    let bench = peers::Bench::start(&tools, options)?;
    let fdatasync = driver::disk_price(&tools.load, bench.dir())?;
    let results = rounds(&bench, options);
    let verdicts = verdict::all(&results);
    let header = report::Header { options, bench: &bench, fdatasync, load_average };
    report::print(&header, &results, &verdicts);
    if let Some(path) = &options.json {
        let text = report::json(&header, &results, &verdicts);
        std::fs::write(path, text).map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    }
    let good = results.failed() == 0 && !(options.check && verdicts.iter().any(verdict::Verdict::is_missed));
    Ok(good)
}

fn rounds(bench: &peers::Bench, options: &Options) -> Results {
    let start = Instant::now();
    let mut results = Results::default();
    let chosen: Vec<_> = scenarios::ALL.iter().filter(|scenario| options.wants(scenario)).collect();
    let most = chosen.iter().map(|scenario| scenario.rounds(options)).max().unwrap_or(0);
    'all: for round in 0..most {
        for scenario in chosen.iter().filter(|scenario| round < scenario.rounds(options)) {
            if start.elapsed() > options.limit {
                eprintln!("bench: out of time in round {} of {most}", round + 1);
                break 'all;
            }
            progress(&format!("round {} of {most}: {}", round + 1, scenario.name));
            let setting = machine::Setting::prepare(bench, scenario, options);
            for peer in bench.peers_of(scenario, round) {
                results.add(scenario, peer.name, round, driver::sample(bench, peer, scenario, options));
            }
            drop(setting);
        }
    }
    progress("");
    results
}

/// One line that is written over, for people only.
fn progress(line: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{line}");
    }
}
