use super::{ConfigFile, file};
use crate::{Done, Failure, Out};
use doorward_config::{Mistake, Report, Settings, edit};
use serde_json::json;

/// Take an MCP server away from behind the gateway
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The server's name, as `doorward list` shows it
    name: String,
    #[command(flatten)]
    config: ConfigFile,
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    let Some(path) = args.config.existing() else {
        return Err(Failure::usage("there is no doorward.toml", "name the file with `-c`"));
    };
    let old = file::text(&path)?;
    let new = edit::remove_server(&old, &args.name).map_err(|e| Failure::Mistaken(explain(&e, &old)))?;
    // Leaving names without a server behind would only be told at the next start.
    let known = file::known();
    if Settings::parse(&path, &old, &known).is_ok() {
        Settings::parse(&path, &new, &known)?;
    }
    file::replace(&path, &new)?;
    if out.is_json() {
        out.record(&json!({ "server": args.name, "file": path, "removed": true }));
    } else {
        out.say(format!("removed {} from {}", out.strong(&args.name), path.display()));
    }
    Ok(())
}

fn explain(error: &edit::EditError, text: &str) -> Report {
    let mistake = Mistake::error(error.to_string());
    let edit::EditError::Missing(name) = error else { return mistake.into() };
    let names = edit::server_names(text);
    let near =
        doorward_config::nearest(name, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
    match near {
        Some(help) => mistake.help(help).into(),
        None => mistake.help("`doorward list` shows the servers").into(),
    }
}
