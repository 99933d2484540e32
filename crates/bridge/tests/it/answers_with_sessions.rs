//! What servers with sessions answer to clients without, byte for byte.

use crate::text::{answered, asked, assert_text};
use doorward_bridge::{legacy_on_modern, modern_on_legacy};
use doorward_mcp::{Method, Revision};

#[track_caller]
fn check(method: &str, answer: &str, expected: &str) {
    let asked = asked(&format!(r#"{{"jsonrpc":"2.0","id":"a","method":"{method}","params":{{"uri":"test://a"}}}}"#));
    let answer = answered(&format!(r#"{{"jsonrpc":"2.0","id":7,{answer}}}"#));
    let expected = format!(r#"{{"jsonrpc":"2.0","id":"a",{expected}}}"#);
    assert_text(modern_on_legacy::response(&asked, &answer, None), &expected);
}

#[test]
fn a_result_is_complete_and_a_list_is_not_to_be_kept() {
    check(
        "tools/call",
        r#""result":{"content":[ ],"x":1.0}"#,
        r#""result":{"content":[ ],"x":1.0,"resultType":"complete"}"#,
    );
    check(
        "prompts/list",
        r#""result":{"prompts":[]}"#,
        r#""result":{"prompts":[],"resultType":"complete","ttlMs":0,"cacheScope":"private"}"#,
    );
    check(
        "resources/read",
        r#""result":{"cacheScope":"public","contents":[],"ttlMs":99}"#,
        r#""result":{"cacheScope":"private","contents":[],"ttlMs":0,"resultType":"complete"}"#,
    );
}

#[test]
fn a_server_with_sessions_cannot_ask_for_input_in_the_words_of_the_other_era() {
    check(
        "tools/call",
        r#""result":{"resultType":"input_required","inputRequests":{"k":{"method":"roots/list"}},"requestState":"s","content":[]}"#,
        r#""result":{"resultType":"complete","content":[]}"#,
    );
    check(
        "tools/call",
        r#""result":{"content":[],"_meta":{"io.modelcontextprotocol/subscriptionId":1,"io.modelcontextprotocol/related-task":{},"k":1}}"#,
        r#""result":{"content":[],"_meta":{"k":1},"resultType":"complete"}"#,
    );
}

#[test]
fn tools_that_need_tasks_are_left_out() {
    let tool = |name: &str, more: &str| format!(r#"{{"name":"{name}","inputSchema":{{"type":"object"}}{more}}}"#);
    let required = r#","execution":{"taskSupport":"required"}"#;
    let list = [
        tool("a", required),
        tool("b", required),
        tool("c", r#","execution":{"taskSupport":"optional"},"v":1"#),
        tool("d", required),
        tool("e", ""),
        tool("f", required),
    ];
    check(
        "tools/list",
        &format!(r#""result":{{"tools":[{}],"nextCursor":""}}"#, list.join(", ")),
        &format!(
            r#""result":{{"tools":[{}, {}],"nextCursor":"","resultType":"complete","ttlMs":0,"cacheScope":"private"}}"#,
            tool("c", r#","v":1"#),
            tool("e", "")
        ),
    );
}

#[test]
fn codes_have_one_meaning() {
    for (before, after) in [
        (-32002, -32602),
        (-32042, -32603),
        (-32021, -32603),
        (-32099, -32603),
        (-32601, -32601),
        (-32000, -32000),
        (3, 3),
    ] {
        check(
            "resources/read",
            &format!(r#""error":{{"code":{before},"message":"m","data":{{"n":1.0}}}}"#),
            &format!(r#""error":{{"code":{after},"message":"m","data":{{"n":1.0}}}}"#),
        );
    }
}

#[test]
fn a_code_is_a_code_however_it_is_written() {
    for before in ["-32042.0", "-3.2042e4", "-3204.2E+1"] {
        check(
            "tools/call",
            &format!(r#""error":{{"code":{before},"message":"m"}}"#),
            r#""error":{"code":-32603,"message":"m"}"#,
        );
    }
    for other in ["-32042.5", "1e300", "\"-32042\""] {
        let error = format!(r#""error":{{"code":{other},"message":"m"}}"#);
        check("tools/call", &error, &error);
    }
}

#[test]
fn an_error_without_id_gets_that_of_the_request() {
    let asked = asked(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    let answer = answered(r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"m"}}"#);
    assert_text(
        modern_on_legacy::response(&asked, &answer, None),
        r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"m"},"id":1}"#,
    );
    let answer = answered(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}}"#);
    assert_text(
        legacy_on_modern::response(&asked, &answer, Revision::V2025_11_25),
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32700,"message":"m"}}"#,
    );
}

#[test]
fn addresses_to_open_become_inputs() {
    let error = |elicitations: &str| {
        answered(&format!(
            r#"{{"jsonrpc":"2.0","id":7,"error":{{"code":-32042,"message":"m","data":{{"elicitations":{elicitations}}}}}}}"#
        ))
    };
    let one = r#"{"mode":"url","elicitationId":"e","url":"https://a/b","message":"open","x":1}"#;
    let inputs = modern_on_legacy::inputs_of_error(&error(&format!("[{one},{one}]"))).unwrap();
    assert_eq!(inputs.len(), 2);
    assert_eq!(&*inputs[1].key, "elicitation-2");
    assert_eq!(inputs[0].method, Method::Elicit);
    assert_eq!(&*inputs[0].params, r#"{"mode":"url","url":"https://a/b","message":"open","x":1}"#);
    for nothing in ["[]", "{}", "[1]", r#"[{"mode":"form"}]"#] {
        assert_eq!(modern_on_legacy::inputs_of_error(&error(nothing)), None, "{nothing}");
    }
    assert_eq!(modern_on_legacy::inputs_of_error(&answered(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#)), None);
}
