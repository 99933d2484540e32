//! Processes that end with the test, ports, and the binaries of this workspace.

use std::{
    io::{self, BufRead, BufReader},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::cache::root;

/// A process that is killed when the value goes.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts a process with its input closed and its output on the test's own.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        Ok(Self { child: command.stdin(Stdio::null()).spawn()? })
    }

    /// Starts a process that prints one line when it is ready, and returns that line.
    ///
    /// # Errors
    /// The program cannot be started, or ends before it is ready.
    pub fn start_ready(command: &mut Command) -> io::Result<(Self, String)> {
        let mut running = Self::start(command.stdout(Stdio::piped()))?;
        let mut line = String::new();
        if let Some(out) = running.child.stdout.take() {
            let mut out = BufReader::new(out);
            out.read_line(&mut line)?;
            // A full pipe would stop it.
            thread::spawn(move || io::copy(&mut out, &mut io::sink()));
        }
        if line.trim().is_empty() {
            let status = running.child.wait()?;
            return Err(io::Error::other(format!("`{command:?}` ended before it was ready: {status}")));
        }
        Ok((running, line.trim().to_owned()))
    }

    /// Starts a process, and waits for a line that says what is wanted.
    ///
    /// # Errors
    /// The program cannot be started, or ends without it.
    pub fn start_told<T>(command: &mut Command, mut told: impl FnMut(&str) -> Option<T>) -> io::Result<(Self, T)> {
        let mut running = Self::start(command.stdout(Stdio::piped()))?;
        let out = running.child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut out = BufReader::new(out);
        let mut line = String::new();
        while out.read_line(&mut line)? > 0 {
            if let Some(found) = told(line.trim()) {
                thread::spawn(move || io::copy(&mut out, &mut io::sink()));
                return Ok((running, found));
            }
            line.clear();
        }
        let status = running.child.wait()?;
        Err(io::Error::other(format!("`{command:?}` ended and did not say it: {status}")))
    }

    /// Waits until something listens on this port of loopback.
    ///
    /// # Errors
    /// The process ended, or the port stays silent for 30 seconds.
    pub fn wait_for_port(&mut self, port: u16) -> io::Result<()> {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("the process for port {port} ended: {status}")));
            }
            if start.elapsed() > Duration::from_secs(30) {
                return Err(io::Error::other(format!("port {port} stayed silent for 30 seconds")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    /// The system refuses.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Waits until the process ends by itself.
    ///
    /// # Errors
    /// The process was lost.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    /// Whether the process is still there.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port on 127.0.0.1 that was free a moment ago.
///
/// # Errors
/// Loopback has none left.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The path of a binary of this workspace, beside the running test; built if it is not there yet.
///
/// # Errors
/// It cannot be built.
pub fn binary(package: &str, name: &str) -> io::Result<PathBuf> {
    static BUILDING: Mutex<()> = Mutex::new(());
    let test = std::env::current_exe()?;
    let folder = test.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "deps"));
    let folder = folder.and_then(|deps| deps.parent()).or_else(|| test.parent()).map(PathBuf::from).unwrap_or_default();
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let _one_at_a_time = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    if path.exists() {
        return Ok(path);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "-p", package, "--bin", name]).current_dir(root());
    if folder.file_name().is_some_and(|profile| profile == "release") {
        build.arg("--release");
    }
    let status = build.status()?;
    if path.exists() {
        return Ok(path);
    }
    Err(io::Error::other(format!("`{name}` is not at `{}` after building it: {status}", path.display())))
}
