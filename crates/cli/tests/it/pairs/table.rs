//! The page of the documentation, made of what happened.

use super::{
    Cell, Met,
    clients::Client,
    servers::{Op, Server},
};
use std::{collections::BTreeMap, fs, path::PathBuf};

/// What does not work although both ends can: what the titles of client and server begin with (nothing: all), the
/// operation, and the reason.
const EXCEPTIONS: &[(&str, &str, Op, &str)] = &[];

/// Set to write the page anew.
const WRITE: &str = "DOORWARD_WRITE_TABLE";

const HEAD: &str = "\
# Clients and servers

Other people's clients and servers, with Doorward between them and nothing configured but the servers: at `/mcp/{server}`, some
at `/mcp`. A test plays every pair and holds this page to what happened.

| operation | |
|---|---|
| list | the tools of the server |
| call | a tool, and its text comes back |
| read | a resource |
| prompt | a prompt |
| progress | every report of a call arrives, in order, before its result |
| cancel | the client gives up a call, and the server hears of it |
| elicit | the server asks the client during a call, and gets the answer |
| changed | the server says that a list changed, the client hears it |
| updated | the client asks to be told of a resource, and is told |
";

const ENDS: &str = "
server-everything goes on with a call that was cancelled; server-filesystem has tools only; server-memory has no prompts and no slow tools, and asks
nobody. The Inspector's command line does one thing and ends: it waits for nothing, and there is nobody to ask.
";

/// The page that is committed, held to what happened.
pub(super) fn compare(text: &str) {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/clients-and-servers.md");
    if std::env::var_os(WRITE).is_some() {
        fs::write(&page, text).unwrap();
    }
    let committed = fs::read_to_string(&page).unwrap_or_default();
    assert!(committed == text, "the page is not what happened; set `{WRITE}=1` to write it anew:\n{text}");
}

/// What is not as it should be: what fails without a reason, and what works although there is one.
pub(super) fn surprises(clients: &[Client], servers: &[Server], met: &Met) -> Vec<String> {
    let mut out = Vec::new();
    for ((client, server), cells) in met {
        let (client, server) = (&clients[*client], &servers[*server]);
        for (op, cell) in cells {
            let pair = format!("{} at {}: {}", client.title, server.title, op.name());
            match (cell, reason(client, server, *op)) {
                (Cell::Fails(saw), None) => out.push(format!("{pair}: {saw}")),
                (Cell::Works, Some(reason)) => out.push(format!("{pair} works, though {reason}")),
                _ => {}
            }
        }
    }
    out
}

fn reason(client: &Client, server: &Server, op: Op) -> Option<&'static str> {
    let is =
        |(c, s, o, _): &&(&str, &str, Op, &str)| client.title.starts_with(c) && server.title.starts_with(s) && *o == op;
    EXCEPTIONS.iter().find(is).map(|(_, _, _, reason)| *reason)
}

pub(super) fn render(clients: &[Client], servers: &[Server], met: &Met) -> String {
    let mut out = HEAD.to_owned();
    out += "\n## What each end can do\n\n";
    let ends = clients.iter().map(|c| ("client", c.title, Op::ALL.map(|op| c.can(op))));
    let ends = ends.chain(servers.iter().map(|s| ("server", s.title, Op::ALL.map(|op| s.has(op)))));
    out += &row("", Op::ALL.iter().map(|op| op.name()));
    out += &rule(Op::ALL.len() + 1);
    for (kind, title, can) in ends {
        out += &row(&format!("{kind}: {title}"), can.iter().map(|can| if *can { "yes" } else { "–" }));
    }
    out += ENDS;
    out += "\n## What works\n\nOf the operations that both ends can do, how many work.\n\n";
    out += &row("", clients.iter().map(|c| c.title));
    out += &rule(clients.len() + 1);
    for (number, server) in servers.iter().enumerate() {
        let counts: Vec<String> = (0..clients.len()).map(|c| count(&met[&(c, number)])).collect();
        out += &row(server.title, counts.iter().map(String::as_str));
    }
    out += "\n## What does not\n\n";
    let failing = failures(clients, servers, met);
    if failing.is_empty() {
        out += "Nothing of it.\n";
    }
    for (reason, pairs) in failing {
        out += &format!("- {reason}: {}\n", pairs.join("; "));
    }
    out
}

fn count(cells: &BTreeMap<Op, Cell>) -> String {
    let works = cells.values().filter(|cell| **cell == Cell::Works).count();
    format!("{works} of {}", cells.len())
}

fn failures(clients: &[Client], servers: &[Server], met: &Met) -> BTreeMap<&'static str, Vec<String>> {
    let mut out: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for ((client, server), cells) in met {
        let (client, server) = (&clients[*client], &servers[*server]);
        for (op, _) in cells.iter().filter(|(_, cell)| **cell != Cell::Works) {
            let why = reason(client, server, *op).unwrap_or("nobody knows why");
            out.entry(why).or_default().push(format!("{}, {} at {}", op.name(), client.title, server.title));
        }
    }
    out
}

fn row<'a>(first: &str, cells: impl Iterator<Item = &'a str>) -> String {
    format!("| {first} | {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn rule(columns: usize) -> String {
    format!("{}|\n", "|---".repeat(columns))
}
