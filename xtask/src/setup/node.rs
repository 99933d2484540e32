//! Node packages, pinned by a lock file.

use std::{fs, path::Path, process::Command};

use crate::{
    process::{exists, quiet},
    workspace,
};

pub(super) fn prepare() -> Result<(), String> {
    if !exists("npm", "--version") {
        return Err("npm is missing: install Node 20 or newer".to_owned());
    }
    let home = workspace::cache().join("node");
    fs::create_dir_all(&home).map_err(|error| format!("cannot create `{}`: {error}", home.display()))?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(workspace::peers().join(file), home.join(file))
            .map_err(|error| format!("cannot copy `{file}`: {error}"))?;
    }
    // The lock file pins every version by hash, so scripts of packages need not run and registries need not be named.
    let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    quiet(Command::new("npm").args(flags).current_dir(&home))?;
    let version = quiet(Command::new(workspace::node()).arg("--version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < 22) {
        return Err(format!(
            "the peers need Node 22 or newer, found {}: install it and run this again",
            version.trim()
        ));
    }
    Ok(())
}

/// Scripts in `peers/node` find their packages through `peers/node_modules`, wherever the cache is.
pub(super) fn link() -> Result<(), String> {
    let link = workspace::peers().join("node_modules");
    let target = fs::canonicalize(workspace::node_modules()).map_err(|error| format!("no Node packages: {error}"))?;
    if fs::read_link(&link).is_ok_and(|found| found == target) {
        return Ok(());
    }
    let _ = fs::remove_file(&link);
    symlink(&target, &link).map_err(|error| format!("cannot link `{}`: {error}", link.display()))
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn symlink(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_dir(target, link)
}
