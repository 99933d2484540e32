//! Puts a payload into an honest text, as somebody would who can write into one part of it.

use crate::draw::Draw;
use std::ops::Range;

/// The text with the payload, and where that is.
pub(crate) fn plant(host: &str, payload: &str, draw: &mut Draw) -> (String, Range<usize>) {
    let places: Vec<(usize, &str, &str)> = match draw.below(10) {
        // A line of its own.
        0..=3 => host.match_indices('\n').map(|(at, _)| (at + 1, "", "\n")).chain([(0, "", "\n")]).collect(),
        // A paragraph of its own, or the end.
        4 => {
            vec![(host.len(), "\n\n", ""), (host.len(), "\n", ""), (host.len(), " ", ""), (0, "", " "), (0, "", "\n\n")]
        }
        // After a sentence.
        5 | 6 => host.match_indices(". ").map(|(at, _)| (at + 2, "", " ")).chain([(host.len(), " ", "")]).collect(),
        // In a field of an object.
        7 | 8 => {
            let opens = [": \"", "\": \\\"", ": '"]
                .iter()
                .flat_map(|p| host.match_indices(*p).map(|(at, p)| (at + p.len(), "", " ")));
            let colon = host.match_indices(": ").map(|(at, _)| (at + 2, "", " "));
            let all: Vec<_> = opens.collect();
            if all.is_empty() { colon.collect() } else { all }
        }
        // In a cell of a table.
        _ => host.match_indices("| ").map(|(at, _)| (at + 2, "", " ")).collect(),
    };
    let places = if places.is_empty() { vec![(host.len(), "\n", "")] } else { places };
    let (at, before, after) = draw.pick(&places);
    let quoted = host[..at].ends_with('"');
    let payload = if quoted {
        payload.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
    } else {
        payload.to_owned()
    };
    let start = at + before.len();
    let text = [&host[..at], before, &payload, after, &host[at..]].concat();
    (text, start..start + payload.len())
}

/// The payload in another form: case, typing errors, no full stop.
pub(crate) fn vary(payload: &str, draw: &mut Draw) -> String {
    match draw.below(20) {
        0 => payload.to_lowercase(),
        1 => payload.to_uppercase(),
        2 | 3 => payload.trim_end_matches(['.', '!']).to_owned(),
        4 => {
            let mut letters: Vec<char> = payload.chars().collect();
            for _ in 0..letters.len() / 40 + 1 {
                let at = draw.below(letters.len().saturating_sub(1));
                if letters.len() > at + 1 && letters[at].is_alphabetic() && letters[at + 1].is_alphabetic() {
                    letters.swap(at, at + 1);
                }
            }
            letters.into_iter().collect()
        }
        _ => payload.to_owned(),
    }
}
