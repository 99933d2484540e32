//! Other people's clients, which know an address and nothing else.

use super::scene::{Scene, alice};
use doorward_testkit::peers::login::Login;

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
