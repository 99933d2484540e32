//! Agents that get a token for evidence: a role of AWS, a machine with a TPM.

mod machines;
mod roles;

use crate::{client::Client, front::Front, issuing::scene::claims};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::{
        free_port,
        http::{Http, Reply},
    },
};
use serde_json::{Value, json};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A gateway that takes evidence, in front of one server.
struct Scene {
    front: Front,
    issuer: String,
    http: Http,
    _server: Server,
}

impl Scene {
    /// `trust` vouches for the agent `worker`, which may do everything at the server, for somebody who answers for it.
    async fn start(trust: impl Fn(&str) -> String) -> Self {
        let server = Server::start(Options::default()).await.unwrap();
        let port = free_port().unwrap();
        let issuer = format!("http://127.0.0.1:{port}");
        let toml = format!(
            "[authorization]\naccess_token = \"5m\"\n{}\n\
             [[agent]]\nname = \"nightly\"\ntrust = \"field\"\nsubject = \"worker\"\n\
             [[delegation]]\nname = \"nightly-work\"\nagent = \"nightly\"\nowner = \"ops@corp.example\"\nservers = [\"fixture\"]\n{}",
            trust(&issuer),
            crate::front::http_server("fixture", &server.url())
        );
        let front = Front::start_on(port, &toml).await;
        Self { front, issuer, http: Http::default(), _server: server }
    }

    async fn challenge(&self, form: &[(&str, &str)]) -> Reply {
        self.http.post_form(&format!("{}/oauth/challenge", self.issuer), &[], form).await.unwrap()
    }

    async fn token(&self, kind: &str, evidence: &str, proof: Option<&str>, more: &[(&str, &str)]) -> Reply {
        let form = [("grant_type", EXCHANGE), ("subject_token_type", kind), ("subject_token", evidence)];
        let headers: Vec<_> = proof.into_iter().map(|proof| ("dpop", proof)).collect();
        let url = format!("{}/oauth/token", self.issuer);
        self.http.post_form(&url, &headers, &[&form, more].concat()).await.unwrap()
    }

    fn client(&self, authorization: &str) -> Client {
        Client::modern(&self.front, "/mcp/fixture").with_header("authorization", authorization)
    }
}

/// What a token says, that was given for evidence.
fn given(reply: &Reply) -> (String, Value) {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let answer = reply.json().unwrap();
    assert_eq!(answer["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert!(answer.get("refresh_token").is_none(), "{answer}");
    let token = answer["access_token"].as_str().unwrap().to_owned();
    let said = claims(&token);
    assert_eq!((&said["sub"], &said["client_id"]), (&json!("worker"), &json!("worker")));
    assert!(said.get("act").is_none() && said.get("idp").is_none(), "{said}");
    let lives = said["exp"].as_u64().unwrap() - said["iat"].as_u64().unwrap();
    assert!(lives <= 300 && said["att"]["exp"] == said["exp"], "{said}");
    (token, said)
}
