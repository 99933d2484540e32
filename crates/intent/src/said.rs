//! What the human said, by keyed sums: runs of words, and numbers.

use crate::{
    clause::sentences,
    words::{Map, Set, Word, words},
};
use doorward_flow::Sums;
use serde::{Deserialize, Serialize};

/// The longest run of words that is remembered, and the most runs.
const RUN: usize = 8;
const MOST: usize = 2 * 1024;

/// Runs of words, each with the sentences that it stood in: a bit for each, and the thirty-third has that of the first. Below
/// them, the numbers that were said, and how many sentences there were.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Said {
    runs: Map<u32, u32>,
    numbers: Set<u32>,
    sentences: u32,
}

/// All sentences.
pub(crate) const ANYWHERE: u32 = u32::MAX;

impl Said {
    /// The number of the next sentence.
    pub(crate) const fn next(&self) -> u32 {
        self.sentences
    }

    /// Takes in a text.
    pub(crate) fn add(&mut self, sums: &Sums, text: &str) {
        self.add_at_most(sums, text, MOST);
    }

    /// The same, where so many runs are remembered.
    pub(crate) fn add_at_most(&mut self, sums: &Sums, text: &str, most: usize) {
        let all = words(text);
        for sentence in sentences(&all) {
            let bit = 1_u32.rotate_left(self.sentences);
            self.sentences = self.sentences.wrapping_add(1);
            for at in 0..sentence.len() {
                for len in 1..=RUN.min(sentence.len() - at) {
                    let sum = run(sums, sentence.get(at..at + len).unwrap_or_default());
                    if self.runs.len() < most || self.runs.contains_key(&sum) {
                        *self.runs.entry(sum).or_default() |= bit;
                    }
                }
            }
        }
        self.numbers.extend(numbers(text).filter(|(_, telling)| *telling).map(|(number, _)| number_sum(sums, &number)));
    }

    /// Whether these words were said in a row; of many, all runs of them.
    pub(crate) fn has(&self, sums: &Sums, text: &str) -> bool {
        self.has_words(sums, &words(text))
    }

    /// The same of words.
    pub(crate) fn has_words(&self, sums: &Sums, all: &[Word<'_>]) -> bool {
        match all.len() {
            0 => false,
            n if n <= RUN => self.runs.contains_key(&run(sums, all)),
            _ => all.windows(RUN).all(|w| self.runs.contains_key(&run(sums, w))),
        }
    }

    /// Whether a sum of [`sum_of`] is one of a run that was said in one of these sentences.
    pub(crate) fn has_sum(&self, sum: u32, sentences: u32) -> bool {
        self.runs.get(&sum).is_some_and(|at| at & sentences != 0)
    }

    /// Whether a sum of [`number_of`] is one of a number that was said.
    pub(crate) fn has_number(&self, sum: u32) -> bool {
        self.numbers.contains(&sum)
    }

    /// In bytes, about.
    pub(crate) fn memory(&self) -> usize {
        self.runs.capacity() * 9 + self.numbers.capacity() * 5
    }
}

/// The sum of a run of words.
pub(crate) fn run(sums: &Sums, words: &[Word<'_>]) -> u32 {
    sums.of(words.iter().map(|w| &*w.text))
}

/// The sum of a text as a run of words.
pub(crate) fn sum_of(sums: &Sums, text: &str) -> u32 {
    run(sums, &words(text))
}

/// The sum of a text that is one number, however it is written.
pub(crate) fn number_of(sums: &Sums, text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    let (number, _) = numbers(text).next().filter(|_| plain)?;
    Some(number_sum(sums, &number))
}

fn number_sum(sums: &Sums, number: &str) -> u32 {
    sums.of(["#", number].into_iter())
}

/// The numbers of a text, without signs for thousands and without zeros at the end of a fraction; and whether each tells
/// something: it has three digits or a fraction.
fn numbers(text: &str) -> impl Iterator<Item = (String, bool)> + '_ {
    let inside = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    text.split(move |c: char| !inside(c)).filter_map(|part| {
        let part = part.trim_matches(|c| c == '.' || c == ',');
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        (1..=20).contains(&digits).then(|| {
            let plain = part.replace(',', "");
            let whole = plain.trim_start_matches('0');
            let whole = if whole.is_empty() || whole.starts_with('.') { format!("0{whole}") } else { whole.to_owned() };
            let number = match whole.contains('.') {
                true => whole.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => whole,
            };
            (number, digits > 2 || plain.contains('.'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_known_in_other_spellings() {
        let sums = Sums::new(&[1; 16]);
        let mut said = Said::default();
        said.add(&sums, "Write to John.Doe@corp.example about 'Team Sync', and pay 1,200.50 or 12.00 euros.");
        for text in ["john.doe@corp.example", "team sync", "Team-Sync"] {
            assert!(said.has(&sums, text), "{text}");
        }
        for text in ["john.doe@evil.example", "sync team", ""] {
            assert!(!said.has(&sums, text), "{text}");
        }
        let number = |text: &str| number_of(&sums, text).is_some_and(|n| said.has_number(n));
        assert!(number("1200.5") && number("12") && !number("1200") && !number("12 euros"));
    }
}
