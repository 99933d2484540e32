use super::{ConfigFile, file};
use crate::{Done, Failure, Out};
use doorward_config::{
    Mistake, Report, SecretRef, Setting, Settings, command,
    edit::{self, Address, NewServer},
    is_secret_name,
};
use doorward_vocab::ServerName;
use serde_json::json;
use std::path::Path;

/// Put an MCP server behind the gateway
#[derive(clap::Args)]
#[command(
    override_usage = "doorward add [OPTIONS] <NAME> -- <COMMAND> [ARGS]...\n       doorward add [OPTIONS] <NAME> <URL>",
    after_help = "Examples:\n  doorward add files -- npx -y @modelcontextprotocol/server-filesystem@2026.1.14 /data\n  \
                  doorward add github --env GITHUB_TOKEN=@env -- github-mcp-server stdio\n  \
                  doorward add docs https://docs.example.com/mcp"
)]
pub(crate) struct Args {
    /// What the server is called here: a-z, 0-9, `-` and single `_`
    name: String,
    /// The address of a server that speaks HTTP
    #[arg(conflicts_with = "command", required_unless_present = "command")]
    url: Option<String>,
    /// The command that starts a server on this machine, with its arguments
    #[arg(last = true)]
    command: Vec<String>,
    /// A variable for the command; @env takes it from the gateway's environment, @file:PATH from a file
    #[arg(long = "env", short = 'e', value_name = "NAME=VALUE|NAME=@env")]
    env: Vec<String>,
    /// A header for the address; @env:VARIABLE and @file:PATH as above
    #[arg(long = "header", value_name = "NAME=VALUE|NAME=@env:VARIABLE", conflicts_with = "env")]
    header: Vec<String>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    config: ConfigFile,
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    let name: ServerName =
        args.name.parse().map_err(|e| Failure::from(Report::from(Mistake::error(format!("{e}")))))?;
    let address = address(&args, &name)?;
    let pairs = if args.env.is_empty() { &args.header } else { &args.env };
    let settings = pairs.iter().map(|pair| setting(pair)).collect::<Result<_, _>>()?;
    let server = NewServer { name, address, settings };

    let path = args.config.writable();
    let old = file::text(&path)?;
    let known = file::known();
    Settings::parse(&path, &old, &known)?;
    let new = edit::add_server(&old, &server).map_err(|e| Report::from(Mistake::error(e.to_string())))?;
    let loaded = Settings::parse(&path, &new, &known)?;
    if !args.dry_run {
        file::replace(&path, &new)?;
    }
    tell(&args, &server, &path, &loaded.settings, out);
    Ok(())
}

fn tell(args: &Args, server: &NewServer, path: &Path, settings: &Settings, out: &Out) {
    let advice = advice(server);
    let endpoint = endpoint(settings, &server.name);
    if out.is_json() {
        let added = !args.dry_run;
        let (name, block) = (&server.name, server.block());
        out.record(&json!({
            "server": name, "file": path, "added": added, "block": block, "endpoint": endpoint, "mistakes": advice,
        }));
        return;
    }
    out.warn(&advice);
    let (name, file) = (out.strong(server.name.as_str()), path.display());
    out.say(if args.dry_run { format!("would add {name} to {file}\n") } else { format!("added {name} to {file}\n") });
    for line in server.block().lines() {
        out.say(format!("  {line}"));
    }
    if !args.dry_run {
        out.say(format!("\nagents reach it at {endpoint}"));
        out.say(out.faint(&format!("undo: doorward remove {}", server.name)));
    }
}

/// Where agents reach one server.
pub(super) fn endpoint(settings: &Settings, name: &ServerName) -> String {
    let base = match &settings.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => {
            let scheme = if settings.listen.tls.is_some() { "https" } else { "http" };
            format!("{scheme}://{}", settings.listen.mcp)
        }
    };
    format!("{base}/mcp/{name}")
}

fn address(args: &Args, name: &ServerName) -> Result<Address, Failure> {
    let Some(url) = &args.url else { return command_of(&args.command, name) };
    if !url.starts_with("https://") && !url.starts_with("http://") {
        let help = format!("put `--` before a command: `doorward add {name} -- {url}`; a URL begins with `https://`");
        return Err(Failure::usage(format!("`{url}` is not a URL"), help));
    }
    if !args.env.is_empty() {
        return Err(Failure::usage("variables are for commands", "give an address its secrets by `--header`"));
    }
    Ok(Address::Url(url.clone()))
}

/// A command is words. A text that a shell would have to split, or a shell itself, is refused.
fn command_of(words: &[String], name: &ServerName) -> Result<Address, Failure> {
    if let [line] = words
        && line.contains(char::is_whitespace)
        && !Path::new(line).exists()
    {
        let help = format!("leave the quotes away: `doorward add {name} -- {line}`");
        return Err(Failure::usage(format!("`{line}` is one word, and no shell splits it"), help));
    }
    if command::is_shell(words) {
        let help = "name the program itself; a shell would run whatever its text says";
        return Err(Failure::usage("a server is not started through a shell", help));
    }
    Ok(Address::Command(words.to_vec()))
}

/// `NAME=VALUE`, `NAME=@env`, `NAME=@env:OTHER`, `NAME=@file:PATH`.
fn setting(pair: &str) -> Result<(String, Setting), Failure> {
    let Some((name, value)) = pair.split_once('=') else {
        let help = format!("write `{pair}=VALUE`, or `{pair}=@env` to take it from the environment");
        return Err(Failure::usage(format!("`{pair}` has no value"), help));
    };
    let setting = match value.strip_prefix('@') {
        Some("env") => Setting::Secret(SecretRef::Env(name.to_owned())),
        Some(place) => match place.split_once(':') {
            Some(("env", variable)) => Setting::Secret(SecretRef::Env(variable.to_owned())),
            Some(("file", path)) => Setting::Secret(SecretRef::File(path.into())),
            _ => {
                let help = "places are `@env`, `@env:VARIABLE` and `@file:PATH`";
                return Err(Failure::usage(format!("`@{place}` is not a place for the value of `{name}`"), help));
            }
        },
        None if is_secret_name(name) && !value.is_empty() => {
            let help =
                format!("write `{name}=@env` and set the variable where the gateway runs, or `{name}=@file:PATH`");
            return Err(Failure::usage(format!("`{name}` is a secret, and the file holds none"), help));
        }
        None => Setting::Plain(value.to_owned()),
    };
    Ok((name.to_owned(), setting))
}

/// What works and may not be what was meant.
fn advice(server: &NewServer) -> Report {
    let Address::Command(words) = &server.address else { return Report::default() };
    let Some(package) = command::unpinned(words) else { return Report::default() };
    let python = words.first().is_some_and(|w| w.contains("uv") || w.contains("pipx"));
    let pin = if python { "==" } else { "@" };
    let bare = package.rsplit_once('@').map_or(package, |(name, _)| if name.is_empty() { package } else { name });
    let warning = Mistake::warning(format!("`{package}` is fetched in whatever version is newest at each start"));
    warning.help(format!("name the version that you looked at: `{bare}{pin}1.2.3`")).into()
}
