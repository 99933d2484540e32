//! Other people's readers of what is exported.

use super::{
    cache::{python, script},
    process::Running,
};
use std::{
    io::{self, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
};

/// Holds OCSF events, one per line, against the published schema; what it says of them.
///
/// # Errors
/// The reader cannot be started, or ends with an error.
pub fn read_ocsf(events: &[u8]) -> io::Result<String> {
    read(Command::new(python()).arg(script("python/read_ocsf.py")), events)
}

/// Reads lines of OTLP/JSON by the published messages of OpenTelemetry.
///
/// # Errors
/// As [`read_ocsf`].
pub fn read_otlp_lines(lines: &[u8]) -> io::Result<String> {
    read(Command::new(python()).arg(script("python/read_otlp.py")).arg("--lines"), lines)
}

/// Reads a Parquet file with DuckDB.
///
/// # Errors
/// As [`read_ocsf`].
pub fn read_parquet(file: &Path) -> io::Result<String> {
    read(Command::new(python()).arg(script("python/read_parquet.py")).arg(file), b"")
}

/// A receiver of OTLP/HTTP on loopback, on the published messages of OpenTelemetry: the process and its address.
///
/// # Errors
/// The program cannot be started, or ends before it is ready.
pub fn otlp_receiver(args: &[&str]) -> io::Result<(Running, String)> {
    Running::start_ready(Command::new(python()).arg(script("python/read_otlp.py")).arg("--serve").args(args))
}

/// A receiver of CloudEvents on loopback that verifies them by `standardwebhooks`: the process and its address.
///
/// # Errors
/// As [`otlp_receiver`].
pub fn webhook_receiver(secret: &str) -> io::Result<(Running, String)> {
    let mut command = Command::new(python());
    Running::start_ready(command.arg(script("python/read_webhooks.py")).args(["--secret", secret]))
}

/// A receiver of syslog on loopback, by `how` (`--udp`, `--tcp`, or `--tls` with its files), that writes what it read to `out`:
/// the process and its address.
///
/// # Errors
/// As [`otlp_receiver`].
pub fn syslog_receiver(how: &[&str], out: &Path) -> io::Result<(Running, String)> {
    let mut command = Command::new(python());
    Running::start_ready(command.arg(script("python/read_syslog.py")).args(how).arg("--out").arg(out))
}

fn read(command: &mut Command, input: &[u8]) -> io::Result<String> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    let input = input.to_owned();
    let writing = thread::spawn(move || stdin.map_or(Ok(()), |mut stdin| stdin.write_all(&input)));
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // A reader that ended early says why by its status.
    let _ = writing.join();
    match output.status.success() {
        true => Ok(text),
        false => Err(io::Error::other(format!("{}: {text}", output.status))),
    }
}
