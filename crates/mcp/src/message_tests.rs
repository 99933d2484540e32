use super::*;
use crate::json::Limits;
use crate::{Era, Id, Revision, RpcError, Side};

fn client(text: &str) -> Result<Message, DecodeError> {
    decode(text.as_bytes().to_vec().into(), &Limits::default(), Side::Client)
}

#[test]
fn refusals_name_the_fault_and_keep_the_id() {
    for (text, code, id) in [
        ("[]", -32600, None),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600, None),
        ("7", -32600, None),
        ("{", -32700, None),
        (r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","method":"ping"}"#, -32600, None),
        (r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","Params":{}}"#, -32600, None),
        (r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"a","NAME":"b"}}"#, -32600, None),
        (r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"Name":"b"}}"#, -32600, None),
        (r#"{"jsonrpc":"1.0","id":3,"method":"ping"}"#, -32600, Some(Id::Int(3))),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, None),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600, None),
        (r#"{"jsonrpc":"2.0","id":"x","method":"no/such"}"#, -32601, Some(Id::Str("x".into()))),
        (r#"{"jsonrpc":"2.0","id":4,"method":"sampling/createMessage"}"#, -32601, Some(Id::Int(4))),
        (r#"{"jsonrpc":"2.0","id":4,"method":"ping","params":[]}"#, -32600, Some(Id::Int(4))),
        (r#"{"jsonrpc":"2.0","method":"notifications/nothing"}"#, -32601, None),
        (r#"{"jsonrpc":"2.0","id":4}"#, -32600, Some(Id::Int(4))),
        (r#"{"jsonrpc":"2.0","id":4,"result":{},"error":{}}"#, -32600, Some(Id::Int(4))),
        (r#"{"jsonrpc":"2.0","result":{}}"#, -32600, None),
    ] {
        let error = client(text).unwrap_err();
        assert_eq!((error.to_rpc().code, error.id().cloned()), (code, id), "{text}: {error}");
    }
}

#[test]
fn era_follows_the_body() {
    let era = |text: &str| match client(text).unwrap() {
        Message::Request(r) => r.era(),
        other => panic!("{other:?}"),
    };
    assert_eq!(era(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#), Era::Legacy);
    let modern = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#;
    assert_eq!(era(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{modern}}}"#)), Era::Modern);
    assert_eq!(era(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{modern}}}"#)), Era::Legacy);
    assert_eq!(era(r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#), Era::Modern);
}

#[test]
fn errors_are_json() {
    let error = RpcError::unsupported_version("1\"2", &[Revision::LATEST]).to_message(Some(&Id::Str("a\"b".into())));
    let value: serde_json::Value = serde_json::from_slice(&error).unwrap();
    assert_eq!(value["id"], "a\"b");
    assert_eq!(value["error"]["data"]["requested"], "1\"2");
}
