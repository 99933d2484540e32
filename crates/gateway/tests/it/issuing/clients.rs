//! Other people's clients, which know an address and nothing else.

use super::scene::{Scene, alice};
use doorward_testkit::peers::{
    free_port,
    login::{self, Login},
};
use serde_json::json;

#[tokio::test]
async fn stock_clients_find_the_way_log_in_call_and_renew() {
    let Some(scene) = Scene::start("").await else { return };
    for client in Login::all() {
        let mut browser = alice().types("answer", "allow");
        let walk = client.walk(&scene.url("/mcp/fixture"), None, &mut browser).await.unwrap();
        assert!(walk.ok, "{}: {}", client.name, walk.summary);
        assert!(walk.summary["client"].as_str().unwrap().starts_with("c_"), "{}", walk.summary);
    }
}

#[tokio::test]
async fn the_official_suite_finds_an_authorization_server() {
    let Some(scene) = Scene::start("").await else { return };
    let port = free_port().unwrap();
    let body = json!({ "client_name": "Conformance", "redirect_uris": [format!("http://127.0.0.1:{port}/callback")] });
    let client = scene.http.post_json(&scene.url("/oauth/register"), &body).await.unwrap().json().unwrap();
    let id = client["client_id"].as_str().unwrap();
    let mut browser = alice().types("answer", "allow");
    let said = login::conformance(&scene.issuer, id, port, &scene.url("/mcp/fixture"), &mut browser).await.unwrap();
    assert!(
        said.contains("authorization-code-grant") && !said.contains("FAILURE") && !said.contains("SKIPPED"),
        "{said}"
    );
}
