use super::*;

const COMMAND: &str = "/usr/bin/doorward hook claude-code";

fn entries() -> Vec<(&'static str, serde_json::Value)> {
    let hooks = json!([{ "type": "command", "command": COMMAND }]);
    vec![
        ("UserPromptSubmit", json!({ "hooks": hooks })),
        ("PreToolUse", json!({ "matcher": "mcp__.*", "hooks": hooks })),
    ]
}

fn installed(text: &str) -> String {
    Settings::read(text).unwrap().with(Host::ClaudeCode, &entries()).unwrap().into_text()
}

fn removed(text: &str) -> String {
    Settings::read(text).unwrap().without(Host::ClaudeCode).unwrap().into_text()
}

#[test]
fn what_goes_in_comes_out_and_nothing_else_moves() {
    let theirs = r#"{ "matcher":"Bash" , "hooks":[ {"type":"command","command":"/opt/guard.sh"} ] }"#;
    for before in [
        "{}",
        "{}\n",
        r#"{"a":1}"#,
        r#"{"a":1,"hooks":{"PreToolUse":[THEIRS]}}"#,
        "{\n  \"//\": \"a comment of theirs\",\n  \"model\" :  \"x\"\n}\n",
        "{\n\t\"hooks\": {\n\t\t\"PreToolUse\": [\n\t\t\tTHEIRS\n\t\t]\n\t},\n\t\"env\": {\"A\":\"\\u0041\",  \"B\":1e3}\n}",
        "{\r\n    \"hooks\": {\r\n        \"Stop\": [ THEIRS, THEIRS ]\r\n    }\r\n}\r\n",
        "{\n  \"hooks\": { \"UserPromptSubmit\": [THEIRS] },\n  \"hooks2\": {}\n}",
        "{\n\n  \"z\": [1,\n 2,3], \"y\": {\"deep\": {\"er\": []}}}",
    ] {
        let before = before.replace("THEIRS", theirs);
        let after = installed(&before);
        let (old, new): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(&before).unwrap(), serde_json::from_str(&after).unwrap());
        for (event, entry) in entries() {
            let list = new["hooks"][event].as_array().unwrap();
            assert_eq!(list.last(), Some(&entry), "{after}");
            let kept = old["hooks"][event].as_array().map_or(0, Vec::len);
            assert_eq!(list.len(), kept + 1, "{after}");
        }
        assert_eq!(installed(&after), after, "a second time changes nothing");
        assert_eq!(removed(&after), before, "{after}");
        assert_eq!(removed(&before), before);
    }
}

#[test]
fn the_manner_of_writing_is_kept() {
    let before = "{\n    \"model\": \"x\",\n    \"hooks\": {\n        \"Stop\": []\n    }\n}\n";
    insta::assert_snapshot!(installed(before));
    insta::assert_snapshot!(installed(r#"{"model":"x"}"#));
}

#[test]
fn an_older_one_is_replaced_where_it_is_ours() {
    let older = installed("{}").replace(COMMAND, "'/home/a b/doorward' hook claude-code --required");
    assert_eq!(installed(&older), installed("{}"));
    assert_eq!(removed(&older), "{}");
    for theirs in [
        "cd /x && /usr/bin/doorward hook claude-code",
        "/usr/bin/doorward hook claude-code | tee /tmp/log",
        "/usr/bin/doorward hook claude-codes",
        "/usr/bin/mydoorward hook claude-code",
        "/usr/bin/doorward hook cursor",
        "echo doorward",
    ] {
        let other = installed("{}").replace(COMMAND, theirs);
        assert_eq!(removed(&other), other, "{theirs}");
    }
}

#[test]
fn what_shares_a_matcher_with_ours_stays() {
    let both = format!(
        r#"{{"hooks":{{"PreToolUse":[{{"matcher":"*","hooks":[{{"command":"a"}},{{"command":"{COMMAND}"}},{{"command":"b"}}]}}]}}}}"#
    );
    let left = removed(&both);
    assert_eq!(left, r#"{"hooks":{"PreToolUse":[{"matcher":"*","hooks":[{"command":"a"},{"command":"b"}]}]}}"#);
}

#[test]
fn settings_of_another_form_are_refused() {
    for (text, why) in [
        ("{", "not JSON"),
        ("{} // mine", "not JSON"),
        ("// mine\n{}", "not JSON"),
        (r#"{"a":1,}"#, "not JSON"),
        (r#"{"a":1,"a":2}"#, "a"),
        ("[]", "no object"),
        ("7", "no object"),
    ] {
        let error = Settings::read(text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
    for (text, why) in [
        (r#"{"hooks":[]}"#, "`hooks` is no object"),
        (r#"{"hooks":{"PreToolUse":{}}}"#, "`hooks.PreToolUse` is no list"),
    ] {
        let error = Settings::read(text).unwrap().with(Host::ClaudeCode, &entries()).unwrap_err();
        assert_eq!(error, why);
    }
}
