//! Laws of `legacy_on_modern`: what crosses is valid in the revision of the other side.

use crate::{
    crossing::{
        BARE_ERRORS, CALLS, CHANGES, ERRORS, INPUTS, TOLD, answer, assert_is, assert_unknown_survives, crossed,
        message, notification, request, response,
    },
    make::choices,
    schema::{legacy, schema, schemas},
};
use doorward_bridge::{Client, Filter, legacy_on_modern, modern_on_legacy};
use doorward_mcp::{Id, Revision, Side};
use proptest::prelude::*;
use serde_json::{Value, json};

const MODERN: Revision = Revision::LATEST;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn openings_are_valid_on_both_sides(mut choices in choices()) {
        if schemas().is_none() { return Ok(()) }
        for revision in legacy() {
            let mut asked = message(&mut choices, revision, "InitializeRequest");
            asked["params"]["protocolVersion"] = json!(revision.as_str());
            let asked = request(&asked, Side::Client);
            let client = Client::of_initialize(&asked);
            let opening = crossed(&legacy_on_modern::discover(&Id::Int(1), &client), Side::Client);
            assert_is(&opening, MODERN, "DiscoverRequest");
            let before = answer(&mut choices, MODERN, "DiscoverResult");
            let after = legacy_on_modern::initialized(&asked, &response(&before, Side::Server), revision);
            let after = crossed(&after, Side::Server);
            assert_is(&after["result"], revision, "InitializeResult");
            prop_assert_eq!(&after["result"]["protocolVersion"], &json!(revision.as_str()));
            assert_unknown_survives(&before, &after);
            let filter = Filter { tools: true, uris: vec!["test://a".into()], ..Filter::default() };
            let listen = crossed(&legacy_on_modern::listen(&Id::Int(2), &client, &filter), Side::Client);
            assert_is(&listen, MODERN, "SubscriptionsListenRequest");
            prop_assert_eq!(modern_on_legacy::subscribed(&request(&listen, Side::Client)), filter);
        }
    }

    #[test]
    fn requests_are_valid_without_sessions(mut choices in choices(), level in prop::option::of(Just("warning"))) {
        if schemas().is_none() { return Ok(()) }
        for revision in legacy() {
            let opening = request(&message(&mut choices, revision, "InitializeRequest"), Side::Client);
            let client = Client::of_initialize(&opening);
            for (name, _) in CALLS {
                let before = message(&mut choices, revision, name);
                let asked = request(&before, Side::Client);
                let after = crossed(&legacy_on_modern::request(&asked, &Id::Int(5), &client, level, None), Side::Client);
                assert_is(&after, MODERN, name);
                assert_unknown_survives(&before, &after);
                let meta = &after["params"]["_meta"];
                prop_assert_eq!(meta.get("io.modelcontextprotocol/logLevel").is_some(), level.is_some());
                prop_assert_eq!(meta.get("progressToken").is_some(), before["params"]["_meta"].get("progressToken").is_some());
            }
        }
    }

    #[test]
    fn results_are_valid_with_sessions(mut choices in choices()) {
        if schemas().is_none() { return Ok(()) }
        for (name, result) in CALLS {
            let before = answer(&mut choices, MODERN, result);
            let answered = response(&before, Side::Server);
            for revision in legacy() {
                let asked = message(&mut choices, revision, name);
                let after = crossed(&legacy_on_modern::response(&request(&asked, Side::Client), &answered, revision), Side::Server);
                prop_assert_eq!(&after["id"], &asked["id"]);
                assert_unknown_survives(&before, &after);
                assert_is(&after["result"], revision, result);
                for key in ["resultType", "ttlMs", "cacheScope"] {
                    prop_assert!(after["result"].get(key).is_none());
                }
            }
        }
    }

    #[test]
    fn errors_are_valid_with_sessions(mut choices in choices(), (asked, _) in prop::sample::select(&CALLS[..])) {
        if schemas().is_none() { return Ok(()) }
        let mut errors: Vec<Value> = BARE_ERRORS
            .iter()
            .map(|name| json!({"jsonrpc": "2.0", "id": 1, "error": choices.instance(schema(MODERN), name)}))
            .collect();
        let whole = ERRORS.iter().filter(|name| schema(MODERN).definition(name).is_some());
        errors.extend(whole.map(|name| message(&mut choices, MODERN, name)));
        for revision in legacy() {
            let asked = request(&message(&mut choices, revision, asked), Side::Client);
            for before in &errors {
                let after = legacy_on_modern::response(&asked, &response(before, Side::Server), revision);
                let after = crossed(&after, Side::Server);
                let name = if revision < Revision::V2025_11_25 { "JSONRPCError" } else { "JSONRPCErrorResponse" };
                assert_is(&after, revision, name);
                let there = after["error"]["code"].as_i64().unwrap();
                prop_assert!(!(-32099..=-32020).contains(&there));
            }
        }
    }

    #[test]
    fn inputs_are_valid_as_requests_of_servers(mut choices in choices()) {
        if schemas().is_none() { return Ok(()) }
        let before = answer(&mut choices, MODERN, "InputRequiredResult");
        let asked = before["result"].get("inputRequests").and_then(Value::as_object).map_or(0, |o| o.len());
        let Some(required) = legacy_on_modern::required(&response(&before, Side::Server)) else {
            prop_assert!(asked == 0 && before["result"].get("requestState").is_none());
            return Ok(());
        };
        prop_assert_eq!(required.inputs.len(), asked);
        for input in &required.inputs {
            for revision in legacy() {
                let Some(bytes) = legacy_on_modern::ask(&Id::Str("doorward/1".into()), input, revision) else {
                    prop_assert!(revision < Revision::V2025_11_25 && input.method != doorward_mcp::Method::RootsList);
                    continue;
                };
                let after = crossed(&bytes, Side::Server);
                let (name, _) = INPUTS.into_iter().find(|(name, _)| method(revision, name) == Some(input.method.as_str())).unwrap();
                assert_is(&after, revision, name);
            }
        }
    }

    #[test]
    fn answers_are_valid_as_inputs(mut choices in choices()) {
        if schemas().is_none() { return Ok(()) }
        for revision in legacy() {
            let client = Client { capabilities: "{}".into(), info: None };
            let asked = request(&message(&mut choices, revision, "CallToolRequest"), Side::Client);
            let mut inputs = Vec::new();
            for (n, (_, result)) in INPUTS.into_iter().enumerate().filter(|(_, (_, r))| schema(revision).definition(r).is_some()) {
                let before = response(&answer(&mut choices, revision, result), Side::Client);
                inputs.push((format!("key {n}").into(), legacy_on_modern::answered(&before).unwrap()));
            }
            let retry = legacy_on_modern::Retry { inputs: &inputs, state: Some("line\n\"state\"") };
            let after = crossed(&legacy_on_modern::request(&asked, &Id::Int(2), &client, None, Some(&retry)), Side::Client);
            assert_is(&after, MODERN, "CallToolRequest");
            prop_assert_eq!(after["params"]["inputResponses"].as_object().unwrap().len(), inputs.len());
            prop_assert_eq!(&after["params"]["requestState"], &json!("line\n\"state\""));
        }
    }

    #[test]
    fn notifications_are_valid_with_sessions(mut choices in choices()) {
        if schemas().is_none() { return Ok(()) }
        for revision in legacy() {
            let asked = message(&mut choices, revision, "CallToolRequest");
            let progress = asked["params"]["_meta"].get("progressToken").cloned();
            let asked = request(&asked, Side::Client);
            for name in TOLD.into_iter().chain(CHANGES) {
                let before = message(&mut choices, MODERN, name);
                let told = notification(&before);
                prop_assert_eq!(legacy_on_modern::change(&told).is_some(), CHANGES.contains(&name));
                let Some(after) = legacy_on_modern::notification(&asked, &told) else {
                    prop_assert!(name == "ProgressNotification" && !progress.as_ref().is_some_and(|p| p.is_string() || p.is_i64()));
                    continue;
                };
                let after = crossed(&after, Side::Server);
                assert_is(&after, revision, name);
                assert_unknown_survives(&before, &after);
                prop_assert!(!after.to_string().contains("subscriptionId"));
            }
            for name in ["CancelledNotification", "SubscriptionsAcknowledgedNotification"] {
                let told = notification(&message(&mut choices, MODERN, name));
                prop_assert!(legacy_on_modern::notification(&asked, &told).is_none());
            }
        }
    }
}

fn method(revision: Revision, name: &str) -> Option<&'static str> {
    schema(revision).definition(name)?.pointer("/properties/method/const")?.as_str()
}
