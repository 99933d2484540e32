//! Words of a text, as they are compared: small letters, by their stems.

use rust_stemmers::{Algorithm, Stemmer};
use std::{cell::OnceCell, ops::Range};

/// A word where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// In small letters.
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
    /// Whether a sentence, an item or a part between commas begins with it.
    pub(crate) begins: Begins,
}

/// What begins with a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Begins {
    Nothing,
    /// What follows a comma, a colon or a bracket.
    Part,
    Sentence,
}

/// The words of a text: runs of letters and digits, with an apostrophe or a hyphen inside.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut all: Vec<Word> = Vec::new();
    let mut begins = Begins::Sentence;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if !c.is_alphanumeric() {
            let next = chars.peek().map(|(_, next)| *next);
            let before_space = chars.peek().is_none_or(|(_, next)| next.is_whitespace() || "\"')*".contains(*next));
            let here = match c {
                '!' | '?' | ';' => Begins::Sentence,
                // A line may end within a sentence.
                '\n' if next.is_none_or(|n| !n.is_alphabetic()) => Begins::Sentence,
                '.' if before_space => Begins::Sentence,
                ':' | ')' if before_space => Begins::Sentence,
                ',' | '(' | '–' | '—' | '"' | '“' => Begins::Part,
                _ => Begins::Nothing,
            };
            begins = begins.max(here);
            continue;
        }
        let mut end = at + c.len_utf8();
        while let Some((next_at, next)) = chars.peek().copied() {
            let inside = matches!(next, '\'' | '’')
                && text.get(next_at + next.len_utf8()..).is_some_and(|rest| rest.starts_with(char::is_alphabetic));
            if !next.is_alphanumeric() && !inside {
                break;
            }
            end = next_at + next.len_utf8();
            chars.next();
        }
        let raw = text.get(at..end).unwrap_or_default();
        all.push(Word { text: raw.to_lowercase().replace('’', "'"), span: at..end, begins });
        begins = Begins::Nothing;
    }
    all
}

/// The words of a name as programs write them: `sendMoney`, `send_money`, `send-money`.
pub(crate) fn of_name(name: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut word = String::new();
    let mut before_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && before_small) {
            all.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        word.extend(c.to_lowercase().filter(|c| c.is_alphanumeric()));
        before_small = c.is_lowercase() || c.is_ascii_digit();
    }
    all.extend((!word.is_empty()).then_some(word));
    all
}

thread_local! {
    static STEMMER: OnceCell<Stemmer> = const { OnceCell::new() };
}

/// The stem of a word in small letters (Porter 2).
pub(crate) fn stem(word: &str) -> String {
    STEMMER.with(|cell| cell.get_or_init(|| Stemmer::create(Algorithm::English)).stem(word).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_and_parts_are_told() {
        let all = words("Read 'a-b.txt', then don't stop. 1. Please go");
        let told: Vec<_> = all.iter().map(|w| (w.text.as_str(), w.begins)).collect();
        let (n, p, s) = (Begins::Nothing, Begins::Part, Begins::Sentence);
        assert_eq!(
            told,
            [
                ("read", s),
                ("a", n),
                ("b", n),
                ("txt", n),
                ("then", p),
                ("don't", n),
                ("stop", n),
                ("1", s),
                ("please", s),
                ("go", n)
            ]
        );
        assert_eq!(of_name("sendMoney_toIBAN-x"), ["send", "money", "to", "iban", "x"]);
    }
}
