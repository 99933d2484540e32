use super::{
    ConfigFile,
    add::endpoint,
    approve::{self, review::kind, visible::visible},
};
use crate::{Done, Failure, Out};
use doorward_audit::DefinitionKind;
use doorward_config::{Server, Settings, Upstream, command};
use doorward_detect::definition::{DataClass, data_classes, declared_effects};
use doorward_store::{Pin, PinState, Pins};
use doorward_vocab::Effect;
use serde_json::json;
use std::collections::BTreeMap;

/// List the servers behind the gateway
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Show each definition too, and what tools do
    #[arg(long)]
    definitions: bool,
    #[command(flatten)]
    config: ConfigFile,
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    let (_, loaded) = args.config.load()?;
    let settings = &loaded.settings;
    let pins = match approve::state()? {
        Some(state) => state.list(None).map_err(|e| Failure::Broken(e.to_string()))?,
        None => Vec::new(),
    };
    if out.is_json() {
        for server in &settings.servers {
            out.record(&record(settings, server, &pins));
            if args.definitions {
                of(server, &pins).for_each(|pin| out.record(&definition(server, pin)));
            }
        }
        return Ok(());
    }
    if settings.servers.is_empty() {
        out.say("there are no servers yet; `doorward add NAME -- COMMAND` or `doorward add NAME URL` adds one");
        return Ok(());
    }
    let rows = settings.servers.iter().map(|s| row(settings, s, &pins)).collect::<Vec<_>>();
    let header = ["name", "transport", "mode", "definitions", "reached by"].map(str::to_owned);
    let widths = [0, 1, 2, 3, 4].map(|column| {
        let cells = std::iter::once(&header).chain(&rows).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    });
    out.say(out.faint(&line(&header, &widths)));
    for (row, server) in rows.iter().zip(&settings.servers) {
        out.say(line(row, &widths));
        for pin in of(server, &pins).filter(|_| args.definitions) {
            let (kind, name) = (kind(pin.key.kind), visible(&pin.key.name));
            let does = does(server, pin).map_or_else(String::new, |does| format!("  does: {does}"));
            let data = data(pin).map_or_else(String::new, |data| format!("  data: {}", data.join(", ")));
            out.say(format!("  {kind} {name}  {}{does}{data}", pin.state.as_str()).trim_end());
        }
    }
    Ok(())
}

fn row(settings: &Settings, server: &Server, pins: &[Pin]) -> [String; 5] {
    let mode = settings.mode_of(server).as_str().to_owned();
    let transport = server.upstream.transport().to_owned();
    [server.name.to_string(), transport, mode, definitions(server, pins), reached_by(server)]
}

fn of<'p>(server: &Server, pins: &'p [Pin]) -> impl Iterator<Item = &'p Pin> {
    let name = server.name.clone();
    pins.iter().filter(move |pin| pin.key.server == name)
}

/// What a tool does: by the operator's word, else by its own.
fn does(server: &Server, pin: &Pin) -> Option<String> {
    let tool = pin.key.kind == DefinitionKind::Tool;
    let text = pin.approved.as_deref().or(pin.pending.as_deref()).filter(|_| tool)?;
    let effects = server.effects_of(&pin.key.name).unwrap_or_else(|| declared_effects(text));
    let words: Vec<&str> = effects.iter().map(Effect::as_str).collect();
    Some(if words.is_empty() { "unknown".into() } else { words.join(", ") })
}

/// The kinds of data that a tool deals with by its own words; nothing where it names none.
fn data(pin: &Pin) -> Option<Vec<&'static str>> {
    let tool = pin.key.kind == DefinitionKind::Tool;
    let text = pin.approved.as_deref().or(pin.pending.as_deref()).filter(|_| tool)?;
    let classes: Vec<_> = data_classes(text).into_iter().map(DataClass::as_str).collect();
    (!classes.is_empty()).then_some(classes)
}

fn definition(server: &Server, pin: &Pin) -> serde_json::Value {
    json!({
        "server": server.name,
        "kind": kind(pin.key.kind),
        "name": pin.key.name,
        "state": pin.state.as_str(),
        "effects": does(server, pin),
        "data": data(pin),
        "approved": pin.approved_digest(),
    })
}

/// `12 approved, 1 quarantined`; a dash where the server has declared nothing yet.
fn definitions(server: &Server, pins: &[Pin]) -> String {
    let counts = STATES.map(|state| (count(server, pins, state), state.as_str()));
    let said: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if said.is_empty() { "–".into() } else { said.join(", ") }
}

const STATES: [PinState; 4] = [PinState::Approved, PinState::Pending, PinState::Quarantined, PinState::Rejected];

fn count(server: &Server, pins: &[Pin], state: PinState) -> usize {
    pins.iter().filter(|p| p.key.server == server.name && p.state == state).count()
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

fn record(settings: &Settings, server: &Server, pins: &[Pin]) -> serde_json::Value {
    let upstream = match &server.upstream {
        Upstream::Command { program, args, .. } => json!({ "program": program, "args": args }),
        Upstream::Http { url, .. } => json!({ "url": url }),
    };
    let definitions: BTreeMap<_, _> = STATES.map(|s| (s.as_str(), count(server, pins, s))).into();
    json!({
        "server": server.name,
        "transport": server.upstream.transport(),
        "mode": settings.mode_of(server),
        "upstream": upstream,
        "credentials": server.credentials.iter().map(|rule| rule.name.as_deref().unwrap_or("none")).collect::<Vec<_>>(),
        "definitions": definitions,
        "endpoint": endpoint(settings, &server.name),
    })
}
