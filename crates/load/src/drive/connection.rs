//! A connection that sends bytes and collects one reply: without waiting threads for the closed loop, with them
//! where arrivals must be on time.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::PATIENCE;
use crate::client::{Client, Step};
use crate::wire::{Fault, Incoming};

const CLOSED: &str = "the gateway closed the connection";

/// For the closed loop.
#[derive(Debug)]
pub(super) struct Evented {
    stream: tokio::net::TcpStream,
    reply: Incoming,
    out: Vec<u8>,
}

impl Evented {
    pub(super) async fn open(target: SocketAddr) -> Result<Self, Fault> {
        let stream = tokio::net::TcpStream::connect(target).await.map_err(|error| format!("`{target}`: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self { stream, reply: Incoming::default(), out: Vec::new() })
    }

    /// Writes what the client has to say next; [`reply`](Self::reply) waits for the answer.
    pub(super) fn prepare(&mut self, client: &mut Client) {
        client.request(&mut self.out);
    }

    /// Sends what was prepared and waits until the reply is whole.
    pub(super) async fn exchange(&mut self) -> Result<(), Fault> {
        self.stream.write_all(&self.out).await.map_err(|error| error.to_string())?;
        self.reply.next();
        while !self.reply.complete()? {
            if self.stream.read_buf(self.reply.space()).await.map_err(|error| error.to_string())? == 0 {
                return Err(CLOSED.into());
            }
        }
        Ok(())
    }

    pub(super) fn judge(&self, client: &mut Client) -> Result<Step, Fault> {
        client.accept(&self.reply)
    }

    pub(super) async fn farewell(&mut self, client: &mut Client) {
        if client.farewell(&mut self.out) {
            let _ = self.exchange().await;
        }
    }
}

/// For the open loop and for opening conversations.
#[derive(Debug)]
pub(super) struct Blocking {
    stream: std::net::TcpStream,
    reply: Incoming,
    out: Vec<u8>,
    chunk: Vec<u8>,
}

impl Blocking {
    pub(super) fn open(target: SocketAddr) -> Result<Self, Fault> {
        let open = || {
            let stream = std::net::TcpStream::connect_timeout(&target, PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok::<_, std::io::Error>(stream)
        };
        let stream = open().map_err(|error| format!("`{target}`: {error}"))?;
        Ok(Self { stream, reply: Incoming::default(), out: Vec::new(), chunk: vec![0; 64 << 10] })
    }

    /// Opens the stream of the client's session, and leaves it open.
    pub(super) fn listen(target: SocketAddr, client: &mut Client) -> Result<Self, Fault> {
        let mut connection = Self::open(target)?;
        client.listen(&mut connection.out);
        connection.stream.write_all(&connection.out).map_err(|error| error.to_string())?;
        let mut head = Vec::new();
        while !head.windows(4).any(|w| w == b"\r\n\r\n") {
            let read = connection.stream.read(&mut connection.chunk).map_err(|error| error.to_string())?;
            if read == 0 {
                return Err(CLOSED.into());
            }
            head.extend_from_slice(connection.chunk.get(..read).unwrap_or_default());
        }
        if !head.starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(&head).into_owned());
        }
        connection.chunk = Vec::new();
        Ok(connection)
    }

    /// The client's next request and its reply.
    pub(super) fn step(&mut self, client: &mut Client) -> Result<Step, Fault> {
        client.request(&mut self.out);
        self.stream.write_all(&self.out).map_err(|error| error.to_string())?;
        self.reply.next();
        while !self.reply.complete()? {
            let read = self.stream.read(&mut self.chunk).map_err(|error| error.to_string())?;
            if read == 0 {
                return Err(CLOSED.into());
            }
            self.reply.space().extend_from_slice(self.chunk.get(..read).unwrap_or_default());
        }
        client.accept(&self.reply)
    }
}
