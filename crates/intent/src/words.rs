//! Words of a text, as they are compared: small letters, by their stems.

use rust_stemmers::{Algorithm, Stemmer};
use std::{
    cell::RefCell,
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    ops::Range,
};

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
        all.push(Word { text: small(raw), span: at..end, begins });
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

/// A word in small letters, without the end of a genitive.
fn small(word: &str) -> String {
    let mut small = if word.is_ascii() { word.to_ascii_lowercase() } else { word.to_lowercase().replace('’', "'") };
    if small.ends_with("'s") {
        small.truncate(small.len() - 2);
    }
    small
}

thread_local! {
    static STEMMER: RefCell<Memo> = RefCell::default();
}

/// The stem of a word in small letters (Porter 2).
pub(crate) fn stem(word: &str) -> String {
    STEMMER.with(|memo| memo.borrow_mut().stem(word))
}

/// The stemmer, which is slow, and what it said lately. It holds no words: those of a text may be secret.
struct Memo {
    stemmer: Stemmer,
    /// Under which words are told apart.
    key: RandomState,
    cuts: HashMap<u64, Cut>,
}

/// How a stem is made of its word: what is left of it, and what follows.
#[derive(Clone, Copy)]
struct Cut {
    kept: u8,
    end: [u8; 3],
}

/// The most words whose stems are remembered.
const REMEMBERED: usize = 4096;

impl Default for Memo {
    fn default() -> Self {
        Self { stemmer: Stemmer::create(Algorithm::English), key: RandomState::new(), cuts: HashMap::new() }
    }
}

impl Memo {
    fn stem(&mut self, word: &str) -> String {
        let sum = self.key.hash_one(word);
        if let Some(stem) = self.cuts.get(&sum).and_then(|cut| cut.of(word)) {
            return stem;
        }
        let stem = self.stemmer.stem(word).into_owned();
        if let Some(cut) = Cut::between(word, &stem) {
            if self.cuts.len() >= REMEMBERED {
                self.cuts.clear();
            }
            self.cuts.insert(sum, cut);
        }
        stem
    }
}

impl Cut {
    fn between(word: &str, stem: &str) -> Option<Self> {
        let kept = word.bytes().zip(stem.bytes()).take_while(|(a, b)| a == b).count();
        let mut end = [0; 3];
        let new = stem.get(kept..).filter(|new| !new.contains('\0'))?.as_bytes();
        end.get_mut(..new.len())?.copy_from_slice(new);
        Some(Self { kept: kept.try_into().ok()?, end })
    }

    fn of(self, word: &str) -> Option<String> {
        let new = std::str::from_utf8(&self.end).ok()?.trim_end_matches('\0');
        let kept = word.get(..usize::from(self.kept))?;
        Some([kept, new].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_is_the_same_when_it_is_remembered() {
        let stemmer = Stemmer::create(Algorithm::English);
        let all = "generously happily relational hopping dying skies proceed e-mail don't größer naïve a \0x x\0";
        for word in all.split(' ').chain(all.split(' ')) {
            assert_eq!(stem(word), stemmer.stem(word), "{word}");
        }
    }

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
        assert_eq!(words("Ann’s it's").iter().map(|w| w.text.as_str()).collect::<Vec<_>>(), ["ann", "it"]);
        assert_eq!(of_name("sendMoney_toIBAN-x"), ["send", "money", "to", "iban", "x"]);
    }
}
