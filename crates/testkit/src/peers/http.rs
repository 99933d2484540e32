//! One request, one connection: the plain HTTP client of tests that talk to a counterpart with no library in between.

use std::{io, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use http::{HeaderMap, Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider},
};

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as text.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    /// It is something else; the message holds the body.
    pub fn json(&self) -> io::Result<Value> {
        serde_json::from_str(&self.body)
            .map_err(|error| io::Error::other(format!("{} {error}: {}", self.status, self.body)))
    }

    /// A header, where it is there and text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A client without a memory: no cookies, no redirects, no connection kept.
#[derive(Clone, Default)]
pub struct Http {
    tls: Option<TlsConnector>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("tls", &self.tls.is_some()).finish()
    }
}

impl Http {
    /// A client that also speaks TLS with servers below these roots (PEM).
    ///
    /// # Errors
    /// The text holds no usable certificate.
    pub fn trusting(roots: &str) -> io::Result<Self> {
        let mut store = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(roots.as_bytes()) {
            store.add(root.map_err(io::Error::other)?).map_err(io::Error::other)?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let config = config.with_root_certificates(store).with_no_client_auth();
        Ok(Self { tls: Some(TlsConnector::from(Arc::new(config))) })
    }

    /// GET.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn get(&self, url: &str) -> io::Result<Reply> {
        self.send(Request::get(url).body(String::new()).map_err(io::Error::other)?).await
    }

    /// POST of a form, with more headers.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn post_form(&self, url: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> io::Result<Reply> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Request::post(url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body).map_err(io::Error::other)?).await
    }

    /// POST of JSON.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn post_json(&self, url: &str, body: &Value) -> io::Result<Reply> {
        let request = Request::post(url).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string()).map_err(io::Error::other)?).await
    }

    /// Any request; its URI is absolute.
    ///
    /// # Errors
    /// Nothing listens there, the certificate is not trusted, or what came back is not HTTP with a body of text.
    pub async fn send(&self, request: Request<String>) -> io::Result<Reply> {
        let uri = request.uri().clone();
        let host = uri.host().ok_or_else(|| io::Error::other(format!("`{uri}` names no host")))?;
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = TcpStream::connect((host, port)).await?;
        if !secure {
            return exchange(TokioIo::new(stream), request, &uri).await;
        }
        let tls = self.tls.as_ref().ok_or_else(|| io::Error::other("no roots to trust"))?;
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        exchange(TokioIo::new(tls.connect(name, stream).await?), request, &uri).await
    }
}

/// `Authorization: Basic`, with the parts form-encoded first (RFC 6749 section 2.3.1).
#[must_use]
pub fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", BASE64.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

async fn exchange<S>(stream: S, request: Request<String>, uri: &Uri) -> io::Result<Reply>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse().map_err(io::Error::other)?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    parts.headers.insert(header::HOST, authority.parse().map_err(io::Error::other)?);
    let request = Request::from_parts(parts, Full::new(Bytes::from(body)));
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let body = String::from_utf8(body.to_vec()).map_err(io::Error::other)?;
    Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
}
