//! What servers want to know of clients, byte for byte.

use crate::text::{answered, asked, asked_by, assert_text};
use doorward_bridge::{Input, legacy_on_modern, modern_on_legacy};
use doorward_mcp::{Id, Method, Revision, Side};

#[test]
fn a_question_of_a_server_crosses_without_its_task_and_token() {
    let request = asked_by(
        r#"{"jsonrpc":"2.0","id":0,"method":"elicitation/create","params":{"message":"?","task":{},"requestedSchema":{"type":"object","properties":{}},"_meta":{"progressToken":1,"v":2}}}"#,
        Side::Server,
    );
    let input = modern_on_legacy::input(&request, "q");
    assert_text(
        modern_on_legacy::input_required(&Id::Str("a".into()), &[input.clone(), input], "st\"ate"),
        r#"{"jsonrpc":"2.0","id":"a","result":{"resultType":"input_required","inputRequests":{"q":{"method":"elicitation/create","params":{"message":"?","requestedSchema":{"type":"object","properties":{}},"_meta":{"v":2}}}},"requestState":"st\"ate"}}"#,
    );
    let bare =
        modern_on_legacy::input(&asked_by(r#"{"jsonrpc":"2.0","id":0,"method":"roots/list"}"#, Side::Server), "r");
    assert_eq!(&*bare.params, "{}");
    assert_text(
        modern_on_legacy::input_required(&Id::Int(1), &[], "s"),
        r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":"s"}}"#,
    );
}

#[track_caller]
fn answer(value: &str, expected: &str) {
    let retry = asked(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"t","inputResponses":{{"k":{value}}}}}}}"#
    ));
    let value = retry.params().unwrap().get("inputResponses").unwrap().get("k").unwrap();
    let expected = format!(r#"{{"jsonrpc":"2.0","id":"q",{expected}}}"#);
    assert_text(modern_on_legacy::answer(&Id::Str("q".into()), value), &expected);
}

#[test]
fn an_answer_is_a_response_whatever_it_is() {
    let form = r#"{"action":"accept","content":{"structuredContent":1,"type":"tool_result"}}"#;
    answer(form, &format!(r#""result":{form}"#));
    for unusable in ["1", "null", "[{}]", r#"{"Content":1}"#] {
        answer(unusable, r#""error":{"code":-32603,"message":"the client gave no usable answer"}"#);
    }
    answer(
        r#"{"role":"assistant","model":"m","content":[ {"type":"text","text":"x"} ]}"#,
        r#""result":{"role":"assistant","model":"m","content":{"type":"text","text":"x"}}"#,
    );
}

#[test]
fn what_a_server_requires_is_read_whole_or_not_at_all() {
    let required = |result: &str| {
        legacy_on_modern::required(&answered(&format!(
            r#"{{"jsonrpc":"2.0","id":7,"result":{{"resultType":"input_required"{result}}}}}"#
        )))
    };
    let read = required(r#","inputRequests":{"a":{"method":"roots/list"},"b":{"method":"elicitation/create","params":{"message":"?","task":{}}}},"requestState":"s""#).unwrap();
    assert_eq!(read.state.as_deref(), Some("s"));
    assert_eq!(read.inputs[0], Input { key: "a".into(), method: Method::RootsList, params: "{}".into() });
    assert_eq!(&*read.inputs[1].params, r#"{"message":"?"}"#);
    assert_eq!(required(r#","requestState":"""#).unwrap().inputs, []);
    for wrong in [
        "",
        r#","inputRequests":{}"#,
        r#","inputRequests":[1],"requestState":"s""#,
        r#","requestState":1"#,
        r#","inputRequests":{"a":{"method":"tools/call"}}"#,
        r#","inputRequests":{"a":{"method":"roots/list","params":1}}"#,
        r#","inputRequests":{"a":{"method":"roots/list","params":{"Task":1}}}"#,
        r#","inputRequests":{"a":{"method":"roots/list"},"A":{"method":"roots/list"}}"#,
    ] {
        assert_eq!(required(wrong), None, "{wrong}");
    }
}

#[track_caller]
fn ask(method: Method, params: &str, revision: Revision, expected: Option<&str>) {
    let input = Input { key: "k".into(), method, params: params.into() };
    let asked = legacy_on_modern::ask(&Id::Str("doorward/4".into()), &input, revision);
    let name = method.as_str();
    let expected = expected.map(|p| format!(r#"{{"jsonrpc":"2.0","id":"doorward/4","method":"{name}","params":{p}}}"#));
    assert_eq!(asked.map(|a| String::from_utf8_lossy(&a).into_owned()), expected, "{revision}");
}

#[test]
fn a_client_is_asked_what_its_revision_can_answer() {
    use Revision::{V2024_11_05, V2025_03_26, V2025_06_18, V2025_11_25};
    let url = r#"{"mode":"url","url":"https://a","message":"m"}"#;
    ask(Method::Elicit, url, V2025_06_18, None);
    let with_id = r#"{"mode":"url","url":"https://a","message":"m","elicitationId":"doorward/4"}"#;
    ask(Method::Elicit, url, V2025_11_25, Some(with_id));
    let form = r#"{"message":"m","requestedSchema":{"type":"object","properties":{"a":{"type":"string"}}}}"#;
    ask(Method::Elicit, form, V2025_03_26, None);
    ask(Method::Elicit, form, V2025_06_18, Some(form));
    let several = r#"{"message":"m","requestedSchema":{"type":"object","properties":{"a":{"type":"array","items":{"type":"string","enum":[]}}}}}"#;
    ask(Method::Elicit, several, V2025_06_18, None);
    ask(Method::Elicit, several, V2025_11_25, Some(several));
    ask(Method::RootsList, "{}", V2024_11_05, Some("{}"));
    ask(Method::ToolsCall, "{}", V2025_11_25, None);
}

#[test]
fn a_model_is_asked_with_what_its_client_knows() {
    use Revision::{V2024_11_05, V2025_03_26, V2025_06_18, V2025_11_25};
    let of = |content: &str| format!(r#"{{"maxTokens":1,"messages":[{{"role":"user","content":{content}}}]}}"#);
    let text = r#"{"type":"text","text":"x"}"#;
    ask(Method::Sample, &of(text), V2024_11_05, Some(&of(text)));
    ask(Method::Sample, &of(&format!("[ {text}]")), V2025_06_18, Some(&of(text)));
    ask(Method::Sample, &of(&format!("[{text},{text}]")), V2025_06_18, None);
    ask(Method::Sample, &of("[]"), V2025_06_18, None);
    let sound = r#"{"type":"audio","data":"","mimeType":"audio/wav"}"#;
    ask(Method::Sample, &of(sound), V2024_11_05, None);
    ask(Method::Sample, &of(sound), V2025_03_26, Some(&of(sound)));
    let used = r#"{"type":"tool_use","id":"1","name":"t","input":{}}"#;
    ask(Method::Sample, &of(used), V2025_06_18, None);
    ask(Method::Sample, &of(&format!("[{used}]")), V2025_11_25, Some(&of(&format!("[{used}]"))));
    let result = r#"{"type":"tool_result","toolUseId":"1","content":[],"structuredContent":7}"#;
    let fit = r#"{"type":"tool_result","toolUseId":"1","content":[{"type":"text","text":"7"}]}"#;
    ask(Method::Sample, &of(&format!("[{result}]")), V2025_11_25, Some(&of(&format!("[{fit}]"))));
    let tools = |schema: &str| {
        format!(r#"{{"maxTokens":1,"messages":[],"tools":[{{"name":"t","inputSchema":{{"type":"object"}}{schema}}}]}}"#)
    };
    ask(Method::Sample, &tools(""), V2025_06_18, None);
    ask(Method::Sample, &tools(r#","outputSchema":{"type":"array"}"#), V2025_11_25, Some(&tools("")));
}
