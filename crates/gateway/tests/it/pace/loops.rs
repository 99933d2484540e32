//! What goes in circles is held, and what only looks like it is not.

use super::{Scene, configured, looked_at, pause, said};
use crate::{
    approval::{capable, question, retried},
    client::{Client, text_of},
    front::{Front, rulings_of},
};
use doorward_testkit::fixture::{Options, Server};
use doorward_vocab::{Decision, ReasonCode};
use futures_util::future::join_all;
use serde_json::{Value, json};

const WORDS: [&str; 12] =
    ["amber", "birch", "cedar", "delta", "ember", "flint", "grove", "heath", "inlet", "jetty", "knoll", "ledge"];

/// Calls one after the other until one is held: after how many, and as what.
async fn held(client: &Client, name: &str, calls: impl IntoIterator<Item = (String, Value)>) -> Option<(usize, Value)> {
    for (done, (tool, arguments)) in calls.into_iter().enumerate() {
        let answer = said(client, name, &tool, arguments).await;
        if let Some(pause) = pause(&answer) {
            return Some((done, pause.clone()));
        }
    }
    None
}

fn echo(text: String) -> (String, Value) {
    ("echo".to_owned(), json!({ "text": text }))
}

#[tokio::test]
async fn the_six_shapes_end_within_five_repeats() {
    let scene = Scene::start("", "").await;
    let client = scene.client();
    let repeat = held(&client, "repeat", (0..50).map(|_| echo("still nothing".into()))).await.unwrap();
    assert_eq!((repeat.0, &repeat.1["shape"]), (5, &json!("repeat")));

    // Three calls in turn, each with an answer of its own: five rounds at most.
    let page = |n: usize| WORDS.map(|word| format!("{word}{}", WORDS[n % 3])).join(" ");
    let (rounds, found) = held(&client, "cycle", (0..60).map(|n| echo(page(n)))).await.unwrap();
    assert!(rounds <= 15 && ["cycle", "stale"].contains(&found["shape"].as_str().unwrap()), "{rounds} {found}");

    let storm = (0..50).map(|_| ("test_error_handling".to_owned(), json!({})));
    let storm = held(&client, "storm", storm).await.unwrap();
    assert_eq!((storm.0, &storm.1["shape"]), (5, &json!("storm")));

    let stale = (0..50).map(|n| echo(format!("12:0{n} there is no news for you today")));
    let (asked, found) = held(&client, "stale", stale).await.unwrap();
    assert!(asked <= 6 && found["shape"] == "stale", "{asked} {found}");
}

#[tokio::test]
async fn two_servers_that_answer_each_other_end() {
    let (one, two) =
        (Server::start(Options::default()).await.unwrap(), Server::start(Options::default()).await.unwrap());
    let both = format!("{}{}", looked_at("one", &one.url()), looked_at("two", &two.url()));
    let front = Front::start(&both).await;
    let client = Client::modern(&front, "/mcp");
    let volley = (0..50).map(|n| {
        let tool = if n % 2 == 0 { "one__echo" } else { "two__echo" };
        (tool.to_owned(), json!({ "text": format!("thanks, message {n} is for you, over and out to the other one") }))
    });
    let (turns, found) = held(&client, "volley", volley).await.unwrap();
    assert!(turns <= 12 && ["volley", "stale"].contains(&found["shape"].as_str().unwrap()), "{turns} {found}");
}

#[tokio::test]
async fn sixteen_calls_are_open_at_one_time() {
    let scene = Scene::start("", "").await;
    let client = scene.client();
    let slow = |ms: u64| said(&client, "fan", "slow", json!({ "ms": ms }));
    let all = join_all((0..24).map(|n| slow(1_500 + n))).await;
    let held: Vec<&Value> = all.iter().filter_map(pause).collect();
    assert!(held.len() == 8 && held.iter().all(|p| p["shape"] == "fan"), "{held:?}");
    // When they are answered there is room again, and nobody was asked for more of it.
    assert_eq!(pause(&said(&client, "fan", "greet", json!({ "name": "Bo" })).await), None);
    assert_eq!(scene.ran("slow").await, 16);
    let rulings = rulings_of(&scene.front.stop().await, "slow");
    assert_eq!(rulings.iter().filter(|r| r.decision == Decision::Deny).count(), 8);
}

#[tokio::test]
async fn who_goes_in_circles_is_told_and_finds_another_way() {
    let scene = Scene::start("", "").await;
    let client = scene.client();
    let again = || said(&client, "c", "echo", json!({ "text": "nothing yet" }));
    let mut notices = Vec::new();
    for _ in 0..5 {
        let answer = again().await;
        assert_eq!(text_of(&answer).as_deref(), Some("nothing yet"), "{answer}");
        notices.push(answer.pointer("/result/_meta/dev.doorward~1notice/shape").cloned());
    }
    assert_eq!(notices, [None, None, None, Some(json!("repeat")), Some(json!("repeat"))]);
    let held = again().await;
    let told = text_of(&held).unwrap();
    assert!(told.contains("in circles") && told.contains("5 times") && told.contains("another way"), "{held}");
    assert_eq!(held["result"]["isError"], true);
    // Another call passes, and the same one in another conversation does.
    assert_eq!(
        text_of(&said(&client, "c", "echo", json!({ "text": "what else" })).await).as_deref(),
        Some("what else")
    );
    assert_eq!(pause(&said(&client, "d", "echo", json!({ "text": "nothing yet" })).await), None);
    assert_eq!(scene.ran("echo").await, 7);
    let rulings = rulings_of(&scene.front.stop().await, "echo");
    let held: Vec<_> = rulings.iter().filter(|r| r.decision == Decision::Challenge).collect();
    assert!(held.len() == 1 && held[0].enforced && held[0].reasons[0].code == ReasonCode::Loop, "{held:?}");
}

#[tokio::test]
async fn a_person_lifts_what_an_agent_insists_on() {
    let scene = Scene::start("", "").await;
    let client = scene.client().capable(capable());
    let arguments = json!({ "text": "is it there" });
    // No name goes along with the answer to a form, so the conversation is the quiet one.
    for _ in 0..5 {
        assert_eq!(pause(&client.call("echo", arguments.clone()).await), None);
    }
    // First the agent is told, then its person is asked.
    assert!(pause(&client.call("echo", arguments.clone()).await).is_some());
    let asked = client.call("echo", arguments.clone()).await;
    let shown = question(&asked)["message"].as_str().unwrap();
    assert!(shown.contains("5 times") && shown.contains("counted anew"), "{shown}");
    let done = client.ask("tools/call", retried("echo", arguments.clone(), &asked, "accept")).await;
    assert_eq!(text_of(&done).as_deref(), Some("is it there"), "{done}");
    // It is counted anew: that one and four more.
    for _ in 0..4 {
        assert_eq!(pause(&client.call("echo", arguments.clone()).await), None);
    }
    let held = client.call("echo", arguments).await;
    assert!(pause(&held).is_some(), "{held}");
    assert_eq!(scene.ran("echo").await, 10);
    let rulings = rulings_of(&scene.front.stop().await, "echo");
    assert!(rulings.iter().any(|r| r.reasons[0].text.contains("ada lets it go on")), "{rulings:#?}");
}

#[tokio::test]
async fn waiting_is_no_loop() {
    // The operator says so, for many more than any patience.
    let server = Server::start(Options::default()).await.unwrap();
    let said = configured(&server.url(), "", "").replace("\"count_calls\"", "\"echo\"");
    let front = Front::start(&said).await;
    let calls = (0..40).map(|_| echo("running".into()));
    assert_eq!(held(&Client::modern(&front, "/mcp/fixture"), "poll", calls).await, None);
}

#[tokio::test]
async fn it_is_learned_which_tools_are_worth_asking_again() {
    let scene = Scene::start("", "").await;
    let client = scene.client();
    let read = || ("read_note".to_owned(), json!({ "key": "k" }));
    let write = |body: &str| ("write_note".to_owned(), json!({ "key": "k", "body": body }));
    // Three equal answers, and then another one: it was worth it.
    let first = [write("queued"), read(), read(), read(), write("done after all"), read()];
    assert_eq!(held(&client, "first", first).await, None);
    assert_eq!(held(&client, "later", (0..20).map(|_| read())).await, None);
}

#[tokio::test]
async fn honest_work_goes_on() {
    let scene = Scene::start("", "").await;
    let client = scene.client();
    let words =
        |n: usize| (0..12).map(|i| format!("{}{}", WORDS[n % 12], WORDS[(n / 12 + i) % 12])).collect::<Vec<_>>();
    let pages = (0..60).map(|n| ("write_note".to_owned(), json!({ "key": n.to_string(), "body": words(n).join(" ") })));
    assert_eq!(held(&client, "writes", pages).await, None);
    let reads = (0..60).map(|n| ("read_note".to_owned(), json!({ "key": n.to_string() })));
    assert_eq!(held(&client, "reads", reads).await, None);
}

#[tokio::test]
async fn who_only_observes_is_told_what_would_wait() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::start(&format!("level = \"watch\"\n{}", configured(&server.url(), "", ""))).await;
    let client = Client::modern(&front, "/mcp/fixture");
    for _ in 0..9 {
        let answer = said(&client, "c", "echo", json!({ "text": "again" })).await;
        assert_eq!(text_of(&answer).as_deref(), Some("again"));
        assert_eq!(answer.pointer("/result/_meta/dev.doorward~1notice"), None, "{answer}");
    }
    let rulings = rulings_of(&front.stop().await, "echo");
    let would: Vec<_> =
        rulings.iter().filter(|r| r.reasons.iter().any(|reason| reason.code == ReasonCode::Loop)).collect();
    assert!(would.len() == 4 && would.iter().all(|r| !r.enforced), "{rulings:#?}");
}
