//! Another house's provider: it knows no resources, gives opaque tokens, and refuses a refresh token that was used.

use super::{
    person::{invitation, open},
    scene::{agent, whoami},
};
use crate::{client::until, front::Front};
use doorward_store::{Keep as _, KeptKind};
use doorward_testkit::peers::{
    Running, free_port, guarded_fixture,
    http::Http,
    identity::{Browser, ZitadelOp, go_installed},
    installed,
};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Scene {
    op: ZitadelOp,
    server: String,
    port: u16,
    folder: TempDir,
    _running: Running,
}

impl Scene {
    /// `how` the server checks tokens.
    fn start(how: &[&str]) -> Option<Self> {
        if !installed("credentials of a second provider").unwrap() || !go_installed("a second provider").unwrap() {
            return None;
        }
        let port = free_port().unwrap();
        let op = ZitadelOp::start(&[&format!("http://127.0.0.1:{port}/oauth/connected")]).unwrap();
        let (running, server) = guarded_fixture(free_port().unwrap(), op.issuer(), how).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("web"), "secret").unwrap();
        std::fs::write(folder.path().join("sid1"), "verysecret").unwrap();
        Some(Self { op, server, port, folder, _running: running })
    }

    async fn front(&self, kind: &str, client: &str, keys: &str) -> Front {
        let toml = format!(
            "[[server]]\nname = \"files\"\npolling = \"*\"\nurl = {:?}\ncredential = \"files\"\n\
             [[credential]]\nname = \"files\"\nkind = {kind:?}\nissuer = {:?}\nclient_id = {client:?}\n\
             client_secret = {{ file = {:?} }}\nresource = \"none\"\n{keys}\n",
            self.server,
            self.op.issuer(),
            self.folder.path().join(client),
        );
        Front::start_on(self.port, &toml).await
    }

    async fn seen(&self) -> Value {
        Http::default().get(&self.server.replace("/mcp", "/test-control/seen")).await.unwrap().json().unwrap()
    }
}

#[tokio::test]
async fn its_clients_get_tokens_for_themselves() {
    let Some(scene) = Scene::start(&["--unchecked"]) else { return };
    let front = scene.front("client-credentials", "sid1", "scopes = [\"openid\"]").await;
    let agent = agent(&front);
    // It tells nobody whose an opaque token of a service is: the server takes what it gets.
    assert!(whoami(&agent).await["length"].as_u64().unwrap() > 20);
    whoami(&agent).await;
    assert_eq!(scene.seen().await["tokens"], 1);
}

#[tokio::test]
async fn its_people_connect_accounts_and_its_refresh_tokens_serve_once() {
    let Some(scene) = Scene::start(&["--introspect", "web:secret"]) else { return };
    let front = scene.front("oauth", "web", "scopes = [\"openid\", \"email\", \"offline_access\"]").await;
    let client = agent(&front);
    let mut person = Browser::of("test-user@127.0.0.1", "verysecure");
    let (status, page) = open(&mut person, &invitation(&client).await).await;
    assert!(status == 200 && page.contains("Connected"), "{status}: {page}");
    let old = front.kept().all(KeptKind::Grant).unwrap().remove(0);
    until("it works", async || {
        let answer = client.call("whoami", json!({})).await;
        (answer["result"]["isError"] != true).then_some(())
    })
    .await;
    assert_eq!(whoami(&client).await["active"], true);
    assert_ne!(front.kept().all(KeptKind::Grant).unwrap().remove(0), old, "turned over");
    // As if what took its place had been lost.
    front.kept().put(&old).unwrap();
    let refuse = json!({ "times": 1, "status": 401 });
    Http::default().post_json(&scene.server.replace("/mcp", "/test-control/refuse"), &refuse).await.unwrap();
    invitation(&client).await;
    assert!(front.kept().all(KeptKind::Grant).unwrap().is_empty(), "what serves no more is forgotten");
}
