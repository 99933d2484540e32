//! The load driver: MCP clients over kept-alive connections, every reply verified.

mod closed;
mod connection;
mod conversations;
mod open;
mod tally;

use std::fs;
use std::time::Duration;

use crate::args::Args;
use crate::client::{Client, Era, Plan};
use crate::process::Tree;
use crate::upstream::Tool;

/// No single exchange of a benchmark takes longer; a gateway that hangs is a finding, not a wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// One run of the driver.
#[derive(Debug, Clone)]
struct Run {
    target: std::net::SocketAddr,
    plan: Plan,
    connections: usize,
    warm: Duration,
    measured: Duration,
    gateway: Option<Tree>,
    upstream: Option<Tree>,
}

impl Run {
    /// The client of one connection, under a name which no other run has.
    fn client(&self, number: usize) -> Client {
        Client::new(self.plan.clone(), format!("b{}x{number}", std::process::id()))
    }
}

pub(crate) fn run(args: &Args) -> Result<(), String> {
    let run = settings(args)?;
    if let Some(count) = args.number("conversations")? {
        let calls = args.number("calls")?.unwrap_or(4);
        let streams = args.number::<u8>("streams")?.unwrap_or(0) > 0;
        return conversations::open(&run, count, calls, streams).map(|opened| opened.print());
    }
    let tally = match args.number("rate")? {
        Some(rate) => open::run(&run, rate)?,
        None => closed::run(&run)?,
    };
    tally.print(&run);
    Ok(())
}

fn settings(args: &Args) -> Result<Run, String> {
    let target = args.required("target")?;
    let seconds = |name: &str, or: f64| -> Result<Duration, String> {
        let given = args.number::<f64>(name)?.unwrap_or(or);
        Duration::try_from_secs_f64(given).map_err(|_| format!("`--{name} {given}` is no time"))
    };
    let tree = |name: &str| -> Result<Option<Tree>, String> { Ok(args.number(name)?.map(Tree::of)) };
    let tool = args.text("tool").unwrap_or("echo");
    let token = |path: &str| {
        fs::read_to_string(path)
            .map(|token| token.trim().to_owned())
            .map_err(|error| format!("cannot read `{path}`: {error}"))
    };
    Ok(Run {
        target: target.parse().map_err(|_| format!("`{target}` is not an address with a port"))?,
        plan: Plan {
            host: target.to_owned(),
            path: args.text("path").unwrap_or("/mcp/bench").to_owned(),
            era: match args.text("era").unwrap_or("2025") {
                "2025" => Era::Sessions,
                "2026" => Era::Stateless,
                other => return Err(format!("`--era {other}`: 2025 or 2026")),
            },
            tool: Tool::named(tool).ok_or_else(|| format!("`--tool {tool}`: echo, blob or record"))?,
            calls_per_conversation: args.number::<u64>("calls-per-conversation")?.unwrap_or(50).max(1),
            host_token: args.text("host-token").map(token).transpose()?,
        },
        connections: args.number("connections")?.unwrap_or(1).max(1),
        warm: seconds("warm", 0.3)?,
        measured: seconds("seconds", 1.0)?,
        gateway: tree("gateway")?,
        upstream: tree("upstream")?,
    })
}
