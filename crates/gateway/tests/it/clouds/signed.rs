//! Servers that take tokens which are signed by the gateway, or come from a Workload API. `joserfc` verifies each of them.

use super::{echo, seen};
use crate::front::Front;
use doorward_testkit::peers::{
    free_port,
    http::Http,
    identity::{WorkloadApi, go_installed},
    installed, strict_fixture,
};
use std::{fs, path::Path};
use tempfile::TempDir;

fn toml(server: &str, issuer: &str, credential: &str) -> String {
    format!(
        "public_url = {issuer:?}\nmode = \"observe\"\n[[server]]\nname = \"guarded\"\nurl = {server:?}\ncredential = \"own\"\n\
         [[credential]]\nname = \"own\"\n{credential}"
    )
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn keys() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("jwks.json");
    (folder, keys)
}

#[tokio::test]
async fn a_server_reads_what_the_gateway_signed_for_it() {
    if !installed("signed tokens").unwrap() {
        return;
    }
    let (port, (_folder, keys)) = (free_port().unwrap(), keys());
    let issuer = format!("http://127.0.0.1:{port}");
    let (_server, url) = strict_fixture(&["--jwks", shown(&keys), "--issuer", &issuer, "--audience", "self"]).unwrap();
    let signed =
        |more: &str| toml(&url, &issuer, &format!("kind = \"signed-jwt\"\nsubject = \"agent:{{agent}}\"\n{more}"));
    let front = Front::start_on(port, &signed("audience = \"server\"\n")).await;
    fs::write(&keys, Http::default().get(&format!("{issuer}/oauth/jwks")).await.unwrap().body).unwrap();
    assert!(echo(&front, "hello").await.get("result").is_some());
    front.reload(&signed("audience = \"server\"\nalgorithm = \"ES256\"\n"));
    assert!(echo(&front, "hello").await.get("result").is_some());
    // Of our own trust domain, as a JWT-SVID.
    front.reload(&toml(&url, &issuer, "kind = \"jwt-svid\"\nspiffe_id = \"spiffe://corp.example/agent/{agent}\"\n"));
    assert!(echo(&front, "hello").await.get("result").is_some());
    let (let_in, refused) = seen(&url).await;
    assert_eq!(refused, [""; 0]);
    assert_eq!((&*let_in[0], &**let_in.last().unwrap()), ("agent:local", "spiffe://corp.example/agent/local"));

    // For another server, and by a key of somebody else.
    front.reload(&signed("audience = \"https://other.example\"\n"));
    assert!(echo(&front, "hello").await.get("result").is_none());
    let key = keys.with_file_name("key.pem");
    fs::write(&key, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    front.reload(&signed(&format!("audience = \"server\"\nissuer = {issuer:?}\nkey = {{ file = {key:?} }}\n")));
    assert!(echo(&front, "hello").await.get("result").is_none());
    let (after, refused) = seen(&url).await;
    assert_eq!(after.len(), let_in.len());
    assert!(refused.iter().any(|w| w == "InvalidClaimError"), "{refused:?}");
    assert!(refused.last().is_some_and(|w| w != "InvalidClaimError"), "{refused:?}");
}

#[tokio::test]
async fn a_workload_api_gives_an_svid_for_the_server() {
    if !installed("a Workload API").unwrap() || !go_installed("a Workload API").unwrap() {
        return;
    }
    let api = WorkloadApi::start(&["spiffe://corp.example/gateway", "spiffe://corp.example/spare"], "1h").unwrap();
    let (_folder, keys) = keys();
    let (_server, url) = strict_fixture(&["--jwks", shown(&keys), "--audience", "self"]).unwrap();
    let svids = api.fetch(&url).unwrap();
    fs::write(&keys, svids.jwks.to_string()).unwrap();
    let of = |more: &str| {
        let socket = shown(api.socket());
        toml(&url, "https://gw.example", &format!("kind = \"jwt-svid\"\nsocket = {socket:?}\n{more}"))
    };
    let front = Front::start(&of("")).await;
    assert!(echo(&front, "hello").await.get("result").is_some());
    front.reload(&of("spiffe_id = \"spiffe://corp.example/spare\"\n"));
    assert!(echo(&front, "hello").await.get("result").is_some());
    let (let_in, refused) = seen(&url).await;
    assert_eq!((&*let_in[0], &**let_in.last().unwrap()), (&*svids.id, "spiffe://corp.example/spare"));
    assert_eq!(refused, [""; 0]);
    // For another server; of an id that the gateway does not have; and where no Workload API is.
    front.reload(&of("audience = \"https://other.example/mcp\"\n"));
    assert!(echo(&front, "hello").await.get("result").is_none());
    assert!(seen(&url).await.1.iter().all(|w| w == "InvalidClaimError"));
    for nothing in ["spiffe_id = \"spiffe://corp.example/other\"\n", "# gone"] {
        let toml = of(nothing);
        let toml = if nothing == "# gone" { toml.replace(shown(api.socket()), "/nowhere/api.sock") } else { toml };
        front.reload(&toml);
        let answer = echo(&front, "hello").await;
        assert_eq!(answer["error"]["data"], "credential", "{nothing}: {answer}");
    }
}
