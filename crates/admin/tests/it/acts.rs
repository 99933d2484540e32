use crate::kit::*;
use doorward_admin::*;
use doorward_audit::{DefinitionChange, DelegationChange, Event};
use doorward_vocab::{Digest, Level};
use http::StatusCode;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn what_a_person_changes_is_done_told_and_recorded() {
    let console = Console::start("x").await;
    let browser = console.browser(&[Role::Admin]).await;
    let page = |path: &'static str, form: Vec<(&'static str, String)>, back: &'static str| {
        let browser = browser.clone();
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let got = browser.post(path, &form).await;
            assert_eq!(
                (got.status, got.headers["location"].to_str().unwrap()),
                (StatusCode::SEE_OTHER, back),
                "{}",
                got.text
            );
            let told = browser.get(back).await.text;
            assert!(told.contains("class=\"told\""), "{path}");
            assert!(!browser.get(back).await.text.contains("class=\"told\""), "told twice");
        }
    };
    let own = |name, value: &str| (name, value.to_owned());
    page("/approvals/decide", vec![own("id", "ask x"), own("answer", "decline")], "/approvals").await;
    let digest = Digest::of(b"new").to_string();
    let decide = "/definitions/decide?server=mail&kind=tool&name=x";
    page(decide, vec![own("digest", &digest), own("answer", "approve")], "/definitions?waiting=yes").await;
    page("/delegations/revoke", vec![own("id", "x"), own("reason", "it left")], "/delegations").await;
    page("/level/change", vec![own("level", "lockdown"), own("reason", "under attack")], "/level").await;
    page(
        "/sources/forget",
        vec![own("source", &Digest::of(b"source").to_string()), own("reason", "a test")],
        "/sources",
    )
    .await;
    let told = console.desk.told.lock().clone();
    assert_eq!(
        told,
        ["local ask x false", "local mail/x true", "local revoked x", "local level lockdown: under attack"]
    );
    assert_eq!(*console.desk.level.lock(), Level::Lockdown);
    assert!(console.state.poisoned().unwrap().is_empty());
    let newest = |kind| console.recorded(kind).pop().unwrap().event;
    let Event::Definition(d) = newest("definition") else { panic!() };
    assert!(d.change == DefinitionChange::Approved && d.by.unwrap().id.as_str() == "local");
    let Event::Delegation(d) = newest("delegation") else { panic!() };
    assert!(d.change == DelegationChange::Revoked && d.purpose.unwrap().as_str() == "it left");
    let Event::Config(c) = newest("config") else { panic!() };
    assert!(c.what.as_str().contains("forgotten: a test"));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_a_reason() {
    let console = Console::start("x").await;
    let browser = console.browser(&[Role::Admin]).await;
    for (path, body, status) in [
        ("approvals/decide", json!({ "id": "ask x", "answer": "maybe" }), StatusCode::BAD_REQUEST),
        ("approvals/decide", json!({ "id": "gone", "answer": "approve" }), StatusCode::CONFLICT),
        ("approvals/decide", json!({ "id": ["ask"], "answer": "approve" }), StatusCode::BAD_REQUEST),
        ("delegations/revoke", json!({ "id": "x" }), StatusCode::BAD_REQUEST),
        ("delegations/revoke", json!({ "id": "x", "reason": "x".repeat(501) }), StatusCode::BAD_REQUEST),
        ("level/change", json!({ "level": "off", "reason": "x" }), StatusCode::BAD_REQUEST),
        ("level/change", json!({ "level": "guard", "reason": "x" }), StatusCode::CONFLICT),
        (
            "sources/forget",
            json!({ "source": Digest::of(b"another").to_string(), "reason": "x" }),
            StatusCode::NOT_FOUND,
        ),
        (
            "definitions/decide",
            json!({ "server": "mail", "kind": "tool", "name": "x", "digest": Digest::of(b"old").to_string(), "answer": "approve" }),
            StatusCode::CONFLICT,
        ),
    ] {
        let got = browser.api(&format!("/api/v1/{path}"), &body).await;
        assert_eq!(got.status, status, "{path} {body}: {}", got.text);
        assert!(!got.json()["error"].as_str().unwrap().is_empty());
    }
    assert_eq!(console.desk.told.lock().len(), 1, "only the question that was over was asked about");
}

#[tokio::test]
async fn the_trail_is_proved_on_request() {
    let console = Console::start("x").await;
    let browser = console.browser(&[Role::Responder]).await;
    assert_eq!(browser.get("/api/v1/integrity").await.json()["proof"]["state"], "never");
    assert_eq!(browser.api("/api/v1/integrity/verify", &json!({})).await.status, StatusCode::OK);
    let mut proof = json!({});
    for _ in 0..200 {
        proof = browser.get("/api/v1/integrity").await.json()["proof"].clone();
        if proof["state"] == "done" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((&proof["good"], &proof["problems"]), (&true.into(), &json!([])), "{proof}");
    assert!(proof["records"].as_u64().unwrap() >= 15 && console.whole.trail.size() >= 15);
}
