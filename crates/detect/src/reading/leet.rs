//! Words with digits and signs in the place of letters: `1gn0r3 4ll pr3v10us`.

use super::{Way, excerpt::Undone, place::Place, words};
use std::ops::Range;

/// So many words have to come out.
const LEAST: usize = 2;
const LONGEST: usize = 20;

fn part(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'@' | b'$' | b'!' | b'|')
}

pub(super) fn places(text: &str, parts: &[Range<usize>], out: &mut Vec<Place>) {
    let bytes = text.as_bytes();
    for zone in parts {
        // Whole words; the zones of a text do not touch each other.
        let before =
            bytes.get(..zone.start).unwrap_or_default().iter().rev().take(LONGEST).take_while(|b| part(**b)).count();
        let after = bytes.get(zone.end..).unwrap_or_default().iter().take(LONGEST).take_while(|b| part(**b)).count();
        let zone = zone.start - before..zone.end + after;
        let mut said = Vec::new();
        let mut at = zone.start;
        while at < zone.end {
            let length = bytes.get(at..zone.end).unwrap_or_default().iter().take_while(|b| part(**b)).count();
            if let Some(word) = bytes.get(at..at + length).and_then(plain) {
                said.push((at..at + length, word.1));
            }
            at += length.max(1);
        }
        if said.iter().filter(|(_, known)| *known).count() >= LEAST {
            out.extend(said.into_iter().map(|(span, _)| Place { span, way: Way::Leet, undo }));
        }
    }
}

/// The word that letters and digits stand for, and whether it is one that is known.
fn plain(said: &[u8]) -> Option<(Vec<u8>, bool)> {
    let letters = said.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if said.len() > LONGEST || said.len() < 2 || letters == said.len() || letters == 0 {
        return None;
    }
    let read = |one: u8| said.iter().map(|b| meant(*b, one)).collect::<Option<Vec<u8>>>();
    let (i, l) = (read(b'i')?, read(b'l')?);
    let known = |word: &[u8]| std::str::from_utf8(word).is_ok_and(words::known);
    match (known(&i), known(&l)) {
        (false, true) => Some((l, true)),
        (known, _) => Some((i, known)),
    }
}

fn meant(b: u8, one: u8) -> Option<u8> {
    Some(match b {
        b'0' => b'o',
        b'1' | b'|' | b'!' => one,
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'6' | b'9' => b'g',
        b'7' => b't',
        b'8' => b'b',
        b'2' => b'z',
        b if b.is_ascii_alphabetic() => b.to_ascii_lowercase(),
        _ => return None,
    })
}

fn undo(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    let Some((word, _)) = text.as_bytes().get(span.clone()).and_then(plain) else { return false };
    for (n, b) in word.iter().enumerate() {
        out.push(&[*b], span.start + n..span.start + n + 1);
    }
    true
}
