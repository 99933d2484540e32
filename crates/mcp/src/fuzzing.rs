//! Entry points for fuzzing: each takes any bytes and must neither panic nor break its law.

use crate::{
    Message, Side, check_headers, decode,
    json::{Document, Edits, Limits, Strictness},
};

/// Frame decoding: what is accepted is JSON to another parser too, and splicing nothing changes nothing.
pub fn fuzz_decode(data: &[u8]) {
    for side in [Side::Client, Side::Server] {
        let Ok(message) = decode(data.to_vec().into(), &Limits { depth: 64, nodes: 10_000 }, side) else { continue };
        let value: Result<serde_json::Value, _> = serde_json::from_slice(data);
        assert!(value.is_ok(), "accepted here and refused there");
        assert_eq!(Edits::new().apply(message.doc()), data);
        for (text, span) in message.doc().root().texts() {
            assert!(span.end <= data.len() && text.len() <= span.len());
        }
        message.doc().root().leaves(&mut |_, v| {
            let _ = (v.as_str(), v.as_i64(), v.as_bool());
        });
        if let Message::Request(request) = message {
            let _ = (request.era(), request.target());
        }
    }
}

/// Documents: the tape agrees with another parser about every string.
pub fn fuzz_document(data: &[u8]) {
    let Ok(doc) = Document::parse(data.to_vec().into(), &Limits { depth: 64, nodes: 10_000 }, Strictness::Result)
    else {
        return;
    };
    let theirs: serde_json::Value = serde_json::from_slice(data).unwrap_or_default();
    let mut strings = Vec::new();
    collect(&theirs, &mut strings);
    let mut ours: Vec<String> = doc.root().texts().map(|(t, _)| t.into_owned()).collect();
    strings.sort();
    ours.sort();
    assert_eq!(ours, strings);
}

fn collect(value: &serde_json::Value, out: &mut Vec<String>) {
    match value {
        serde_json::Value::String(s) => out.push(s.clone()),
        serde_json::Value::Array(a) => a.iter().for_each(|v| collect(v, out)),
        serde_json::Value::Object(o) => o.iter().for_each(|(k, v)| {
            out.push(k.clone());
            collect(v, out);
        }),
        _ => {}
    }
}

/// Header checks: a body and header lines, separated by an empty line.
pub fn fuzz_headers(data: &[u8]) {
    let mut parts = data.splitn(2, |b| *b == 0);
    let (Some(body), Some(lines)) = (parts.next(), parts.next()) else { return };
    let Ok(Message::Request(request)) = decode(body.to_vec().into(), &Limits::default(), Side::Client) else { return };
    let mut map = http::HeaderMap::new();
    for line in lines.split(|b| *b == b'\n') {
        let mut halves = line.splitn(2, |b| *b == b':');
        if let (Some(name), Some(value)) = (halves.next(), halves.next())
            && let (Ok(name), Ok(value)) = (http::HeaderName::from_bytes(name), http::HeaderValue::from_bytes(value))
        {
            map.append(name, value);
        }
    }
    if check_headers(&map, &request, &[]).is_ok() {
        assert!(map.contains_key("mcp-method"));
    }
}
