use doorward_vocab::Secret;
use std::{fmt, path::PathBuf, process::Stdio};

/// How to start a server: everything that the process is given.
///
/// The environment is complete: the child inherits no variable of the gateway, whose own may hold secrets.
pub struct Command {
    /// The program and its arguments; no shell reads them.
    pub argv: Vec<String>,
    /// The whole environment. A program without a slash is searched in the `PATH` given here.
    pub env: Vec<(String, Secret<String>)>,
    /// The working directory; the gateway's where `None`.
    pub cwd: Option<PathBuf>,
}

/// Names of variables only: values may be secrets.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Command").field("argv", &self.argv).field("env", &names).field("cwd", &self.cwd).finish()
    }
}

impl Command {
    pub(super) fn program(&self) -> Box<str> {
        self.argv.first().map_or("", String::as_str).into()
    }

    /// The process, in a group of its own so that its children can be ended with it.
    pub(super) fn build(&self) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(self.argv.first().map_or("", String::as_str));
        command.args(self.argv.iter().skip(1)).env_clear();
        for (name, value) in &self.env {
            value.reveal(|v| command.env(name, v));
        }
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        command
    }
}
