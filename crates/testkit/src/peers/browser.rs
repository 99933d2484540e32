use super::cache::{node, node_modules, present, script, spared};
use serde_json::Value;
use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
};

/// A real browser, which walks through the console by `peers/node/console.mjs`.
#[derive(Debug)]
pub struct Browser;

const PROGRAM: &str = "/usr/bin/chromium";

impl Browser {
    /// Whether it is installed; says why `what` is skipped where it is not.
    ///
    /// # Errors
    /// It is missing although `DOORWARD_PEERS_REQUIRED` says that it must be there.
    pub fn installed(what: &str) -> io::Result<bool> {
        present(what, &[PathBuf::from(PROGRAM), node_modules().join("axe-core")], spared("chromium"))
    }

    /// Signs in with `link`, looks at every page, and puts pictures into `folder`; gives what was found.
    ///
    /// # Errors
    /// The browser, or its script, fails.
    pub fn walk(link: &str, folder: &Path) -> io::Result<Value> {
        let mut command = Command::new(node());
        command.arg(script("node/console.mjs")).args([PROGRAM, link]).arg(folder);
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let failed = || io::Error::other(format!("{text}\n{}", String::from_utf8_lossy(&output.stderr)));
        if !output.status.success() {
            return Err(failed());
        }
        text.lines().last().and_then(|line| serde_json::from_str(line).ok()).ok_or_else(failed)
    }
}
