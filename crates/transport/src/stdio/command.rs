use doorward_seal::{ShieldError, Shielded};
use doorward_vocab::Secret;
use std::{
    ffi::OsStr,
    fmt,
    fs::File,
    os::{fd::AsRawFd as _, unix::ffi::OsStrExt as _},
    path::PathBuf,
    process::Stdio,
    sync::Arc,
};

/// How to start a server: everything that the process is given.
///
/// The environment is complete: the child inherits no variable of the gateway, whose own may hold secrets.
pub struct Command {
    /// The program and its arguments; no shell reads them.
    pub argv: Vec<String>,
    /// The whole environment. A program without a slash is searched in the `PATH` given here.
    env: Vec<(String, Arc<Shielded>)>,
    /// The working directory; the gateway's where `None`.
    pub cwd: Option<PathBuf>,
}

/// A program that was opened and looked at: the file itself is executed, whatever has its name by then.
#[derive(Debug)]
pub struct Executable {
    /// The open file of a program, not of a script.
    pub file: File,
    /// The words that it is started with; the first is the name that it was found by.
    pub argv: Vec<String>,
    /// Variables besides those of the command.
    pub env: Vec<(String, String)>,
}

/// Names of variables only: values may be secrets.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Command").field("argv", &self.argv).field("env", &names).field("cwd", &self.cwd).finish()
    }
}

impl Command {
    /// A command with its whole environment. Of variables of one name the last one counts.
    ///
    /// # Errors
    /// A value cannot be held.
    pub fn new(
        argv: Vec<String>,
        env: Vec<(String, Secret<String>)>,
        cwd: Option<PathBuf>,
    ) -> Result<Self, ShieldError> {
        let held = env.into_iter().map(|(name, value)| Shielded::text(&value).map(|value| (name, Arc::new(value))));
        Ok(Self { argv, env: held.collect::<Result<_, _>>()?, cwd })
    }

    /// The same with more variables, in the place of those of the same names.
    ///
    /// # Errors
    /// A value cannot be held.
    pub fn with(&self, more: &[(String, Secret<String>)]) -> Result<Self, ShieldError> {
        let own = self.env.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)).cloned();
        let more = more.iter().map(|(name, value)| Ok((name.clone(), Arc::new(Shielded::text(value)?))));
        let env = own.map(Ok).chain(more).collect::<Result<_, ShieldError>>()?;
        Ok(Self { argv: self.argv.clone(), env, cwd: self.cwd.clone() })
    }

    /// A variable that the program is given; `None` where it is not, or cannot be shown.
    pub fn variable(&self, name: &str) -> Option<Secret<String>> {
        let (_, value) = self.env.iter().rev().find(|(other, _)| other == name)?;
        value.reveal(|value| String::from_utf8(value.to_vec()).ok().map(Secret::new)).ok()?
    }

    pub(super) fn program(&self) -> Box<str> {
        self.argv.first().map_or("", String::as_str).into()
    }

    /// The process, in a group of its own so that its children can be ended with it.
    pub(super) fn build(&self, executable: Option<&Executable>) -> Result<tokio::process::Command, ShieldError> {
        let name = self.argv.first().map_or("", String::as_str);
        let mut command = match executable {
            None => {
                let mut command = tokio::process::Command::new(name);
                command.args(self.argv.iter().skip(1));
                command
            }
            // proc_pid_fd(5): the name of the child's own copy of the descriptor, which `exec` closes after it opened it.
            Some(held) => {
                let mut command = tokio::process::Command::new(format!("/proc/self/fd/{}", held.file.as_raw_fd()));
                command.arg0(held.argv.first().map_or(name, String::as_str)).args(held.argv.iter().skip(1));
                command
            }
        };
        command.env_clear();
        for (name, value) in executable.map(|held| &held.env).into_iter().flatten() {
            command.env(name, value);
        }
        for (name, value) in &self.env {
            value.reveal(|value| {
                command.env(name, OsStr::from_bytes(value));
            })?;
        }
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        Ok(command)
    }
}
