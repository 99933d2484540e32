//! What a client answers to a server is looked at like the arguments of a call.

use crate::scene::{SECRET, Scene};
use doorward_vocab::{Decision, FindingKind, Level, Mode};
use serde_json::{Value, json};

/// Every message in which `said` goes to the server as an answer.
fn answers(said: &str) -> Vec<Value> {
    let accepted = json!({ "action": "accept", "content": { "name": said } });
    let request =
        |method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let given = json!({ "one": accepted });
    vec![
        json!({ "jsonrpc": "2.0", "id": 7, "result": accepted }),
        json!({ "jsonrpc": "2.0", "id": 7, "error": { "code": -1, "message": "no", "data": said } }),
        request("tools/call", json!({ "name": "t", "arguments": {}, "inputResponses": given })),
        request("tools/call", json!({ "name": "t", "inputResponses": given })),
        request("prompts/get", json!({ "name": "p", "inputResponses": given })),
        request("resources/read", json!({ "uri": "test://x", "inputResponses": given })),
        request("tasks/update", json!({ "taskId": "t", "inputResponses": given })),
    ]
}

#[test]
fn a_secret_of_the_gateway_does_not_leave_in_an_answer() {
    let scene = Scene::new(Level::Guard, Mode::Enforce, "");
    for message in answers("ada") {
        let judgement = scene.rule(&message);
        assert_eq!((judgement.decision, judgement.findings.len()), (Decision::Allow, 0), "{message}");
    }
    for message in answers(SECRET) {
        let judgement = scene.rule(&message);
        assert!(judgement.findings.iter().any(|f| f.kind == FindingKind::KnownSecret), "{message}");
        assert_eq!(judgement.decision, Decision::Deny, "{message}");
    }
}

#[test]
fn policies_see_an_answer_beside_the_arguments_and_not_among_them() {
    let asks = r#"@id("no") forbid(principal is Server, action, resource)
        when { context.args.values.contains("/inputResponses/one/content/name=eve") };"#;
    let scene = Scene::new(Level::Guard, Mode::Enforce, asks);
    for message in answers("eve") {
        let is_given = message["params"]["inputResponses"].is_object() && message["method"] != "tasks/update";
        let decision = scene.rule(&message).decision;
        assert_eq!(decision, if is_given { Decision::Deny } else { Decision::Allow }, "{message}");
    }
    let forged = r#"@id("region") forbid(principal is Server, action == Action::"call", resource)
        unless { context.args.values.contains("/region=eu") };"#;
    let scene = Scene::new(Level::Guard, Mode::Enforce, forged);
    let call = |given: Value| {
        let params = json!({ "name": "t", "arguments": { "region": "us" }, "inputResponses": given });
        scene.rule(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params })).decision
    };
    assert_eq!(call(json!({ "region": "eu" })), Decision::Deny);
}
