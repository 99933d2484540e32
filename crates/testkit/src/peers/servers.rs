//! Servers: our own fixture as a process, and other people's.

use std::{io, path::Path, process::Command};

use super::{
    cache::{node, node_modules, python, script},
    process::{Running, binary},
};

/// Our test server as a process of its own: the kind that can be killed. (In the test's own process:
/// [`crate::fixture::Server`].)
#[derive(Debug)]
pub struct Fixture {
    running: Running,
    url: String,
}

impl Fixture {
    /// Starts it on a port of the system's choice, with more arguments of [`crate::fixture::Options`].
    ///
    /// # Errors
    /// It cannot be built or started.
    pub fn start(args: &[&str]) -> io::Result<Self> {
        let fixture = binary("doorward-testkit", "doorward-fixture")?;
        let (running, url) = Running::start_ready(Command::new(fixture).args(["--port", "0"]).args(args))?;
        Ok(Self { running, url })
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process, to look at or to kill.
    pub fn process(&mut self) -> &mut Running {
        &mut self.running
    }

    /// The command that speaks on standard input and output.
    ///
    /// # Errors
    /// The binary cannot be built.
    pub fn stdio_command(args: &[&str]) -> io::Result<Vec<String>> {
        let fixture = binary("doorward-testkit", "doorward-fixture")?;
        Ok(words([shown(&fixture), "--stdio".to_owned()], args))
    }
}

/// The test server on the Python library over HTTP, with more arguments: the process and its URL.
///
/// # Errors
/// It cannot be started; ask [`super::installed`] first.
pub fn python_fixture(args: &[&str]) -> io::Result<(Running, String)> {
    Running::start_ready(Command::new(python()).arg(script("python/everything.py")).args(["--port", "0"]).args(args))
}

/// The same server behind a guard that judges every request, see `peers/python/strict.py`: the process and its URL.
///
/// # Errors
/// As [`python_fixture`].
pub fn strict_fixture(args: &[&str]) -> io::Result<(Running, String)> {
    Running::start_ready(Command::new(python()).arg(script("python/strict.py")).args(args))
}

/// A server that gives back every secret that it is given (`peers/python/hostile.py`): the process and its URL. What it said
/// is in the file `said`. It needs Python alone.
///
/// # Errors
/// It cannot be started.
pub fn hostile_server(said: &Path) -> io::Result<(Running, String)> {
    Running::start_ready(Command::new("python3").arg(script("python/hostile.py")).arg("--http").arg(said))
}

/// The command of the same server over stdio.
#[must_use]
pub fn hostile_stdio(said: &Path) -> Vec<String> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|folder| folder.join("python3")).find(|python| python.is_file());
    let python = found.map_or_else(|| "python3".to_owned(), |python| shown(&python));
    words([python, shown(&script("python/hostile.py"))], &["--stdio", &shown(said)])
}

/// The documented wire shape of a service that cannot run here, see `peers/python/wire_shapes.py`: the process and its URL.
///
/// # Errors
/// As [`python_fixture`].
pub fn wire_shape(args: &[&str]) -> io::Result<(Running, String)> {
    Running::start_ready(Command::new(python()).arg(script("python/wire_shapes.py")).args(args))
}

/// The command of the same server that speaks on standard input and output.
#[must_use]
pub fn python_fixture_stdio() -> Vec<String> {
    words([shown(&python()), shown(&script("python/everything.py"))], &["--stdio"])
}

/// The same over HTTP+SSE of 2024-11-05.
///
/// # Errors
/// As [`python_fixture`].
pub fn python_fixture_sse() -> io::Result<(Running, String)> {
    Running::start_ready(Command::new(python()).arg(script("python/everything.py")).args(["--port", "0", "--sse"]))
}

/// The test server on the TypeScript library, version 2, over HTTP, with more arguments: the process and its URL.
///
/// # Errors
/// As [`python_fixture`].
pub fn typescript_fixture(args: &[&str]) -> io::Result<(Running, String)> {
    Running::start_ready(Command::new(node()).arg(script("node/server_sdk2.mjs")).args(["--port", "0"]).args(args))
}

/// A server on the TypeScript library that lets nobody in without an access token for it, and says whose it was
/// (`peers/node/server_guarded.mjs`), with more arguments: the process and its URL.
///
/// # Errors
/// As [`python_fixture`].
pub fn guarded_fixture(port: u16, issuer: &str, args: &[&str]) -> io::Result<(Running, String)> {
    let mut command = Command::new(node());
    command.arg(script("node/server_guarded.mjs")).args(["--port", &port.to_string(), "--issuer", issuer]).args(args);
    Running::start_ready(&mut command)
}

/// The official example server. `transport` is `stdio`, `streamableHttp` or `sse`; the HTTP ones read `PORT`.
#[must_use]
pub fn server_everything(transport: &str) -> Vec<String> {
    words([shown(&node()), package("server-everything")], &[transport])
}

/// The official file server over stdio, allowed to see one folder.
#[must_use]
pub fn server_filesystem(folder: &Path) -> Vec<String> {
    words([shown(&node()), package("server-filesystem")], &[&shown(folder)])
}

/// The official knowledge graph server over stdio. It reads `MEMORY_FILE_PATH`.
#[must_use]
pub fn server_memory() -> Vec<String> {
    words([shown(&node()), package("server-memory")], &[])
}

fn package(name: &str) -> String {
    shown(&node_modules().join(format!("@modelcontextprotocol/{name}/dist/index.js")))
}

fn words<const N: usize>(first: [String; N], more: &[&str]) -> Vec<String> {
    first.into_iter().chain(more.iter().map(|word| (*word).to_owned())).collect()
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
