//! Clients that stay: one process visits one server after the other, and says of each operation what it saw.

use std::{
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use serde_json::{Value, json};

use super::client::Peer;

/// A client on its way. It is killed when the value goes.
#[derive(Debug)]
pub struct Tour {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts the client; it waits for the first visit.
    ///
    /// # Errors
    /// The client cannot be started.
    pub fn tour(&self) -> io::Result<Tour> {
        let mut command = self.command()?;
        command.args(["--mode", self.mode, "--tour"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let lost = || io::Error::other("the client has no pipes");
        let (to, from) = (child.stdin.take().ok_or_else(lost)?, child.stdout.take().ok_or_else(lost)?);
        Ok(Tour { child, to, from: BufReader::new(from) })
    }
}

impl Tour {
    /// Connects to `url`, does `ops` in their order, and gives what the client saw: `saw` with a field for each operation,
    /// or `error` where it could not connect. `peers/README.md` lists the operations.
    ///
    /// # Errors
    /// The client has ended, or prints something else.
    pub fn visit(&mut self, url: &str, ops: &Value) -> io::Result<Value> {
        writeln!(self.to, "{}", json!({ "url": url, "ops": ops }))?;
        self.to.flush()?;
        let mut line = String::new();
        // What libraries print between the answers is not ours.
        while !line.starts_with('{') {
            line.clear();
            if self.from.read_line(&mut line)? == 0 {
                return Err(io::Error::other(format!("the client ended: {}", self.child.wait()?)));
            }
        }
        serde_json::from_str(&line).map_err(io::Error::other)
    }
}

impl Drop for Tour {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
