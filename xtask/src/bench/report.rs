//! How a run is told: tables for people, JSON for machines.

use super::json::Json;
use super::machine;
use super::options::Options;
use super::peers::Bench;
use super::results::Results;
use super::scenarios::{ALL, Scenario};
use super::verdict::{Bound, Verdict};

/// What the figures were taken under.
pub(super) struct Header<'a> {
    pub(super) options: &'a Options,
    pub(super) bench: &'a Bench,
    /// Microseconds.
    pub(super) fdatasync: f64,
    /// Of others, before this run began to add to it.
    pub(super) load_average: String,
}

pub(super) fn print(header: &Header<'_>, results: &Results, verdicts: &[Verdict]) {
    print_header(header);
    for scenario in ALL.iter().filter(|scenario| results.rounds(scenario.name) > 0) {
        println!("\n{}: {} ({} rounds)", scenario.name, scenario.what, results.rounds(scenario.name));
        if scenario.is_conversations() {
            memory(scenario, results)
        } else {
            calls(scenario, results)
        }
        faults(scenario, results);
    }
    println!("\ntargets of this run");
    for verdict in verdicts {
        let (sign, bound) = sides(verdict.bound);
        let value = verdict.value.map_or_else(|| "–".to_owned(), |value| number(value, 2));
        println!("  {:<12} {:<48} {value:>8} {sign} {bound} {}", verdict.word(), verdict.what, verdict.unit);
    }
}

fn print_header(header: &Header<'_>) {
    println!("times in µs, medians over rounds; ratios are taken inside a round; each reply is verified");
    println!(
        "{} cores, load average {} at the start, fdatasync {:.0} µs where the gateway keeps its trail",
        machine::cores(),
        header.load_average,
        header.fdatasync
    );
    println!(
        "driver, peer and upstream share the cores; nginx has one worker per core, no buffering, kept-alive upstreams"
    );
    if machine::is_steady(header.options) {
        println!(
            "where cores mostly wait: driver held on the first core, upstream on the last, peer free, cores kept from halting"
        );
    }
    if let Some(path) = header.bench.gateway() {
        println!("gateway: {}", path.display());
    }
}

fn calls(scenario: &Scenario, results: &Results) {
    println!(
        "  {:<14}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>9}{:>9}{:>10}{:>9}{:>8}",
        "peer", "rps", "p50", "p90", "p99", "p99.9", "CPU/call", "upstream", "RSS MiB", "p50+", "rps÷ngx", "CPU÷ngx"
    );
    for peer in results.peers(scenario.name) {
        let cell = |figure, digits| {
            results.median(scenario.name, peer, figure).map_or_else(|| "–".to_owned(), |value| number(value, digits))
        };
        let against = |other, figure, compare: fn(f64, f64) -> f64, digits| {
            let value = results.within(scenario.name, (peer, other), figure, compare);
            value.filter(|_| peer != other).map_or_else(|| "–".to_owned(), |value| number(value, digits))
        };
        let rss = results
            .median(scenario.name, peer, "rss_kib")
            .map_or_else(|| "–".to_owned(), |kib| number(kib / 1024.0, 1));
        println!(
            "  {peer:<14}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>9}{rss:>9}{:>10}{:>9}{:>8}",
            cell("rps", 0),
            cell("p50_us", 1),
            cell("p90_us", 1),
            cell("p99_us", 1),
            cell("p999_us", 1),
            cell("gateway_cpu_us", 1),
            cell("upstream_cpu_us", 1),
            against("direct", "p50_us", |mine, theirs| mine - theirs, 1),
            against("nginx", "rps", |mine, theirs| mine / theirs, 2),
            against("nginx", "gateway_cpu_us", |mine, theirs| mine / theirs, 2),
        );
    }
}

fn memory(scenario: &Scenario, results: &Results) {
    println!("  {:<14}{:>18}{:>18}{:>14}", "peer", "KiB each (RSS)", "KiB each (heap)", "RSS MiB after");
    for peer in results.peers(scenario.name) {
        let cell = |figure: &str, unit: f64| {
            let value = results.median(scenario.name, peer, figure);
            value.map_or_else(|| "–".to_owned(), |value| number(value / unit, 2))
        };
        println!(
            "  {peer:<14}{:>18}{:>18}{:>14}",
            cell("kib_per_conversation", 1.0),
            cell("anonymous_kib_per_conversation", 1.0),
            cell("rss_after_kib", 1024.0)
        );
    }
}

fn faults(scenario: &Scenario, results: &Results) {
    for peer in results.peers(scenario.name) {
        for (round, sample) in results.samples(scenario.name, peer).iter().filter(|(_, sample)| !sample.is_good()) {
            let count = sample.figure("errors").unwrap_or(1.0);
            let fault = sample.fault.as_deref().unwrap_or("no figures");
            println!("  FAILED {peer}, round {}: {count} errors, first: {fault}", round + 1);
        }
    }
}

pub(super) fn json(header: &Header<'_>, results: &Results, verdicts: &[Verdict]) -> String {
    let scenarios = ALL.iter().filter(|scenario| results.rounds(scenario.name) > 0).map(|scenario| {
        let peers = results.peers(scenario.name).into_iter().map(|peer| peer_json(scenario, peer, results));
        Json::object([
            ("name", Json::text(scenario.name)),
            ("what", Json::text(scenario.what)),
            ("peers", Json::List(peers.collect())),
        ])
    });
    let targets = verdicts.iter().map(|verdict| {
        let (sign, bound) = sides(verdict.bound);
        Json::object([
            ("what", Json::text(verdict.what)),
            ("value", verdict.value.into()),
            ("unit", Json::text(verdict.unit)),
            ("bound", Json::Text(format!("{sign} {bound}"))),
            ("verdict", Json::text(verdict.word())),
        ])
    });
    let whole = Json::object([
        ("cores", Json::Number(machine::cores() as f64)),
        ("steady", Json::Number(f64::from(u8::from(machine::is_steady(header.options))))),
        ("load_average", Json::text(&header.load_average)),
        ("fdatasync_us", Json::Number(header.fdatasync)),
        ("scenarios", Json::List(scenarios.collect())),
        ("targets", Json::List(targets.collect())),
    ]);
    format!("{whole}\n")
}

fn peer_json(scenario: &Scenario, peer: &str, results: &Results) -> Json {
    let against = |other, figure, compare: fn(f64, f64) -> f64| {
        Json::from(results.within(scenario.name, (peer, other), figure, compare))
    };
    let rounds = results.samples(scenario.name, peer).iter().map(|(_, sample)| {
        let mut members: Vec<_> =
            sample.figures.iter().map(|(name, value)| (name.clone(), Json::Number(*value))).collect();
        members.extend(sample.fault.iter().map(|fault| ("fault".to_owned(), Json::text(fault))));
        Json::Object(members)
    });
    Json::object([
        ("peer", Json::text(peer)),
        ("added_p50_us", against("direct", "p50_us", |mine, theirs| mine - theirs)),
        ("rps_to_nginx", against("nginx", "rps", |mine, theirs| mine / theirs)),
        ("cpu_to_nginx", against("nginx", "gateway_cpu_us", |mine, theirs| mine / theirs)),
        ("rounds", Json::List(rounds.collect())),
    ])
}

fn sides(bound: Bound) -> (char, f64) {
    match bound {
        Bound::AtMost(most) => ('≤', most),
        Bound::AtLeast(least) => ('≥', least),
    }
}

fn number(value: f64, digits: usize) -> String {
    format!("{value:.digits$}")
}

pub(super) fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("?").to_owned()
}
