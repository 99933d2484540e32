//! A very cheap MCP server, so that what is measured is the gateway.
//!
//! One thread, hand-written HTTP, answers written straight into the connection's buffer. It is strict where a wrong
//! hop would show: sessions must have been opened, stateless headers must say what the body says.

mod answer;
mod blob;
mod tools;

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::args::Args;
use crate::wire::Incoming;
use answer::{Answer, Server};
pub(crate) use tools::Tool;

pub(crate) fn serve(args: &Args) -> Result<(), String> {
    let address = args.text("listen").unwrap_or("127.0.0.1:0").to_owned();
    args.obey_until()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    runtime
        .map_err(|error| error.to_string())?
        .block_on(accept(&address))
        .map_err(|error| format!("`{address}`: {error}"))
}

async fn accept(address: &str) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening {}", listener.local_addr()?);
    let server = Arc::new(Server::default());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            // A client that goes away in the middle is its own affair.
            let _ = connection(stream, &server).await;
        });
    }
}

async fn connection(mut stream: TcpStream, server: &Server) -> std::io::Result<()> {
    let mut request = Incoming::default();
    let mut out = Vec::with_capacity(4096);
    loop {
        loop {
            match request.complete() {
                Ok(true) => break,
                Ok(false) => {}
                Err(_) => return stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await,
            }
            if stream.read_buf(request.space()).await? == 0 {
                return Ok(());
            }
        }
        out.clear();
        let answer = server.answer(&request, &mut out);
        let last = request.field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        send(&mut stream, &out, &answer).await?;
        if last {
            return Ok(());
        }
        request.next();
    }
}

async fn send(stream: &mut TcpStream, out: &[u8], answer: &Answer) -> std::io::Result<()> {
    let Some(tail) = answer.tail else { return stream.write_all(out).await };
    let slices = [std::io::IoSlice::new(out), std::io::IoSlice::new(tail)];
    let sent = stream.write_vectored(&slices).await?;
    stream.write_all(out.get(sent..).unwrap_or_default()).await?;
    stream.write_all(tail.get(sent.saturating_sub(out.len())..).unwrap_or_default()).await
}
