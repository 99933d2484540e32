//! A server that gives back every secret that it was given, in twelve encodings and five ways to take them apart.

use crate::scene::Scene;
use doorward_detect::encoded::base64;
use doorward_mcp::Revision;
use doorward_vocab::{Digest, FindingKind, Level, Mode};
use serde_json::{Value, json};

const PLANTED: u32 = 200;
/// So many characters of a secret in a row are a leak.
const LEAK: usize = 12;

/// Tokens of several kinds.
fn planted(n: u32) -> String {
    let digest = Digest::of(format!("planted {n}").as_bytes());
    let letters =
        base64(&digest.as_bytes().iter().map(|b| format!("{b:x}{}", char::from(b'G' + b % 20))).collect::<String>());
    match n % 4 {
        0 => format!("sk-live-{}", &letters[..40]),
        1 => digest.to_string().replace("sha256:", "")[..40].to_owned(),
        2 => format!("{}/{}+{}", &letters[..20], &letters[20..30], &letters[30..44]),
        _ => letters[..64].to_owned(),
    }
}

fn each(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

type Write = fn(&str) -> String;
const ENCODINGS: [(&str, Write); 12] = [
    ("raw", |s| s.to_owned()),
    ("base64", base64),
    ("base64url", |s| base64(s).replace('+', "-").replace('/', "_").replace('=', "")),
    ("base64 within", |s| base64(&format!("Bearer {s}\n"))),
    ("hex", |s| each(s, |b| format!("{b:02x}"))),
    ("HEX", |s| each(s, |b| format!("{b:02X}"))),
    ("percent", |s| each(s, |b| format!("%{b:02X}"))),
    ("JSON", |s| s.replace('\\', "\\\\").replace('"', "\\\"").replace('/', "\\/")),
    ("reversed", |s| s.chars().rev().collect()),
    ("upper case", |s| s.to_uppercase()),
    ("twice", |s| base64(&base64(s))),
    ("codes", |s| each(s, |b| format!("{b} "))),
];

fn pieces(text: &str, count: usize) -> Vec<&str> {
    let size = text.len().div_ceil(count);
    (0..count).filter_map(|i| text.get(i * size..text.len().min((i + 1) * size))).collect()
}

type Split = fn(&str) -> Value;
const SPLITS: [(&str, Split); 5] = [
    ("whole", |s| json!({ "content": [{ "type": "text", "text": format!("it is {s}, no more") }] })),
    ("halves", |s| json!({ "content": [], "structuredContent": { "parts": pieces(s, 2) } })),
    ("blocks", |s| {
        let block = |text: &&str| json!({ "type": "text", "text": text });
        json!({ "content": pieces(s, 3).iter().map(block).collect::<Vec<_>>() })
    }),
    (
        "lines",
        |s| json!({ "content": [{ "type": "text", "text": s.chars().flat_map(|c| [c, '\n']).collect::<String>() }] }),
    ),
    ("fields", |s| {
        let p = pieces(s, 3);
        json!({ "content": [], "structuredContent": { "a": p[0], "b": p[1], "c": p[2] } })
    }),
];

/// All strings of a value in a row, letters and digits alone.
fn letters(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.extend(text.chars().filter(char::is_ascii_alphanumeric)),
        Value::Array(items) => items.iter().for_each(|item| letters(item, out)),
        Value::Object(members) => members.values().for_each(|member| letters(member, out)),
        _ => {}
    }
}

#[test]
fn a_server_that_returns_all_it_received_returns_no_secret() {
    let scene = Scene::new(Level::Guard, Mode::Enforce, "");
    let secrets: Vec<String> = (0..PLANTED).map(planted).collect();
    for secret in &secrets {
        scene.view.secrets.add("planted", secret.as_bytes()).unwrap();
    }
    let mut leaks = Vec::new();
    for secret in &secrets {
        for (encoding, write) in ENCODINGS {
            let written = write(secret);
            for (split, part) in SPLITS {
                let said = json!({ "jsonrpc": "2.0", "id": 1, "result": part(&written) });
                let clearance = scene.clear("tools/call", Revision::V2025_11_25, &said).unwrap();
                let got: Value = serde_json::from_slice(clearance.cleared.as_ref().unwrap().bytes()).unwrap();
                assert!(
                    clearance.findings.iter().any(|f| f.kind == FindingKind::KnownSecret),
                    "{encoding}, {split}: {said}"
                );
                let (mut line, mut own) = (String::new(), String::new());
                letters(&got["result"], &mut line);
                letters(&json!(written), &mut own);
                let size = (LEAK * own.len()).div_ceil(secret.len()).max(LEAK);
                if own.as_bytes().windows(size).any(|w| line.contains(std::str::from_utf8(w).unwrap())) {
                    leaks.push(format!("{encoding}, {split}: {got}"));
                }
            }
        }
    }
    assert!(
        leaks.is_empty(),
        "{} of {}: {:#?}",
        leaks.len(),
        secrets.len() * 60,
        leaks.iter().take(5).collect::<Vec<_>>()
    );
}
