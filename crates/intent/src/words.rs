//! Words of a text, as they are compared: small letters, by their stems.

use foldhash::fast::RandomState;
use rust_stemmers::{Algorithm, Stemmer};
use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{HashMap, HashSet},
    hash::BuildHasher as _,
    ops::Range,
};

/// A map by words that the lexicon knows, or by sums that are keyed already: nobody outside chooses where they fall.
pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;
/// A set of them.
pub(crate) type Set<K> = HashSet<K, RandomState>;

/// A word where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word<'t> {
    /// In small letters.
    pub(crate) text: Cow<'t, str>,
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

/// The words of a text: runs of letters and digits, with an apostrophe inside.
pub(crate) fn words(text: &str) -> Vec<Word<'_>> {
    let mut all = Vec::with_capacity(text.len() / 5 + 1);
    all.extend(Runs::of(text).map(|(span, begins)| {
        let text = small(text.get(span.clone()).unwrap_or_default());
        Word { text, span, begins }
    }));
    all
}

/// Whether a text has more words than `most`.
pub(crate) fn are_more(text: &str, most: usize) -> bool {
    Runs::of(text).nth(most).is_some()
}

/// Where the words of a text stand, and what begins with each.
struct Runs<'t> {
    text: &'t str,
    at: usize,
    begins: Begins,
}

impl<'t> Runs<'t> {
    const fn of(text: &'t str) -> Self {
        Self { text, at: 0, begins: Begins::Sentence }
    }

    fn char(&self, at: usize) -> Option<char> {
        match self.text.as_bytes().get(at)? {
            byte if byte.is_ascii() => Some(char::from(*byte)),
            _ => self.text.get(at..)?.chars().next(),
        }
    }

    /// Whether a number follows that is none of a list: `Main St. 7`, but not `Look. 2. Write`.
    fn is_number_next(&self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let after = rest.trim_start_matches(' ');
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && rest.len() > after.len() && !matches!(after.as_bytes().get(digits), Some(b'.' | b')'))
    }

    /// What begins behind a mark, where `next` follows it.
    fn behind(mark: char, next: Option<char>) -> Begins {
        let before_space = || next.is_none_or(|next| next.is_whitespace() || "\"')*".contains(next));
        match mark {
            '!' | '?' | ';' => Begins::Sentence,
            // A line may end within a sentence.
            '\n' if next.is_none_or(|n| !n.is_alphabetic()) => Begins::Sentence,
            '.' | ':' | ')' if before_space() => Begins::Sentence,
            ',' | '(' | '–' | '—' | '"' | '“' | '&' => Begins::Part,
            '-' if next.is_some_and(char::is_whitespace) => Begins::Part,
            _ => Begins::Nothing,
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = (Range<usize>, Begins);

    fn next(&mut self) -> Option<Self::Item> {
        let start = loop {
            let c = self.char(self.at)?;
            if c.is_alphanumeric() {
                break self.at;
            }
            self.at += c.len_utf8();
            if c != ' ' && !(c == '.' && self.is_number_next()) {
                self.begins = self.begins.max(Self::behind(c, self.char(self.at)));
            }
        };
        while let Some(c) = self.char(self.at) {
            let inside = matches!(c, '\'' | '’') && self.char(self.at + c.len_utf8()).is_some_and(char::is_alphabetic);
            if !c.is_alphanumeric() && !inside {
                break;
            }
            self.at += c.len_utf8();
        }
        Some((start..self.at, std::mem::replace(&mut self.begins, Begins::Nothing)))
    }
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
fn small(word: &str) -> Cow<'_, str> {
    let small = match word.is_ascii() {
        true if word.bytes().any(|b| b.is_ascii_uppercase()) => Cow::Owned(word.to_ascii_lowercase()),
        true => Cow::Borrowed(word),
        false => Cow::Owned(word.to_lowercase().replace('’', "'")),
    };
    match small {
        Cow::Borrowed(small) => Cow::Borrowed(small.strip_suffix("'s").unwrap_or(small)),
        Cow::Owned(mut small) => {
            if small.ends_with("'s") {
                small.truncate(small.len() - 2);
            }
            Cow::Owned(small)
        }
    }
}

thread_local! {
    static STEMMER: RefCell<Memo> = RefCell::default();
}

/// The stem of a word in small letters (Porter 2).
pub(crate) fn stem(word: &str) -> Cow<'_, str> {
    STEMMER.with(|memo| memo.borrow_mut().stem(word))
}

/// The stemmer, which is slow, and what it said lately. It holds no words: those of a text may be secret.
struct Memo {
    stemmer: Stemmer,
    /// Under which words are told apart.
    key: RandomState,
    cuts: Map<u64, Cut>,
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
        Self { stemmer: Stemmer::create(Algorithm::English), key: RandomState::default(), cuts: Map::default() }
    }
}

impl Memo {
    fn stem<'w>(&mut self, word: &'w str) -> Cow<'w, str> {
        let sum = self.key.hash_one(word);
        if let Some(stem) = self.cuts.get(&sum).and_then(|cut| cut.of(word)) {
            return stem;
        }
        let stem = self.stemmer.stem(word);
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

    fn of(self, word: &str) -> Option<Cow<'_, str>> {
        let kept = word.get(..usize::from(self.kept))?;
        if self.end == [0; 3] {
            return Some(Cow::Borrowed(kept));
        }
        let new = std::str::from_utf8(&self.end).ok()?.trim_end_matches('\0');
        Some(Cow::Owned([kept, new].concat()))
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
        let told: Vec<_> = all.iter().map(|w| (&*w.text, w.begins)).collect();
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
        assert_eq!(words("Ann’s it's").iter().map(|w| &*w.text).collect::<Vec<_>>(), ["ann", "it"]);
        assert_eq!(of_name("sendMoney_toIBAN-x"), ["send", "money", "to", "iban", "x"]);
    }
}
