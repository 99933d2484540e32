//! The wire shape of a vault, which is not the service: it reads the gateway's token with `joserfc`, by the keys that it finds
//! at the issuer.

use super::{echo, seen};
use crate::{client::until, front::Front};
use doorward_testkit::peers::{free_port, http::Http, installed, strict_fixture, wire_shape};
use std::time::Duration;

fn toml(server: &str, vault: &str, more: &str) -> String {
    format!(
        "public_url = \"PUBLIC\"\nmode = \"observe\"\n[[server]]\nname = \"guarded\"\nurl = {server:?}\ncredential = \"crm\"\n\
         [[credential]]\nname = \"crm\"\nkind = \"vault\"\nurl = {vault:?}\nrole = \"mcp\"\npath = \"secret/data/crm\"\n\
         field = \"api_key\"\n{more}"
    )
}

async fn happened(vault: &str) -> Vec<String> {
    let seen = Http::default().get(&format!("{vault}/seen")).await.unwrap().json().unwrap();
    seen.as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_secret_of_a_vault_is_read_once_and_given_back() {
    if !installed("a vault's wire shape").unwrap() {
        return;
    }
    let port = free_port().unwrap();
    let issuer = format!("http://127.0.0.1:{port}");
    let (_vault, vault) = wire_shape(&["--vault-issuer", &issuer, "--subject", "server:guarded"]).unwrap();
    let (_server, url) = strict_fixture(&["--secret", "k-1"]).unwrap();
    let good = toml(&url, &vault, "").replace("PUBLIC", &issuer);
    let front = Front::start_on(port, &good).await;
    for _ in 0..2 {
        let answer = echo(&front, "hello").await;
        assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains("hello"), "{answer}");
    }
    assert_eq!(happened(&vault).await, ["login", "read"]);
    assert_eq!(seen(&url).await.1, [""; 0]);

    // Another gateway with the same store has a login of its own: nobody ends what somebody else holds.
    let other = front.beside(&good, Duration::ZERO).await;
    assert!(echo(&other, "hello").await.get("result").is_some());
    assert_eq!(happened(&vault).await, ["login", "read", "login", "read"]);

    // What is configured changed: what was read before is given back.
    front.reload(&toml(&url, &vault, "namespace = \"other\"\n").replace("PUBLIC", &issuer));
    let given_back = until("the login to be given back", async || {
        let all = happened(&vault).await;
        all.iter().any(|w| w == "revoked").then_some(all)
    });
    assert_eq!(given_back.await, ["login", "read", "login", "read", "revoked"]);
    assert!(echo(&other, "hello").await.get("result").is_some(), "its own login is good still");

    // Another subject is refused at the login, and no call leaves.
    let before = seen(&url).await.0.len();
    front.reload(&toml(&url, &vault, "subject = \"agent:{agent}\"\n").replace("PUBLIC", &issuer));
    let answer = echo(&front, "hello").await;
    assert_eq!(answer["error"]["data"], "credential", "{answer}");
    assert!(!answer.to_string().contains("k-1") && !answer.to_string().contains("hvs."));
    assert!(happened(&vault).await.last().unwrap().starts_with("refused: claims"));
    assert_eq!(seen(&url).await.0.len(), before);
}
