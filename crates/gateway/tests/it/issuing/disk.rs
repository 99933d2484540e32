//! What somebody finds who has a copy of the disk.

use super::scene::{Scene, VERIFIER};
use crate::client::Client;
use doorward_store::KeptKind;
use doorward_testkit::memory::find;
use serde_json::json;
use std::{fs, path::Path};

/// Sessions, clients, codes, families and keys are kept, and none of what opens something stands in the database, its log
/// or any other file.
#[tokio::test]
async fn nothing_that_opens_something_stands_on_the_disk() {
    let Some(scene) = Scene::start("").await else { return };
    let planted = "planted-4711-in-what-a-client-said";
    let id = scene.register().await;
    let tokens = scene.tokens(&id, "/mcp").await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let (access, refresh) = (text(&tokens["access_token"]), text(&tokens["refresh_token"]));
    let renewed = scene.refresh(&id, &refresh).await.json().unwrap();
    let code = scene.code(&id, "/mcp").await;
    let client = Client::modern(&scene.front, "/mcp/fixture").with_header("authorization", &format!("Bearer {access}"));
    let client = client.open_session(json!({ "experimental": { "x": { "y": planted } } })).await;
    let session = client.session.clone().unwrap();
    scene.front.gateway.sweep().await;

    let kept = scene.front.kept();
    for kind in [KeptKind::Session, KeptKind::Client, KeptKind::Code, KeptKind::Family, KeptKind::Keys] {
        assert!(!kept.all(kind).unwrap().is_empty(), "{kind:?}");
    }
    let secrets = [
        access,
        refresh,
        text(&renewed["refresh_token"]),
        text(&renewed["access_token"]),
        code,
        session,
        planted.to_owned(),
        VERIFIER.to_owned(),
        "gateway-secret".to_owned(),
    ];
    // While it runs, with the log of the database beside it, and after it wrote everything down.
    search(scene.front.state_dir(), &secrets);
    let log = scene.front.state_dir().join("sessions.db-wal");
    assert!(fs::metadata(log).is_ok_and(|meta| meta.len() > 0), "the log was looked at too");
    let scene = scene.restart().await;
    search(scene.front.state_dir(), &secrets);
}

fn search(folder: &Path, secrets: &[String]) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, secrets);
            continue;
        }
        let Ok(bytes) = fs::read(&path) else { continue };
        for secret in secrets {
            // The last part of a token is random where its beginning is not.
            let end = &secret[secret.len().saturating_sub(24)..];
            assert!(find(&bytes, end.as_bytes()).is_none(), "`{secret}` in `{}`", path.display());
        }
    }
}
