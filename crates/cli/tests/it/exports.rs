//! A running gateway tells others what it records, and what watches it names what it counts.

use crate::{
    live::{Connection, Live, PATIENCE, http_server},
    place::Place,
};
use doorward_testkit::peers::{self, Fixture, http::Http, readers};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

fn ops(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops").join(file)
}

const WATCHING: [&str; 2] = ["prometheus/doorward.rules.yml", "grafana/doorward.json"];

/// Every name of ours in the text.
fn named(text: &str) -> BTreeSet<&str> {
    let word = |c: char| c.is_ascii_lowercase() || c == '_';
    let starts = text.match_indices("doorward_").map(|(at, _)| &text[at..]);
    starts.map(|rest| &rest[..rest.find(|c| !word(c)).unwrap_or(rest.len())]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_is_told_and_a_dead_receiver_is_seen() {
    if !peers::installed("a gateway with exports").unwrap() {
        return;
    }
    let place = Place::new();
    let server = Fixture::start(&[]).unwrap();
    let (_receiver, url) = readers::otlp_receiver(&[]).unwrap();
    let dead = peers::free_port().unwrap();
    let toml = format!(
        "{}\n[[export]]\nname = 'collector'\nkind = 'otlp'\nurl = '{url}'\n\
         [[export]]\nname = 'dead'\nkind = 'syslog'\nurl = 'tcp://127.0.0.1:{dead}'\nbegin = 'oldest'\n",
        http_server("fixture", server.url())
    );
    let live = Live::start(&place, &toml);
    let mut all = Connection::open(&live.base, "/mcp").await.unwrap();
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let meta = json!({ "traceparent": format!("00-{trace}-{span}-01") });
    all.ask("tools/list", json!({})).await.unwrap();
    let start = Instant::now();
    // An export begins within a quarter of a minute; from then on what is recorded is told.
    let told = loop {
        let params = json!({ "name": "fixture__echo", "arguments": { "text": "x" }, "_meta": meta });
        assert!(all.ask("tools/call", params).await.unwrap().get("result").is_some());
        let seen = Http::default().get(&format!("{url}/seen")).await.unwrap().json().unwrap();
        if let Some(span) = spans(&seen).into_iter().find(|span| span["name"] == "tools/call echo") {
            break span;
        }
        assert!(start.elapsed() < PATIENCE, "{seen}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(
        (&told["traceId"], &told["parentSpanId"], &told["kind"]),
        (&trace.into(), &span.into(), &"SPAN_KIND_SERVER".into())
    );
    assert!(told.get("status").is_none(), "{told}");

    let metrics = loop {
        let metrics = live.metrics().await;
        if metrics.contains("doorward_export_up{export=\"dead\"} 0") {
            break metrics;
        }
        assert!(start.elapsed() < PATIENCE, "{metrics}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(metrics.contains("doorward_export_up{export=\"collector\"} 1"), "{metrics}");
    let counted: BTreeSet<&str> = metrics.lines().filter(|line| !line.starts_with('#')).flat_map(named).collect();
    for file in WATCHING {
        let text = fs::read_to_string(ops(file)).unwrap();
        let missing: Vec<_> = named(&text).into_iter().filter(|name| !counted.contains(name)).collect();
        assert!(missing.is_empty(), "`{file}` names {missing:?}, which nobody counts");
        assert!(named(&text).len() > 8);
    }
}

fn spans(seen: &Value) -> Vec<Value> {
    let requests = seen.as_array().unwrap().iter().filter(|one| one["path"] == "/v1/traces");
    requests
        .flat_map(|one| {
            one["request"]["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned().unwrap_or_default()
        })
        .collect()
}

#[test]
fn rules_are_what_promtool_takes() {
    let rules = ops(WATCHING[0]);
    match Command::new("promtool").args(["check", "rules"]).arg(&rules).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        // Through the standard error of the process, as for other peers that are not there.
        Err(error) => {
            let _ =
                std::io::Write::write_all(&mut std::io::stderr(), format!("skipped: promtool: {error}\n").as_bytes());
        }
    }
}

#[test]
fn the_dashboard_is_whole() {
    let text = fs::read_to_string(ops(WATCHING[1])).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    for panel in panels {
        let at = &panel["gridPos"];
        assert!(at["x"].as_u64().unwrap() + at["w"].as_u64().unwrap() <= 24, "{panel}");
        assert!(!panel["targets"].as_array().unwrap().is_empty());
    }
}
