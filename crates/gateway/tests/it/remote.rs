//! Servers over HTTP that must prove who they are: keys, SPIFFE ids, names, signed manifests.

use crate::{
    client::{Client, is_refused},
    front::{Front, http_server},
};
use doorward_audit::{DefinitionChange, DefinitionKind, Event};
use doorward_store::{Pins as _, SystemClock};
use doorward_testkit::{
    fixture::{Options, Server},
    peers,
};
use doorward_vocab::{Clock as _, Digest};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, PublicKeyData as _,
    SanType,
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
use serde_json::json;
use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// An authority, and a folder for what it signs.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: TempDir,
}

/// A certificate and its key.
struct Leaf {
    cert: PathBuf,
    key: PathBuf,
    spki: Digest,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, dir }
    }
    fn bundle(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }
    fn leaf(&self, name: &str, uris: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
        if uris.is_empty() {
            params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let pair = KeyPair::generate().unwrap();
        let signed = params.signed_by(&pair, &self.issuer).unwrap();
        let at = |end: &str| self.dir.path().join(format!("{name}.{end}"));
        fs::write(at("pem"), signed.pem()).unwrap();
        fs::write(at("key"), pair.serialize_pem()).unwrap();
        Leaf { cert: at("pem"), key: at("key"), spki: Digest::of(&pair.subject_public_key_info()) }
    }
}

/// TLS in front of a server, which can be ended and started anew on the same port.
struct Terminator {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Terminator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Terminator {
    /// Ends it; its port is free then.
    async fn end(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

async fn terminate(leaf: &Leaf, clients: Option<&Authority>, to: &str, address: Option<SocketAddr>) -> Terminator {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        rustls::ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(authority.issuer.der().clone()).unwrap();
            let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = rustls::pki_types::CertificateDer::pem_file_iter(&leaf.cert).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&leaf.key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.bind(&address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0))).into()).unwrap();
    socket.listen(64).unwrap();
    let listener = TcpListener::from_std(socket.into()).unwrap();
    let address = listener.local_addr().unwrap();
    let to = to.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    let task = tokio::spawn(async move {
        let mut tasks = tokio::task::JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, to) = (acceptor.clone(), to.clone());
            tasks.spawn(async move {
                if let (Ok(mut inner), Ok(mut outer)) = (TcpStream::connect(to).await, acceptor.accept(socket).await) {
                    let _ = copy_bidirectional(&mut inner, &mut outer).await;
                }
            });
        }
    });
    Terminator { address, task }
}

fn config(address: SocketAddr, attest: &str) -> String {
    // The fixture wants to be named by its own address.
    format!("{}attest = {{ {attest} }}\n", http_server("far", &format!("https://{address}/mcp")))
}

async fn works(front: &Front) -> bool {
    let mut all = Vec::new();
    for client in [Client::modern(front, "/mcp/far")] {
        all.push(client.call("echo", json!({ "text": "x" })).await);
    }
    all.iter().all(|answer| answer["result"]["content"][0]["text"] == "x")
}

async fn start_server() -> Server {
    Server::start(Options::default()).await.unwrap()
}

#[tokio::test]
async fn a_stated_key_is_held_to_and_is_seen_by_policies() {
    let (authority, server) = (Authority::new(), start_server().await);
    let (leaf, other) = (authority.leaf("leaf", &[], |_| {}), authority.leaf("other", &[], |_| {}));
    let tls = terminate(&leaf, None, &server.url(), None).await;
    let bundle = authority.bundle();
    let policy = authority.dir.path().join("attested.cedar");
    let text = "forbid (principal is Server, action == Action::\"call\", resource) unless { principal.attested };\n";
    fs::write(&policy, text).unwrap();
    let policies = format!("[policy]\nfiles = [{policy:?}]\n");
    let stated = |spki: Digest| format!("bundle = {bundle:?}, spki = [\"{spki}\"]");
    let front = Front::start(&format!("{policies}{}", config(tls.address, &stated(leaf.spki)))).await;
    assert!(works(&front).await);
    let front = Front::start(&format!("{policies}{}", config(tls.address, &stated(other.spki)))).await;
    assert!(!works(&front).await);
    // Believed, but nobody pinned it: it is served, and it is not attested.
    let front = Front::start(&config(tls.address, &format!("bundle = {bundle:?}"))).await;
    assert!(works(&front).await);
    let front = Front::start(&format!("{policies}{}", config(tls.address, &format!("bundle = {bundle:?}")))).await;
    assert!(!works(&front).await);
    // Without the bundle nobody believes this authority.
    let front = Front::start(&config(tls.address, &format!("spki = [\"{}\"]", leaf.spki))).await;
    assert!(!works(&front).await);
}

#[tokio::test]
async fn a_server_that_takes_the_port_of_another_gets_nothing() {
    let (authority, server) = (Authority::new(), start_server().await);
    let (leaf, other) = (authority.leaf("leaf", &[], |_| {}), authority.leaf("other", &[], |_| {}));
    let tls = terminate(&leaf, None, &server.url(), None).await;
    let address = tls.address;
    let attest = format!("bundle = {:?}, first = \"first-use\"", authority.bundle());
    let front = Front::start(&config(address, &attest)).await;
    assert!(works(&front).await && works(&front).await);
    let old = Client::legacy(&front, "/mcp/far").await;
    tls.end().await;
    let evil = start_server().await;
    let tls = terminate(&other, None, &evil.url(), Some(address)).await;
    for _ in 0..3 {
        assert!(!works(&front).await);
    }
    assert!(is_refused(&old.call("echo", json!({ "text": "x" })).await));
    let records = front
        .records_until(|records| {
            records.iter().any(|r| matches!(&r.event, Event::Definition(d) if d.change == DefinitionChange::Changed))
        })
        .await;
    let change = records.iter().find_map(|r| match &r.event {
        Event::Definition(d) if d.change == DefinitionChange::Changed => Some(d.clone()),
        _ => None,
    });
    assert!(change.unwrap().findings[0].note.contains(&other.spki.to_string()));
    // A person approves the new key.
    let pins = front.pins.list(None).unwrap();
    let pin = pins.iter().find(|p| p.key.kind == DefinitionKind::Server && p.pending.is_some()).unwrap();
    front.pins.approve(&pin.key, pin.pending_digest().unwrap(), "ann", SystemClock.now()).unwrap();
    crate::client::until("the new key", async || works(&front).await.then_some(())).await;
    drop(tls);
}

#[tokio::test]
async fn a_server_of_a_trust_domain_has_one_id_of_it() {
    let (authority, foreign, server) = (Authority::new(), Authority::new(), start_server().await);
    let id = "spiffe://corp.example/server/crm";
    let ours = authority.leaf("ours", &["spiffe://corp.example/gateway"], |_| {});
    let attest =
        format!("spiffe = \"{id}\", bundle = {:?}, cert = {:?}, key = {:?}", authority.bundle(), ours.cert, ours.key);
    let past = |p: &mut CertificateParams| {
        p.not_before = rcgen::date_time_ymd(2020, 1, 1);
        p.not_after = rcgen::date_time_ymd(2021, 1, 1);
    };
    let ca = |p: &mut CertificateParams| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let nothing = |_: &mut CertificateParams| {};
    let leaves = [
        ("good", authority.leaf("good", &[id], nothing), true),
        ("another id", authority.leaf("another", &["spiffe://corp.example/server/crm2"], nothing), false),
        ("two ids", authority.leaf("two", &[id, "spiffe://corp.example/b"], nothing), false),
        ("no id", authority.leaf("none", &[], nothing), false),
        ("another trust domain", foreign.leaf("foreign", &[id], nothing), false),
        ("expired", authority.leaf("expired", &[id], past), false),
        ("an authority", authority.leaf("authority", &[id], ca), false),
    ];
    for (what, leaf, good) in leaves {
        let tls = terminate(&leaf, Some(&authority), &server.url(), None).await;
        let front = Front::start(&config(tls.address, &attest)).await;
        assert_eq!(works(&front).await, good, "{what}");
    }
    // The server asks who we are.
    let good = authority.leaf("good2", &[id], nothing);
    let tls = terminate(&good, Some(&foreign), &server.url(), None).await;
    let front = Front::start(&config(tls.address, &attest)).await;
    assert!(!works(&front).await, "the server does not believe the gateway's authority");
}

#[tokio::test]
async fn another_server_on_the_same_port_calls_itself_otherwise() {
    if !peers::installed("a server replaced by another").unwrap() {
        return;
    }
    let server = peers::Fixture::start(&[]).unwrap();
    let (_other, other) = peers::python_fixture(&[]).unwrap();
    // One address, behind which now one and then the other is.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (to, way) = tokio::sync::watch::channel(server.url().to_owned());
    let pipe = tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let to = way.borrow().trim_start_matches("http://").split('/').next().unwrap().to_owned();
            tokio::spawn(async move {
                if let Ok(mut inner) = TcpStream::connect(to).await {
                    let _ = copy_bidirectional(&mut socket, &mut inner).await;
                }
            });
        }
    });
    let toml = format!("{}attest = \"first-use\"\n", http_server("far", &format!("http://{address}/mcp")));
    let front = Front::start(&toml).await;
    let client = Client::legacy(&front, "/mcp/far").await;
    assert_eq!(client.call_text("echo", json!({ "text": "x" })).await, "x");
    to.send(other).unwrap();
    // Who opens a session hears the new name; nothing goes there after that.
    let params =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }).to_string();
    let new = Client::modern(&front, "/mcp/far");
    drop(new.post(&body, &[]).await.answer().await);
    assert!(is_refused(&new.call("echo", json!({ "text": "x" })).await));
    front
        .records_until(|records| {
            records.iter().any(|r| match &r.event {
                Event::Definition(d) => d.findings.iter().any(|f| f.note.contains("it calls itself")),
                _ => false,
            })
        })
        .await;
    pipe.abort();
}

#[tokio::test]
async fn what_a_server_declares_must_be_in_its_signed_manifest() {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
    };
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as B64};
    let server = start_server().await;
    let plain = Front::over(&server.url()).await;
    let listed = Client::modern(&plain, "/mcp/fixture").ask("tools/list", json!({})).await;
    let digest = |tool: &serde_json::Value| doorward_detect::definition::digest(tool.to_string().as_bytes()).unwrap();
    let tools = listed["result"]["tools"].as_array().unwrap();
    let named = |name: &str| tools.iter().find(|t| t["name"] == name).unwrap();
    let mut edited = named("big").clone();
    edited["description"] = format!("{}.", edited["description"].as_str().unwrap_or_default()).into();
    let may = json!({ "echo": digest(named("echo")).to_string(), "big": digest(&edited).to_string() });
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "release",
        "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..]) });
    let dir = tempfile::tempdir().unwrap();
    let (keys, manifest) = (dir.path().join("keys.json"), dir.path().join("far.jws"));
    fs::write(&keys, json!({ "keys": [jwk] }).to_string()).unwrap();
    let sign = |claims: serde_json::Value| {
        let header = json!({ "alg": "ES256", "kid": "release", "typ": "mcp-manifest+jws" });
        let signed = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        fs::write(&manifest, format!("{signed}.{}\n", B64.encode(signature.as_ref()))).unwrap();
    };
    sign(json!({ "server": "far", "tools": may }));
    let toml = format!(
        "{}attest = {{ manifest = {manifest:?}, manifest_keys = {keys:?} }}\n",
        http_server("far", &server.url())
    );
    let front = Front::start(&toml).await;
    let client = Client::modern(&front, "/mcp/far");
    assert_eq!(client.call_text("echo", json!({ "text": "x" })).await, "x");
    // One character of its description is other than in the manifest, and one tool is not in it at all.
    for other in ["big", "wipe"] {
        let refused = client.call(other, json!({ "bytes": 4, "path": "/" })).await;
        assert!(refused.to_string().contains("waits for the operator"), "{other}: {refused}");
    }
    assert_eq!(client.names("tools/list", "tools", "name").await, ["echo"]);
    // No person at the gateway stands in for who signs.
    front.approve("far", "big");
    assert!(is_refused(&client.call("big", json!({ "bytes": 4 })).await));
    sign(json!({ "server": "other", "tools": may }));
    let front = Front::start(&toml).await;
    assert!(is_refused(&Client::modern(&front, "/mcp/far").call("echo", json!({ "text": "x" })).await));
}
