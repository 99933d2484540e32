//! What servers without sessions answer to clients with one, byte for byte.

use crate::text::{answered, asked, assert_text};
use doorward_bridge::legacy_on_modern;
use doorward_mcp::Revision;

#[track_caller]
fn check(method: &str, revision: Revision, answer: &str, expected: &str) {
    let asked = asked(&format!(r#"{{"jsonrpc":"2.0","id":"a","method":"{method}","params":{{"uri":"test://a"}}}}"#));
    let answer = answered(&format!(r#"{{"jsonrpc":"2.0","id":7,{answer}}}"#));
    let expected = format!(r#"{{"jsonrpc":"2.0","id":"a",{expected}}}"#);
    assert_text(legacy_on_modern::response(&asked, &answer, revision), &expected);
}

const OLD: Revision = Revision::V2024_11_05;
const NEW: Revision = Revision::V2025_11_25;

#[test]
fn what_is_about_caching_and_kinds_goes() {
    check(
        "tools/list",
        NEW,
        r#""result":{"resultType":"complete","tools":[],"ttlMs":1,"cacheScope":"public","x":1.0,"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}"#,
        r#""result":{"tools":[],"x":1.0}"#,
    );
}

#[test]
fn codes_are_those_of_sessions() {
    for (method, before, after) in [
        ("resources/read", -32602, -32002),
        ("tools/call", -32602, -32602),
        ("tools/call", -32020, -32600),
        ("tools/call", -32021, -32600),
        ("tools/call", -32022, -32602),
        ("tools/call", -32042, -32603),
        ("tools/call", 4030, 4030),
    ] {
        check(
            method,
            NEW,
            &format!(r#""error":{{"code":{before},"message":"m"}}"#),
            &format!(r#""error":{{"code":{after},"message":"m"}}"#),
        );
    }
}

#[test]
fn a_structured_value_that_is_no_object_is_left_to_the_text() {
    let text = r#""content":[{"type":"text","text":"[1]"}]"#;
    check(
        "tools/call",
        NEW,
        &format!(r#""result":{{"resultType":"complete",{text},"structuredContent":[1]}}"#),
        &format!(r#""result":{{{text}}}"#),
    );
    // The server gave no text: the value would be lost.
    check(
        "tools/call",
        NEW,
        r#""result":{"resultType":"complete","content":[],"structuredContent":["é", 1]}"#,
        r#""result":{"content":[{"type":"text","text":"[\"é\", 1]"}]}"#,
    );
    let object = r#""result":{"content":[],"structuredContent":{"a":1}}"#;
    check("tools/call", NEW, object, object);
}

#[test]
fn kinds_of_content_that_came_later_are_said_otherwise() {
    let sound = r#"{"type":"audio","data":"aGk=","mimeType":"audio/wav","x":1}"#;
    let link = r#"{"type":"resource_link","uri":"test://a","name":"n","title":"T\"","x":1}"#;
    let result = |content: &str| format!(r#""result":{{"content":[{content}]}}"#);
    for revision in [Revision::V2025_06_18, NEW] {
        let both = result(&format!("{sound},{link}"));
        check("tools/call", revision, &both, &both);
    }
    let line = r#"{"type":"text","uri":"test://a","name":"n","title":"T\"","x":1,"text":"T\": test://a"}"#;
    check(
        "tools/call",
        Revision::V2025_03_26,
        &result(&format!("{sound},{link}")),
        &result(&format!("{sound},{line}")),
    );
    check(
        "tools/call",
        OLD,
        &result(sound),
        &result(
            r#"{"type":"resource","x":1,"resource":{"uri":"audio:embedded","mimeType":"audio/wav","blob":"aGk="}}"#,
        ),
    );
    check(
        "prompts/get",
        OLD,
        &format!(r#""result":{{"messages":[{{"role":"user","content":{link}}}]}}"#),
        &format!(r#""result":{{"messages":[{{"role":"user","content":{line}}}]}}"#),
    );
}

#[test]
fn schemas_of_tools_are_those_of_objects() {
    let tools = |tool: &str| format!(r#""result":{{"tools":[{{"name":"t",{tool}}}]}}"#);
    let check = |before: &str, after: &str| check("tools/list", NEW, &tools(before), &tools(after));
    let input = r#""inputSchema":{"type":"object"}"#;
    check(
        r#""inputSchema":{"type":"object","properties":{"a":true,"b":false,"c":{"type":"string"}},"required":["a"]}"#,
        r#""inputSchema":{"type":"object","properties":{"a":{},"b":{"not":{}},"c":{"type":"string"}},"required":["a"]}"#,
    );
    check(
        r#""inputSchema":{"properties":[1],"type":"object","required":[true],"$defs":{}}"#,
        r#""inputSchema":{"type":"object","$defs":{}}"#,
    );
    for other in [r#"{"type":"array"}"#, r#"{"oneOf":[]}"#, r#"{"type":["object","null"]}"#] {
        check(&format!(r#""outputSchema":{other},{input}"#), input);
    }
    let output = format!(r#"{input},"outputSchema":{{"type":"object","required":["a"]}}"#);
    check(&output, &output);
}

#[test]
fn what_is_neither_complete_nor_a_question_is_an_error() {
    for kind in [r#""task""#, r#""input_required""#, "7"] {
        let asked = asked(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#);
        let answer = answered(&format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"resultType":{kind},"content":[]}}}}"#));
        assert_eq!(legacy_on_modern::required(&answer), None);
        let told = legacy_on_modern::response(&asked, &answer, NEW);
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(told.starts_with(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"#), "{told}");
    }
}
