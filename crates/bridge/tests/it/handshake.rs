//! How it begins: what a client and a server say of themselves.

use crate::text::{answered, asked, assert_text, meta};
use doorward_bridge::{Client, Input, legacy_on_modern, modern_on_legacy};
use doorward_mcp::{Id, Method, Revision};

fn initialize(version: &str, capabilities: &str) -> Client {
    Client::of_initialize(&asked(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"protocolVersion":"{version}","capabilities":{capabilities},"clientInfo":{{"name":"c","version":"1"}}}}}}"#
    )))
}

fn modern(capabilities: &str) -> Client {
    Client::of_modern(&asked(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{{"io.modelcontextprotocol/clientCapabilities":{capabilities}}}}}}}"#
    )))
}

#[test]
fn a_client_declares_without_sessions_what_it_can_answer() {
    for (version, before, after) in [
        ("2025-11-25", r#"{"roots":{"listChanged":true},"tasks":{},"vendor":{}}"#, r#"{"roots":{}}"#),
        (
            "2025-11-25",
            r#"{"sampling":{"tools":{}},"elicitation":{"url":{}}}"#,
            r#"{"sampling":{"tools":{}},"elicitation":{"url":{}}}"#,
        ),
        ("2099-01-01", r#"{"elicitation":{"url":{}}}"#, r#"{"elicitation":{"url":{}}}"#),
        ("2025-06-18", r#"{"sampling":{"tools":{}},"elicitation":{"x":1}}"#, r#"{"sampling":{},"elicitation":{}}"#),
        ("2025-06-18", r#"{"elicitation":{"url":{}}}"#, "{}"),
        ("2025-03-26", r#"{"elicitation":{},"experimental":{"x":{"n":1.0}}}"#, r#"{"experimental":{"x":{"n":1.0}}}"#),
        ("2025-11-25", r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#, "{}"),
        (
            "2025-11-25",
            r#"{"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":[]},"a/b":{}}}"#,
            r#"{"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":[]}}}"#,
        ),
        ("2025-11-25", r#"{"roots":true,"sampling":null,"elicitation":[]}"#, "{}"),
    ] {
        assert_eq!(&*initialize(version, before).capabilities, after, "{version} {before}");
    }
    let client = initialize("2025-11-25", "{\n\"sampling\":{\r\n}}");
    assert_text(
        legacy_on_modern::discover(&Id::Int(3), &client),
        r#"{"jsonrpc":"2.0","id":3,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"sampling":{  }},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}}}}"#,
    );
}

#[test]
fn a_client_answers_what_it_declared() {
    let answers = |capabilities: &str, method, params: &str| {
        let input = Input { key: "k".into(), method, params: params.into() };
        modern(capabilities).answers(&input)
    };
    for (capabilities, form, url) in [
        (r#"{"elicitation":{}}"#, true, false),
        (r#"{"elicitation":{"form":{}}}"#, true, false),
        (r#"{"elicitation":{"url":{}}}"#, false, true),
        (r#"{"elicitation":{"form":{},"url":{}}}"#, true, true),
        (r#"{"roots":{}}"#, false, false),
    ] {
        assert_eq!(answers(capabilities, Method::Elicit, "{}"), form, "{capabilities}");
        assert_eq!(answers(capabilities, Method::Elicit, r#"{"mode":"form"}"#), form, "{capabilities}");
        assert_eq!(answers(capabilities, Method::Elicit, r#"{"mode":"url"}"#), url, "{capabilities}");
    }
    assert!(!answers(r#"{"elicitation":{"form":{}}}"#, Method::Elicit, r#"{"mode":"other"}"#));
    assert!(answers(r#"{"roots":{}}"#, Method::RootsList, "{}") && !answers("{}", Method::RootsList, "{}"));
    assert!(answers(r#"{"sampling":{}}"#, Method::Sample, "{}") && !answers("{}", Method::Sample, "{}"));
    assert!(!answers(r#"{"sampling":{}}"#, Method::Sample, r#"{"tools":[]}"#));
    assert!(answers(r#"{"sampling":{"tools":{}}}"#, Method::Sample, r#"{"tools":[]}"#));
    assert!(!answers(r#"{"roots":{}}"#, Method::ToolsCall, "{}"));
}

#[test]
fn a_client_declares_in_a_session_what_the_revision_knows() {
    let declared = |capabilities: &str, revision| {
        let bytes = modern_on_legacy::initialize(&Id::Int(1), &modern(capabilities), revision);
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["params"]["clientInfo"]["name"], "doorward");
        assert_eq!(value["params"]["protocolVersion"], revision.as_str());
        value["params"]["capabilities"].clone()
    };
    let json = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
    let all = r#"{"elicitation":{"form":{},"url":{}},"extensions":{"a/b":{}},"roots":{},"sampling":{"tools":{}}}"#;
    assert_eq!(
        declared(all, Revision::V2025_11_25),
        json(r#"{"elicitation":{"form":{},"url":{}},"roots":{},"sampling":{"tools":{}}}"#)
    );
    assert_eq!(declared(all, Revision::V2025_06_18), json(r#"{"elicitation":{},"roots":{},"sampling":{}}"#));
    assert_eq!(declared(all, Revision::V2024_11_05), json(r#"{"roots":{},"sampling":{}}"#));
    // A client that can only open addresses cannot be asked to fill in forms.
    assert_eq!(declared(r#"{"elicitation":{"url":{}}}"#, Revision::V2025_06_18), json("{}"));
}

#[test]
fn a_server_with_a_session_is_discovered() {
    let asked = asked(&format!(r#"{{"jsonrpc":"2.0","id":"d","method":"server/discover","params":{{{}}}}}"#, meta("")));
    let initialized = answered(
        r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},"tasks":{},"logging":{},"vendor":1},"serverInfo":{"name":"s","version":"1"},"instructions":"read","x":1.0,"_meta":{"k":1}}}"#,
    );
    assert_text(
        modern_on_legacy::discovered(&asked, &initialized),
        r#"{"jsonrpc":"2.0","id":"d","result":{"capabilities":{"logging":{},"tools":{"listChanged":true}},"instructions":"read","x":1.0,"_meta":{"k":1,"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}},"resultType":"complete","ttlMs":0,"cacheScope":"private","supportedVersions":["2026-07-28"]}}"#,
    );
    let refused = answered(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}"#);
    assert_text(
        modern_on_legacy::discovered(&asked, &refused),
        r#"{"jsonrpc":"2.0","id":"d","error":{"code":-32602,"message":"no"}}"#,
    );
}

#[test]
fn a_discovered_server_opens_a_session() {
    let asked = asked(r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#);
    let discovered = |more: &str| {
        answered(&format!(
            r#"{{"jsonrpc":"2.0","id":9,"result":{{"resultType":"complete","ttlMs":5,"cacheScope":"public","supportedVersions":["2026-07-28"],"capabilities":{{"resources":{{"subscribe":true}},"logging":{{}},"extensions":{{"a/b":{{}}}}}},"instructions":"read"{more}}}}}"#
        ))
    };
    let info = r#","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1","x":1}}"#;
    assert_text(
        legacy_on_modern::initialized(&asked, &discovered(info), Revision::V2025_03_26),
        r#"{"jsonrpc":"2.0","id":1,"result":{"capabilities":{"logging":{},"resources":{"subscribe":true}},"instructions":"read","protocolVersion":"2025-03-26","serverInfo":{"name":"s","version":"1","x":1}}}"#,
    );
    // What names no server in the form of the schema names none.
    for nameless in ["", r#","_meta":{"io.modelcontextprotocol/serverInfo":{"name":1}}"#] {
        let bytes = legacy_on_modern::initialized(&asked, &discovered(nameless), Revision::V2025_11_25);
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["result"]["serverInfo"]["name"], "doorward");
    }
}
