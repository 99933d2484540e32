use super::serve;
use crate::{Done, Failure, Out};
use doorward_config::{Known, Loaded, Settings};
use doorward_gateway::stdio;
use doorward_transport::stdio::{StdioServer, StdioSettings};
use doorward_vocab::{Level, ServerName};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// Stand in front of one server, on standard input and output: no file needed
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to enforce: watch, guard or lockdown
    #[arg(long, default_value_t = Level::Guard)]
    level: Level,
    /// The name of the server in the log
    #[arg(long, default_value = "wrapped")]
    name: ServerName,
    /// A remote server instead of a command
    #[arg(long, value_name = "URL", conflicts_with = "command", required_unless_present = "command")]
    url: Option<String>,
    /// A variable that the server gets: NAME as it is in our environment, or NAME=VALUE. May be repeated
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// The command of the server and its arguments
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

pub(crate) fn run(args: Args, _out: &Out) -> Done {
    let resumed = crate::process::resume();
    let Loaded { settings, variables, .. } = settings(&args)?;
    serve::log(&settings.log);
    crate::process::prepare(resumed, &variables);
    let state = free(&serve::state()?.join("wrap").join(args.name.as_str()));
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    serve::runtime()?.block_on(async move {
        let gateway = serve::open(&state, settings, nowhere)?.gateway;
        let mut signals = serve::Signals::listen()?;
        let pipes = StdioServer::start(StdioSettings::default())
            .map_err(|e| Failure::Broken(format!("cannot use the pipes: {e}")))?;
        let serving = stdio::serve(gateway.clone(), pipes, args.name);
        let ended = tokio::select! {
            ended = serving => ended.map_err(|e| Failure::Broken(e.to_string())),
            _ = signals.asked_to_stop(|| {}) => Ok(()),
        };
        gateway.stop("the client left").await;
        ended
    })
}

/// A state folder of its own: two clients may each wrap the same server at the same time, and a trail has one writer.
fn free(folder: &Path) -> PathBuf {
    let numbered = (2..=MOST).map(|n| folder.with_file_name(format!("{}-{n}", file_name(folder))));
    let mut all = std::iter::once(folder.to_owned()).chain(numbered);
    all.find(|f| !doorward_store::trail::is_held(&f.join("trail"))).unwrap_or_else(|| folder.to_owned())
}

/// The most clients that wrap servers under one name at a time.
const MOST: usize = 64;

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The same checks as for a file: the command line is written as one.
fn settings(args: &Args) -> Result<Loaded, Failure> {
    let quote = |s: &str| serde_json::Value::from(s).to_string();
    let server = match &args.url {
        Some(url) => format!("url = {}", quote(url)),
        None => format!("command = [{}]", args.command.iter().map(|a| quote(a)).collect::<Vec<_>>().join(", ")),
    };
    let (mut inherited, mut given) = (Vec::new(), Vec::new());
    for variable in &args.env {
        match variable.split_once('=') {
            Some((name, value)) => given.push(format!("{name} = {}", quote(value))),
            None => inherited.push(quote(variable)),
        }
    }
    let environment = if args.url.is_some() {
        String::new()
    } else {
        format!("inherit_env = [{}]\nenv = {{ {} }}\n", inherited.join(", "), given.join(", "))
    };
    let text = format!(
        "level = \"{}\"\n[log]\nfilter = \"warn\"\n[[server]]\nname = \"{}\"\n{server}\n{environment}",
        args.level, args.name
    );
    Ok(Settings::parse("command line", &text, &Known::default())?)
}
