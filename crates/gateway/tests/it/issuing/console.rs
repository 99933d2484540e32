//! A person signs in to the console at a certified provider, through the address of the authorization server.

use super::scene::{Scene, alice};

const CONSOLE: &str = "[console]\npublic_url = \"https://console.example\"\nlogin = \"corp\"\n";

#[tokio::test]
async fn a_person_comes_back_to_the_console_and_is_who_the_provider_says() {
    let Some(scene) = Scene::with("", |_, _| CONSOLE.to_owned()).await else { return };
    let gateway = &scene.front.gateway;
    assert!(gateway.can_sign_in("corp") && !gateway.can_sign_in("elsewhere"));
    assert!(gateway.begin_sign_in("elsewhere", "console-a").await.is_err());
    let begun = gateway.begin_sign_in("corp", "console-a").await.unwrap();
    let back = alice().travel(&begun.to, "https://console.example/").await.unwrap().redirected().unwrap();
    assert!(back.path() == "/sign-in/callback" && back.as_str().contains("state=console-a"), "{back}");
    let query = back.query().unwrap();
    // The code is for the sign-in that began it, and no other.
    let other = gateway.begin_sign_in("corp", "console-b").await.unwrap();
    assert!(gateway.finish_sign_in(&other, query).await.is_err());
    assert!(gateway.finish_sign_in(&begun, "state=console-a&error=access_denied").await.is_err());

    let begun = gateway.begin_sign_in("corp", "console-c").await.unwrap();
    let back = alice().travel(&begun.to, "https://console.example/").await.unwrap().redirected().unwrap();
    let human = gateway.finish_sign_in(&begun, back.query().unwrap()).await.unwrap().human;
    assert_eq!((&*human.id, &*human.issuer), ("alice", scene.op.issuer()));
    assert!(gateway.finish_sign_in(&begun, back.query().unwrap()).await.is_err(), "a code is good once");
}
