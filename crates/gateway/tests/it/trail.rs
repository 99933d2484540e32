//! The trail tells everything that was done, who did it and how it ended.

use crate::{
    client::Client,
    front::{Front, command_server, http_server, rulings_of},
};
use doorward_audit::{Basis, Event, Payload, Record};
use doorward_testkit::{
    fixture::{Options, Server},
    peers::Fixture,
};
use doorward_vocab::{CallId, Outcome};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

#[tokio::test]
async fn everything_that_a_server_executed_was_decided_and_has_one_end() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one.jsonl"), folder.path().join("two.jsonl"));
    let server = Server::start(Options { log: Some(one.clone()), ..Options::default() }).await.unwrap();
    let words = Fixture::stdio_command(&["--log", two.to_str().unwrap()]).unwrap();
    let front = Front::start(&[http_server("web", &server.url()), command_server("child", &words)].concat()).await;
    for (path, prefixes) in [("/mcp/web", vec![""]), ("/mcp/child", vec![""]), ("/mcp", vec!["web__", "child__"])] {
        for client in Client::both(&front, path).await {
            for prefix in prefixes.clone() {
                for n in 0..3 {
                    client.call(&format!("{prefix}wipe"), json!({ "path": format!("{path}/{n}") })).await;
                    client.call(&format!("{prefix}echo"), json!({ "text": format!("{path}/{n}") })).await;
                    client.call(&format!("{prefix}test_error_handling"), json!({})).await;
                    client.call(&format!("{prefix}nothing"), json!({})).await;
                }
            }
            if !client.is_modern() {
                assert_eq!(client.delete().await, 200);
            }
        }
    }
    let records = front.stop().await;
    let mut decided: HashMap<(String, String), usize> = HashMap::new();
    let (mut calls, mut ends) = (HashSet::<CallId>::new(), HashSet::<CallId>::new());
    for record in &records {
        match &record.event {
            Event::Ruling(r) => {
                assert!(calls.insert(r.call), "{} was decided twice", r.call);
                if let (Some(target), Some(arguments)) = (&r.target, &r.arguments) {
                    *decided.entry((target.to_string(), arguments.digest.to_string())).or_default() += 1;
                }
                // A sink leaves a reader on its own: who, for whom, what, at which server, by which rules.
                assert!(r.agent.id.contains("local") && r.human.as_ref().is_some_and(|h| &*h.name == "ada"), "{r:?}");
                assert!(r.server.is_some());
            }
            Event::Outcome(o) => {
                assert!(calls.contains(&o.call), "it ended before it was decided");
                assert!(ends.insert(o.call), "{} ended twice", o.call);
            }
            _ => {}
        }
    }
    let executed = [one, two].iter().flat_map(|log| lines(log)).collect::<Vec<Value>>();
    assert!(executed.len() >= 2 * (2 * 3 * 3) * 2, "{}", executed.len());
    for call in &executed {
        let key = (
            call["tool"].as_str().unwrap().to_owned(),
            Payload::of(call["arguments"].to_string().as_bytes()).digest.to_string(),
        );
        let left = decided.get_mut(&key).unwrap_or_else(|| panic!("nobody decided about {call}"));
        assert!(*left > 0, "more calls than decisions: {call}");
        *left -= 1;
    }
    for name in ["wipe", "echo", "test_error_handling"] {
        let open: Vec<_> = rulings_of(&records, name).into_iter().filter(|r| !ends.contains(&r.call)).collect();
        assert!(open.is_empty(), "{open:?}");
    }
    let refused = rulings_of(&records, "nothing");
    assert!(refused.iter().all(|r| r.decision == doorward_vocab::Decision::Deny), "{refused:?}");
    assert_eq!(outcomes(&records, "test_error_handling"), HashSet::from([Outcome::Failed]));
    assert_eq!(outcomes(&records, "wipe"), HashSet::from([Outcome::Completed]));
}

fn outcomes(records: &[Record], name: &str) -> HashSet<Outcome> {
    let calls: HashSet<CallId> = rulings_of(records, name).iter().map(|r| r.call).collect();
    let outcome = |r: &Record| match &r.event {
        Event::Outcome(o) if calls.contains(&o.call) => Some(o.outcome),
        _ => None,
    };
    records.iter().filter_map(outcome).collect()
}

fn lines(log: &std::path::Path) -> Vec<Value> {
    std::fs::read_to_string(log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_conversation_is_found_by_its_name_its_trace_or_its_session() {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::over(&server.url()).await;
    let (old, new) = (Client::legacy(&front, "/mcp/fixture").await, Client::modern(&front, "/mcp/fixture"));
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let metas = [
        json!({ "dev.doorward/conversation": "c-1", "dev.doorward/rationale": "the human asked", "traceparent": trace }),
        json!({ "traceparent": trace }),
        json!({}),
    ];
    for (n, meta) in metas.iter().enumerate() {
        for client in [&old, &new] {
            let params = json!({ "name": "wipe", "arguments": { "path": format!("/{n}") }, "_meta": meta });
            assert!(client.ask("tools/call", params).await.get("result").is_some());
        }
    }
    let rulings = front.rulings("wipe", 6).await;
    let basis: Vec<Basis> = rulings.iter().map(|r| r.conversation.basis).collect();
    assert_eq!(basis, [Basis::Explicit, Basis::Explicit, Basis::Trace, Basis::Trace, Basis::Session, Basis::QuietTime]);
    assert_eq!(
        (&*rulings[0].conversation.id.to_string(), rulings[0].rationale.as_deref()),
        ("c-1", Some("the human asked"))
    );
    assert_eq!(rulings[2].trace.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(rulings[2].span.as_deref(), Some("00f067aa0ba902b7"));
    assert_eq!((&*rulings[4].revision, &*rulings[5].revision), ("2025-11-25", "2026-07-28"));
    assert!(rulings[4].session.is_some() && rulings[5].session.is_none());
    assert!(!rulings[0].conversation.ambiguous && rulings[5].conversation.ambiguous);
    // A second call of a conversation follows from the first.
    assert_eq!(rulings[1].parent, Some(rulings[0].call));
}
