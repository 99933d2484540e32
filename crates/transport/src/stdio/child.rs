use super::StdioSettings;
use rustix::process::{Pid, Signal, kill_process_group};
use std::os::unix::process::ExitStatusExt;
use tokio::{process::Child, sync::watch, time::timeout};

/// How a child process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code, where it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// A child and the process group that it leads. Dropping it kills the group.
pub(super) struct Group {
    child: Child,
    leader: Option<Pid>,
}

impl Group {
    pub(super) fn new(child: Child) -> Self {
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { child, leader }
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // The group may be gone already: that is what is wanted.
            let _ = kill_process_group(leader, signal);
        }
    }

    async fn wait(&mut self) -> Exit {
        match self.child.wait().await {
            Ok(status) => Exit { code: status.code(), signal: status.signal() },
            Err(_) => Exit { code: None, signal: None },
        }
    }

    /// Waits for the end of the child, or ends it when `stop` says so (or its sender is gone): MCP asks for a closed
    /// stdin, then SIGTERM, then SIGKILL, with time in between. The caller closes stdin.
    pub(super) async fn supervise(mut self, settings: StdioSettings, mut stop: watch::Receiver<bool>) -> Exit {
        tokio::select! {
            exit = self.wait() => return self.finish(exit),
            _ = stop.wait_for(|stop| *stop) => {}
        }
        for signal in [Signal::TERM, Signal::KILL] {
            if let Ok(exit) = timeout(settings.patience, self.wait()).await {
                return self.finish(exit);
            }
            self.signal(signal);
        }
        let exit = self.wait().await;
        self.finish(exit)
    }

    /// The leader has ended; what it started and left behind ends too.
    fn finish(mut self, exit: Exit) -> Exit {
        self.signal(Signal::KILL);
        self.leader = None;
        exit
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
