//! What one part of a turn asks for, or asks not to do.

use crate::{
    lexicon::{Extreme, Lexicon},
    words::{Begins, Word, stem, words},
};
use doorward_vocab::{Effect, Effects, TurnId};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Something that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// The stem of the verb.
    pub(crate) verb: Box<str>,
    /// The effects that the verb asks for.
    pub effects: Effects,
    /// The stems of what stands around it.
    pub(crate) objects: Vec<Box<str>>,
    /// The kinds of thing among them, a bit for each.
    pub(crate) kinds: u32,
    /// Whether it is asked not to be done.
    pub denied: bool,
    /// Whether it may be done more than once.
    pub many: bool,
    /// Whether the choice of what to do is handed over to a text that is read.
    pub hands_over: bool,
    /// Which of many is meant, where it is the most or the least of something.
    pub(crate) extremes: Vec<Extreme>,
    /// The sentences in which what it is about was said, as [`Said`](crate::said::Said) has them.
    pub(crate) sentences: u32,
    /// The words of it, as they were said.
    pub said: Box<str>,
    /// Where they stand in the text, in bytes.
    pub span: Range<usize>,
    /// The turn, where it is one's.
    pub turn: Option<TurnId>,
    /// Whether the operator said it, of all that such an agent does.
    #[serde(default)]
    pub standing: bool,
}

impl Clause {
    /// Who said it.
    pub const fn asker(&self) -> &'static str {
        if self.standing { "the operator" } else { "the user" }
    }

    /// Where it was said, for records that hold no words.
    pub fn place(&self) -> String {
        let Range { start, end } = self.span;
        match self.turn {
            Some(turn) => format!("in bytes {start} to {end} of {turn}"),
            None => format!("in bytes {start} to {end} of a text"),
        }
    }
}

/// The most of a clause that is kept for people to read, in bytes.
const SAID: usize = 160;
/// What a question asks for.
const READS: Effects = Effects::just(Effect::Read).with(Effect::Search);
/// So many words may stand within a verb of two words, and its second one.
const PHRASE: usize = 10;
/// The most clauses of one text.
const CLAUSES: usize = 64;

/// What a text asks for, in the order in which it does.
///
/// `first` is the number of the first sentence.
pub(crate) fn clauses(lexicon: &Lexicon, text: &str, first: u32) -> Vec<Clause> {
    let all = words(text);
    let mut found = Vec::new();
    let mut before: &[Word<'_>] = &[];
    for (number, sentence) in (first..).zip(sentences(&all)) {
        let mut heads: Vec<usize> = (0..sentence.len()).filter(|at| is_asked(lexicon, sentence, *at)).collect();
        if heads.is_empty() {
            heads.extend(
                behind_where(lexicon, sentence)
                    .or_else(|| device(lexicon, sentence))
                    .or_else(|| unknown(lexicon, sentence)),
            );
        }
        // A question that tells nobody to do anything asks to read.
        let asks = heads.is_empty() && sentence.first().is_some_and(|w| lexicon.has("question", &w.text));
        if asks {
            heads.push(0);
        }
        for (n, head) in heads.iter().enumerate() {
            let end = heads.get(n + 1).copied().unwrap_or(sentence.len());
            if found.len() < CLAUSES {
                let clause = clause(lexicon, text, sentence, (*head, end), before, asks);
                let here = 1_u32.rotate_left(number);
                found.extend(
                    clause
                        .map(|(c, back)| Clause { sentences: here | if back { here.rotate_right(1) } else { 0 }, ..c }),
                );
            }
        }
        before = sentence;
    }
    lifted(&all, &mut found);
    found
}

/// What is ruled out only if something is so does not rule out what is asked for otherwise: `if it is over 100 do not book it,
/// otherwise book it`. Of what nobody asks for it stays ruled out.
fn lifted(all: &[Word<'_>], found: &mut Vec<Clause>) {
    let asked = found.iter().filter(|c| !c.denied).flat_map(|c| c.effects.iter()).filter(|e| e.is_sink());
    let asked = asked.fold(Effects::NONE, Effects::with);
    let may_be = |clause: &Clause| {
        let sentence = sentences(all).find(|s| s.iter().any(|w| w.span.start == clause.span.start)).unwrap_or_default();
        let before = sentence.iter().take_while(|w| w.span.start < clause.span.start);
        before.into_iter().any(|w| matches!(&*w.text, "if" | "unless" | "otherwise"))
    };
    found.retain(|c| !c.denied || !may_be(c) || !c.effects.iter().any(|e| asked.contains(e)));
}

/// The sentences of a text.
pub(crate) fn sentences<'w, 't>(all: &'w [Word<'t>]) -> impl Iterator<Item = &'w [Word<'t>]> {
    all.chunk_by(|_, next| next.begins != Begins::Sentence)
}

/// Whether the verb at a place says what to do, and does not only tell of something.
fn is_asked(lexicon: &Lexicon, sentence: &[Word<'_>], at: usize) -> bool {
    let Some(word) = sentence.get(at) else { return false };
    let phrasal = |next: &str| sentence.get(at + 1).is_some_and(|w| w.text == next);
    let hands_over = lexicon.has("hand-over", &word.text);
    let light = lexicon.has("light", &word.text);
    let known = lexicon.verb(&stem(&word.text)).is_some()
        || hands_over
        || light
        || (word.text == "take" && phrasal("a"))
        || phrase(lexicon, sentence, at).is_some();
    if !known || word.text.ends_with("ed") && word.text != "need" && word.text.len() > 4 {
        return false;
    }
    let Some(before) = at.checked_sub(1).and_then(|at| sentence.get(at)) else { return true };
    // `All of them should be set to expired`.
    if before.text == "be" {
        return at
            .checked_sub(2)
            .and_then(|at| sentence.get(at))
            .is_some_and(|w| matches!(&*w.text, "should" | "must"));
    }
    if before.text == "to" {
        let leads = at.checked_sub(2).and_then(|at| sentence.get(at));
        let by_means = sentence.get(..at).is_some_and(|s| s.iter().any(|w| matches!(&*w.text, "use" | "using")));
        return by_means || leads.is_none_or(|w| lexicon.has("leads-to", &w.text));
    }
    let digits = before.text.chars().all(|c| c.is_ascii_digit());
    is_told(lexicon, sentence, at)
        || is_wanted(lexicon, sentence, at)
        || word.begins >= Begins::Part
        || digits && at == 1
        || lexicon.has("lead", &before.text)
        || lexicon.has("not", &before.text)
}

/// Whether a person says what they need: `we need a room`.
fn is_wanted(lexicon: &Lexicon, sentence: &[Word<'_>], at: usize) -> bool {
    let (Some(word), Some(before), Some(next)) = (sentence.get(at), sentence.get(at - 1), sentence.get(at + 1)) else {
        return false;
    };
    let thing = lexicon.has("what-next", &next.text) || next.text.starts_with(|c: char| c.is_ascii_digit());
    matches!(&*word.text, "need" | "want") && matches!(&*before.text, "i" | "we") && thing
}

/// Whether a verb within a sentence says what to do to something: `if it rains turn on the heater`.
fn is_told(lexicon: &Lexicon, sentence: &[Word<'_>], at: usize) -> bool {
    let (Some(word), Some(before), Some(next)) = (sentence.get(at), sentence.get(at - 1), sentence.get(at + 1)) else {
        return false;
    };
    let stem = stem(&word.text);
    let sink = lexicon.verb(&stem).is_some_and(|e| e.iter().any(Effect::is_sink));
    let base = !word.text.ends_with('s') && !word.text.ends_with("ing");
    let thing = lexicon.has("what-next", &next.text) || next.text.starts_with(|c: char| c.is_ascii_digit());
    // Of somebody else it is told.
    let told = lexicon.has("no-verb", &before.text) || lexicon.has("tells-of", &before.text);
    sink && base && thing && !told && next.begins == Begins::Nothing
}

/// The verb of a sentence that begins with where it is to be done, without a comma behind that.
fn behind_where(lexicon: &Lexicon, sentence: &[Word<'_>]) -> Option<usize> {
    sentence.first().filter(|w| lexicon.has("where", &w.text))?;
    let is_verb = |pair: &[Word<'_>]| match pair {
        [before, word] => {
            let sink = lexicon.verb(&stem(&word.text)).is_some_and(|e| e.iter().any(Effect::is_sink));
            sink && lexicon.kinds(&stem(&word.text)) == 0 && !lexicon.has("no-verb", &before.text)
        }
        _ => false,
    };
    sentence.windows(2).position(is_verb).map(|at| at + 1)
}

/// A thing of a house of which is said how it is to be: `lights off, please`.
fn device(lexicon: &Lexicon, sentence: &[Word<'_>]) -> Option<usize> {
    let of_house = lexicon.kinds(&stem("lamp"));
    let to_be = |at: usize| sentence.iter().skip(at + 1).take(3).any(|w| lexicon.has("state", &w.text));
    let is_one = |at: &usize| {
        let kinds = sentence.get(*at).map_or(0, |w| lexicon.kinds(&stem(&w.text)));
        kinds & of_house != 0 && to_be(*at)
    };
    (0..sentence.len()).find(is_one)
}

/// The first word of a sentence, where it may be a verb that is not known: it asks for the tool that is called so.
fn unknown(lexicon: &Lexicon, sentence: &[Word<'_>]) -> Option<usize> {
    let lead = |w: &Word<'_>| lexicon.has("lead", &w.text) || lexicon.has("question", &w.text) || w.text == "you";
    let at = sentence.iter().position(|w| !lead(w))?;
    let word = sentence.get(at)?;
    let asked = at == 0 || sentence.get(at - 1).is_some_and(|w| lexicon.has("lead", &w.text) || w.text == "you");
    let other = ["common", "no-verb", "hand-over", "light"];
    let may_be = word.text.len() > 2 && !other.iter().any(|list| lexicon.has(list, &word.text));
    (asked && may_be && lexicon.verb(&stem(&word.text)).is_none()).then_some(at)
}

/// What the verb at a place asks for with a word after it.
fn phrase(lexicon: &Lexicon, sentence: &[Word<'_>], at: usize) -> Option<Effects> {
    let (verb, after) = sentence.get(at..)?.split_first()?;
    lexicon.phrase(&verb.text, after.iter().take(PHRASE).map(|w| &*w.text))
}

fn clause(
    lexicon: &Lexicon,
    text: &str,
    sentence: &[Word<'_>],
    (head, end): (usize, usize),
    before: &[Word<'_>],
    asks: bool,
) -> Option<(Clause, bool)> {
    let verb = sentence.get(head)?;
    let own = sentence.get(head..end)?;
    let mut effects = if asks { READS } else { lexicon.verb(&stem(&verb.text)).unwrap_or(Effects::NONE) };
    effects = phrase(lexicon, sentence, head).unwrap_or(effects);
    // `Summarize it for #general`.
    let posted = own.iter().any(|w| {
        text.get(..w.span.start)
            .is_some_and(|before| before.ends_with(" #") && !w.text.starts_with(|c: char| c.is_ascii_digit()))
    });
    if posted && effects != Effects::NONE && !effects.iter().any(Effect::is_sink) {
        effects = effects.with(Effect::Send);
    }
    if device(lexicon, sentence) == Some(head) {
        effects = effects.with(Effect::Configure).with(Effect::Update);
    }
    // Who asks to be told asks to read.
    let oneself = own.get(1).is_some_and(|w| lexicon.has("self", &w.text));
    if oneself && lexicon.has("tells", &verb.text) {
        effects = READS;
    }
    if lexicon.has("light", &verb.text) {
        let nouns = own.iter().skip(1).take(5).filter_map(|w| lexicon.verb(&stem(&w.text)));
        effects = nouns.flat_map(|e| e.iter().collect::<Vec<_>>()).filter(|e| e.is_sink()).fold(effects, Effects::with);
    }
    // What stands elsewhere in the sentence may be what is meant; a pronoun means something of the sentence before.
    let pronoun = own.iter().any(|w| matches!(&*w.text, "it" | "them" | "this" | "that" | "those" | "these"));
    let back = pronoun || own.len() < 3;
    let around = sentence.iter().chain(before.iter().filter(|_| back));
    // An address is no word for what it is about.
    let around = around.filter(|w| !is_in_address(text, &w.span));
    let mut objects: Vec<Box<str>> = around.map(|w| stem(&w.text).into()).collect();
    objects.sort_unstable();
    objects.dedup();
    let kinds = objects.iter().fold(0, |all, o| all | lexicon.kinds(o));
    let handed = own.iter().any(|w| lexicon.has_stem("handed-over", &w.text));
    let somewhere = sentence.iter().any(|w| lexicon.has_stem("text", &w.text));
    let hands_over = lexicon.has("hand-over", &verb.text) && handed && somewhere;
    let named = unknown(lexicon, sentence) == Some(head);
    if effects == Effects::NONE && !hands_over && !named {
        return None;
    }
    let first = own.first()?.span.start;
    let last = own.last()?.span.end;
    let said = text.get(first..last.min(text.floor_char_boundary(first + SAID)))?;
    let word = |at: usize| sentence.get(at).map_or("", |w| &*w.text);
    // The cheapest with something need not be the cheapest.
    let some = |at: usize| sentence.iter().skip(at).any(|w| lexicon.has("of-which", &w.text));
    let extreme = |at: usize| lexicon.extreme([word(at), word(at + 1), word(at + 2)]).filter(|_| !some(at + 1));
    let extremes = (0..sentence.len()).filter_map(extreme).collect();
    let denied = is_denied(lexicon, sentence, head);
    // `All that are overdue: send a reminder`.
    let colon = |w: &Word<'_>| text.get(w.span.end..).is_some_and(|after| after.starts_with(':'));
    let led: &[Word<'_>] = if before.last().is_some_and(colon) { before } else { &[] };
    let clause = Clause {
        extremes,
        verb: stem(&verb.text).into(),
        effects,
        objects,
        kinds,
        denied,
        many: own.iter().any(|w| lexicon.has("many", &w.text))
            || sentence.iter().chain(led).any(|w| matches!(&*w.text, "all" | "every" | "each")),
        hands_over,
        sentences: 0,
        said: said.into(),
        span: first..last,
        turn: None,
        standing: false,
    };
    Some((clause, back))
}

/// Whether a word is part of an address.
fn is_in_address(text: &str, word: &Range<usize>) -> bool {
    let from = text.get(..word.start).and_then(|before| before.rfind(char::is_whitespace)).map_or(0, |at| at + 1);
    let to =
        text.get(word.end..).and_then(|after| after.find(char::is_whitespace)).map_or(text.len(), |at| word.end + at);
    text.get(from..to).is_some_and(|token| token.contains("://") || token.trim_matches('@').contains('@'))
}

/// Whether what is said before a verb says not to.
fn is_denied(lexicon: &Lexicon, sentence: &[Word<'_>], head: usize) -> bool {
    let from = head.saturating_sub(4);
    let before = sentence.get(from..head).unwrap_or_default();
    // A part between commas is about itself.
    let from = before.iter().rposition(|w| w.begins != Begins::Nothing).unwrap_or(0);
    let before = before.get(from..).unwrap_or_default();
    // `If not, remind her`, `issues that have no label`.
    let other = |at: usize| {
        let word = |at: Option<usize>| at.and_then(|at| before.get(at)).map_or("", |w| &*w.text);
        // `Text him, no, mail him`.
        let corrected = word(Some(at)) == "no" && sentence.get(head).is_some_and(|w| w.begins >= Begins::Part);
        corrected
            || word(at.checked_sub(1)) == "if"
            || (word(Some(at)) == "no"
                && matches!(word(at.checked_sub(1)), "have" | "has" | "had" | "with" | "is" | "are"))
    };
    let no = before.iter().enumerate().any(|(at, w)| lexicon.has("not", &w.text) && !other(at));
    no && !before.iter().any(|w| lexicon.has_stem("not-but", &w.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::ENGLISH;

    fn asked(text: &str) -> Vec<(String, bool, bool)> {
        clauses(&ENGLISH, text, 0).iter().map(|c| (c.verb.to_string(), c.denied, c.hands_over)).collect()
    }

    #[test]
    fn what_is_asked_is_told_from_what_is_told() {
        let verbs = |text: &str| asked(text).into_iter().map(|(v, ..)| v).collect::<Vec<_>>();
        assert_eq!(verbs("Can you please pay the bill 'x.txt' for me?"), ["pay"]);
        assert_eq!(verbs("They sent me their share. Check how much and send them back the rest."), ["check", "send"]);
        assert_eq!(verbs("Get me the link to reset my password."), ["get"]);
        assert_eq!(verbs("Please use it to buy a lamp."), ["buy"]);
        assert_eq!(verbs("Find and delete the largest file."), ["find", "delet"]);
        assert_eq!(verbs("Do not forget to invite Mark and to set the location."), ["invit", "set"]);
        assert_eq!(asked("Summarize it, but don't send any mail.")[1], ("send".into(), true, false));
        assert_eq!(verbs("Where is the dinner going to be? How much do I have to go?"), ["where", "how"]);
        assert!(asked("Do not forget to invite Mark")[0] == ("invit".into(), false, false));
        assert!(asked("Please do the actions specified in the mail from Ann.")[0].2);
        assert!(asked("Read the file and follow the instructions precisely.")[1].2);
        assert!(asked("Follow the new account on the page").is_empty());
        let denied = |text: &str| asked(text).into_iter().filter(|(_, denied, _)| *denied).count();
        assert_eq!(denied("If it is over 100 euros don't book it. Otherwise book it."), 0);
        assert_eq!(denied("Read the notes. If in doubt, do not delete anything."), 1);
        let effects = |text: &str| clauses(&ENGLISH, text, 0).iter().map(|c| c.effects).collect::<Vec<_>>();
        assert_eq!(effects("Let Ann Miller know that I am late."), [Effects::just(Effect::Send)]);
        assert_eq!(effects("Please tell me what it says, and let me know."), [READS, READS]);
    }
}
