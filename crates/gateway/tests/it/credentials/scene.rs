//! A provider, a server that asks it whose token it gets, and gateways between.

use crate::{client::Client, front::Front};
use doorward_testkit::peers::{Running, free_port, guarded_fixture, http::Http, identity::OidcProvider, installed};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A provider and a server that takes its tokens.
pub(crate) struct Scene {
    pub(crate) op: OidcProvider,
    pub(crate) server: String,
    pub(crate) folder: TempDir,
    pub(crate) http: Http,
    _server: Running,
}

/// The provider takes these from the gateway.
pub(crate) const SECRET: &str = "s3cret of the gateway";

impl Scene {
    /// The gateway as a client with a secret.
    pub(crate) fn known() -> Value {
        let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
        let bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        json!({
            "client_id": "doorward", "client_secret": SECRET, "grant_types": ["client_credentials", exchange, bearer],
            "redirect_uris": [], "response_types": [],
        })
    }

    /// `more` are further options of the provider, `ttl` seconds is how long its tokens for the server last.
    pub(crate) async fn start(ttl: u64, more: &Value) -> Option<Self> {
        if !installed("credentials of a provider").unwrap() {
            return None;
        }
        let port = free_port().unwrap();
        let url = format!("http://127.0.0.1:{port}/mcp");
        let other = "https://other.example/mcp";
        let mut options = json!({
            "clients": [Self::known()],
            "resources": {
                url.as_str(): { "scope": "files:read files:write" },
                other: { "scope": "files:read" },
            },
            "ttl": { "ClientCredentials": ttl, "AccessToken": ttl },
        });
        if let (Some(options), Some(more)) = (options.as_object_mut(), more.as_object()) {
            options.extend(more.clone());
        }
        let op = OidcProvider::start(&options).unwrap();
        let (running, server) = guarded_fixture(port, op.issuer(), &[]).unwrap();
        assert_eq!(server, url);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        Some(Self { op, server, folder, http: Http::default(), _server: running })
    }

    /// The server and its credential, of `kind` with `keys`.
    pub(crate) fn toml(&self, kind: &str, keys: &str) -> String {
        format!(
            "[[server]]\nname = \"files\"\npolling = \"*\"\nurl = {:?}\ncredential = \"files\"\n\
             [[credential]]\nname = \"files\"\nkind = {kind:?}\nissuer = {:?}\n{keys}\n",
            self.server,
            self.op.issuer(),
        )
    }

    /// The gateway as the client `doorward`.
    pub(crate) fn client(&self) -> String {
        format!("client_id = \"doorward\"\nclient_secret = {{ file = {:?} }}\n", self.folder.path().join("secret"))
    }

    /// What the server saw.
    pub(crate) async fn seen(&self) -> Value {
        let url = self.server.replace("/mcp", "/test-control/seen");
        self.http.get(&url).await.unwrap().json().unwrap()
    }

    /// The server refuses the next `times` requests.
    pub(crate) async fn refuse(&self, times: u64, status: u16, challenge: &str) {
        let url = self.server.replace("/mcp", "/test-control/refuse");
        let body = json!({ "times": times, "status": status, "challenge": challenge });
        self.http.post_json(&url, &body).await.unwrap();
    }

    /// How often the provider granted something by `grant`, and refused it.
    pub(crate) async fn grants(&self, grant: &str) -> (u64, u64) {
        let counts = self.op.counts().await.unwrap();
        let of = |what: &str| counts[what][grant].as_u64().unwrap_or_default();
        (of("granted"), of("refused"))
    }

    /// How often the token endpoint was asked.
    pub(crate) async fn asked(&self) -> u64 {
        self.op.counts().await.unwrap()["requests"]["POST /token"].as_u64().unwrap_or_default()
    }

    /// The next `times` requests to the token endpoint are answered so.
    pub(crate) async fn trouble(&self, times: u64, status: u16, body: &Value) {
        self.op.trouble(&json!({ "path": "/token", "times": times, "status": status, "body": body })).await.unwrap();
    }
}

/// A client of the server.
pub(crate) fn agent(front: &Front) -> Client {
    Client::modern(front, "/mcp/files")
}

/// Who the server says calls.
pub(crate) async fn whoami(client: &Client) -> Value {
    let text = client.call_text("whoami", json!({})).await;
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// What a call is told that was refused for want of a credential.
pub(crate) async fn refused(client: &Client) -> String {
    let answer = client.call("whoami", json!({})).await;
    assert_eq!(answer["error"]["data"], "credential", "{answer}");
    answer.to_string()
}
