//! Agents of a SPIFFE trust domain over mutual TLS, with certificates, tokens and bundles of a Workload API that others wrote.

use crate::front::{Front, http_server};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::identity::{Svids, WorkloadApi, go_installed},
};
use doorward_transport::serve::{Asking, TlsFiles, TlsSlot};
use doorward_vocab::Assurance;
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use std::{fs, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

const AGENT: &str = "spiffe://corp.example/agent/triage";
const AUDIENCE: &str = "https://gw.example.com/mcp";

/// The certificate of the gateway.
struct Own {
    folder: TempDir,
    certificate: CertificateDer<'static>,
}

impl Own {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cert.pem"), certificate.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        Self { folder, certificate: certificate.der().clone() }
    }

    fn slot(&self) -> Arc<TlsSlot> {
        let path = |name| self.folder.path().join(name);
        let files = TlsFiles { certificate: path("cert.pem"), key: path("key.pem"), clients: Asking::ForCertificate };
        Arc::new(TlsSlot::load(&files).unwrap())
    }

    /// Connects, with this identity if any.
    async fn connect(&self, front: &Front, svids: Option<&Svids>) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let config = match svids {
            None => builder.with_no_client_auth(),
            Some(svids) => {
                let chain = CertificateDer::pem_slice_iter(svids.chain.as_bytes()).map(Result::unwrap).collect();
                let key = PrivateKeyDer::from_pem_slice(svids.key.as_bytes()).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let socket = TcpStream::connect(front.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
    }
}

/// Calls `wipe` on a connection that is kept: the status and the body.
async fn call(stream: &mut TlsStream<TcpStream>, token: Option<&str>) -> (u16, String) {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wipe","arguments":{"path":"/x"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    let authorization = token.map(|t| format!("Authorization: Bearer {t}\r\n")).unwrap_or_default();
    let request = format!(
        "POST /mcp/fixture HTTP/1.1\r\nHost: gw.example.com\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: wipe\r\n{authorization}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let reading = async {
        loop {
            let mut part = [0; 4096];
            let read = stream.read(&mut part).await.unwrap();
            bytes.extend_from_slice(&part[..read]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let length =
                    head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
                length.map_or(body.ends_with("0\r\n\r\n"), |length: usize| body.len() >= length)
            });
            if whole || read == 0 {
                return text;
            }
        }
    };
    let text = tokio::time::timeout(Duration::from_secs(20), reading).await.expect("an answer");
    let status = text.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_default();
    (status, text)
}

/// At level `watch`, where a run without a person needs no owner.
fn trust(api: &WorkloadApi, domain: &str) -> String {
    format!(
        "level = \"watch\"\npublic_url = \"https://gw.example.com\"\n[[trust]]\nname = \"mesh\"\nkind = \"spiffe\"\ntrust_domain = \"{domain}\"\nworkload_api = {:?}\naudience = \"{AUDIENCE}\"\n",
        api.socket()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_is_known_by_its_certificate_and_by_its_token() {
    if !go_installed("the Workload API").unwrap() {
        return;
    }
    let (server, own) = (Server::start(Options::default()).await.unwrap(), Own::new());
    let api = WorkloadApi::start(&[AGENT], "1h").unwrap();
    let strange = WorkloadApi::start(&[AGENT], "1h").unwrap();
    let toml = trust(&api, "corp.example") + &http_server("fixture", &server.url());
    let front = Front::start_with_tls(&toml, own.slot()).await;
    let (svids, other) = (api.fetch(AUDIENCE).unwrap(), strange.fetch(AUDIENCE).unwrap());

    let mut stream = own.connect(&front, Some(&svids)).await;
    for _ in 0..2 {
        let (status, text) = call(&mut stream, None).await;
        assert_eq!(status, 200, "{text}");
    }
    let (status, text) = call(&mut own.connect(&front, None).await, Some(&svids.jwt)).await;
    assert_eq!(status, 200, "a token alone: {text}");
    let rulings = front.rulings("wipe", 3).await;
    let seen: Vec<_> = rulings.iter().map(|r| (&*r.agent.id, r.assurance)).collect();
    assert_eq!(seen, [(AGENT, Assurance::KeyBound), (AGENT, Assurance::KeyBound), (AGENT, Assurance::PlatformToken)]);
    assert!(rulings.iter().all(|r| r.human.is_none()));

    for (why, identity, token) in [
        ("nobody", None, None),
        ("the same name by another authority", Some(&other), None),
        ("its token", None, Some(other.jwt.as_str())),
        ("our certificate beside its token", Some(&svids), Some(other.jwt.as_str())),
        ("its certificate beside our token", Some(&other), Some(svids.jwt.as_str())),
        ("a token for others", None, Some(api.fetch("https://other.example").unwrap().jwt.as_str())),
    ] {
        let (status, text) = call(&mut own.connect(&front, identity).await, token).await;
        assert_eq!(status, 401, "{why}: {text}");
    }
    assert_eq!(front.rulings("wipe", 3).await.len(), 3, "nothing of that came to a ruling");
    assert_eq!(call(&mut stream, Some(&svids.jwt)).await.0, 200, "both name the same agent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_does_not_outlive_its_certificate() {
    if !go_installed("the Workload API").unwrap() {
        return;
    }
    let (server, own) = (Server::start(Options::default()).await.unwrap(), Own::new());
    let api = WorkloadApi::start(&[AGENT], "4s").unwrap();
    let toml = trust(&api, "corp.example") + &http_server("fixture", &server.url());
    let front = Front::start_with_tls(&toml, own.slot()).await;
    let mut stream = own.connect(&front, Some(&api.fetch(AUDIENCE).unwrap())).await;
    assert_eq!(call(&mut stream, None).await.0, 200);
    // The certificate's own end is what is waited for; it has no clock that a test could turn.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(call(&mut stream, None).await.0, 401, "the same connection, over");
    let fresh = api.fetch(AUDIENCE).unwrap();
    assert_eq!(call(&mut own.connect(&front, Some(&fresh)).await, None).await.0, 200);
}
