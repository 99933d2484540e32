//! A server that does not take what it is called with.

use super::{listed, secret};
use crate::{
    client::{Client, is_refused},
    front::Front,
    upstream::{Play, Upstream},
};
use serde_json::json;

#[tokio::test]
async fn what_a_server_says_of_the_gateways_credential_does_not_look_like_the_agents() {
    let folder = tempfile::tempdir().unwrap();
    let server = Upstream::start(|seen| match seen.method().as_str() {
        "tools/call" => Play::Status(401),
        _ => Play::Json(listed(seen)),
    })
    .await;
    let toml = |more: &str| format!("[[server]]\nname = \"crm\"\nurl = \"{}\"\n{more}", server.url());
    let held = format!(
        "credential = \"key\"\n[[credential]]\nname = \"key\"\nkind = \"static\"\n{}",
        secret(&folder, "key", "k-0123456789")
    );
    for more in ["", &held] {
        let front = Front::start(&toml(more)).await;
        let client = Client::modern(&front, "/mcp/crm");
        let before = server.seen_of("tools/call").len();
        let exchange = client.open_call("read", json!({})).await;
        // An agent that sees 401 would throw its own token away.
        assert!(exchange.status != 401, "{}", exchange.status);
        let answer = exchange.answer().await;
        assert!(is_refused(&answer) || answer.get("error").is_some(), "{answer}");
        assert!(!answer.to_string().contains("k-0123456789"));
        assert_eq!(server.seen_of("tools/call").len() - before, 1, "the operator's own is not tried twice");
    }
}
