use crate::{
    serve::echo,
    support::{SHORT, egress, egress_with_roots, permit, receipt, soon},
};
use doorward_transport::{
    LinkError,
    egress::Trust,
    serve::{Asking, Body, Bound, Peer, Running, Serve, ServeSettings, TlsError, TlsFiles, TlsSlot},
    upstream::{HttpLink, HttpSettings, PostBody, SessionHeaders},
};
use doorward_vocab::Digest;
use http::{Request, Response};
use hyper::body::Incoming;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, SignatureScheme,
    client::ResolvesClientCert,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    sign::{CertifiedKey, SigningKey},
};
use std::{fs, path::PathBuf, sync::Arc};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

struct Authority {
    folder: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { folder, issuer }
    }
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    /// Writes certificate and key for `name`.
    fn issue(&self, name: &str) -> TlsFiles {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let files = TlsFiles { certificate: self.path("cert.pem"), key: self.path("key.pem"), clients: Asking::No };
        fs::write(&files.certificate, certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }
}

fn start(files: &TlsFiles, service: impl Serve) -> (Running, Arc<TlsSlot>) {
    start_with(files, ServeSettings::default(), service)
}

fn start_with(files: &TlsFiles, settings: ServeSettings, service: impl Serve) -> (Running, Arc<TlsSlot>) {
    let slot = Arc::new(TlsSlot::load(files).unwrap());
    let bound = Bound::bind(([127, 0, 0, 1], 0).into()).unwrap();
    (bound.serve(Arc::new(service), settings, Some(slot.clone())), slot)
}

async fn post(url: &str, egress: Arc<doorward_transport::egress::Egress>) -> Result<PostBody, LinkError> {
    let link = HttpLink::new(&url.parse().unwrap(), Trust::Configured, &[], egress, HttpSettings::default())?;
    Ok(soon(link.post(permit("{}"), receipt(), &SessionHeaders::default())).await?.body)
}

#[tokio::test]
async fn servers_are_believed_by_their_certificates_only() {
    let authority = Authority::new();
    let (running, _) = start(&authority.issue("localhost"), |request, peer: Arc<Peer>| async move {
        assert!(peer.tls);
        echo(request, peer).await
    });
    let port = running.address().port();
    let ours = egress_with_roots(&authority.path("ca.pem"));
    let body = post(&format!("https://localhost:{port}/"), ours.clone()).await.unwrap();
    assert!(matches!(body, PostBody::Other(b) if &b[..] == b"{}"));
    // Another name, and an authority that nobody knows.
    let error = post(&format!("https://127.0.0.1:{port}/"), ours.clone()).await.unwrap_err();
    assert!(matches!(error, LinkError::Tls { .. }), "{error:?}");
    let error = post(&format!("https://localhost:{port}/"), egress()).await.unwrap_err();
    assert!(matches!(error, LinkError::Tls { .. }), "{error:?}");
    // Plain text on a port that speaks TLS gets no answer that looks like one.
    assert!(post(&format!("http://localhost:{port}/"), ours).await.is_err());
}

#[tokio::test]
async fn certificates_are_replaced_while_connections_are_served() {
    let authority = Authority::new();
    let files = authority.issue("localhost");
    let (running, slot) = start(&files, echo);
    let (port, ours) = (running.address().port(), egress_with_roots(&authority.path("ca.pem")));
    fs::write(&files.key, "not a key").unwrap();
    assert!(matches!(slot.reload(&files), Err(TlsError::File { .. })));
    assert!(post(&format!("https://localhost:{port}/"), ours.clone()).await.is_ok(), "the old one stays");
    slot.reload(&authority.issue("127.0.0.1")).unwrap();
    assert!(post(&format!("https://127.0.0.1:{port}/"), ours).await.is_ok());
}

#[tokio::test]
async fn clients_prove_their_certificates() {
    let authority = Authority::new();
    let mut files = authority.issue("localhost");
    files.clients = Asking::ForCertificate;
    let count = |_: Request<Incoming>, peer: Arc<Peer>| async move {
        let shown = peer.certificates.as_ref().map_or_else(
            || "nothing".to_owned(),
            |c| {
                assert_eq!(c.leaf, Digest::of(&c.chain[0]));
                assert_ne!(c.whole, c.leaf);
                format!("{} certificates", c.chain.len())
            },
        );
        Response::new(Body::full(shown))
    };
    let (running, _) = start(&files, count);
    let client = |issuer: &Authority| {
        let files = issuer.issue("agent");
        let chain: Vec<_> = CertificateDer::pem_file_iter(&files.certificate).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
        (chain, rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap())
    };
    let ask = async |identity: Option<(Vec<CertificateDer<'static>>, Arc<dyn SigningKey>)>| {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority.path("ca.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            // Unlike the usual way, this does not look whether the key fits.
            Some((chain, key)) => {
                builder.with_client_cert_resolver(Arc::new(Shows(CertifiedKey::new(chain, key).into())))
            }
        };
        let socket = TcpStream::connect(running.address()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut bytes = Vec::new();
        let _ = soon(stream.read_to_end(&mut bytes)).await;
        String::from_utf8(bytes).unwrap()
    };
    assert!(ask(None).await.ends_with("nothing"));
    let (chain, key) = client(&authority);
    assert!(ask(Some((chain.clone(), key.clone()))).await.ends_with("1 certificates"));
    let (strange, other) = client(&Authority::new());
    assert!(ask(Some((strange, other.clone()))).await.ends_with("1 certificates"), "who vouches is not judged here");
    assert_eq!(ask(Some((chain.clone(), other))).await, "", "another's certificate ends the handshake");
    assert_eq!(ask(Some((vec![chain[0].clone(); 9], key.clone()))).await, "", "so does an endless chain");
    assert_eq!(ask(Some((vec![CertificateDer::from(vec![1, 2, 3])], key))).await, "", "and what is no certificate");
}

/// A client that shows this, whatever it is asked for.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
    fn has_certs(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_come_ends_the_connection() {
    let authority = Authority::new();
    let settings = ServeSettings { first_request: SHORT, ..ServeSettings::default() };
    let (running, _) = start_with(&authority.issue("localhost"), settings, echo);
    let mut socket = TcpStream::connect(running.address()).await.unwrap();
    assert_eq!(soon(socket.read(&mut [0; 1])).await.unwrap(), 0);
}

#[test]
fn files_that_hold_nothing_are_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("empty.pem");
    fs::write(&path, "").unwrap();
    let files = TlsFiles { certificate: path.clone(), key: path.clone(), clients: Asking::No };
    assert!(matches!(TlsSlot::load(&files), Err(TlsError::Empty(p)) if p == path));
    let files = TlsFiles { certificate: folder.path().join("none.pem"), key: path, clients: Asking::No };
    assert!(TlsSlot::load(&files).unwrap_err().to_string().contains("none.pem"));
}
