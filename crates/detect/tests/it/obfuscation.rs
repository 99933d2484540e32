//! Orders that were written in another way: forty ways, fifty orders. What is found in plain words is found in these,
//! and where it stands is said in bytes of the text as it came.

use crate::{INBOUND_HOST, SCANNER};
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward_detect::Text;
use doorward_vocab::{Channel, FindingKind};

const PAYLOADS: &str = include_str!("payloads.txt");

/// How a text is written in another way.
type Way = (&'static str, fn(&str) -> String);

const WAYS: &[Way] = &[
    ("tags", |t| t.chars().filter_map(|c| char::from_u32(0xe0000 + u32::from(c))).collect()),
    ("far selectors", |t| t.bytes().filter_map(|b| char::from_u32(0xe0100 + u32::from(b))).collect()),
    ("all selectors", |t| {
        t.bytes()
            .filter_map(|b| {
                char::from_u32(match b {
                    0..16 => 0xfe00 + u32::from(b),
                    _ => 0xe0100 + u32::from(b) - 16,
                })
            })
            .collect()
    }),
    ("bits of zero width", |t| {
        let bit = |b: u8, n: u8| if b >> n & 1 == 1 { '\u{200c}' } else { '\u{200b}' };
        t.bytes().flat_map(|b| (0..8).rev().map(move |n| bit(b, n))).collect()
    }),
    ("zero-width space", |t| between(t, "\u{200b}")),
    ("zero-width joiner", |t| between(t, "\u{200d}")),
    ("word joiner", |t| between(t, "\u{2060}")),
    ("soft hyphens", |t| between(t, "\u{ad}")),
    ("mixed invisibles", |t| {
        let signs = ['\u{200b}', '\u{200c}', '\u{2062}', '\u{feff}'];
        t.chars().zip(signs.into_iter().cycle()).flat_map(|(c, sign)| [c, sign]).collect()
    }),
    ("bidirectional marks", |t| words(t, |w| format!("\u{202a}{w}\u{202c}"))),
    ("full width", |t| map(t, |c| shift(c, 0xff21, 0xff41))),
    ("bold", |t| map(t, |c| shift(c, 0x1d400, 0x1d41a))),
    ("script", |t| map(t, |c| shift(c, 0x1d4d0, 0x1d4ea))),
    ("monospace", |t| map(t, |c| shift(c, 0x1d670, 0x1d68a))),
    ("circled", |t| map(t, |c| shift(c, 0x24b6, 0x24d0))),
    ("squared", |t| map(&t.to_uppercase(), |c| shift(c, 0x1f130, 0))),
    ("Cyrillic", |t| swap(t, "aceopxyiABCEHKMOPTX", "асеорхуіАВСЕНКМОРТХ")),
    ("Greek", |t| swap(t, "oviABEHIKMNOPTXYZ", "ονιΑΒΕΗΙΚΜΝΟΡΤΧΥΖ")),
    ("small capitals", |t| swap(&t.to_lowercase(), "abcdefghijklmnoprtuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ")),
    ("struck through", |t| t.chars().flat_map(|c| [c, '\u{336}']).collect()),
    ("piled marks", |t| t.chars().flat_map(|c| [c, '\u{301}', '\u{323}', '\u{30a}']).collect()),
    ("braille", |t| swap(&t.to_lowercase(), "abcdefghijklmnopqrstuvwxyz", "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵")),
    ("base64", |t| STANDARD.encode(t)),
    ("base64 in lines", |t| lines(&STANDARD.encode(t), 76)),
    ("base64 twice", |t| STANDARD.encode(STANDARD.encode(t))),
    ("base64 of wide characters", |t| STANDARD.encode(t.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())),
    ("hexadecimal", |t| t.bytes().map(|b| format!("{b:02x}")).collect()),
    ("hexadecimal bytes", |t| t.bytes().map(|b| format!("{b:02X} ")).collect()),
    ("bits", |t| t.bytes().map(|b| format!("{b:08b} ")).collect()),
    ("codes", |t| t.bytes().map(|b| format!("{b}, ")).collect()),
    ("percent", |t| t.bytes().map(|b| format!("%{b:02X}")).collect()),
    ("entities", |t| t.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
    ("escapes", |t| t.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect()),
    ("escaped bytes in base64", |t| STANDARD.encode(t.bytes().map(|b| format!("\\x{b:02x}")).collect::<String>())),
    ("ROT13", |t| {
        map(t, |c| match c {
            'a'..='m' | 'A'..='M' => char::from_u32(u32::from(c) + 13),
            'n'..='z' | 'N'..='Z' => char::from_u32(u32::from(c) - 13),
            _ => None,
        })
    }),
    ("reversed", |t| t.chars().rev().collect()),
    ("spaced", |t| spelled(t, " ", "   ")),
    ("hyphens", |t| spelled(t, "-", " ")),
    ("digits for letters", |t| swap(t, "aeiost", "431057")),
    ("tags within words", |t| {
        words(t, |w| match w.char_indices().nth(w.chars().count() / 2) {
            Some((at, _)) if at > 0 => format!("{}<b></b>{}", &w[..at], &w[at..]),
            _ => w.to_owned(),
        })
    }),
];

fn between(text: &str, sign: &str) -> String {
    text.chars().map(|c| format!("{c}{sign}")).collect()
}

fn words(text: &str, change: impl Fn(&str) -> String) -> String {
    text.split(' ').map(change).collect::<Vec<_>>().join(" ")
}

fn map(text: &str, other: impl Fn(char) -> Option<char>) -> String {
    text.chars().map(|c| other(c).unwrap_or(c)).collect()
}

/// The letter in an alphabet whose capitals and small letters begin there.
fn shift(c: char, capitals: u32, small: u32) -> Option<char> {
    match c {
        'A'..='Z' => char::from_u32(u32::from(c) - 0x41 + capitals),
        'a'..='z' if small > 0 => char::from_u32(u32::from(c) - 0x61 + small),
        _ => None,
    }
}

fn swap(text: &str, these: &str, those: &str) -> String {
    map(text, |c| these.chars().zip(those.chars()).find(|(a, _)| *a == c).map(|(_, b)| b))
}

fn lines(text: &str, width: usize) -> String {
    text.as_bytes().chunks(width).map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect()
}

/// Letter by letter, with one sign between letters and another between words.
fn spelled(text: &str, letters: &str, apart: &str) -> String {
    let word = |w: &str| w.chars().map(String::from).collect::<Vec<_>>().join(letters);
    text.split(' ').map(word).collect::<Vec<_>>().join(apart)
}

/// Whether an order is seen in the middle of a harmless text, and at least half of it at its place and not all around it.
fn seen(said: &str) -> bool {
    let (before, after) = INBOUND_HOST;
    let text = format!("{before}{said}{after}");
    let place = before.len()..before.len() + said.len();
    let found = SCANNER.scan(&[Text { path: "/content/0/text", text: &text, channel: Channel::Result }]);
    found.iter().filter(|f| f.finding.kind == FindingKind::Injection).any(|f| {
        let span = &f.finding.span;
        let common = span.end.min(place.end).saturating_sub(span.start.max(place.start));
        common * 2 >= said.len().min(span.len())
            && common > 0
            && span.start + 200 > place.start
            && span.end < place.end + 200
    })
}

#[test]
fn what_is_seen_in_plain_words_is_seen_in_others() {
    let payloads: Vec<&str> = PAYLOADS.lines().collect();
    assert_eq!((WAYS.len(), payloads.len()), (40, 50));
    let count = |way: fn(&str) -> String| payloads.iter().filter(|p| seen(&way(p))).count();
    let plain = count(str::to_owned);
    let each: Vec<_> = WAYS.iter().map(|(name, way)| (*name, count(*way))).collect();
    let all: usize = each.iter().map(|(_, n)| n).sum();
    println!("{plain} of 50 in plain words, {all} of 2000 in others: {each:?}");
    assert!(plain >= 48, "{plain}");
    // Within five of a hundred, over all ways; and no way hides much more than another.
    assert!(all * 20 >= plain * WAYS.len() * 19, "{all}: {each:?}");
    assert!(each.iter().all(|(_, n)| n + 10 >= plain), "{each:?}");
}
