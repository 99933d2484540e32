//! What an agent was handed: how far it reaches, and how it ends.

use crate::{
    client::{Client, is_refused, soon, until},
    front::{Front, http_server, rulings_of},
    identity::{Provider, bearer},
};
use doorward_audit::{DelegationChange, Event, Party, Record};
use doorward_store::{Grants, GrantsDb, SystemClock};
use doorward_testkit::fixture::{Options, Server};
use doorward_vocab::{Clock, Decision, ReasonCode};
use http::Method;
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const SECOND: Duration = Duration::from_secs(1);

/// A batch agent that acts for itself.
fn nightly(claims: &mut Value) {
    claims["sub"] = json!("cron-7");
    claims["client_id"] = json!("cron-7");
}

fn own(delegation: &str) -> String {
    format!(
        "[[agent]]\nname = \"nightly\"\ntrust = \"idp\"\nsubject = \"cron-*\"\nclass = \"batch\"\n\
         [[delegation]]\nname = \"backup\"\nagent = \"nightly\"\nowner = \"ops@example.com\"\n{delegation}\n"
    )
}

#[tokio::test]
async fn what_goes_on_ends_within_a_second_of_a_revocation_elsewhere() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let front = Front::start_for_strangers(&(provider.trust("") + &http_server("fixture", &server.url()))).await;
    let (token, other) = (provider.token(|_| ()), provider.token(|c| c["jti"] = json!("t-2")));
    let client = |token: &str| Client::modern(&front, "/mcp/fixture").with_header("authorization", &bearer(token));
    let legacy = client(&token).open_session(json!({})).await;
    let mut listening = legacy.get(None).await;
    assert_eq!(listening.status, 200);
    let params = json!({ "name": "slow", "arguments": { "ms": 600_000 }, "_meta": { "progressToken": 1 } });
    let mut slow = client(&token).open("tools/call", params.clone()).await;
    soon("progress", slow.message()).await.unwrap();
    // Another principal: what it does goes on.
    let another = provider.token(|c| {
        c["jti"] = json!("t-2");
        c["sub"] = json!("u-2");
    });
    let mut others = client(&another).open("tools/call", params).await;
    soon("progress", others.message()).await.unwrap();

    let began = Instant::now();
    let elsewhere = front.grants();
    assert_eq!(elsewhere.revoke("t-1", "ada", SystemClock.now()).unwrap(), ["t-1".into()]);
    while soon("the end of the session's stream", listening.chunk()).await.is_some() {}
    while soon("the end of the call's stream", slow.chunk()).await.is_some() {}
    let took = began.elapsed();
    assert!(took < SECOND, "{took:?}");
    println!("cut {took:?} after the revocation");

    // The token was remembered, and is refused.
    let headers = [("authorization", bearer(&token)), ("content-type", "application/json".to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let refused = crate::client::Exchange::open(front.address, method, "/mcp/fixture", &headers, "{}").await;
        assert_eq!(refused.status, 401);
        let challenge = refused.header("www-authenticate").to_owned();
        assert!(challenge.contains("error=\"invalid_token\"") && challenge.contains("ended"), "{challenge}");
    }
    // A new token of the same agent and human is another delegation; the session that the old one opened is gone.
    let mut fresh = client(&other);
    fresh.session = legacy.session.clone();
    assert_eq!(fresh.post(&fresh.text("1", "tools/list", ""), &[]).await.status, 404);
    assert!(client(&other).call("echo", json!({ "text": "x" })).await.get("result").is_some());
    until("the server to notice", async || {
        (client(&another).counts("").await.get("slow.cancelled")?.as_u64()? == 1).then_some(())
    })
    .await;
    let records = front.records_until(|records| records.iter().any(|r| matches!(&r.event, Event::Delegation(_)))).await;
    let said = records.iter().find_map(|r| if let Event::Delegation(d) = &r.event { Some(d) } else { None }).unwrap();
    assert_eq!((said.change, &*said.id), (DelegationChange::Revoked, "t-1"));
    assert_eq!(said.by, Some(Party::new("ada", "ada")));
    drop(others);
    front.stop().await;
}

#[tokio::test]
async fn a_delegation_reaches_what_it_names_and_nothing_else() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let servers = http_server("fixture", &server.url()) + &http_server("other", &server.url());
    let toml = |own: &str| provider.trust("") + &servers + own;
    let reach = "tools = [\"fixture/echo\", \"fixture/wipe\", \"fixture/count_calls\"]\npurpose = \"nightly backup\"";
    let front = Front::start_for_strangers(&toml("")).await;
    let token = provider.token(nightly);
    let client = |path: &str| Client::modern(&front, path).with_header("authorization", &bearer(&token));
    assert!(is_refused(&client("/mcp/fixture").call("echo", json!({ "text": "x" })).await), "nobody answers for it");

    front.reload(&toml(&own(reach)));
    let names = client("/mcp/fixture").names("tools/list", "tools", "name").await;
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(client("/mcp/fixture").call("echo", json!({ "text": "x" })).await.get("result").is_some());
    let refused = client("/mcp/fixture").call("slow", json!({ "ms": 1 })).await;
    assert!(is_refused(&refused), "{refused}");
    assert!(refused.to_string().contains("outside of what was handed over"), "{refused}");
    assert!(is_refused(&client("/mcp/other").call("echo", json!({ "text": "x" })).await));
    let all = client("/mcp").names("tools/list", "tools", "name").await;
    assert_eq!(all.len(), 3, "{all:?}");

    let ruling = front.rulings("slow", 1).await.remove(0);
    assert_eq!((ruling.decision, ruling.enforced), (Decision::Deny, true));
    assert_eq!(ruling.reasons[0].code, ReasonCode::OutsideDelegation);
    assert!(ruling.reasons[0].text.contains("`fixture/slow` by nightly, delegation `backup`"), "{:?}", ruling.reasons);
    assert_eq!(ruling.delegations, ["backup".into()]);
    assert_eq!((&*ruling.agent.id, &*ruling.agent.name), ("cron-7", "nightly"));
    let proof = ruling.attestation.unwrap();
    assert!(&*proof.method == "oidc" && proof.age_s.is_some_and(|age| age < 60), "{proof:?}");

    // What is only observed is nobody's to try out.
    front.reload(&("mode = \"observe\"\n".to_owned() + &toml(&own(reach))));
    assert!(is_refused(&client("/mcp/fixture").call("slow", json!({ "ms": 1 })).await));
    assert_eq!(client("/mcp/fixture").names("tools/list", "tools", "name").await.len(), 3);

    // Only what reads; and then nothing at all.
    front.reload(&toml(&own("servers = [\"fixture\"]\neffects = [\"read\", \"search\"]")));
    assert!(is_refused(&client("/mcp/fixture").call("wipe", json!({ "path": "/x" })).await));
    front.reload(&toml(""));
    assert!(is_refused(&client("/mcp/fixture").call("echo", json!({ "text": "x" })).await));
    front.stop().await;
}

#[tokio::test]
async fn calls_that_change_something_are_counted_over_all_gateways() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let toml = provider.trust("")
        + &http_server("fixture", &server.url())
        + "effects = { wipe = \"delete\", echo = \"read\" }\n"
        + &own("servers = [\"fixture\"]\nsinks = 3");
    let front = Front::start_for_strangers(&toml).await;
    let beside = front.beside(&toml, Duration::ZERO).await;
    let token = provider.token(nightly);
    let client = |front: &Front| Client::modern(front, "/mcp/fixture").with_header("authorization", &bearer(&token));
    let mut passed = 0;
    for n in 0..6 {
        let at = if n % 2 == 0 { &front } else { &beside };
        passed += u32::from(!is_refused(&client(at).call("wipe", json!({ "path": "/x" })).await));
        assert!(!is_refused(&client(at).call("echo", json!({ "text": "x" })).await), "what reads is not counted");
    }
    assert_eq!(passed, 3);
    let refused = rulings_of(&front.records(), "wipe").into_iter().find(|r| r.decision == Decision::Deny).unwrap();
    assert_eq!(refused.reasons[0].code, ReasonCode::OutsideDelegation);
    beside.stop().await;
    front.stop().await;
}

#[tokio::test]
async fn what_is_grave_asks_for_a_stronger_proof() {
    let (server, provider) = (Server::start(Options::default()).await.unwrap(), Provider::new());
    let toml = provider.trust("")
        + "[assurance]\ndelete = 3\n"
        + &http_server("fixture", &server.url())
        + "effects = { wipe = \"delete\", echo = \"read\" }\nassurance = { \"count_*\" = 4 }\n";
    let front = Front::start_for_strangers(&toml).await;
    let token = provider.token(|_| ());
    let client = Client::modern(&front, "/mcp/fixture").with_header("authorization", &bearer(&token));
    assert!(!is_refused(&client.call("echo", json!({ "text": "x" })).await));
    for (tool, arguments) in [("wipe", json!({ "path": "/x" })), ("count_calls", json!({}))] {
        let refused = client.call(tool, arguments).await;
        assert!(is_refused(&refused) && refused.to_string().contains("A stronger sign-in is needed"), "{refused}");
    }
    let ruling = front.rulings("wipe", 1).await.remove(0);
    assert_eq!((ruling.decision, ruling.reasons[0].code), (Decision::Challenge, ReasonCode::AssuranceTooLow));
    let text = &ruling.reasons[0].text;
    assert!(text.contains("`delete` needs assurance 3") && text.contains("DPoP, mutual TLS or an SVID"), "{text}");
    front.stop().await;
}

#[tokio::test]
async fn what_was_taken_back_while_nobody_ran_is_recorded_once_at_the_next_start() {
    let server = Server::start(Options::default()).await.unwrap();
    let toml = http_server("fixture", &server.url());
    let revoked = |records: &[Record]| -> Vec<(String, String)> {
        let told = |record: &Record| match &record.event {
            Event::Delegation(d) if d.change == DelegationChange::Revoked => {
                Some((d.id.to_string(), d.by.as_ref().map_or_else(String::new, |by| by.name.to_string())))
            }
            _ => None,
        };
        records.iter().filter_map(told).collect()
    };
    let front = Front::start(&toml).await;
    // While it runs it is recorded as ever, and not again at the next start.
    front.grants().revoke("t-1", "ada", SystemClock.now()).unwrap();
    front.records_until(|records| !revoked(records).is_empty()).await;
    let away = |state: &Path| {
        GrantsDb::open(state).unwrap().revoke("t-2", "olga", SystemClock.now()).unwrap();
    };
    let front = front.restart_after(&toml, away).await;
    front.records_until(|records| revoked(records).len() > 1).await;
    let front = front.restart_after(&toml, |_| ()).await;
    front.grants().revoke("t-3", "ada", SystemClock.now()).unwrap();
    let records = front.records_until(|records| revoked(records).iter().any(|(id, _)| id == "t-3")).await;
    let told = revoked(&records);
    let told: Vec<_> = told.iter().map(|(id, by)| (&**id, &**by)).collect();
    assert_eq!(told, [("t-1", "ada"), ("t-2", "olga"), ("t-3", "ada")]);
    front.stop().await;
}
