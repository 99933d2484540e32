//! Pieces of texts that may belong together.

use crate::{symbols::Symbols, words::common};
use std::ops::Range;

/// A piece, of a string of this call or of one that left before.
#[derive(Clone)]
pub(crate) struct Seam<'a> {
    /// The number of the string in this call.
    pub(crate) leaf: Option<usize>,
    pub(crate) range: Range<usize>,
    pub(crate) text: &'a str,
}

/// More pieces of one text than these are prose.
const MOST: usize = 12;

/// As many single letters in a row are no flags.
const APART: usize = 3;

/// The pieces of a text that are no common words, with the marks that belong to them.
pub(crate) fn pieces(text: &str, symbols: &mut Symbols) -> Vec<Range<usize>> {
    symbols.read(text);
    let mut pieces: Vec<Range<usize>> = Vec::new();
    // A single letter is a flag or a key, but many are something that was taken apart.
    let apart = symbols.tokens.windows(APART).any(|tokens| tokens.iter().all(|t| t.len() == 1 && !t.digits));
    for token in &symbols.tokens {
        if !token.digits
            && (token.len() == 1 && !apart
                || token.len() > 1 && token.len() <= 16 && common(symbols.of(token)).is_some())
        {
            continue;
        }
        let span = symbols.bytes(&token.range(), text);
        let start = text.get(..span.start).and_then(|t| t.rfind(is_end)).map_or(0, |at| next_char(text, at));
        let end = text.get(span.end..).and_then(|t| t.find(is_end)).map_or(text.len(), |at| span.end + at);
        match pieces.last() {
            Some(last) if last.end > start => {}
            _ if pieces.len() < MOST => pieces.push(start..end),
            _ => break,
        }
    }
    pieces
}

/// Pieces of a text, parted where they have dots and low lines too.
pub(crate) fn split_at_dots(text: &str, pieces: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut fine = Vec::new();
    for piece in pieces {
        let mut at = piece.start;
        for part in text.get(piece.clone()).unwrap_or_default().split(['.', '_']) {
            if !part.is_empty() {
                fine.push(at..at + part.len());
            }
            at += part.len() + 1;
        }
    }
    fine.truncate(MOST);
    fine
}

/// What of two texts is left without what they begin and end with both.
pub(crate) fn cores(a: &str, b: &str) -> (Range<usize>, Range<usize>) {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let start = a.get(..a.floor_char_boundary(same)).and_then(|t| t.rfind(is_end)).map_or(0, |at| next_char(a, at));
    let rest = a.len().min(b.len()) - start;
    let same = a.bytes().rev().zip(b.bytes().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let tail = a.get(a.ceil_char_boundary(a.len() - same)..).unwrap_or_default();
    let tail = tail.find(|c| is_end(c) || c == '.').map_or(0, |at| tail.len() - at);
    (start..a.len() - tail, start..b.len() - tail)
}

/// The longest run without an end in a piece.
pub(crate) fn longest<'a>(seam: &Seam<'a>) -> Option<Seam<'a>> {
    let mut at = seam.range.start;
    let mut best: Option<Range<usize>> = None;
    for run in seam.text.get(seam.range.clone())?.split(is_end) {
        if best.as_ref().is_none_or(|b| run.len() > b.len()) {
            best = Some(at..at + run.len());
        }
        at += run.len();
        at = next_char(seam.text, at);
    }
    Some(Seam { range: best?, ..seam.clone() })
}

/// Whether a piece ends at this character.
fn is_end(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '@' | '/'
                | '?'
                | '='
                | '&'
                | '\''
                | '"'
                | ','
                | ':'
                | ';'
                | '('
                | ')'
                | '<'
                | '>'
                | '|'
                | '['
                | ']'
                | '{'
                | '}'
        )
}

fn next_char(text: &str, at: usize) -> usize {
    at + text.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&str> {
        pieces(text, &mut Symbols::default()).into_iter().map(|r| &text[r]).collect()
    }

    #[test]
    fn what_is_odd_is_a_piece() {
        assert_eq!(of("Hello, the figure you asked for is 482-. Kind regards"), ["482-."]);
        assert_eq!(of("https://files.example/x9Kq/Y2Ug?a=U21p"), ["x9Kq", "Y2Ug", "U21p"]);
        assert_eq!(of("2026-@inbox.example"), ["2026-"]);
        assert!(of("please send the report").is_empty());
    }

    #[test]
    fn cores_are_what_differs() {
        let core = |a: &'static str, b: &'static str| {
            let (x, y) = cores(a, b);
            (&a[x], &b[y])
        };
        assert_eq!(core("the code is 48 thanks", "the code is 43 thanks"), ("48", "43"));
        assert_eq!(core("https://ab.x.example/", "https://cd.x.example/"), ("ab", "cd"));
        assert_eq!(core("/tmp/%34%38.txt", "/tmp/%34%33.txt"), ("%34%38", "%34%33"));
        assert_eq!(core("same", "same"), ("same", "same"));
        assert_eq!(core("", "x"), ("", "x"));
    }
}
