use super::{
    StdioSettings,
    lines::{Lines, one_line},
    link::collect,
};
use crate::{
    Disconnected, LinkError,
    queue::{self, queue},
};
use bytes::{Bytes, BytesMut};
use std::{
    io::{Read, Write},
    thread,
};
use tokio::{runtime::Handle, sync::oneshot};

/// The gateway as a child of a client: messages come on stdin and answers go to stdout, one per line.
///
/// A blocked read of stdin cannot be cancelled, so both pipes have a thread of their own; neither holds up the runtime,
/// nor the end of the process.
#[derive(Debug)]
pub struct StdioServer {
    /// What the client writes.
    pub input: StdioInput,
    /// What the client reads.
    pub output: StdioOutput,
}

/// What the client writes, line by line.
#[derive(Debug)]
pub struct StdioInput {
    lines: queue::Receiver,
    failure: oneshot::Receiver<LinkError>,
}

/// What the client reads. The pipe is closed when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct StdioOutput {
    lines: queue::Sender,
}

impl StdioServer {
    /// Takes the process's own stdin and stdout. Needs a tokio runtime. Nothing else may print to stdout.
    pub fn start(settings: StdioSettings) -> std::io::Result<Self> {
        Self::over(std::io::stdin(), std::io::stdout(), settings)
    }

    /// The same over other pipes.
    pub fn over(
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
        settings: StdioSettings,
    ) -> std::io::Result<Self> {
        let (to_gateway, from_client) = queue(QUEUE_LINES, settings.queue_bytes);
        let (to_client, from_gateway) = queue(QUEUE_LINES, settings.queue_bytes);
        let (failed, failure) = oneshot::channel();
        let runtime = Handle::current();
        thread::Builder::new()
            .name("stdin".into())
            .spawn(move || read_lines(reader, &to_gateway, settings.max_line, failed, &runtime))?;
        thread::Builder::new().name("stdout".into()).spawn(move || write_lines(writer, from_gateway))?;
        Ok(Self { input: StdioInput { lines: from_client, failure }, output: StdioOutput { lines: to_client } })
    }
}

impl StdioInput {
    /// The next line: untrusted bytes, not empty. `None` at the end of stdin, which ends the session.
    pub async fn recv(&mut self) -> Option<Result<Bytes, LinkError>> {
        match self.lines.recv().await {
            Some(line) => Some(Ok(line)),
            None => self.failure.try_recv().ok().map(Err),
        }
    }
}

impl StdioOutput {
    /// Queues a message for the client; waits while the client does not read.
    pub async fn send(&self, message: Bytes) -> Result<(), LinkError> {
        one_line(&message)?;
        let gone = |_: Disconnected| LinkError::Closed { delivery: crate::Delivery::Never };
        self.lines.send(message).await.map_err(gone)
    }
    /// Waits until the client has closed its end.
    pub async fn closed(&self) {
        self.lines.closed().await;
    }
}

const QUEUE_LINES: usize = 256;
const READ: usize = 64 << 10;

fn read_lines(
    mut reader: impl Read,
    inbox: &queue::Sender,
    limit: usize,
    failed: oneshot::Sender<LinkError>,
    runtime: &Handle,
) {
    let mut lines = Lines::new(limit);
    let mut chunk = vec![0; READ];
    loop {
        let read = match reader.read(&mut chunk) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        lines.room().extend_from_slice(chunk.get(..read).unwrap_or_default());
        loop {
            match lines.next_line() {
                Ok(None) => break,
                Ok(Some(line)) => {
                    if runtime.block_on(inbox.send(line)).is_err() {
                        return;
                    }
                }
                Err(error) => {
                    let _ = failed.send(error);
                    return;
                }
            }
        }
    }
}

fn write_lines(mut writer: impl Write, mut lines: queue::Receiver) {
    let mut batch = BytesMut::new();
    while let Some(line) = lines.blocking_recv() {
        batch.clear();
        let large = collect(line, &mut lines, &mut batch);
        let mut write = || {
            writer.write_all(&batch)?;
            if let Some(large) = &large {
                writer.write_all(large)?;
                writer.write_all(b"\n")?;
            }
            writer.flush()
        };
        if write().is_err() {
            return;
        }
    }
}
