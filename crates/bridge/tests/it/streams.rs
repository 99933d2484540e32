//! What servers tell by themselves: progress, log lines, changes.

use crate::text::{asked, assert_text, meta, told};
use doorward_bridge::{Client, Filter, legacy_on_modern, modern_on_legacy};
use doorward_mcp::{Id, Notification};

fn progress(more: &str) -> Notification {
    told(&format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":5,"progress":0.50{more}}}}}"#
    ))
}

#[test]
fn progress_goes_under_the_token_of_the_client_in_its_own_type() {
    for token in [r#""5""#, "5", r#""\u0041""#] {
        let modern = asked(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"t",{}}}}}"#,
            meta(&format!(r#","progressToken":{token}"#))
        ));
        let expected = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":0.50}}}}"#
        );
        assert_text(modern_on_legacy::notification(&modern, &progress("")).unwrap(), &expected);
        let meta = r#","_meta":{"io.modelcontextprotocol/subscriptionId":1}"#;
        assert_text(legacy_on_modern::notification(&modern, &progress(meta)).unwrap(), &expected);
    }
    let without = asked(r#"{"jsonrpc":"2.0","id":5,"method":"tools/list"}"#);
    assert_eq!(modern_on_legacy::notification(&without, &progress("")), None);
    assert_eq!(legacy_on_modern::notification(&without, &progress("")), None);
}

#[test]
fn log_lines_go_to_whoever_asked_for_them() {
    const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
    let line = |level: &str| {
        format!(r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"level":"{level}","data":1.0}}}}"#)
    };
    for (wanted, level) in LEVELS.iter().enumerate() {
        let asked = asked(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{}}}}}"#,
            meta(&format!(r#","io.modelcontextprotocol/logLevel":"{level}""#))
        ));
        for (grave, level) in LEVELS.iter().enumerate() {
            let passed = modern_on_legacy::notification(&asked, &told(&line(level)));
            assert_eq!(passed.is_some(), grave >= wanted);
            passed.into_iter().for_each(|bytes| assert_text(bytes, &line(level)));
        }
        assert_eq!(modern_on_legacy::notification(&asked, &told(&line("loud"))), None);
    }
    let silent = asked(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    assert_eq!(modern_on_legacy::notification(&silent, &told(&line("emergency"))), None);
    assert!(legacy_on_modern::notification(&silent, &told(&line("debug"))).is_some());
}

#[test]
fn a_stream_says_whose_it_is_in_the_type_of_the_id() {
    for id in ["7", r#""7""#] {
        let asked = asked(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"subscriptions/listen","params":{{"notifications":{{"toolsListChanged":true,"promptsListChanged":false,"resourceSubscriptions":["test://a","test://a","test://b"]}},{}}}}}"#,
            meta("")
        ));
        let filter = modern_on_legacy::subscribed(&asked);
        assert_eq!(
            filter,
            Filter { tools: true, uris: vec!["test://a".into(), "test://b".into()], ..Filter::default() }
        );
        let own = format!(r#""_meta":{{"io.modelcontextprotocol/subscriptionId":{id}}}"#);
        assert_text(
            modern_on_legacy::acknowledged(&asked, &filter),
            &format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{"notifications":{{"toolsListChanged":true,"resourceSubscriptions":["test://a","test://b"]}},{own}}}}}"#
            ),
        );
        assert_text(
            modern_on_legacy::change(
                &asked,
                &filter,
                &told(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#),
            )
            .unwrap(),
            &format!(r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{{{own}}}}}"#),
        );
        let prompts = told(r#"{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}"#);
        assert_eq!(modern_on_legacy::change(&asked, &filter, &prompts), None);
        assert_text(
            modern_on_legacy::listened(&asked),
            &format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"resultType":"complete",{own}}}}}"#),
        );
    }
}

#[test]
fn an_update_may_be_of_something_inside_the_resource() {
    let asked = asked(r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen"}"#);
    let filter = Filter { uris: vec!["test://a".into(), "test://dir/".into()], ..Filter::default() };
    for (uri, wanted) in [
        ("test://a", true),
        ("test://a/b", true),
        ("test://a#b", true),
        ("test://ab", false),
        ("test://", false),
        ("test://dir/b", true),
        ("test://dir", false),
    ] {
        let told = told(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{{"uri":"{uri}"}}}}"#
        ));
        assert_eq!(modern_on_legacy::change(&asked, &filter, &told).is_some(), wanted, "{uri}");
    }
}

#[test]
fn a_session_hears_of_changes_without_the_stream() {
    let text = r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"l"},"uri":"test://a","x":1}}"#;
    assert_text(
        legacy_on_modern::change(&told(text)).unwrap(),
        r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"test://a","x":1}}"#,
    );
    let filter = Filter { prompts: true, resources: true, ..Filter::default() };
    let client = Client { capabilities: "{}".into(), info: None };
    assert_text(
        legacy_on_modern::listen(&Id::Str("l".into()), &client, &filter),
        &format!(
            r#"{{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":{{"notifications":{{"promptsListChanged":true,"resourcesListChanged":true}},{}}}}}"#,
            meta("")
        ),
    );
    for own in ["notifications/subscriptions/acknowledged", "notifications/cancelled", "notifications/message"] {
        assert_eq!(legacy_on_modern::change(&told(&format!(r#"{{"jsonrpc":"2.0","method":"{own}"}}"#))), None);
    }
}

#[test]
fn filters_join_and_meet() {
    let one = Filter { tools: true, uris: vec!["a".into(), "b".into()], ..Filter::default() };
    let two = Filter { tools: true, prompts: true, uris: vec!["b".into(), "c".into()], ..Filter::default() };
    let both = one.union(&two);
    assert_eq!(
        both.json(),
        r#"{"toolsListChanged":true,"promptsListChanged":true,"resourceSubscriptions":["a","b","c"]}"#
    );
    assert_eq!(one.intersection(&two).json(), r#"{"toolsListChanged":true,"resourceSubscriptions":["b"]}"#);
    assert!(Filter::default().is_empty() && Filter::default().json() == "{}");
}
