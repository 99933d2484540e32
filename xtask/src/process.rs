//! Running other programs: quietly, with their output on screen, or in the background.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Runs a command and keeps its output for the case that it fails.
///
/// # Errors
/// The command cannot be started, or ends with a failure; the message holds the end of what it printed.
pub(crate) fn quiet(command: &mut Command) -> Result<String, String> {
    let shown = shown(command);
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let all = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = all.lines().collect();
    let end = lines.get(lines.len().saturating_sub(25)..).unwrap_or_default().join("\n");
    Err(format!("`{shown}` failed ({}):\n{end}", output.status))
}

/// Runs a command with its output on screen, and returns whether it succeeded and every line it printed.
///
/// # Errors
/// The command cannot be started.
pub(crate) fn shown_lines(command: &mut Command) -> Result<(bool, Vec<String>), String> {
    let name = shown(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start `{name}`: {error}"))?;
    let (send, lines) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|s| Box::new(s) as _), child.stderr.take().map(|s| Box::new(s) as _)];
    for stream in streams.into_iter().flatten() {
        let send = send.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if !says_nothing(&line) {
                    println!("{line}");
                }
                if send.send(line).is_err() {
                    break;
                }
            }
        });
    }
    drop(send);
    let lines = lines.into_iter().collect();
    let status = child.wait().map_err(|error| format!("`{name}` was lost: {error}"))?;
    Ok((status.success(), lines))
}

/// What `cargo test` prints for every binary in which nothing ran.
fn says_nothing(line: &str) -> bool {
    line.is_empty() || line == "running 0 tests" || line.starts_with("test result: ok. 0 passed; 0 failed; 0 ignored")
}

/// A program in the background; it is killed when the value goes.
pub(crate) struct Background(Child);

impl Background {
    /// Starts a program.
    ///
    /// # Errors
    /// The program cannot be started.
    pub(crate) fn start(command: &mut Command) -> Result<Self, String> {
        let name = shown(command);
        let child = command.stdin(Stdio::null()).spawn().map_err(|error| format!("cannot start `{name}`: {error}"))?;
        Ok(Self(child))
    }

    /// Starts a program that prints its URL as its first line, and returns that line.
    ///
    /// # Errors
    /// The program cannot be started, or ends without a line.
    pub(crate) fn start_with_url(command: &mut Command) -> Result<(Self, String), String> {
        let name = shown(command);
        let mut background = Self::start(command.stdout(Stdio::piped()))?;
        let mut line = String::new();
        if let Some(out) = background.0.stdout.take() {
            let mut out = BufReader::new(out);
            out.read_line(&mut line).map_err(|error| format!("`{name}` cannot be read: {error}"))?;
            // What it prints later is not wanted, but a full pipe would stop it.
            thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        }
        match line.trim() {
            "" => Err(format!("`{name}` ended without saying its URL")),
            url => Ok((background, url.to_owned())),
        }
    }

    /// Waits until the port answers.
    ///
    /// # Errors
    /// The program ended, or the port stays silent for 30 seconds.
    pub(crate) fn wait_for_port(&mut self, port: u16) -> Result<(), String> {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Ok(Some(status)) = self.0.try_wait() {
                return Err(format!("the program for port {port} ended: {status}"));
            }
            if start.elapsed() > Duration::from_secs(30) {
                return Err(format!("port {port} stayed silent for 30 seconds"));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
///
/// # Errors
/// No port can be bound on loopback.
pub(crate) fn free_port() -> Result<u16, String> {
    let address = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// Builds one binary of the workspace and returns its path.
///
/// # Errors
/// The build fails; the compiler has said why on screen.
pub(crate) fn build(package: &str, binary: &str) -> Result<PathBuf, String> {
    let output = Command::new(cargo())
        .args(["build", "--quiet", "--message-format=json-render-diagnostics", "-p", package, "--bin", binary])
        .current_dir(crate::workspace::root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    let executable = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    };
    let built = String::from_utf8_lossy(&output.stdout).lines().filter_map(executable).next_back();
    built.ok_or_else(|| format!("`{binary}` of package `{package}` does not build"))
}

/// The cargo that runs us.
pub(crate) fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Whether a program can be started at all.
pub(crate) fn exists(program: impl AsRef<OsStr>, probe: &str) -> bool {
    Command::new(program).arg(probe).output().is_ok_and(|output| output.status.success())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
