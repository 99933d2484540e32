//! The Workload API of SPIFFE, as far as bundles and tokens go: three calls of gRPC over a Unix socket of this machine.
//!
//! A client library would bring a second stack of HTTP for three requests that have next to no fields. The answers are streams whose
//! first message is the present state; whoever wants the next one asks again.

mod wire;

use bytes::{Buf, Bytes, BytesMut};
use doorward_vocab::Secret;
use http::{Request, Version, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{collections::BTreeMap, io, path::Path, time::Duration};
use tokio::{net::UnixStream, time::timeout};

/// The largest message, in bytes.
const MAX: usize = 1 << 20;
/// The length of what precedes a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// The bundles that the Workload API gave, by trust domain (`spiffe://corp.example`).
#[derive(Clone, Debug, Default)]
pub struct Bundles {
    /// Authorities for certificates, each DER.
    pub certificates: BTreeMap<String, Vec<Vec<u8>>>,
    /// Key sets for tokens, each JSON (RFC 7517 §5).
    pub keys: BTreeMap<String, Vec<u8>>,
}

/// Why the Workload API gave no bundles.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// The socket is not there, or nobody listens.
    #[error("cannot connect to the Workload API")]
    Connect(#[source] io::Error),
    /// HTTP did not come about, or broke.
    #[error("the Workload API broke off")]
    Http(#[from] hyper::Error),
    /// It refused: a status of gRPC, or of HTTP.
    #[error("the Workload API refused: {0}")]
    Refused(String),
    /// The answer is no message of this API, or too large.
    #[error("the Workload API gave no message that can be read")]
    Form,
    /// It gave no answer in time.
    #[error("the Workload API gave no answer within {0:?}")]
    Late(Duration),
}

/// The bundles that the Workload API at `socket` gives within `patience`.
///
/// # Errors
/// [`WorkloadError`]. Where it has no keys for tokens, there are bundles without them.
pub async fn bundles(socket: &Path, patience: Duration) -> Result<Bundles, WorkloadError> {
    timeout(patience, ask_both(socket)).await.map_err(|_| WorkloadError::Late(patience))?
}

/// A JWT-SVID of this process for `audience`, of the SPIFFE id `id` or of the first that it has (SPIFFE Workload API §6.2.1).
///
/// # Errors
/// [`WorkloadError`].
pub async fn jwt_svid(
    socket: &Path,
    audience: &str,
    id: Option<&str>,
    patience: Duration,
) -> Result<Secret<String>, WorkloadError> {
    let mut request = wire::field(1, audience);
    if let Some(id) = id {
        request.extend(wire::field(2, id));
    }
    let asking = async {
        let stream = UnixStream::connect(socket).await.map_err(WorkloadError::Connect)?;
        let (mut api, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let answer = ask(&mut api, "/SpiffeWorkloadAPI/FetchJWTSVID", &request).await;
        driver.abort();
        wire::svid(&answer?).map(Secret::new).ok_or(WorkloadError::Form)
    };
    timeout(patience, asking).await.map_err(|_| WorkloadError::Late(patience))?
}

async fn ask_both(socket: &Path) -> Result<Bundles, WorkloadError> {
    let stream = UnixStream::connect(socket).await.map_err(WorkloadError::Connect)?;
    let (mut api, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let certificates = ask(&mut api, "/SpiffeWorkloadAPI/FetchX509Bundles", &[]).await;
    // Those who use certificates alone may have no keys for tokens.
    let keys = ask(&mut api, "/SpiffeWorkloadAPI/FetchJWTBundles", &[]).await.unwrap_or_default();
    driver.abort();
    let mut bundles = Bundles::default();
    for (domain, ders) in wire::map(&certificates?, 2).ok_or(WorkloadError::Form)? {
        bundles.certificates.insert(domain, wire::certificates(&ders).ok_or(WorkloadError::Form)?);
    }
    bundles.keys.extend(wire::map(&keys, 1).ok_or(WorkloadError::Form)?);
    Ok(bundles)
}

/// The first message of the answer.
async fn ask(api: &mut http2::SendRequest<Full<Bytes>>, method: &str, message: &[u8]) -> Result<Bytes, WorkloadError> {
    let length = u32::try_from(message.len()).map_err(|_| WorkloadError::Form)?;
    let framed = [&[0][..], &length.to_be_bytes(), message].concat();
    let request = Request::post(format!("http://localhost{method}"))
        .version(Version::HTTP_2)
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers")
        // SPIFFE Workload API §5.2: against requests that somebody's browser or proxy was led to make.
        .header("workload.spiffe.io", "true")
        .body(Full::new(Bytes::from(framed)))
        .map_err(|_| WorkloadError::Form)?;
    let response = api.send_request(request).await?;
    let status = response.status();
    if let Some(code) = response.headers().get("grpc-status").filter(|code| *code != "0") {
        return Err(WorkloadError::Refused(format!("status {}", String::from_utf8_lossy(code.as_bytes()))));
    }
    if !status.is_success() {
        return Err(WorkloadError::Refused(format!("HTTP {status}")));
    }
    first(response.into_body()).await
}

async fn first(mut body: Incoming) -> Result<Bytes, WorkloadError> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame?;
        if let Some(trailers) = frame.trailers_ref() {
            let code =
                trailers.get("grpc-status").map_or_else(String::new, |c| String::from_utf8_lossy(c.as_bytes()).into());
            return Err(WorkloadError::Refused(format!("status {code}")));
        }
        let Ok(data) = frame.into_data() else { continue };
        bytes.extend_from_slice(&data);
        if let Some((prefix, _)) = bytes.split_first_chunk::<PREFIX>() {
            let [compressed, length @ ..] = *prefix;
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            if compressed != 0 || length > MAX {
                return Err(WorkloadError::Form);
            }
            if bytes.len() >= PREFIX + length {
                bytes.advance(PREFIX);
                return Ok(bytes.split_to(length).freeze());
            }
        }
    }
    Err(WorkloadError::Form)
}

/// Reads `data` as the API's messages are read; what certificates are taken from it are all of it.
pub(crate) fn fuzz(data: &[u8]) {
    for (_, ders) in wire::map(data, 2).into_iter().flatten() {
        if let Some(all) = wire::certificates(&ders) {
            assert_eq!(all.concat(), ders, "certificates are cut where they end");
        }
    }
    let _ = wire::svid(data);
}
