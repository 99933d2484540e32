//! Syslog. Nobody answers: what the system took for a peer that is gone is lost, which is why streams are looked at before they
//! are written to, and why the other receivers are better where there is a choice.

use super::{Failed, http::Link};
use crate::{
    Calls, Item,
    format::syslog::{Body, message},
};
use doorward_config::{ExportFormat, SyslogTransport};
use doorward_transport::egress::{Connection, Origin};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UdpSocket,
    time::timeout,
};
use url::Url;

/// The longest datagram that is sent whole; a longer message is cut (RFC 5426 §3.2).
const DATAGRAM: usize = 8 << 10;

pub(in crate::tell) struct Syslog {
    link: Link,
    origin: Origin,
    transport: SyslogTransport,
    body: Body,
    facility: u8,
    host: String,
    calls: Calls,
    open: Option<Open>,
}

enum Open {
    Stream(Box<Connection>),
    Datagrams(UdpSocket),
}

impl Syslog {
    pub(super) fn new(
        link: Link,
        url: &Url,
        transport: SyslogTransport,
        (format, facility): (ExportFormat, u8),
        calls: Calls,
    ) -> Result<Self, String> {
        let body = match format {
            ExportFormat::Cef => Body::Cef,
            ExportFormat::Ocsf => Body::Ocsf,
            ExportFormat::Record => Body::Record,
        };
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let origin = Origin::of(url).map_err(|e| e.to_string())?;
        Ok(Self { link, origin, transport, body, facility, host: host.trim().to_owned(), calls, open: None })
    }

    pub(super) async fn tell(&mut self, items: &[Item]) -> Result<(), Failed> {
        let mut messages = Vec::new();
        for item in items {
            messages.extend(message(item, self.body, self.facility, &self.host, &mut self.calls));
        }
        let told = self.write(&messages).await;
        if told.is_err() {
            self.open = None;
        }
        told
    }

    async fn write(&mut self, messages: &[String]) -> Result<(), Failed> {
        if let Some(Open::Stream(stream)) = &mut self.open
            && over(stream).await
        {
            self.open = None;
        }
        let open = match self.open.take() {
            Some(open) => self.open.insert(open),
            None => self.open.insert(connect(&self.link, &self.origin, self.transport).await?),
        };
        match open {
            Open::Stream(stream) => {
                let mut all = Vec::new();
                // RFC 6587 §3.4.1, RFC 5425 §4.3: the length, a space, the message.
                messages.iter().for_each(|text| all.extend(format!("{} {text}", text.len()).into_bytes()));
                stream.write_all(&all).await.map_err(Failed::later)?;
                stream.flush().await.map_err(Failed::later)
            }
            Open::Datagrams(socket) => {
                for text in messages {
                    let end = (0..=DATAGRAM.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                    let cut = text.as_bytes().get(..end).unwrap_or_default();
                    socket.send(cut).await.map_err(Failed::later)?;
                }
                Ok(())
            }
        }
    }
}

async fn connect(link: &Link, origin: &Origin, transport: SyslogTransport) -> Result<Open, Failed> {
    match transport {
        SyslogTransport::Udp => {
            let socket = link.egress.datagrams(origin, link.trust).await;
            socket.map(Open::Datagrams).map_err(Failed::later)
        }
        SyslogTransport::Tcp | SyslogTransport::Tls => {
            let stream = link.egress.connect(origin, link.trust).await;
            stream.map(|stream| Open::Stream(Box::new(stream))).map_err(Failed::later)
        }
    }
}

/// Whether the peer has closed the stream. A receiver of syslog says nothing, so whatever can be read is its end.
async fn over(stream: &mut Connection) -> bool {
    let mut byte = [0];
    timeout(Duration::ZERO, stream.read(&mut byte)).await.is_ok_and(|read| !matches!(read, Ok(1)))
}
