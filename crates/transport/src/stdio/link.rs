use super::{
    Command, Executable, Exit, StderrLine,
    child::Group,
    lines::{Lines, one_line},
    stderr,
};
use crate::{
    Delivery, LinkError, Stage,
    link::spend,
    queue::{self, queue},
};
use bytes::{Bytes, BytesMut};
use doorward_audit::Receipt;
use doorward_engine::Permitted;
use parking_lot::Mutex;
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{oneshot, watch},
    time::timeout,
};

/// Limits of a child process's pipes.
#[derive(Clone, Copy, Debug)]
pub struct StdioSettings {
    /// The longest line, in bytes, in either direction.
    pub max_line: usize,
    /// Bytes that may wait in each direction before the writer waits; one longer line passes alone.
    pub queue_bytes: u32,
    /// How long a message may wait for a child that does not read.
    pub write: Duration,
    /// How long each step of the shutdown waits: closed stdin, then SIGTERM, then SIGKILL.
    pub patience: Duration,
    /// The longest line of standard error, in bytes; the rest of a longer one is dropped.
    pub max_stderr_line: usize,
    /// Lines of standard error per second that are reported; further ones are counted.
    pub stderr_per_second: u32,
}

impl Default for StdioSettings {
    fn default() -> Self {
        Self {
            max_line: 16 << 20,
            queue_bytes: 1 << 20,
            write: Duration::from_secs(10),
            patience: Duration::from_secs(2),
            max_stderr_line: 4 << 10,
            stderr_per_second: 100,
        }
    }
}

/// A server that runs as our child: the sending half. Dropping it closes the child's stdin and ends the process.
#[derive(Debug)]
pub struct StdioLink {
    outbox: Mutex<Option<queue::Sender>>,
    stop: watch::Sender<bool>,
    exit: watch::Receiver<Option<Exit>>,
    settings: StdioSettings,
}

/// What the child writes, line by line.
#[derive(Debug)]
pub struct StdioInbox {
    lines: queue::Receiver,
    failure: oneshot::Receiver<LinkError>,
}

impl StdioInbox {
    /// The next line: untrusted bytes, not empty, without a line end. `None` once the child has closed its stdout.
    pub async fn recv(&mut self) -> Option<Result<Bytes, LinkError>> {
        match self.lines.recv().await {
            Some(line) => Some(Ok(line)),
            None => self.failure.try_recv().ok().map(Err),
        }
    }
}

impl StdioLink {
    /// Starts the process. `stderr` is called with what it writes to standard error. Needs a tokio runtime.
    pub fn spawn(
        command: &Command,
        settings: StdioSettings,
        stderr: impl FnMut(StderrLine) + Send + 'static,
    ) -> Result<(Self, StdioInbox), LinkError> {
        Self::spawn_held(command, None, settings, stderr)
    }

    /// The same, executing the file that was looked at, where there is one.
    pub fn spawn_held(
        command: &Command,
        executable: Option<&Executable>,
        settings: StdioSettings,
        stderr: impl FnMut(StderrLine) + Send + 'static,
    ) -> Result<(Self, StdioInbox), LinkError> {
        let failed = |source| LinkError::Spawn { program: command.program(), source };
        let mut built = command.build(executable).map_err(|error| failed(std::io::Error::other(error)))?;
        let mut child = built.spawn().map_err(failed)?;
        // The values of variables are in it.
        drop(built);
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(errors)) = pipes else {
            return Err(failed(std::io::Error::other("a pipe is missing")));
        };
        let (outbox, to_child) = queue(QUEUE_LINES, settings.queue_bytes);
        let (from_child, lines) = queue(QUEUE_LINES, settings.queue_bytes);
        let (failed, failure) = oneshot::channel();
        let (stop, stopped) = watch::channel(false);
        let (exited, exit) = watch::channel(None);

        tokio::spawn(write_lines(stdin, to_child, settings.write, stop.clone()));
        tokio::spawn(stderr::drain(errors, settings.max_stderr_line, settings.stderr_per_second, stderr));
        let reader = tokio::spawn(read_lines(stdout, from_child, settings.max_line, failed, stop.clone()));
        tokio::spawn(async move {
            let exit = Group::new(child).supervise(settings, stopped).await;
            exited.send_replace(Some(exit));
            // A pipe that a stranger inherited would stay open for ever.
            let reading = reader.abort_handle();
            if timeout(LAST_WORDS, reader).await.is_err() {
                reading.abort();
            }
        });
        Ok((Self { outbox: Mutex::new(Some(outbox)), stop, exit, settings }, StdioInbox { lines, failure }))
    }

    /// A link to a server of this process, over two pipes of a test. It is over when the server closes its end, or is shut
    /// down: nobody has to be killed.
    #[cfg(feature = "testing")]
    pub fn over(
        output: impl AsyncWrite + Unpin + Send + 'static,
        input: impl AsyncRead + Unpin + Send + 'static,
        settings: StdioSettings,
    ) -> (Self, StdioInbox) {
        let (outbox, to_server) = queue(QUEUE_LINES, settings.queue_bytes);
        let (from_server, lines) = queue(QUEUE_LINES, settings.queue_bytes);
        let (failed, failure) = oneshot::channel();
        let (stop, mut stopped) = watch::channel(false);
        let (exited, exit) = watch::channel(None);
        tokio::spawn(write_lines(output, to_server, settings.write, stop.clone()));
        let mut reader = tokio::spawn(read_lines(input, from_server, settings.max_line, failed, stop.clone()));
        tokio::spawn(async move {
            tokio::select! {
                biased;
                _ = &mut reader => {}
                _ = stopped.wait_for(|stop| *stop) => {}
            }
            exited.send_replace(Some(Exit { code: Some(0), signal: None }));
            reader.abort();
        });
        (Self { outbox: Mutex::new(Some(outbox)), stop, exit, settings }, StdioInbox { lines, failure })
    }

    /// Queues a message. Waits while the child is slow, up to the limit; then the link is as good as dead.
    pub async fn send(&self, permitted: Permitted, receipt: Receipt) -> Result<(), LinkError> {
        let message = spend(permitted, &receipt)?.bytes;
        if message.len() > self.settings.max_line {
            return Err(LinkError::TooLarge { what: "a message", limit: self.settings.max_line });
        }
        one_line(&message)?;
        let closed = LinkError::Closed { delivery: Delivery::Never };
        let Some(outbox) = self.outbox.lock().clone() else { return Err(closed) };
        match timeout(self.settings.write, outbox.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(closed),
            Err(_) => Err(LinkError::Timeout { stage: Stage::Queue, after: self.settings.write }),
        }
    }

    /// Waits until the process has ended.
    pub async fn exited(&self) -> Exit {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await.ok().and_then(|e| *e);
        ended.unwrap_or(Exit { code: None, signal: None })
    }

    /// How the process ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    /// Ends the process: closes its stdin and waits; then SIGTERM to its group, wait; then SIGKILL.
    pub async fn shutdown(&self) -> Exit {
        *self.outbox.lock() = None;
        self.stop.send_replace(true);
        self.exited().await
    }
}

impl Drop for StdioLink {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

const QUEUE_LINES: usize = 256;
/// How long output may still be read after the process has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Small messages that wait together are written together.
const BATCH: usize = 16 << 10;

async fn write_lines(
    mut stdin: impl AsyncWrite + Unpin,
    mut lines: queue::Receiver,
    limit: Duration,
    stop: watch::Sender<bool>,
) {
    let mut batch = BytesMut::with_capacity(BATCH);
    while let Some(line) = lines.recv().await {
        batch.clear();
        let large = collect(line, &mut lines, &mut batch);
        let writing = async {
            stdin.write_all(&batch).await?;
            if let Some(large) = large {
                stdin.write_all(&large).await?;
                stdin.write_all(b"\n").await?;
            }
            stdin.flush().await
        };
        if !matches!(timeout(limit, writing).await, Ok(Ok(()))) {
            stop.send_replace(true);
            return;
        }
    }
}

/// Gathers what waits into one write; gives back a line that is too large to copy.
pub(super) fn collect(first: Bytes, lines: &mut queue::Receiver, batch: &mut BytesMut) -> Option<Bytes> {
    let mut next = Some(first);
    while let Some(line) = next {
        if line.len() > BATCH {
            return Some(line);
        }
        batch.extend_from_slice(&line);
        batch.extend_from_slice(b"\n");
        if batch.len() >= BATCH {
            return None;
        }
        next = lines.try_recv();
    }
    None
}

async fn read_lines(
    mut stdout: impl AsyncRead + Unpin,
    inbox: queue::Sender,
    limit: usize,
    failed: oneshot::Sender<LinkError>,
    stop: watch::Sender<bool>,
) {
    let mut lines = Lines::new(limit);
    loop {
        match stdout.read_buf(lines.room()).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        loop {
            match lines.next_line() {
                Ok(None) => break,
                Ok(Some(line)) => {
                    if inbox.send(line).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    let _ = failed.send(error);
                    stop.send_replace(true);
                    return;
                }
            }
        }
    }
}
