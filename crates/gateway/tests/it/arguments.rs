//! Arguments fit the schema that their tool declares, or the call does not reach it and says why.

use crate::{
    client::{Client, is_refused, text_of},
    front::{Front, http_server},
};
use doorward_testkit::fixture::{Options, Server};
use doorward_vocab::{Decision, ReasonCode};
use serde_json::json;

const PATHS: [(&str, &str); 2] = [("/mcp/fixture", ""), ("/mcp", "fixture__")];

async fn under(head: &str, tail: &str) -> (Server, Front) {
    let server = Server::start(Options::default()).await.unwrap();
    let front = Front::start(&format!("{head}\n{}{tail}", http_server("fixture", &server.url()))).await;
    (server, front)
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_what_is_wrong() {
    for level in ["guard", "lockdown"] {
        let (_server, front) = under(&format!("level = \"{level}\""), "").await;
        let _ = Client::modern(&front, "/mcp/fixture").names("tools/list", "tools", "name").await;
        if level == "lockdown" {
            front.approve("fixture", "echo");
        }
        for (path, prefix) in PATHS {
            for client in Client::both(&front, path).await {
                let echo = format!("{prefix}echo");
                for (arguments, wrong) in [
                    (json!({ "text": 4711 }), "(`/text`: value is not of type \"string\")"),
                    (json!({}), "(the arguments: \"text\" is a required property)"),
                ] {
                    let refused = client.call(&echo, arguments).await;
                    assert!(is_refused(&refused) && refused["result"]["isError"] == true, "{refused}");
                    let text = text_of(&refused).unwrap();
                    assert!(text.starts_with("The arguments do not fit") && text.ends_with(wrong), "{text}");
                    assert!(!refused.to_string().contains("4711"), "{refused}");
                }
                assert_eq!(client.call_text(&echo, json!({ "text": "x" })).await, "x");
            }
        }
        let rulings = front.rulings("echo", 12).await;
        let wrong = rulings.iter().filter(|r| r.reasons[0].code == ReasonCode::ArgumentsInvalid);
        assert_eq!(wrong.filter(|r| r.decision == Decision::Deny && r.enforced).count(), 8, "{rulings:?}");
    }
}

#[tokio::test]
async fn watch_writes_down_what_does_not_fit() {
    let (_server, front) = under("level = \"watch\"", "").await;
    for client in Client::both(&front, "/mcp/fixture").await {
        let answer = client.call("echo", json!({ "text": 4711 })).await;
        assert!(!is_refused(&answer), "{answer}");
    }
    let rulings = front.rulings("echo", 2).await;
    for ruling in rulings {
        assert_eq!((ruling.decision, ruling.enforced), (Decision::Deny, false));
        assert_eq!(ruling.reasons[0].code, ReasonCode::ArgumentsInvalid);
    }
}

#[tokio::test]
async fn an_operator_may_leave_it_to_the_server() {
    let (_server, front) = under("", "check_arguments = false\n").await;
    for client in Client::both(&front, "/mcp/fixture").await {
        assert!(!is_refused(&client.call("echo", json!({ "text": 4711 })).await));
    }
}
