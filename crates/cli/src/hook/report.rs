//! What an event of a host tells the gateway, and the way there: one request over loopback, with the host's credential.

use super::owner;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};

/// The most bytes of a turn that are told. The door takes 256 KiB in all.
const MOST_TEXT: usize = 250 << 10;

/// The most bytes of an answer that are read.
const MOST_ANSWER: usize = 64 << 10;

/// What an event of a host means here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// The human said something.
    Turn { conversation: String, text: String, client: Option<String>, host_turn: Option<String> },
    /// A tool is about to be used under this id.
    Use { conversation: String, id: String },
    /// The agent waits for its human.
    Pause { conversation: String, client: String },
}

/// Why a report did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReportError {
    #[error("no gateway runs here: `{}` is not there; start `doorward run`", .0.display())]
    Nowhere(PathBuf),
    #[error("cannot read `{}`: {source}", path.display())]
    State { path: PathBuf, source: io::Error },
    #[error("the gateway does not answer at {address}: {source}")]
    Silent { address: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the gateway refuses it ({status}): {why}")]
    Refused { status: u16, why: String },
    #[error("nothing came of it within {0} ms")]
    Late(u64),
}

impl Report {
    const fn path(&self) -> &'static str {
        match self {
            Self::Turn { .. } => "/v1/turns",
            Self::Use { .. } => "/v1/uses",
            Self::Pause { .. } => "/v1/pauses",
        }
    }

    fn body(&self) -> Value {
        match self {
            Self::Turn { conversation, text, client, host_turn } => {
                let given = [("client", client), ("host_turn_id", host_turn)];
                let given = given.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
                [("conversation", conversation.as_str()), ("text", clip(text))].into_iter().chain(given).collect()
            }
            Self::Use { conversation, id } => json!({ "conversation": conversation, "tool_use_id": id }),
            Self::Pause { conversation, client } => json!({ "conversation": conversation, "client": client }),
        }
    }
}

/// The running gateway, as its state folder says where it is.
pub(super) struct Gateway {
    address: String,
    token: String,
}

impl Gateway {
    /// The gateway whose state is in `state`.
    pub(super) fn find(state: &Path) -> Result<Self, ReportError> {
        let read = |name: &str| {
            let path = state.join(name);
            fs::read_to_string(&path).map(|text| text.trim().to_owned()).map_err(|source| match source.kind() {
                io::ErrorKind::NotFound => ReportError::Nowhere(path),
                _ => ReportError::State { path, source },
            })
        };
        Ok(Self { address: read(doorward_store::HOST_ADDRESS)?, token: read("host.token")? })
    }

    /// Tells `report`; gives what the gateway answers, null where it says nothing.
    pub(super) async fn tell(&self, report: &Report) -> Result<Value, ReportError> {
        let silent = |source| ReportError::Silent { address: self.address.clone(), source };
        let (status, text) = self.post(report).await.map_err(silent)?;
        match status {
            200..=299 => Ok(serde_json::from_slice(&text).unwrap_or_default()),
            _ => {
                let why = String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned();
                Err(ReportError::Refused { status, why })
            }
        }
    }

    async fn post(&self, report: &Report) -> Result<(u16, Bytes), Box<dyn std::error::Error + Send + Sync>> {
        match self.address.strip_prefix("unix:") {
            Some(socket) => {
                let (path, host) = socket.rsplit_once(' ').ok_or("its address is of another form")?;
                self.exchange(UnixStream::connect(path).await?, host, report).await
            }
            None => {
                let host = self.address.strip_prefix("http://").unwrap_or(&self.address);
                let stream = TcpStream::connect(host).await?;
                if let Some(uid) = owner::stranger(stream.peer_addr()?) {
                    return Err(format!("the account {uid} listens there, and not the gateway").into());
                }
                self.exchange(stream, host, report).await
            }
        }
    }

    async fn exchange<S>(
        &self,
        stream: S,
        host: &str,
        report: &Report,
    ) -> Result<(u16, Bytes), Box<dyn std::error::Error + Send + Sync>>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::post(report.path())
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Full::new(Bytes::from(report.body().to_string())))?;
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MOST_ANSWER).collect().await?.to_bytes();
        connection.abort();
        Ok((status, body))
    }
}

/// As much of `text` from its start as the door takes, once it is written as JSON.
fn clip(text: &str) -> &str {
    let mut left = MOST_TEXT;
    let end = text.char_indices().find(|(_, c)| {
        let written = if c.is_control() || matches!(c, '"' | '\\') { 6 } else { c.len_utf8() };
        let fits = left >= written;
        left = left.saturating_sub(written);
        !fits
    });
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_clipped_to_what_the_door_takes() {
        assert_eq!(clip("short"), "short");
        for text in ["x", "\"", "\u{1}", "é", "\u{1f980}"].map(|c| c.repeat(300 << 10)) {
            let clipped = clip(&text);
            assert!(text.starts_with(clipped) && clipped.len() < text.len());
            let told = serde_json::to_string(clipped).unwrap();
            assert!(told.len() <= MOST_TEXT + 2, "{}", told.len());
        }
    }
}
