use crate::kit;
use doorward_audit::{Direction, Event, Ruling};
use doorward_export::{Calls, Format as _, Item, format};
use doorward_testkit::peers::{self, readers};
use doorward_vocab::{Decision, Outcome};
use serde_json::Value;

/// An agent's call, a request of the server while it handles that, and a call that follows; the last one is denied.
fn story() -> Vec<Item> {
    let within = Ruling {
        method: "sampling/createMessage".into(),
        parent: Some(kit::call(1)),
        direction: Direction::ToClient,
        target: None,
        findings: Vec::new(),
        ..kit::whole(kit::call(2), Decision::Allow)
    };
    let after =
        Ruling { parent: Some(kit::call(1)), trace: None, span: None, ..kit::whole(kit::call(3), Decision::Deny) };
    let rulings = [kit::whole(kit::call(1), Decision::Allow), within, after];
    let endings = [(2, Outcome::Completed), (1, Outcome::TimedOut), (3, Outcome::Refused)];
    let rulings = rulings.map(|ruling| Event::Ruling(Box::new(ruling)));
    let endings = endings.map(|(n, outcome)| Event::Outcome(Box::new(kit::ended(kit::call(n), outcome))));
    kit::items(rulings.into_iter().chain(endings).collect())
}

#[test]
fn traces_are_read_by_the_published_messages() {
    if !peers::installed("OTLP traces by opentelemetry-proto").unwrap() {
        return;
    }
    let mut lines = Vec::new();
    format::otlp_traces().write(&story(), &mut lines).unwrap();
    let told: Value = serde_json::from_str(&readers::read_otlp_lines(&lines).unwrap()).unwrap();
    let spans = told["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
    let [within, first, denied] = spans.as_slice() else { panic!("{told}") };
    assert_eq!((&first["name"], &first["kind"]), (&"tools/call send".into(), &"SPAN_KIND_SERVER".into()));
    assert_eq!(
        (&first["traceId"], &first["parentSpanId"]),
        (&"0af7651916cd43dd8448eb211c80319c".into(), &"00f067aa0ba902b7".into())
    );
    assert_eq!(
        (&first["status"]["code"], &attribute(first, "error.type")),
        (&"STATUS_CODE_ERROR".into(), &"timed-out".into())
    );
    assert_eq!(attribute(first, "gen_ai.operation.name"), "execute_tool");
    assert_eq!(attribute(first, "gen_ai.tool.name"), "send");
    assert_eq!(attribute(first, "mcp.method.name"), "tools/call");
    assert_eq!(first["events"].as_array().unwrap().len(), 2);
    let nanos = |name: &str| first[name].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(nanos("endTimeUnixNano") - nanos("startTimeUnixNano"), 25_000_000);

    assert_eq!((&within["kind"], &within["parentSpanId"]), (&"SPAN_KIND_CLIENT".into(), &first["spanId"]));
    assert_eq!(within["name"], "sampling/createMessage");
    assert!(within.get("status").is_none() && attribute(within, "gen_ai.operation.name").is_null());

    // Without a trace of the agent the conversation is one, and what it follows from is no parent.
    assert!(denied.get("parentSpanId").is_none() && denied["traceId"] != first["traceId"]);
    assert_eq!(denied["links"][0]["spanId"], first["spanId"]);
    assert_eq!(
        (attribute(denied, "error.type"), attribute(denied, "doorward.reasons")),
        ("denied".into(), "flow-refused".into())
    );
}

fn attribute(of: &Value, key: &str) -> Value {
    let all = of["attributes"].as_array().unwrap();
    all.iter().find(|a| a["key"] == key).map_or(Value::Null, |a| a["value"]["stringValue"].clone())
}

#[test]
fn logs_are_read_by_the_published_messages() {
    if !peers::installed("OTLP logs by opentelemetry-proto").unwrap() {
        return;
    }
    let items = kit::every_kind();
    let mut lines = Vec::new();
    format::otlp_logs().write(&items, &mut lines).unwrap();
    let told: Value = serde_json::from_str(&readers::read_otlp_lines(&lines).unwrap()).unwrap();
    let logs = told["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap();
    assert_eq!(logs.len(), items.len());
    let named: std::collections::BTreeSet<&str> = logs.iter().map(|log| log["eventName"].as_str().unwrap()).collect();
    assert_eq!(named.len(), 13, "{named:?}");
    // A log of a call stands in its span.
    let of = |name: &str| {
        logs.iter().find(|l| l["eventName"] == name && attribute(l, "doorward.call") == kit::call(2).to_string())
    };
    let (ruling, outcome) = (of("doorward.ruling").unwrap(), of("doorward.outcome").unwrap());
    assert_eq!((&ruling["traceId"], &ruling["spanId"]), (&outcome["traceId"], &outcome["spanId"]));
    assert_eq!(ruling["spanId"].as_str().unwrap().len(), 16);
}

#[test]
fn what_is_told_twice_is_the_same() {
    let traces = || {
        let mut lines = Vec::new();
        format::otlp_traces().write(&story(), &mut lines).unwrap();
        lines
    };
    assert_eq!(traces(), traces());
}

#[test]
fn a_ruling_that_is_not_remembered_is_looked_up() {
    let items = story();
    let (rulings, endings) = items.split_at(3);
    assert!(format::otlp::traces(endings, &mut Calls::default(), None).is_none());
    let known: Vec<_> = rulings.iter().map(|item| item.record.clone()).collect();
    let mut calls = Calls::found_by(move |call| known.iter().find(|record| record.call() == Some(call)).cloned());
    let spans = format::otlp::traces(endings, &mut calls, None).unwrap();
    assert_eq!(spans.resource_spans[0].scope_spans[0].spans.len(), 3);
}

#[test]
fn a_meter_grows_and_has_a_ceiling() {
    let (mut calls, mut meter) = (Calls::default(), format::otlp::Meter::new(kit::at(0)));
    assert!(meter.request(kit::at(1), None).is_none());
    story().iter().for_each(|item| meter.count(item, &mut calls));
    let names = |meter: &format::otlp::Meter| -> Vec<String> {
        let request = meter.request(kit::at(9), None).unwrap();
        request.resource_metrics[0].scope_metrics[0].metrics.iter().map(|metric| metric.name.clone()).collect()
    };
    let all =
        ["mcp.server.operation.duration", "mcp.client.operation.duration", "doorward.rulings", "doorward.findings"];
    assert_eq!(names(&meter), all);
    // Names that strangers choose do not fill memory.
    let many = (0..5000_u32).map(|n| {
        let named = Ruling { target: Some(format!("tool-{n}").into()), ..kit::whole(kit::call(9), Decision::Allow) };
        Event::Ruling(Box::new(named))
    });
    kit::items(many.collect()).iter().for_each(|item| meter.count(item, &mut calls));
    let size = serde_json::to_vec(&meter.request(kit::at(9), None).unwrap()).unwrap().len();
    assert!(size < 4 << 20, "{size}");
}
