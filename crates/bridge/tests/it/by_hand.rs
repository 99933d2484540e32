//! Requests and their answers, byte for byte.

use doorward_bridge::{Client, Input, legacy_on_modern, modern_on_legacy};
use doorward_mcp::{Id, Message, Method, Request, Response, Revision, Side, decode, json::Limits};

pub(crate) fn asked(text: &str) -> Request {
    asked_by(text, Side::Client)
}

pub(crate) fn asked_by(text: &str, side: Side) -> Request {
    let Ok(Message::Request(request)) = decode(text.as_bytes().to_vec().into(), &Limits::default(), side) else {
        panic!("{text}")
    };
    request
}

pub(crate) fn answered(text: &str) -> Response {
    let Ok(Message::Response(response)) = decode(text.as_bytes().to_vec().into(), &Limits::default(), Side::Server)
    else {
        panic!("{text}")
    };
    response
}

#[track_caller]
pub(crate) fn assert_text(bytes: impl AsRef<[u8]>, expected: &str) {
    assert_eq!(String::from_utf8_lossy(bytes.as_ref()), expected);
}

/// The `_meta` that 2026-07-28 wants in each request, and `more` in it.
pub(crate) fn meta(more: &str) -> String {
    format!(
        r#""_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{}}{more}}}"#
    )
}

mod requests {
    use super::*;

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
        let client =
            Client { capabilities: r#"{"roots":{}}"#.into(), info: Some(r#"{"name":"c","version":"1"}"#.into()) };
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
        let inputs =
            [("a".into(), r#"{"action":"accept"}"#.into()), ("a".into(), "{}".into()), ("A".into(), "{}".into())];
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
}

mod answers_of_servers_with_sessions {
    use super::*;

    #[track_caller]
    fn check(method: &str, answer: &str, expected: &str) {
        let asked =
            asked(&format!(r#"{{"jsonrpc":"2.0","id":"a","method":"{method}","params":{{"uri":"test://a"}}}}"#));
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
}

mod answers_of_servers_without_sessions {
    use super::*;

    #[track_caller]
    fn check(method: &str, revision: Revision, answer: &str, expected: &str) {
        let asked =
            asked(&format!(r#"{{"jsonrpc":"2.0","id":"a","method":"{method}","params":{{"uri":"test://a"}}}}"#));
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
            let answer =
                answered(&format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"resultType":{kind},"content":[]}}}}"#));
            assert_eq!(legacy_on_modern::required(&answer), None);
            let told = legacy_on_modern::response(&asked, &answer, NEW);
            let told = String::from_utf8_lossy(&told).into_owned();
            assert!(told.starts_with(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"#), "{told}");
        }
    }
}

mod inputs {
    use super::*;

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
        let expected =
            expected.map(|p| format!(r#"{{"jsonrpc":"2.0","id":"doorward/4","method":"{name}","params":{p}}}"#));
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
            format!(
                r#"{{"maxTokens":1,"messages":[],"tools":[{{"name":"t","inputSchema":{{"type":"object"}}{schema}}}]}}"#
            )
        };
        ask(Method::Sample, &tools(""), V2025_06_18, None);
        ask(Method::Sample, &tools(r#","outputSchema":{"type":"array"}"#), V2025_11_25, Some(&tools("")));
    }
}
