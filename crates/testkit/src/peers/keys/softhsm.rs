use super::super::cache::{present, spared};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A token with state of its own. Ask [`SoftHsm::installed`] first.
#[derive(Debug)]
pub struct SoftHsm {
    home: TempDir,
}

impl SoftHsm {
    /// The label of the token.
    pub const TOKEN: &'static str = "doorward-test";
    /// The PIN of its user.
    pub const PIN: &'static str = "pin-8417263550";
    /// The variable that names its configuration, in the environment of whoever loads [`module`](Self::module).
    pub const VARIABLE: &'static str = "SOFTHSM2_CONF";

    /// Whether the programs are there. Says on standard error why `what` is skipped when they are not.
    ///
    /// # Errors
    /// They are missing, a run requires them, and the machine could have them.
    pub fn installed(what: &str) -> io::Result<bool> {
        present(what, &[PathBuf::from("/usr/bin/softhsm2-util"), Self::module()], spared("hsm"))
    }

    /// Makes a token.
    ///
    /// # Errors
    /// The program refuses; the message says why.
    pub fn start() -> io::Result<Self> {
        let made = Self { home: tempfile::tempdir()? };
        let tokens = made.home.path().join("tokens");
        fs::create_dir(&tokens)?;
        let text =
            format!("directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n", tokens.display());
        fs::write(made.configuration(), text)?;
        let mut init = Command::new("/usr/bin/softhsm2-util");
        init.args(["--init-token", "--free", "--label", Self::TOKEN, "--pin", Self::PIN, "--so-pin", "so-4711"]);
        let output = init.env(Self::VARIABLE, made.configuration()).stdin(Stdio::null()).output()?;
        if output.status.success() { Ok(made) } else { Err(io::Error::other(format!("{init:?}: {output:?}"))) }
    }

    /// The library of the token.
    #[must_use]
    pub fn module() -> PathBuf {
        PathBuf::from("/usr/lib/softhsm/libsofthsm2.so")
    }

    /// The file that [`VARIABLE`](Self::VARIABLE) names.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.home.path().join("softhsm2.conf")
    }

    /// Where the token keeps what it holds.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.home.path()
    }
}
