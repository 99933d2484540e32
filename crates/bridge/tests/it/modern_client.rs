//! Laws of `modern_on_legacy`: what crosses is valid in the revision of the other side.

use crate::{
    crossing::{
        CALLS, CHANGES, ERRORS, INPUTS, TOLD, answer, assert_is, assert_unknown_survives, crossed, message,
        notification, request, response,
    },
    make::choices,
    schema::{legacy, schema, schemas},
};
use doorward_bridge::{Client, Filter, modern_on_legacy};
use doorward_mcp::{Id, Revision, Side};
use proptest::prelude::*;
use serde_json::{Value, json};

const MODERN: Revision = Revision::LATEST;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_are_valid_with_sessions(mut choices in choices()) {
        if schemas().is_none() { return Ok(()) }
        for (name, _) in CALLS {
            let before = message(&mut choices, MODERN, name);
            let after = crossed(&modern_on_legacy::request(&request(&before, Side::Client), &Id::Int(5)), Side::Client);
            prop_assert_eq!(&after["id"], &json!(5));
            prop_assert_eq!(after["params"]["_meta"].get("progressToken").is_some(), before["params"]["_meta"].get("progressToken").is_some());
            prop_assert!(!after.to_string().contains("io.modelcontextprotocol/protocolVersion"));
            assert_unknown_survives(&before, &after);
            legacy().for_each(|revision| assert_is(&after, revision, name));
        }
    }

    #[test]
    fn results_are_valid_without_sessions(mut choices in choices()) {
        if schemas().is_none() { return Ok(()) }
        for revision in legacy() {
            for (name, result) in CALLS {
                let asked = message(&mut choices, MODERN, name);
                let before = answer(&mut choices, revision, result);
                let server = r#"{"name":"s","version":"1"}"#;
                let after = modern_on_legacy::response(&request(&asked, Side::Client), &response(&before, Side::Server), Some(server));
                let after = crossed(&after, Side::Server);
                prop_assert_eq!(&after["id"], &asked["id"]);
                prop_assert_eq!(&after["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], &json!("s"));
                assert_unknown_survives(&before, &after);
                assert_is(&after["result"], MODERN, result);
                assert_is(&after, MODERN, "JSONRPCResultResponse");
            }
        }
    }

    #[test]
    fn errors_are_valid_without_sessions(mut choices in choices(), code in prop::sample::select(&CODES[..])) {
        if schemas().is_none() { return Ok(()) }
        let asked = request(&message(&mut choices, MODERN, "CallToolRequest"), Side::Client);
        for revision in legacy() {
            for name in ERRORS.into_iter().filter(|name| schema(revision).definition(name).is_some()) {
                let mut before = message(&mut choices, revision, name);
                if name != "URLElicitationRequiredError" {
                    before["error"]["code"] = json!(code);
                }
                let before = response(&before, Side::Server);
                let after = crossed(&modern_on_legacy::response(&asked, &before, None), Side::Server);
                assert_is(&after, MODERN, "JSONRPCErrorResponse");
                let there = after["error"]["code"].as_i64().unwrap();
                prop_assert!(there != -32002 && !(-32099..=-32020).contains(&there));
                if let Some(inputs) = modern_on_legacy::inputs_of_error(&before) {
                    let after = crossed(&modern_on_legacy::input_required(&asked.id, &inputs, "state"), Side::Server);
                    assert_is(&after["result"], MODERN, "InputRequiredResult");
                }
            }
        }
    }

    #[test]
    fn openings_are_valid_on_both_sides(mut choices in choices()) {
        if schemas().is_none() { return Ok(()) }
        let asked = request(&message(&mut choices, MODERN, "DiscoverRequest"), Side::Client);
        let client = Client::of_modern(&asked);
        for revision in legacy() {
            let opening = crossed(&modern_on_legacy::initialize(&Id::Int(1), &client, revision), Side::Client);
            assert_is(&opening, revision, "InitializeRequest");
            let before = answer(&mut choices, revision, "InitializeResult");
            let after = modern_on_legacy::discovered(&asked, &response(&before, Side::Server));
            let after = crossed(&after, Side::Server);
            assert_is(&after["result"], MODERN, "DiscoverResult");
            assert_unknown_survives(&before, &after);
            prop_assert!(after["result"]["capabilities"].get("tasks").is_none());
        }
    }

    #[test]
    fn requests_of_servers_are_valid_as_inputs(mut choices in choices()) {
        if schemas().is_none() { return Ok(()) }
        for revision in legacy() {
            for (name, _) in INPUTS.into_iter().filter(|(name, _)| schema(revision).definition(name).is_some()) {
                let before = message(&mut choices, revision, name);
                let input = modern_on_legacy::input(&request(&before, Side::Server), "key");
                let after = crossed(&modern_on_legacy::input_required(&Id::Int(3), &[input], "state"), Side::Server);
                assert_is(&after["result"], MODERN, "InputRequiredResult");
                let input = &after["result"]["inputRequests"]["key"];
                assert_is(input, MODERN, name);
                prop_assert!(input["params"].get("task").is_none());
                assert_unknown_survives(&before["params"], &input["params"]);
            }
        }
    }

    #[test]
    fn answers_to_inputs_are_valid_with_sessions(mut choices in choices()) {
        if schemas().is_none() { return Ok(()) }
        for (_, result) in INPUTS {
            let value = choices.instance(schema(MODERN), result);
            let retry = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t", "inputResponses": {"key": value}}});
            let retry = request(&retry, Side::Client);
            let value = retry.params().unwrap().get("inputResponses").unwrap().get("key").unwrap();
            let after = crossed(&modern_on_legacy::answer(&Id::Str("s".into()), value), Side::Client);
            prop_assert_eq!(&after["id"], &json!("s"));
            for revision in legacy().filter(|r| schema(*r).definition(result).is_some()) {
                if is_asked_for(&after["result"], revision) {
                    assert_is(&after["result"], revision, result);
                }
            }
        }
    }

    #[test]
    fn notifications_are_valid_without_sessions(mut choices in choices(), id in prop_oneof![Just(json!(3)), Just(json!("3"))]) {
        if schemas().is_none() { return Ok(()) }
        let mut asked = message(&mut choices, MODERN, "CallToolRequest");
        asked["id"] = id.clone();
        let progress = asked["params"]["_meta"].get("progressToken").cloned();
        let logs = asked["params"]["_meta"].get("io.modelcontextprotocol/logLevel").is_some();
        let asked = request(&asked, Side::Client);
        for revision in legacy() {
            for name in TOLD {
                let before = message(&mut choices, revision, name);
                let told = notification(&before);
                let Some(after) = modern_on_legacy::notification(&asked, &told) else {
                    let grave = before["params"]["level"] == "emergency";
                    let dropped = if name == "ProgressNotification" { progress.is_none() } else { !logs || !grave };
                    prop_assert!(dropped);
                    continue;
                };
                let after = crossed(&after, Side::Server);
                assert_is(&after, MODERN, name);
                assert_unknown_survives(&before, &after);
                if name == "ProgressNotification" {
                    prop_assert_eq!(after["params"].get("progressToken"), progress.as_ref());
                }
                prop_assert!(modern_on_legacy::change(&asked, &everything(), &told).is_none());
            }
            for name in CHANGES {
                let before = message(&mut choices, revision, name);
                let told = notification(&before);
                prop_assert!(modern_on_legacy::notification(&asked, &told).is_none());
                prop_assert!(modern_on_legacy::change(&asked, &Filter::default(), &told).is_none());
                let after = crossed(&modern_on_legacy::change(&asked, &everything(), &told).unwrap(), Side::Server);
                assert_is(&after, MODERN, name);
                assert_unknown_survives(&before, &after);
                prop_assert_eq!(&after["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], &id);
            }
            for name in ["TaskStatusNotification", "ElicitationCompleteNotification", "CancelledNotification"] {
                if schema(revision).definition(name).is_some() {
                    let told = notification(&message(&mut choices, revision, name));
                    prop_assert!(modern_on_legacy::notification(&asked, &told).is_none());
                    prop_assert!(modern_on_legacy::change(&asked, &everything(), &told).is_none());
                }
            }
        }
    }

    #[test]
    fn streams_are_valid(mut choices in choices()) {
        if schemas().is_none() { return Ok(()) }
        let before = message(&mut choices, MODERN, "SubscriptionsListenRequest");
        let asked = request(&before, Side::Client);
        let filter = modern_on_legacy::subscribed(&asked);
        let after = crossed(&modern_on_legacy::acknowledged(&asked, &filter), Side::Server);
        assert_is(&after, MODERN, "SubscriptionsAcknowledgedNotification");
        for (key, value) in after["params"]["notifications"].as_object().unwrap() {
            let wanted = &before["params"]["notifications"][key];
            prop_assert!(wanted == value || value.as_array().is_some_and(|uris| uris.iter().all(|u| wanted.as_array().unwrap().contains(u))));
        }
        let after = crossed(&modern_on_legacy::listened(&asked), Side::Server);
        assert_is(&after["result"], MODERN, "SubscriptionsListenResult");
        prop_assert_eq!(&after["id"], &before["id"]);
    }
}

const CODES: [i64; 9] = [-32002, -32042, -32020, -32021, -32099, -32601, -32602, -32000, 5];

fn everything() -> Filter {
    let uris = ["test://a", "file:///tmp/x", "https://example.com/a?b=c#d"];
    Filter { tools: true, prompts: true, resources: true, uris: uris.map(Into::into).to_vec() }
}

/// Whether a server of `revision` can have asked for such an answer: before 2025-11-25 no form has fields of several
/// values, and a model is asked for one block of text, image or, from 2025-03-26 on, sound.
fn is_asked_for(result: &Value, revision: Revision) -> bool {
    let form = result.get("action").and(result.get("content")).and_then(Value::as_object);
    let several = form.is_some_and(|fields| fields.values().any(Value::is_array));
    let block = result.get("model").map(|_| result["content"]["type"].as_str());
    let sampled = match block {
        None => true,
        Some(Some("text" | "image")) => true,
        Some(Some("audio")) => revision >= Revision::V2025_03_26,
        Some(_) => false,
    };
    revision >= Revision::V2025_11_25 || !several && sampled
}
