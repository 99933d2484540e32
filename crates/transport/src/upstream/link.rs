use super::{
    Credential, Ended, Fetch, Fetched, Listening, PostReply, SessionHeaders,
    fetch::fetch_from,
    headers::{Configured, LAST_EVENT_ID, mirror, value},
    http1::{Head, Outgoing},
    pool::{Lease, Pool},
    reply::{self, Kind},
    stream::SseStream,
};
use crate::{
    LinkError, Stage,
    egress::{Egress, Origin, PeerRules, PeerShown, Trust},
    link::spend,
};
use bytes::Bytes;
use doorward_audit::Receipt;
use doorward_engine::Permitted;
use doorward_vocab::Secret;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::PathAndQuery};
use std::{fmt, sync::Arc, time::Duration};
use tokio::time::timeout;
use url::Url;

/// Limits of a server's link.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// From the request to the head of the reply: as long as a tool may take that answers without a stream.
    pub reply: Duration,
    /// From the head of a reply to its end, where it is no stream.
    pub body: Duration,
    /// A reply stream that is quiet for this long is given up.
    pub quiet: Option<Duration>,
    /// How long a call waits for one of the connections.
    pub queue: Duration,
    /// How long an unused connection is kept.
    pub idle: Duration,
    /// Connections at once, streams included.
    pub max_connections: usize,
    /// Unused connections that are kept.
    pub max_idle: usize,
    /// Bytes of a reply that is no stream.
    pub max_reply: usize,
    /// Bytes of one event.
    pub max_event: usize,
    /// Bytes of the head of a reply; at least 8192.
    pub max_head: usize,
    /// Header fields of a reply.
    pub max_headers: usize,
    /// How the server proves who it is, where more is asked than a certificate for its name.
    pub peer: Option<PeerRules>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            reply: Duration::from_secs(300),
            body: Duration::from_secs(60),
            quiet: Some(Duration::from_secs(600)),
            queue: Duration::from_secs(5),
            idle: Duration::from_secs(60),
            max_connections: 1024,
            max_idle: 64,
            max_reply: 16 << 20,
            max_event: 16 << 20,
            max_head: 64 << 10,
            max_headers: 100,
            peer: None,
        }
    }
}

/// One MCP server over HTTP.
#[derive(Clone)]
pub struct HttpLink {
    pool: Arc<Pool>,
    url: Arc<Url>,
    path: PathAndQuery,
    /// What every request carries besides: what the operator configured.
    configured: Arc<[Configured]>,
    /// What every request carries.
    common: HeaderMap,
    /// `common` and what a message carries.
    message: HeaderMap,
}

impl fmt::Debug for HttpLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpLink").field("origin", self.pool.origin()).field("path", &self.path).finish_non_exhaustive()
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const EITHER: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("doorward/", env!("CARGO_PKG_VERSION")));

impl HttpLink {
    /// The server at `url`. Nothing is contacted yet.
    pub fn new(
        url: &Url,
        trust: Trust,
        headers: &[(String, Secret<String>)],
        egress: Arc<Egress>,
        settings: HttpSettings,
    ) -> Result<Self, LinkError> {
        let origin = Origin::of(url)?;
        let mut common = HeaderMap::new();
        common.insert(header::HOST, value("host", &origin.authority())?);
        common.insert(header::USER_AGENT, AGENT);
        let configured: Arc<[Configured]> =
            headers.iter().map(|(name, text)| Configured::new(name, text)).collect::<Result<_, _>>()?;
        for header in &*configured {
            common.remove(&header.name);
        }
        let pool = Pool::new(origin, trust, egress, settings);
        Ok(Self::over(pool, Arc::new(url.clone()), configured, common))
    }

    /// The same server under the address that its `endpoint` event names (HTTP+SSE, revision 2024-11-05). Another origin
    /// is refused: the event must not choose where messages and credentials go.
    pub fn endpoint(&self, reference: &str) -> Result<Self, LinkError> {
        let bad = || LinkError::Protocol("its endpoint is not an address of its own".into());
        let url = self.url.join(reference).map_err(|_| bad())?;
        if Origin::of(&url).ok().as_ref() != Some(self.pool.origin()) {
            return Err(bad());
        }
        Ok(Self::over(self.pool.clone(), Arc::new(url), self.configured.clone(), self.common.clone()))
    }

    fn over(pool: Arc<Pool>, url: Arc<Url>, configured: Arc<[Configured]>, common: HeaderMap) -> Self {
        let path = path_and_query(&url);
        let mut message = common.clone();
        message.insert(header::CONTENT_TYPE, JSON);
        message.insert(header::ACCEPT, EITHER);
        Self { pool, url, path, configured, common, message }
    }

    /// Who is at the other end of a new connection, before anybody looked at that; nothing is sent. `None` without TLS.
    pub async fn meet(&self) -> Result<Option<PeerShown>, LinkError> {
        self.pool.meet().await
    }

    /// One request that is no message, on a connection of its own to whoever showed this before.
    pub async fn fetch(
        &self,
        path: &str,
        shown: Option<&PeerShown>,
        limit: usize,
        deadline: Duration,
    ) -> Result<Fetched, LinkError> {
        let url = self.url.join(path).map_err(|_| LinkError::Protocol("it has no such address".into()))?;
        let trust = self.pool.trust();
        let request = Fetch { url: &url, trust, payload: None, headers: &[], limit, deadline };
        let rules = self.pool.settings.peer.as_ref().map(|rules| rules.of_one(shown));
        fetch_from(self.pool.egress(), rules.as_ref(), request).await
    }

    /// The URL of the server.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Sends a message and reads the answer, or its beginning where it is a stream.
    ///
    /// Dropping the future closes the connection; the server may have seen the message.
    pub async fn post(
        &self,
        permitted: Permitted,
        receipt: Receipt,
        session: &SessionHeaders<'_>,
    ) -> Result<PostReply, LinkError> {
        let message = spend(permitted, &receipt)?;
        let mut headers = self.message.clone();
        session.write(&mut headers)?;
        mirror(&message, &mut headers)?;
        // A stream of changes is quiet while nothing changes.
        let quiet = self.pool.settings.quiet.filter(|_| message.method != "subscriptions/listen");
        let (lease, head) = self.send(Method::POST, headers, message.bytes, session.credential).await?;
        reply::read(lease, head, &self.pool, quiet).await
    }

    /// Asks for the stream on which the server sends what belongs to no request (2025), or for all its messages (2024).
    pub async fn listen(
        &self,
        session: &SessionHeaders<'_>,
        last_event_id: Option<&str>,
    ) -> Result<Listening, LinkError> {
        let mut headers = self.common.clone();
        headers.insert(header::ACCEPT, EVENTS);
        session.write(&mut headers)?;
        if let Some(id) = last_event_id {
            headers.insert(LAST_EVENT_ID, value("last-event-id", id)?);
        }
        let (lease, head) = self.send(Method::GET, headers, Bytes::new(), session.credential).await?;
        reply::check_head(&head)?;
        Ok(match head.status {
            StatusCode::OK if reply::kind(&head.headers) == Kind::Events => {
                Listening::Stream(Box::new(SseStream::new(lease, self.pool.clone(), None)))
            }
            StatusCode::OK => return Err(LinkError::Protocol("its stream is not `text/event-stream`".into())),
            StatusCode::METHOD_NOT_ALLOWED => Listening::NotOffered,
            StatusCode::NOT_FOUND => Listening::Gone,
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                let www_authenticate = reply::text(&head.headers, &header::WWW_AUTHENTICATE);
                Listening::Unauthorized { status, www_authenticate }
            }
            status => Listening::Refused(status),
        })
    }

    /// Ends a session of the 2025 era.
    pub async fn delete(&self, session: &SessionHeaders<'_>) -> Result<Ended, LinkError> {
        let mut headers = self.common.clone();
        headers.insert(header::ACCEPT, EITHER);
        session.write(&mut headers)?;
        let (lease, head) = self.send(Method::DELETE, headers, Bytes::new(), session.credential).await?;
        reply::check_head(&head)?;
        // Read, so that the connection can be used again; what it says does not matter.
        let _ = reply::whole(lease, &self.pool).await;
        Ok(match head.status {
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => Ended::NotOffered,
            StatusCode::NOT_FOUND | StatusCode::GONE => Ended::Gone,
            status if status.is_success() => Ended::Gone,
            status => Ended::Refused(status),
        })
    }

    /// Sends a request. A kept connection may have been closed by the server in the meantime: where not one byte was
    /// written to it, the request goes out on a new one, once.
    async fn send(
        &self,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
        credential: Option<&Credential>,
    ) -> Result<(Lease, Head), LinkError> {
        let mut request = Outgoing { method, path: self.path.clone(), headers, body };
        for header in &*self.configured {
            header.put(&mut request.headers)?;
        }
        if let Some(credential) = credential {
            credential.put(&self.url, &mut request)?;
        }
        let mut lease = self.pool.lease().await?;
        let after = self.pool.settings.reply;
        loop {
            let exchange = timeout(after, lease.wire.exchange(&request)).await;
            match exchange.map_err(|_| LinkError::slow(Stage::Reply, after))? {
                Ok(head) => return Ok((lease, head)),
                Err(failed) if failed.unsent && !lease.fresh => lease = Box::pin(self.pool.replace(lease)).await?,
                Err(failed) => return Err(failed.error),
            }
        }
    }
}

pub(super) fn path_and_query(url: &Url) -> PathAndQuery {
    let text = match url.query() {
        None => url.path().to_owned(),
        Some(query) => format!("{}?{query}", url.path()),
    };
    // A parsed URL has a path that begins with a slash and holds no illegal byte.
    PathAndQuery::try_from(text).unwrap_or_else(|_| PathAndQuery::from_static("/"))
}
