//! An issuer that is away, and comes back with other keys.

use crate::{
    client::Exchange,
    front::{Front, http_server},
};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::{
        identity::{OidcProvider, OldKeys},
        installed,
    },
};
use http::Method;
use serde_json::json;
use std::time::Duration;

const PUBLIC: &str = "https://gw.example.com";
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_issuer_may_be_away_for_an_hour_and_its_old_keys_do_not_come_back() {
    if !installed("an issuer that is away").unwrap() {
        return;
    }
    let (server, provider) =
        (Server::start(Options::default()).await.unwrap(), OidcProvider::start(&json!({})).unwrap());
    let toml = format!(
        "level = \"watch\"\npublic_url = \"{PUBLIC}\"\n[[trust]]\nname = \"it\"\nkind = \"oidc\"\nissuer = {:?}\naudience = \"{PUBLIC}/mcp\"\n{}",
        provider.issuer(),
        http_server("fixture", &server.url())
    );
    let front = Front::start_for_strangers(&toml).await;
    let mint = async |name: &str| {
        let ends = crate::issuing::scene::now() + 6 * 3600;
        let claims = json!({ "sub": name, "client_id": "agent-7", "aud": format!("{PUBLIC}/mcp"), "exp": ends });
        provider.mint(&json!({ "claims": claims })).await.unwrap()
    };
    let status = async |token: &str| {
        let authorization = format!("Bearer {token}");
        let headers = [
            ("authorization", &*authorization),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        Exchange::open(front.address, Method::POST, "/mcp/fixture", &headers, ping).await.status
    };
    let let_in = |status: u16| status != 401 && status != 503;
    let old = mint("u-1").await;
    assert!(let_in(status(&old).await));

    let away = |times: u64| json!({ "path": "/jwks", "status": 503, "times": times });
    provider.trouble(&away(1_000_000)).await.unwrap();
    for _ in 0..4 {
        front.pass(15 * MINUTE);
        assert!(let_in(status(&old).await), "a token that is remembered");
        assert!(let_in(status(&mint("u-2").await).await), "a token that was never seen, by a key that is known");
    }
    // Ten minutes for which keys are fresh, and an hour: then nobody is believed, and nobody is told that the token is bad.
    front.pass(11 * MINUTE);
    assert_eq!(status(&old).await, 503);

    provider.rotate(OldKeys::Forget).await.unwrap();
    provider.trouble(&away(0)).await.unwrap();
    front.pass(MINUTE);
    let new = mint("u-3").await;
    assert!(let_in(status(&new).await));
    assert_eq!(status(&old).await, 401, "what the key signed that is no more");
}
