//! Agents of a SPIFFE trust domain over mutual TLS, with certificates, tokens and bundles of a Workload API that others wrote.

use crate::front::{Front, http_server};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::{
        identity::{OidcProvider, StepCa, StepCaOptions, Svids, WorkloadApi, go_installed},
        installed,
    },
};
use doorward_transport::serve::{Asking, TlsFiles, TlsSlot};
use doorward_vocab::{Assurance, Digest};
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use serde_json::{Value, json};
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
        self.connect_as(front, svids.map(|s| (s.chain.as_str(), s.key.as_str()))).await
    }

    /// The same with a chain and its key, both PEM.
    async fn connect_as(&self, front: &Front, identity: Option<(&str, &str)>) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
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
    let head = format!(
        "POST /mcp/fixture HTTP/1.1\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: wipe\r\n{authorization}"
    );
    send(stream, &head, body).await
}

/// Sends a request, and reads its answer.
async fn send(stream: &mut TlsStream<TcpStream>, head: &str, body: &str) -> (u16, String) {
    let request = format!("{head}Host: gw.example.com\r\nContent-Length: {}\r\n\r\n{body}", body.len());
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
    let text = tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_authority_and_a_humans_token_are_one_principal() {
    if !go_installed("an authority").unwrap() || !installed("an authority").unwrap() {
        return;
    }
    let (server, own) = (Server::start(Options::default()).await.unwrap(), Own::new());
    let provider = OidcProvider::start(&json!({})).unwrap();
    let authority = |template| {
        let options =
            StepCaOptions { issuer: provider.issuer(), client: "step", template: Some(template), lifetime: None };
        StepCa::start(&options).unwrap()
    };
    let named = |uris: &str| {
        format!(r#"{{"sans": [{uris}], "keyUsage": ["digitalSignature"], "extKeyUsage": ["clientAuth"]}}"#)
    };
    let uri = |id: &str| format!(r#"{{"type": "uri", "value": "{id}"}}"#);
    let (one, two) = (uri(AGENT), format!("{}, {}", uri(AGENT), uri("spiffe://corp.example/agent/admin")));
    let (ours, double, strange) = (authority(&named(&one)), authority(&named(&two)), authority(&named(&one)));
    let certificate = async |authority: &StepCa| {
        let key = KeyPair::generate().unwrap();
        // The authority takes each token once.
        let once = URL_SAFE_NO_PAD.encode(Digest::of(key.public_key_raw()).as_bytes());
        let claims = json!({ "sub": "triage", "aud": "step", "nonce": once, "email": "triage@corp.example" });
        let token = provider.mint(&json!({ "key": "ES256", "claims": claims })).await.unwrap();
        let csr = CertificateParams::new(Vec::new()).unwrap().serialize_request(&key).unwrap().pem().unwrap();
        let reply = authority.sign(&csr, &token).await.unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
        let given = reply.json().unwrap();
        (format!("{}{}", given["crt"].as_str().unwrap(), given["ca"].as_str().unwrap()), key.serialize_pem())
    };
    let issuer = provider.workload_issuer("idp");
    let toml = format!(
        "public_url = \"https://gw.example.com\"\n[[trust]]\nname = \"mesh\"\nkind = \"spiffe\"\ntrust_domain = \"corp.example\"\nbundle_file = {:?}\n[[trust]]\nname = \"idp\"\nkind = \"oidc\"\nissuer = \"{issuer}\"\n{}",
        ours.root(),
        http_server("fixture", &server.url())
    );
    let front = Front::start_with_tls(&toml, own.slot()).await;
    let (chain, key) = certificate(&ours).await;
    let human = async |more: Value| {
        let mut claims = json!({ "sub": "u-1", "name": "Ada", "client_id": "desktop", "aud": AUDIENCE });
        claims.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        provider.mint(&json!({ "issuer": "idp", "claims": claims })).await.unwrap()
    };
    let call_as = async |chain: &str, key: &str, token: &str| {
        call(&mut own.connect_as(&front, Some((chain, key))).await, Some(token)).await
    };
    let (status, text) = call_as(&chain, &key, &human(json!({})).await).await;
    assert_eq!(status, 200, "{text}");
    let leaf = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
    let x5t = URL_SAFE_NO_PAD.encode(Digest::of(&leaf).as_bytes());
    let bound = human(json!({ "cnf": { "x5t#S256": x5t } })).await;
    assert_eq!(call_as(&chain, &key, &bound).await.0, 200);
    let rulings = front.rulings("wipe", 2).await;
    let seen: Vec<_> =
        rulings.iter().map(|r| (&*r.agent.id, r.human.as_ref().map(|h| h.id.to_string()), r.assurance)).collect();
    let ada = Some("u-1".to_owned());
    assert_eq!(seen, [(AGENT, ada.clone(), Assurance::PlatformToken), (AGENT, ada, Assurance::KeyBound)]);

    let (other_chain, other_key) = certificate(&ours).await;
    assert_eq!(call_as(&other_chain, &other_key, &bound).await.0, 401, "a stolen token beside another certificate");
    let elsewhere = human(json!({ "act": { "sub": "spiffe://corp.example/agent/other" } })).await;
    assert_eq!(call_as(&chain, &key, &elsewhere).await.0, 401, "a token for another agent");
    for (why, authority) in [("two names", &double), ("another authority for the same name", &strange)] {
        let (chain, key) = certificate(authority).await;
        assert_eq!(call_as(&chain, &key, &human(json!({})).await).await.0, 401, "{why}");
    }
    assert_eq!(front.rulings("wipe", 2).await.len(), 2, "nothing of that came to a ruling");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_asked_for_with_a_certificate_opens_nothing_without_it() {
    if !installed("a workload with a certificate").unwrap() {
        return;
    }
    let (server, own) = (Server::start(Options::default()).await.unwrap(), Own::new());
    let provider = OidcProvider::start(&json!({})).unwrap();
    // Nobody vouches for certificates here: they are keys, and nobody's names (RFC 8705 §2.2).
    let toml = format!(
        "level = \"watch\"\npublic_url = \"https://gw.example.com\"\n[authorization]\n[[trust]]\nname = \"field\"\nkind = \"oidc\"\nsubject = \"agent\"\nissuer = {:?}\n{}",
        provider.workload_issuer("field"),
        http_server("fixture", &server.url())
    );
    let front = Front::start_with_tls(&toml, own.slot()).await;
    let certificate = || {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem(), Digest::of(certificate.der()))
    };
    let ((chain, key, digest), (other_chain, other_key, _)) = (certificate(), certificate());
    let claims = json!({ "sub": "job-7", "aud": "https://gw.example.com" });
    let assertion = provider.mint(&json!({ "issuer": "field", "claims": claims })).await.unwrap();
    let form = format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={assertion}");
    let head = "POST /oauth/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let mut stream = own.connect_as(&front, Some((&chain, &key))).await;
    let (status, text) = send(&mut stream, head, &form).await;
    assert_eq!(status, 200, "{text}");
    let answer: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let said = crate::issuing::scene::claims(token);
    assert_eq!(said["cnf"]["x5t#S256"], json!(URL_SAFE_NO_PAD.encode(digest.as_bytes())));
    assert_eq!(call(&mut stream, Some(token)).await.0, 200);
    let ruling = front.rulings("wipe", 1).await.remove(0);
    assert_eq!((&*ruling.agent.id, ruling.assurance), ("job-7", Assurance::KeyBound));
    for (why, identity) in [("without it", None), ("with another", Some((&*other_chain, &*other_key)))] {
        assert_eq!(call(&mut own.connect_as(&front, identity).await, Some(token)).await.0, 401, "{why}");
    }
}
