//! What is used up is a pause: with what is left, with when there is more, and with a person who can give more.

use super::{Scene, configured, pause, said};
use crate::{
    approval::{capable, question, refusal, retried},
    client::{Client, text_of},
    front::rulings_of,
};
use doorward_vocab::{Decision, ReasonCode};
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn echo(client: &Client, conversation: &str, n: usize) -> Value {
    said(client, conversation, "echo", json!({ "text": format!("call {n} of {conversation}") })).await
}

fn quota(of: &str, more: &str) -> String {
    format!("[[quota]]\nof = \"{of}\"\n{more}\n")
}

#[tokio::test]
async fn a_conversation_has_so_much_in_all_until_its_person_gives_more() {
    let scene = Scene::start("", &quota("conversation", "calls = 3")).await;
    let client = scene.client().capable(capable());
    let call = |n: usize| client.call("echo", json!({ "text": format!("call {n}") }));
    for n in 0..3 {
        assert_eq!(text_of(&call(n).await).unwrap(), format!("call {n}"));
    }
    let asked = call(3).await;
    let shown = question(&asked)["message"].as_str().unwrap();
    assert!(shown.contains("the conversation has 0 calls left") && shown.contains("all of that anew"), "{shown}");
    // A no is a no to more of it, whatever call it was asked for.
    let declined = client.ask("tools/call", retried("echo", json!({ "text": "call 3" }), &asked, "decline")).await;
    assert!(refusal(&declined).contains("declined"), "{declined}");
    assert!(refusal(&call(4).await).contains("declined"));
    assert_eq!(scene.ran("echo").await, 3);
    // Another conversation has its own, and its person says yes.
    let words = ["amber", "birch", "cedar", "delta", "ember", "flint", "grove"];
    let named = |word: &str| {
        let text = word.to_owned();
        let client = &client;
        async move { said(client, "other", "echo", json!({ "text": text })).await }
    };
    for word in &words[..3] {
        assert_eq!(text_of(&named(word).await).as_deref(), Some(*word));
    }
    let asked = named("delta").await;
    let mut params = retried("echo", json!({ "text": "delta" }), &asked, "accept");
    params["_meta"] = json!({ "dev.doorward/conversation": "other" });
    let done = client.ask("tools/call", params).await;
    assert_eq!(text_of(&done).as_deref(), Some("delta"), "{done}");
    // Three more: that one and two.
    for word in &words[4..6] {
        assert_eq!(text_of(&named(word).await).as_deref(), Some(*word));
    }
    question(&named("grove").await);
}

#[tokio::test]
async fn who_waits_is_told_how_long() {
    let scene = Scene::start("", &quota("tool", "calls = 2\nwithin = \"1h\"")).await;
    let client = scene.client().capable(capable());
    for n in 0..2 {
        assert_eq!(pause(&echo(&client, &format!("c{n}"), n).await), None);
    }
    // Nobody gives more of a tool, so nobody is asked.
    let held = echo(&client, "c2", 2).await;
    let told = pause(&held).unwrap();
    assert_eq!((&told["of"], &told["unit"], &told["left"]), (&json!("tool"), &json!("calls"), &json!(0)));
    let wait = told["retryAfter"].as_u64().unwrap();
    assert!((1_700..=1_801).contains(&wait), "{wait}");
    let text = refusal(&held);
    assert!(text.contains("the tool has 0 calls left") && text.contains("tell the user"), "{text}");
    // Another tool has its own.
    assert_eq!(pause(&said(&client, "c2", "greet", json!({ "name": "Bo" })).await), None);
    let rulings = rulings_of(&scene.front.stop().await, "echo");
    let last = rulings.last().unwrap();
    assert_eq!((last.decision, last.reasons[0].code), (Decision::Deny, ReasonCode::UsedUp));
}

#[tokio::test]
async fn of_many_at_once_as_many_go_as_there_is() {
    for (of, more) in [("pair", "calls = 10\nwithin = \"1h\""), ("tenant", "calls = 10\nwithin = \"1h\"")] {
        let scene = Scene::start("", &quota(of, more)).await;
        let clients = [scene.client(), Client::legacy(&scene.front, "/mcp/fixture").await];
        let all = join_all((0..40).map(|n| {
            let client = &clients[n % 2];
            async move { said(client, &format!("c{}", n % 8), "slow", json!({ "ms": 50 + n })).await }
        }))
        .await;
        assert_eq!(all.iter().filter(|answer| pause(answer).is_none()).count(), 10, "{of}: {all:#?}");
    }
}

#[tokio::test]
async fn what_was_reserved_is_settled_by_what_came() {
    // An answer of 4 KiB is many times of what is reserved for the first one.
    let scene = Scene::start("", &quota("conversation", "tokens = 2_500\nwithin = \"1d\"")).await;
    let client = scene.client();
    let big = |bytes: u64| said(&client, "c", "big", json!({ "bytes": bytes }));
    let mut gone = 0;
    while pause(&big(4_096 + gone).await).is_none() {
        gone += 1;
        assert!(gone < 9, "nothing is counted");
    }
    assert!((1..=3).contains(&gone), "{gone}");
    let held = big(1).await;
    let told = pause(&held).unwrap();
    assert_eq!((&told["of"], &told["unit"]), (&json!("conversation"), &json!("tokens")), "{held}");
    // Elsewhere nothing was used.
    assert_eq!(pause(&said(&client, "d", "big", json!({ "bytes": 4_096 })).await), None);
}

#[tokio::test]
async fn what_never_comes_back_is_not_open_for_ever() {
    let scene = Scene::start("timeout = \"200ms\"\n", "").await;
    let client = scene.client();
    let names = ["c0", "c1", "c2", "c3"];
    for (n, name) in names.iter().enumerate() {
        let all = join_all((0..5).map(|i| said(&client, name, "slow", json!({ "ms": 900 + i }))));
        drop(tokio::time::timeout(std::time::Duration::from_millis(if n % 2 == 0 { 20 } else { 5_000 }), all).await);
    }
    // Of none of these conversations is anything open, so sixteen go at once.
    for n in names {
        let all = join_all((0..16).map(|i| said(&client, n, "greet", json!({ "name": format!("{i}") })))).await;
        let held: Vec<&Value> = all.iter().filter_map(pause).filter(|p| p["shape"] == "fan").collect();
        assert!(held.is_empty(), "{n}: {held:?}");
    }
}

#[tokio::test]
async fn other_quotas_hold_from_when_they_are_in_force() {
    let scene = Scene::start("", &quota("human", "calls = 2\nwithin = \"1h\"")).await;
    let client = scene.client();
    for n in 0..3 {
        assert_eq!(pause(&echo(&client, "c", n).await).is_some(), n == 2);
    }
    scene.front.reload(&configured(&scene.url, "", &quota("human", "off = true")));
    assert_eq!(pause(&echo(&client, "c", 3).await), None);
}
