//! A Python environment with pinned packages.

use std::process::Command;

use super::debian;
use crate::{
    process::{exists, quiet},
    workspace,
};

pub(super) fn prepare() -> Result<(), String> {
    let python =
        ["python3.11", "python3.12", "python3.13", "python3"].into_iter().find(|name| exists(name, "--version"));
    let python = python.ok_or("Python is missing: install Python 3.11")?;
    let home = workspace::cache().join("python");
    let venv = || quiet(Command::new(python).args(["-m", "venv", "--clear"]).arg(&home));
    if let Err(error) = venv() {
        // Debian keeps the part of Python that makes environments in a package of its own.
        debian::install(&["python3-venv"]).map_err(|_| error)?;
        venv()?;
    }
    quiet(pip_install().arg("-r").arg(workspace::peers().join("requirements.txt")))?;
    Ok(())
}

/// Every version is pinned in the list, so nothing is looked for beyond it.
pub(super) fn pip_install() -> Command {
    let mut command = Command::new(workspace::python());
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
    command
}
