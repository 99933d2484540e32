//! On behalf of a person: the token that an agent presents becomes one for the server, which says who acts.

use super::scene::{Scene, refused, whoami};
use crate::{client::Client, front::Front, identity::bearer};
use doorward_testkit::peers::free_port;
use serde_json::json;

/// A gateway whose statements the provider believes, and whose callers show tokens of the provider.
struct Both {
    scene: Scene,
    front: Front,
    issuer: String,
}

const KEYS: &str = "subject = \"presented\"\nscopes = [\"files:read\"]\n";

impl Both {
    async fn start(keys: &str) -> Option<Self> {
        Self::of("token-exchange", keys).await
    }

    async fn of(kind: &str, keys: &str) -> Option<Self> {
        let port = free_port().unwrap();
        let issuer = format!("http://127.0.0.1:{port}");
        let trusted = json!([{ "issuer": issuer, "jwks_uri": format!("{issuer}/oauth/jwks") }]);
        let keyed = json!({
            "client_id": "keyed", "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256",
            "jwks_uri": format!("{issuer}/oauth/jwks"), "grant_types": ["client_credentials"], "redirect_uris": [],
            "response_types": [],
        });
        let clients = json!([Scene::known(), keyed]);
        let scene = Scene::start(300, &json!({ "trusted": trusted, "clients": clients, "loopback": true })).await?;
        let toml = toml(&scene, &issuer, kind, &(scene.client() + keys));
        let front = Front::start_on(port, &toml).await;
        Some(Self { scene, front, issuer })
    }

    fn toml(&self, kind: &str, keys: &str) -> String {
        toml(&self.scene, &self.issuer, kind, keys)
    }

    /// What an agent shows that acts for somebody.
    async fn token(&self, human: &str, agent: &str) -> String {
        let claims = json!({ "sub": human, "client_id": agent, "aud": format!("{}/mcp", self.issuer), "scope": "mcp" });
        self.scene.op.mint(&json!({ "claims": claims, "header": { "typ": "at+jwt" } })).await.unwrap()
    }

    async fn agent(&self, human: &str, agent: &str) -> Client {
        Client::modern(&self.front, "/mcp/files").with_header("authorization", &bearer(&self.token(human, agent).await))
    }
}

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

#[tokio::test]
async fn each_person_and_agent_has_a_token_that_says_both() {
    let Some(both) = Both::start(KEYS).await else { return };
    for (human, agent) in [("alice", "agent-7"), ("bob", "agent-7"), ("alice", "agent-8")] {
        let client = both.agent(human, agent).await;
        let claims = whoami(&client).await;
        assert_eq!((&claims["sub"], &claims["aud"]), (&json!(human), &json!(both.scene.server)), "{claims}");
        assert_eq!(claims["act"], json!({ "sub": agent, "iss": both.issuer }), "{claims}");
        whoami(&client).await;
    }
    assert_eq!(both.scene.grants(EXCHANGE).await, (3, 0));
    assert_eq!(both.scene.seen().await["tokens"], 3);
}

#[tokio::test]
async fn what_an_exchange_gives_must_be_what_was_asked_for() {
    let Some(both) = Both::start(KEYS).await else { return };
    let server = both.scene.server.clone();
    let act = json!({ "sub": "agent-7", "iss": both.issuer });
    let access = "urn:ietf:params:oauth:token-type:access_token";
    for (n, (why, claims, kind, good)) in [
        ("right", json!({ "sub": "alice", "aud": server, "act": act }), access, true),
        ("the actor is left out", json!({ "sub": "alice", "aud": server }), access, true),
        ("another actor", json!({ "sub": "alice", "aud": server, "act": { "sub": "agent-8" } }), access, false),
        ("another person", json!({ "sub": "bob", "aud": server, "act": act }), access, false),
        ("another server", json!({ "sub": "alice", "aud": "https://other.example/mcp", "act": act }), access, false),
        ("for nobody", json!({ "sub": "alice", "act": act }), access, false),
        (
            "another type",
            json!({ "sub": "alice", "aud": server, "act": act }),
            "urn:ietf:params:oauth:token-type:id_token",
            false,
        ),
        ("over", json!({ "sub": "alice", "aud": server, "act": act, "exp": 1_700_000_000 }), access, false),
    ]
    .into_iter()
    .enumerate()
    {
        let token = both.scene.op.mint(&json!({ "claims": claims })).await.unwrap();
        let body =
            json!({ "access_token": token, "issued_token_type": kind, "token_type": "Bearer", "expires_in": 300 });
        both.scene.trouble(1, 200, &body).await;
        // Each time another delegation of work, so that nothing is kept from before: another agent would be another actor.
        let front = both.front.beside(&toml_of(&both, n), std::time::Duration::ZERO).await;
        let client = Client::modern(&front, "/mcp/files")
            .with_header("authorization", &bearer(&both.token("alice", "agent-7").await));
        match good {
            true => assert_eq!(whoami(&client).await["sub"], "alice", "{why}"),
            false => assert!(refused(&client).await.contains("There is no credential"), "{why}"),
        }
    }
}

/// The same with a setting that changes nothing but the credential's identity.
fn toml_of(both: &Both, n: usize) -> String {
    let keys = format!("{KEYS}lifetime = \"{}s\"\n", 60 + n);
    both.toml("token-exchange", &(both.scene.client() + &keys))
}

fn toml(scene: &Scene, issuer: &str, kind: &str, keys: &str) -> String {
    format!(
        "level = \"watch\"\npublic_url = {issuer:?}\n[authorization]\n[[trust]]\nname = \"corp\"\nkind = \"oidc\"\n\
         issuer = {:?}\nclient_id = \"gateway\"\naudience = \"{issuer}/mcp\"\n{}",
        scene.op.issuer(),
        scene.toml(kind, keys),
    )
}

#[tokio::test]
async fn without_a_token_there_is_nothing_to_exchange() {
    let Some(both) = Both::start("subject = \"login\"\n").await else { return };
    let told = refused(&both.agent("alice", "agent-7").await).await;
    assert!(told.contains("has to sign in again"), "{told}");
    assert_eq!(both.scene.asked().await, 0);
}

#[tokio::test]
async fn the_gateway_says_itself_who_it_is_for() {
    let keys = "subject = \"human\"\nscopes = [\"files:read\"]\n";
    let Some(both) = Both::of("jwt-bearer", keys).await else { return };
    let client = both.agent("alice", "agent-7").await;
    let claims = whoami(&client).await;
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("alice"), &json!(both.scene.server)), "{claims}");
    assert_eq!(claims["act"]["sub"], "agent-7", "{claims}");
    whoami(&client).await;
    assert_eq!(whoami(&both.agent("bob", "agent-7").await).await["sub"], "bob");
    assert_eq!(both.scene.grants("urn:ietf:params:oauth:grant-type:jwt-bearer").await, (2, 0));
}

#[tokio::test]
async fn the_gateway_proves_who_it_is_by_its_own_key() {
    let Some(both) = Both::of("client-credentials", "").await else { return };
    let keys = "client_id = \"keyed\"\nclient_key = \"gateway\"\n";
    let toml = both.toml("client-credentials", keys);
    both.front.reload(&toml);
    assert_eq!(whoami(&both.agent("alice", "agent-7").await).await["client_id"], "keyed");
}
