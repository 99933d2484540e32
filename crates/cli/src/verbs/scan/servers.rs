use super::{
    finding::{Place, ScanFinding},
    judge, sarif, state,
};
use crate::{
    Done, Failure, Out,
    verbs::{ConfigFile, approve::visible::visible, serve},
};
use doorward_config::Settings;
use doorward_gateway::{Unapproved, survey};
use doorward_store::{Pin, Pins as _};
use doorward_vocab::{Level, Mode, Severity};
use std::{
    collections::HashSet,
    net::{Ipv4Addr, SocketAddr},
};

/// How the findings are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// For people, or one JSON object a line with `--json`.
    Plain,
    /// SARIF 2.1.0.
    Sarif,
}

/// What is asked for.
pub(super) struct Request<'a> {
    pub(super) config: &'a ConfigFile,
    /// These servers, or all.
    pub(super) names: &'a [String],
    pub(super) unapproved: Unapproved,
    pub(super) format: Format,
}

/// Looks at what the configured servers declare. Nobody is served, nothing is approved, and no tool is called.
pub(super) fn run(asked: &Request<'_>, out: &Out) -> Done {
    let resumed = crate::process::resume();
    let (path, loaded) = asked.config.load()?;
    serve::log(&loaded.settings.log);
    crate::process::prepare(resumed, &loaded.variables);
    let settings = alone(loaded.settings, asked.names)?;
    let approved: Vec<Pin> = match crate::verbs::approve::state()? {
        Some(state) => state.list(None).map_err(|e| Failure::Broken(e.to_string()))?,
        None => Vec::new(),
    };
    let seen = serve::runtime()?.block_on(look(settings, &approved, asked.unapproved))?;
    let file = path.map_or_else(|| "doorward.toml".to_owned(), |p| p.display().to_string());
    let findings = judge::all(&seen, &approved);
    match asked.format {
        Format::Sarif => out.record(&sarif::log(&findings, &file)),
        Format::Plain => tell(&seen, &findings, out),
    }
    if findings.iter().any(ScanFinding::counts) { Err(Failure::Asked) } else { Ok(()) }
}

/// One server as it was found.
pub(super) struct Seen {
    pub(super) name: String,
    /// What it declares, or why nobody knows.
    pub(super) declared: Result<Vec<judge::Declared>, String>,
}

/// Settings for a look: only the servers that are asked for, nobody but ourselves, and nothing withheld from us.
fn alone(mut settings: Settings, names: &[String]) -> Result<Settings, Failure> {
    let known: HashSet<&str> = settings.servers.iter().map(|s| s.name.as_str()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name.as_str())) {
        let near = doorward_config::nearest(unknown, known.iter().copied());
        let advice =
            near.map_or_else(|| "`doorward list` shows the servers".into(), |n| format!("did you mean `{n}`?"));
        return Err(Failure::usage(format!("there is no server `{unknown}`"), advice));
    }
    if !names.is_empty() {
        settings.servers.retain(|s| names.iter().any(|name| name == s.name.as_str()));
        settings.virtuals.clear();
    }
    settings.level = Level::Watch;
    settings.mode = Mode::Observe;
    settings.servers.iter_mut().for_each(|s| s.mode = Some(Mode::Observe));
    settings.trust.clear();
    settings.agents.clear();
    settings.delegations.clear();
    settings.authorization = None;
    settings.clients.clear();
    settings.assurance.clear();
    settings.store.seal = None;
    Ok(settings)
}

async fn look(settings: Settings, approved: &[Pin], unapproved: Unapproved) -> Result<Vec<Seen>, Failure> {
    let folder = state::Folder::with(approved)?;
    let names: Vec<_> = settings.servers.iter().map(|s| s.name.clone()).collect();
    let gateway = serve::open(folder.path(), settings, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.gateway;
    let mut seen = Vec::new();
    for name in names {
        let answers = survey(&gateway, &name, unapproved).await;
        let declared = answers.map(|all| judge::declared(&all)).map_err(|e| e.to_string()).and_then(|declared| {
            // What it refuses to tell is not the same as nothing.
            if declared.is_empty() { Err("it does not answer, or declares nothing".into()) } else { Ok(declared) }
        });
        seen.push(Seen { name: name.to_string(), declared });
    }
    gateway.stop("the scan is over").await;
    Ok(seen)
}

fn tell(seen: &[Seen], findings: &[ScanFinding], out: &Out) {
    if out.is_json() {
        for server in seen {
            let (count, why) = match &server.declared {
                Ok(declared) => (declared.len(), None),
                Err(why) => (0, Some(why)),
            };
            out.record(&serde_json::json!({ "server": server.name, "definitions": count, "skipped": why }));
        }
        findings.iter().for_each(|finding| out.record(finding));
        return;
    }
    for server in seen {
        match &server.declared {
            Ok(declared) => out.say(format!("{}  {} definitions", out.strong(&server.name), declared.len())),
            Err(why) => out.say(format!("{}  {}", out.strong(&server.name), out.doubt(&visible(why)))),
        }
        for finding in findings.iter().filter(|f| f.server == server.name) {
            let severity = judge::word(finding.severity);
            let severity = if finding.severity >= Severity::High { out.bad(severity) } else { out.doubt(severity) };
            let Place { kind, name, pointer } = &finding.place;
            out.say(format!("  {severity}  {kind} {}{}", visible(name), visible(pointer)));
            out.say(format!("        {}: {}", finding.rule, visible(&finding.message)));
        }
    }
    let counted = findings.iter().filter(|f| f.counts()).count();
    out.say(match counted {
        0 => "nothing was found".to_owned(),
        1 => "one finding".to_owned(),
        n => format!("{n} findings"),
    });
}
