use super::{Origin, PeerRules, PeerShown, Resolve, Scheme, System, TlsRoots, Trust, admit, admit_scheme, peer};
use crate::{LinkError, Stage};
use rustls::pki_types::ServerName;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UdpSocket},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Time limits of a new connection.
#[derive(Clone, Copy, Debug)]
pub struct EgressSettings {
    /// For the addresses of a name.
    pub resolve: Duration,
    /// For a TCP connection to one address; each address is tried in turn.
    pub connect: Duration,
    /// For the TLS handshake.
    pub handshake: Duration,
}

impl Default for EgressSettings {
    fn default() -> Self {
        Self { resolve: Duration::from_secs(5), connect: Duration::from_secs(5), handshake: Duration::from_secs(5) }
    }
}

/// Makes outbound connections, and checks where they go.
#[derive(Clone, Debug)]
pub struct Egress {
    resolver: Arc<dyn Resolve>,
    roots: TlsRoots,
    settings: EgressSettings,
}

/// A connection to a checked address.
#[derive(Debug)]
pub enum Connection {
    /// In the clear.
    Plain(TcpStream),
    /// Over TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

/// How many addresses of one name are tried.
const MAX_TRIES: usize = 4;

impl Egress {
    /// With the system's resolver.
    pub fn new(roots: TlsRoots, settings: EgressSettings) -> Self {
        Self { resolver: Arc::new(System), roots, settings }
    }
    /// With another resolver.
    #[must_use]
    pub fn with_resolver(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self }
    }

    /// Whom it believes to certify servers.
    pub const fn roots(&self) -> &TlsRoots {
        &self.roots
    }

    /// Connects to `origin`: resolves its name, checks every address, connects to one of those, shakes hands.
    pub async fn connect(&self, origin: &Origin, trust: Trust) -> Result<Connection, LinkError> {
        Ok(self.meet(origin, trust, None).await?.0)
    }

    /// The same, by the rules for one server; what it showed is looked at before anything is sent.
    pub async fn connect_to(
        &self,
        origin: &Origin,
        trust: Trust,
        rules: Option<&PeerRules>,
    ) -> Result<Connection, LinkError> {
        let (connection, shown) = self.meet(origin, trust, rules).await?;
        let bad = |why| LinkError::Peer { to: origin.authority().into(), why };
        rules.map_or(Ok(()), |rules| rules.vet.vet(shown.as_ref())).map_err(bad)?;
        Ok(connection)
    }

    /// Connects, and gives what the server showed; nothing is sent, nobody has looked at it yet.
    pub async fn meet(
        &self,
        origin: &Origin,
        trust: Trust,
        rules: Option<&PeerRules>,
    ) -> Result<(Connection, Option<PeerShown>), LinkError> {
        admit_scheme(trust, origin)?;
        let addresses = self.addresses(origin, trust).await?;
        let socket = self.tcp(origin, &addresses).await?;
        let stream = match origin.scheme() {
            Scheme::Http => return Ok((Connection::Plain(socket), None)),
            Scheme::Https => self.tls(origin, socket, rules).await?,
        };
        let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let spki = leaf.and_then(peer::spki);
        let shown = spki.map(|spki| PeerShown { spki, spiffe: rules.and_then(|rules| rules.spiffe.clone()) });
        Ok((Connection::Tls(Box::new(stream)), shown))
    }

    /// The addresses of `origin`, all of them admitted. One bad address condemns the name: it may be the one that the
    /// next look-up would give.
    pub async fn addresses(&self, origin: &Origin, trust: Trust) -> Result<Vec<IpAddr>, LinkError> {
        let found = match origin.address() {
            Some(address) => vec![address],
            // RFC 6761 §6.3: no name server is asked for it.
            None if origin.is_localhost() => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            None => self.resolve(origin.host()).await?,
        };
        for address in &found {
            admit(trust, origin, *address)?;
        }
        Ok(found)
    }

    /// A socket for datagrams to `origin`, of which nothing can be asked back. The name is looked up once.
    pub async fn datagrams(&self, origin: &Origin, trust: Trust) -> Result<UdpSocket, LinkError> {
        admit_scheme(trust, origin)?;
        let failed = |source| LinkError::Connect { to: origin.authority().into(), source };
        let mut last = failed(io::ErrorKind::NotFound.into());
        for address in self.addresses(origin, trust).await?.into_iter().take(MAX_TRIES) {
            let any: IpAddr =
                if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
            let socket = UdpSocket::bind((any, 0)).await.map_err(failed)?;
            match socket.connect((address, origin.port())).await {
                Ok(()) => return Ok(socket),
                Err(source) => last = failed(source),
            }
        }
        Err(last)
    }

    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, LinkError> {
        let failed = |source| LinkError::Resolve { host: host.into(), source };
        let after = self.settings.resolve;
        match timeout(after, self.resolver.resolve(host)).await {
            Err(_) => Err(LinkError::Timeout { stage: Stage::Resolve, after }),
            Ok(Err(source)) => Err(failed(source)),
            Ok(Ok(found)) if found.is_empty() => Err(failed(io::ErrorKind::NotFound.into())),
            Ok(Ok(found)) => Ok(found),
        }
    }

    async fn tcp(&self, origin: &Origin, addresses: &[IpAddr]) -> Result<TcpStream, LinkError> {
        let after = self.settings.connect;
        let mut last = LinkError::Timeout { stage: Stage::Connect, after };
        for address in addresses.iter().take(MAX_TRIES) {
            match timeout(after, TcpStream::connect(SocketAddr::new(*address, origin.port()))).await {
                Ok(Ok(socket)) => {
                    let _ = socket.set_nodelay(true);
                    return Ok(socket);
                }
                Ok(Err(source)) => last = LinkError::Connect { to: origin.authority().into(), source },
                Err(_) => last = LinkError::Timeout { stage: Stage::Connect, after },
            }
        }
        Err(last)
    }

    async fn tls(
        &self,
        origin: &Origin,
        socket: TcpStream,
        rules: Option<&PeerRules>,
    ) -> Result<TlsStream<TcpStream>, LinkError> {
        let failed = |source| LinkError::Tls { to: origin.authority().into(), source };
        let name = match origin.address() {
            Some(address) => ServerName::IpAddress(address.into()),
            None => ServerName::try_from(origin.host().to_owned())
                .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?,
        };
        let after = self.settings.handshake;
        let config = rules.map_or_else(|| self.roots.config(), |rules| rules.config.clone());
        match timeout(after, TlsConnector::from(config).connect(name, socket)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(source)) => Err(failed(source)),
            Err(_) => Err(LinkError::Timeout { stage: Stage::Handshake, after }),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Self::Tls(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Self::Tls(io) => Pin::new(io).poll_write(cx, buf),
        }
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write_vectored(cx, bufs),
            Self::Tls(io) => Pin::new(io).poll_write_vectored(cx, bufs),
        }
    }
    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(io) => io.is_write_vectored(),
            Self::Tls(io) => io.is_write_vectored(),
        }
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(cx),
            Self::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Self::Tls(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}
