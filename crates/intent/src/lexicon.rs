//! What people ask for, as data: one file for each language.

use crate::words::{Map, Set, stem};
use doorward_vocab::{Effect, Effects};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// The words that the reading of a turn knows.
#[derive(Debug, Default)]
pub(crate) struct Lexicon {
    /// By stem: the effects that it asks for.
    verbs: Map<String, Effects>,
    /// By stem: the kinds of thing that it may be.
    kinds: Map<String, u32>,
    lists: Map<&'static str, Set<String>>,
    /// Verbs of two words, with others between them, and what they ask for.
    phrases: Vec<(&'static str, &'static str, Effects)>,
    /// By word, or two with a hyphen: the most or the least of which fields.
    extremes: Map<&'static str, Extreme>,
}

/// The record that has the most or the least of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extreme {
    pub(crate) most: bool,
    /// The stems of the names of such fields.
    pub(crate) fields: Vec<Box<str>>,
}

/// English.
pub(crate) static ENGLISH: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::parse(include_str!("lexicon/en.txt")));

impl Lexicon {
    fn parse(text: &'static str) -> Self {
        let mut all = Self::default();
        let mut kinds = 0;
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let Some((head, words)) = line.split_once(':') else { continue };
            let words = words.split_whitespace();
            match head.split_once(' ') {
                Some(("verb", effect)) => {
                    let effect: Effect = effect.parse().unwrap_or(Effect::Configure);
                    for word in words {
                        let known = all.verbs.entry(stem(word).into_owned()).or_default();
                        *known = known.with(effect);
                    }
                }
                Some(("phrase", effect)) => {
                    let effects = Effects::just(effect.parse().unwrap_or(Effect::Configure));
                    let both = words.filter_map(|both| both.split_once(".."));
                    all.phrases.extend(both.map(|(first, second)| (first, second, effects)));
                }
                Some(("kind", _)) => {
                    words.for_each(|word| *all.kinds.entry(stem(word).into_owned()).or_default() |= 1 << kinds);
                    kinds += 1;
                }
                Some((end @ ("most" | "least"), fields)) => {
                    let fields: Vec<Box<str>> = fields.split_whitespace().map(|f| stem(f).into()).collect();
                    let extreme = Extreme { most: end == "most", fields };
                    all.extremes.extend(words.map(|word| (word, extreme.clone())));
                }
                _ => {
                    all.lists.entry(head).or_default().extend(words.flat_map(|w| [w.to_owned(), stem(w).into_owned()]))
                }
            }
        }
        all
    }

    /// The effects that a verb asks for.
    pub(crate) fn verb(&self, stem: &str) -> Option<Effects> {
        self.verbs.get(stem).copied()
    }

    /// What a verb and a word soon after it ask for together.
    pub(crate) fn phrase<'w>(&self, verb: &str, after: impl Iterator<Item = &'w str> + Clone) -> Option<Effects> {
        let these = self.phrases.iter().filter(|(first, ..)| *first == verb);
        let these = these.filter(|(_, second, _)| after.clone().any(|w| w == *second)).map(|(.., effects)| *effects);
        these.reduce(|all, more| more.iter().fold(all, Effects::with))
    }

    /// The kinds of thing that a word may be, a bit for each.
    pub(crate) fn kinds(&self, stem: &str) -> u32 {
        self.kinds.get(stem).copied().unwrap_or_default()
    }

    /// Whether a word in small letters is in a list.
    pub(crate) fn has(&self, list: &str, word: &str) -> bool {
        self.lists.get(list).is_some_and(|l| l.contains(word))
    }

    /// Which of many three words mean, as the first of them says it.
    pub(crate) fn extreme(&self, words: [&str; 3]) -> Option<Extreme> {
        let [first, second, third] = words;
        let both = format!("{first}-{second}");
        if let Some(known) = self.extremes.get(both.as_str()).or_else(|| self.extremes.get(first)) {
            return Some(known.clone());
        }
        let most = match first {
            "highest" | "greatest" | "most" => true,
            "lowest" | "least" | "fewest" => false,
            _ => return None,
        };
        let fields = [second, third].into_iter().filter(|w| !w.is_empty()).map(|w| stem(w).into()).collect();
        Some(Extreme { most, fields })
    }

    /// Whether a word is too common to tell anything.
    pub(crate) fn is_common(&self, word: &str) -> bool {
        self.has("common", word)
    }

    /// Whether a word with this stem is in a list.
    pub(crate) fn has_stem(&self, list: &str, word: &str) -> bool {
        self.has(list, word) || self.has(list, &stem(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let lexicon = &*ENGLISH;
        assert!(lexicon.verb(&stem("refunding")).unwrap().contains(Effect::Pay));
        assert_ne!(lexicon.kinds(&stem("invoices")) & lexicon.kinds(&stem("transaction")), 0);
        for list in ["lead", "leads-to", "not", "not-but", "many", "hand-over", "handed-over", "text", "common"] {
            assert!(lexicon.lists.get(list).is_some_and(|l| l.len() > 2), "{list}");
        }
        assert_eq!(lexicon.phrase("let", ["ann", "know"].into_iter()), Some(Effects::just(Effect::Send)));
        assert_eq!(lexicon.phrase("let", ["ann", "go"].into_iter()), None);
        let effects = include_str!("lexicon/en.txt").lines().filter_map(|l| l.strip_prefix("verb ")?.split(':').next());
        effects.for_each(|e| assert!(e.parse::<Effect>().is_ok(), "{e}"));
    }
}
