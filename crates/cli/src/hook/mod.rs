//! The bridge that agent hosts call: it tells the gateway what the human says, and which uses of tools belong to it.
//!
//! | file | story |
//! |---|---|
//! | `claude_code`, `cursor`, `generic` | what each host tells, and how it is answered |
//! | `report`, `owner` | the way to the gateway, and to nobody else |
//! | `install` | puts the bridge into a host's settings, and takes it out again |
//!
//! Invariant: a host goes on whatever happens here, and in bounded time, unless its operator asked for `--required`.

mod claude_code;
mod cursor;
mod generic;
mod install;
mod owner;
mod report;

use crate::Out;
use clap::ValueEnum;
use report::{Gateway, Report, ReportError};
use serde_json::Value;
use std::{
    ffi::OsString,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Tell the gateway what the human says: the bridge that agent hosts call
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The host that calls
    #[arg(value_enum)]
    host: Host,
    /// Stop the host where something cannot be told; without it the host goes on
    #[arg(long)]
    required: bool,
    /// The longest time that an event may take, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    timeout: u64,
    /// The gateway's state folder [default: where `doorward run` keeps it]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Put the bridge into the host's settings
    #[arg(long, conflicts_with = "remove")]
    install: bool,
    /// Take the bridge out of the host's settings
    #[arg(long)]
    remove: bool,
    /// The settings of this user; the default
    #[arg(long, conflicts_with = "project")]
    user: bool,
    /// The settings of the project in this folder
    #[arg(long)]
    project: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
}

/// The hosts that the bridge knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Host {
    ClaudeCode,
    Cursor,
    /// Any other: an event on each line
    Generic,
}

/// Whether a host may go on where something could not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Required {
    Yes,
    No,
}

/// What a host gets for an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    out: Option<String>,
    err: Option<String>,
    code: u8,
}

/// The largest event that is read, in bytes: tools are given whole files.
const MOST_EVENT: u64 = 16 << 20;

pub(crate) fn run(args: Args, out: &Out) -> ExitCode {
    if args.install || args.remove {
        return install::run(&args, out).map_or_else(|failure| failure.tell(out), |()| ExitCode::SUCCESS);
    }
    let required = if args.required { Required::Yes } else { Required::No };
    let limit = Duration::from_millis(args.timeout);
    let state = args.state.map_or_else(|| doorward_store::state_dir().map_err(|e| e.to_string()), Ok);
    match (args.host, state) {
        (Host::Generic, Ok(state)) => generic::run(&state, limit, required),
        (host, state) => answer(host, state, limit, required).say(),
    }
}

/// One event of a host.
fn answer(host: Host, state: Result<PathBuf, String>, limit: Duration, required: Required) -> Said {
    let began = Instant::now();
    let event = match input(limit) {
        Ok(event) => event,
        Err(why) => return host.failed(&Value::Null, &why, required),
    };
    let reported = state.and_then(|state| {
        let report = host.read(&event)?;
        let left = limit.saturating_sub(began.elapsed());
        report.map_or(Ok(()), |report| tell(&state, left, &report).map(drop).map_err(|e| e.to_string()))
    });
    match reported {
        Ok(()) => host.go_on(&event),
        Err(why) => host.failed(&event, &why, required),
    }
}

/// The event on standard input. A host that never ends it is not waited for.
fn input(limit: Duration) -> Result<Value, String> {
    let (done, waiting) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let read = io::stdin().lock().take(MOST_EVENT).read_to_end(&mut text).map(|_| text);
        let _ = done.send(read);
    });
    let text = waiting.recv_timeout(limit).map_err(|_| format!("no event came within {} ms", limit.as_millis()))?;
    let text = text.map_err(|e| format!("cannot read the event: {e}"))?;
    serde_json::from_slice(&text).map_err(|e| format!("the event is not JSON: {e}"))
}

/// Tells the gateway, within `limit`.
fn tell(state: &Path, limit: Duration, report: &Report) -> Result<Value, ReportError> {
    let gateway = Gateway::find(state)?;
    let silent = |source: io::Error| ReportError::Silent { address: "this process".to_owned(), source: source.into() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(silent)?;
    let told = runtime.block_on(async { tokio::time::timeout(limit, gateway.tell(report)).await });
    runtime.shutdown_background();
    told.unwrap_or_else(|_| Err(ReportError::Late(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))))
}

/// A text of an event.
fn member<'a>(event: &'a Value, key: &str) -> Result<&'a str, String> {
    event.get(key).and_then(Value::as_str).ok_or_else(|| format!("the event has no text `{key}`"))
}

impl Host {
    fn read(self, event: &Value) -> Result<Option<Report>, String> {
        match self {
            Self::ClaudeCode => claude_code::read(event),
            Self::Cursor => cursor::read(event),
            Self::Generic => Ok(None),
        }
    }

    fn go_on(self, event: &Value) -> Said {
        match self {
            Self::ClaudeCode => claude_code::go_on(),
            Self::Cursor => cursor::go_on(event),
            Self::Generic => Said::default(),
        }
    }

    /// What could not be told stops the host where that was asked for; else it is noted.
    fn failed(self, event: &Value, why: &str, required: Required) -> Said {
        let why = format!("doorward: {}", why.lines().next().unwrap_or_default());
        match (required, self) {
            (Required::No, _) => Said { err: Some(why), ..self.go_on(event) },
            (Required::Yes, Self::ClaudeCode) => claude_code::stop(event, &why),
            (Required::Yes, Self::Cursor) => cursor::stop(event, &why),
            (Required::Yes, Self::Generic) => Said { err: Some(why), code: 2, ..Said::default() },
        }
    }
}

impl Said {
    fn say(self) -> ExitCode {
        let line = |to: &mut dyn Write, text: Option<String>| {
            if let Some(text) = text {
                let _ = writeln!(to, "{text}");
            }
        };
        line(&mut io::stdout().lock(), self.out);
        line(&mut io::stderr().lock(), self.err);
        ExitCode::from(self.code)
    }
}

/// A command line that cannot be read, as settings of a host may hold after the binary was replaced: exit code 2 would stop
/// the host, which nobody asked for without `--required`.
pub(crate) fn misspelt(words: impl Iterator<Item = OsString>, error: &clap::Error) -> Option<ExitCode> {
    let words: Vec<OsString> = words.skip(1).collect();
    let verb = words.iter().find(|word| !word.as_encoded_bytes().starts_with(b"-"))?;
    let stops = words.iter().any(|word| word == "--required");
    (verb == "hook" && error.use_stderr() && !stops).then(|| {
        let _ = error.print();
        ExitCode::from(1)
    })
}

#[cfg(test)]
mod tests;
