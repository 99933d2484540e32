//! Requests of clients, byte for byte.

use crate::text::{asked, assert_text, meta};
use doorward_bridge::{Client, legacy_on_modern, modern_on_legacy};
use doorward_mcp::Id;

#[track_caller]
fn to_legacy(params: &str, expected: &str) {
    let text = format!(r#"{{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{params}}}"#);
    let expected = format!(r#"{{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{expected}}}"#);
    assert_text(modern_on_legacy::request(&asked(&text), &Id::Int(5)), &expected);
}

#[test]
fn what_is_about_this_hop_goes_and_all_else_stays() {
    to_legacy(&format!(r#"{{"name":"t",{}}}"#, meta("")), r#"{"name":"t"}"#);
    to_legacy(&format!(r#"{{{}, "name":"t"}}"#, meta("")), r#"{"name":"t"}"#);
    to_legacy(
        &format!(r#"{{ "arguments":{{"n": 1.10}},{},"name":"t","x":null }}"#, meta(r#", "traceparent":"00-1""#)),
        r#"{ "arguments":{"n": 1.10},"_meta":{"traceparent":"00-1"},"name":"t","x":null }"#,
    );
}

#[test]
fn the_progress_token_becomes_the_id_and_none_is_invented() {
    to_legacy(
        &format!(r#"{{{},"name":"t"}}"#, meta(r#","progressToken":"mine""#)),
        r#"{"_meta":{"progressToken":5},"name":"t"}"#,
    );
    // Not a token in any revision.
    to_legacy(&format!(r#"{{{},"name":"t"}}"#, meta(r#","progressToken":{}"#)), r#"{"name":"t"}"#);
}

#[test]
fn what_a_client_answered_does_not_reach_a_server_that_did_not_ask_so() {
    to_legacy(
        &format!(r#"{{"inputResponses":{{"k":{{}}}},"name":"t","requestState":"s",{}}}"#, meta("")),
        r#"{"name":"t"}"#,
    );
}

#[test]
fn a_case_variant_of_a_protocol_key_does_not_slip_through() {
    to_legacy(
        r#"{"name":"t","_meta":{"IO.modelcontextprotocol/LogLevel":"debug","k":1}}"#,
        r#"{"name":"t","_meta":{"k":1}}"#,
    );
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/PROTOCOLVERSION":"x"}}}"#;
    let client = Client { capabilities: "{}".into(), info: None };
    assert_text(
        legacy_on_modern::request(&asked(text), &Id::Int(2), &client, None, None),
        &format!(r#"{{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{{{}}}}}"#, meta("")),
    );
}

#[test]
fn each_request_without_a_session_says_everything() {
    let client = Client { capabilities: r#"{"roots":{}}"#.into(), info: Some(r#"{"name":"c","version":"1"}"#.into()) };
    let id = Id::Str("x".into());
    let own = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{}},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}}"#;
    assert_text(
        legacy_on_modern::request(
            &asked(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#),
            &id,
            &client,
            None,
            None,
        ),
        &format!(r#"{{"jsonrpc":"2.0","id":"x","method":"tools/list","params":{{{own}}}}}"#),
    );
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","task":{"ttl":1},"_meta":{"progressToken":9,"v":[]}}}"#;
    assert_text(
        legacy_on_modern::request(&asked(text), &id, &client, Some("info"), None),
        r#"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"t","_meta":{"progressToken":"x","v":[],"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{}},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},"io.modelcontextprotocol/logLevel":"info"}}}"#,
    );
}

#[test]
fn a_retry_brings_the_answers_and_the_state_as_it_was() {
    let client = Client { capabilities: "{}".into(), info: None };
    let inputs = [("a".into(), r#"{"action":"accept"}"#.into()), ("a".into(), "{}".into()), ("A".into(), "{}".into())];
    let retry = legacy_on_modern::Retry { inputs: &inputs, state: Some("\u{1}\"/") };
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","requestState":"forged"}}"#;
    assert_text(
        legacy_on_modern::request(&asked(text), &Id::Int(2), &client, None, Some(&retry)),
        &format!(
            r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"t","requestState":"\u0001\"/","inputResponses":{{"a":{{"action":"accept"}}}},{}}}}}"#,
            meta("")
        ),
    );
    // Nobody asked: a state that the client made up goes nowhere.
    assert_text(
        legacy_on_modern::request(&asked(text), &Id::Int(2), &client, None, None),
        &format!(r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"t",{}}}}}"#, meta("")),
    );
}
