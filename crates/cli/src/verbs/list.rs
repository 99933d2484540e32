use super::{ConfigFile, add::endpoint};
use crate::{Done, Out};
use doorward_config::{Server, Settings, Upstream, command};
use serde_json::json;

/// List the servers behind the gateway
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    let (_, loaded) = args.config.load()?;
    let settings = &loaded.settings;
    if out.is_json() {
        for server in &settings.servers {
            out.record(&record(settings, server));
        }
        return Ok(());
    }
    if settings.servers.is_empty() {
        out.say("there are no servers yet; `doorward add NAME -- COMMAND` or `doorward add NAME URL` adds one");
        return Ok(());
    }
    let rows = settings.servers.iter().map(|s| row(settings, s)).collect::<Vec<_>>();
    let header = ["name", "transport", "mode", "reached by"].map(str::to_owned);
    let widths = [0, 1, 2, 3].map(|column| {
        let cells = std::iter::once(&header).chain(&rows).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    });
    out.say(out.faint(&line(&header, &widths)));
    for row in &rows {
        out.say(line(row, &widths));
    }
    Ok(())
}

fn row(settings: &Settings, server: &Server) -> [String; 4] {
    let mode = settings.mode_of(server).as_str().to_owned();
    [server.name.to_string(), server.upstream.transport().to_owned(), mode, reached_by(server)]
}

fn reached_by(server: &Server) -> String {
    match &server.upstream {
        Upstream::Command { program, args, .. } => {
            command::show(&std::iter::once(program).chain(args).cloned().collect::<Vec<_>>())
        }
        Upstream::Http { url, .. } => url.to_string(),
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn record(settings: &Settings, server: &Server) -> serde_json::Value {
    let upstream = match &server.upstream {
        Upstream::Command { program, args, .. } => json!({ "program": program, "args": args }),
        Upstream::Http { url, .. } => json!({ "url": url }),
    };
    json!({
        "server": server.name,
        "transport": server.upstream.transport(),
        "mode": settings.mode_of(server),
        "upstream": upstream,
        "credential": server.credential,
        "endpoint": endpoint(settings, &server.name),
    })
}
