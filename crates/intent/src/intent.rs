//! What is known of one conversation's goal: what was asked for, what was read, and where its values stood.

use crate::{
    clause::{Clause, clauses},
    lexicon::ENGLISH,
    records::{Choice, Chooser, Records, Source, Stems},
    rows::{is_talk, rows},
    said::{ANYWHERE, Said, run, sum_of},
    tool::Tool,
    words::words,
};
use doorward_flow::{Index, Settings, Sums, fields};
use doorward_vocab::{CallId, Effect, ServerName, Standing, TurnId};
use std::collections::BTreeMap;

/// The most clauses that are kept; the oldest go.
const CLAUSES: usize = 128;
/// Of the memory of a conversation, what is not the index's, in bytes.
const BESIDE: usize = 25 * 1024;
/// Of texts that the choice was handed over to, so many clauses and runs of words.
const HANDED_CLAUSES: usize = 38;
const HANDED_RUNS: usize = 384;
/// As much of a text that the choice was handed over to is read, in bytes.
const HANDED: usize = 4 * 1024;

/// A conversation's mandate, with the memory that it is judged by.
#[derive(Clone)]
pub struct Intent {
    pub(crate) sums: Sums,
    pub(crate) clauses: Vec<Clause>,
    pub(crate) handed: Vec<Clause>,
    pub(crate) said: Said,
    pub(crate) handed_said: Said,
    pub(crate) stems: Stems,
    pub(crate) records: Records,
    pub(crate) index: Index,
    pub(crate) turns: u32,
}

impl std::fmt::Debug for Intent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Intent({} turns, {} clauses)", self.turns, self.clauses.len())
    }
}

/// How an argument's value was chosen, and what gave it.
pub(crate) struct Chosen {
    pub(crate) choice: Choice,
    /// Of what that tool gave, no other record was spoken of.
    pub(crate) only: bool,
    /// The human said all that it was looked for by.
    pub(crate) listed: bool,
    pub(crate) tool: Box<str>,
}

/// What a call brought, as far as a mandate is concerned.
pub struct Brought<'a> {
    /// The call.
    pub call: CallId,
    /// Who answered.
    pub server: &'a ServerName,
    /// The tool.
    pub tool: &'a Tool,
    /// Its arguments: each with its pointer.
    pub arguments: &'a [(&'a str, &'a str)],
    /// The standing of the answer.
    pub standing: Standing,
    /// Whether the call did what was asked for.
    pub asked_for: bool,
    /// Whether another conversation left something of the answer where it was read.
    pub left: bool,
}

impl Intent {
    /// Nothing was said yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            sums: Sums::new(&settings.key),
            clauses: Vec::new(),
            handed: Vec::new(),
            said: Said::default(),
            handed_said: Said::default(),
            stems: Stems::default(),
            records: Records::default(),
            index: Index::new(Settings { memory: settings.memory.saturating_sub(BESIDE), ..settings }),
            turns: 0,
        }
    }

    /// The human said something.
    pub fn turn(&mut self, id: TurnId, text: &str) {
        self.take(id, text, false);
    }

    /// The operator says what such an agent is for.
    pub fn stand(&mut self, id: TurnId, text: &str) {
        self.take(id, text, true);
    }

    fn take(&mut self, id: TurnId, text: &str, standing: bool) {
        self.turns = self.turns.saturating_add(1);
        let asked = clauses(&ENGLISH, text, self.said.next()).into_iter();
        self.clauses.extend(asked.map(|clause| Clause { turn: Some(id), standing, ..clause }));
        let spare = self.clauses.len().saturating_sub(CLAUSES);
        self.clauses.drain(..spare);
        self.said.add(&self.sums, text);
        self.stems.add(&self.sums, &ENGLISH, text, true);
        self.index.turn(id, text);
    }

    /// What is asked for, in the order in which it was.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// A call brought an answer, as texts with their pointers.
    pub fn heard(&mut self, brought: Brought<'_>, texts: &[(&str, &str)]) {
        let Brought { call, server, tool, arguments, standing, asked_for, left } = brought;
        let listed = self.names_all(tool, arguments);
        let named = listed && is_meant(tool, texts);
        let own = asked_for && tool.effects.is_sink() && !tool.reads();
        let source = Source {
            number: 0,
            call,
            lost: false,
            print: 0,
            tool: tool.name.clone(),
            kinds: tool.kinds,
            named,
            listed,
            own,
        };
        if self.clauses.iter().any(|c| c.hands_over && !c.denied) && tool.reads() && !left {
            self.hand_over(named, texts);
        }
        let by = Chooser {
            said: &self.said,
            sentences: ANYWHERE,
            handed: &self.handed_said,
            stems: &self.stems,
            extremes: Vec::new(),
        };
        self.records.add(&self.sums, &ENGLISH, source, &tool.sort, texts.iter().copied(), &by);
        let of = doorward_flow::Source::result(call, server, &tool.name, standing);
        self.index.result(&of, texts.iter().copied());
    }

    /// Whether the human said all that a call looks for.
    fn names_all(&self, tool: &Tool, arguments: &[(&str, &str)]) -> bool {
        let telling = |value: &str| value.len() > 2 && value.chars().any(char::is_alphabetic);
        let mut wanted = arguments.iter().filter(|(_, value)| telling(value)).peekable();
        let named = |value: &str| {
            let words = words(value);
            let sum = run(&self.sums, &words);
            self.said.has_words(&self.sums, &words)
                || self.stems.has_words(&self.sums, &words)
                || self.chosen_sum(sum, ANYWHERE, |_, _| true).is_some_and(|c| c.choice >= Choice::Named)
        };
        tool.reads() && wanted.peek().is_some() && wanted.all(|(_, value)| named(value))
    }

    /// Reads what the choice of what to do was handed over to: the records that the human named.
    fn hand_over(&mut self, named: bool, texts: &[(&str, &str)]) {
        let mut records: BTreeMap<usize, (bool, String)> = BTreeMap::new();
        let mut first = 0;
        for (pointer, text) in texts {
            first += fields(pointer, text, first, &mut |field| {
                let (chosen, all) = records.entry(field.record).or_default();
                let value = field.text.trim_matches(['\'', '"']);
                let short = value.len() <= 96 && value.split_whitespace().count() + value.matches('@').count() >= 1;
                let telling = value.len() > 5 && value.chars().any(char::is_alphabetic);
                *chosen |= named || (short && telling && self.said.has(&self.sums, value));
                if all.len() < HANDED {
                    all.push_str(&unescaped(field.text));
                    all.push('\n');
                }
            });
        }
        for (_, (_, text)) in records.into_iter().filter(|(_, (chosen, _))| *chosen) {
            self.handed.extend(clauses(&ENGLISH, &text, self.handed_said.next()));
            self.handed_said.add_at_most(&self.sums, &text, HANDED_RUNS);
            self.stems.add(&self.sums, &ENGLISH, &text, false);
        }
        let spare = self.handed.len().saturating_sub(HANDED_CLAUSES);
        self.handed.drain(..spare);
    }

    /// The words by which records are chosen, as far as they stand in these sentences.
    pub(crate) fn chooser(&self, sentences: u32) -> Chooser<'_> {
        let these = self.clauses.iter().filter(|c| !c.denied && c.sentences & sentences != 0);
        let extremes = these.flat_map(|c| c.extremes.iter().cloned()).collect();
        Chooser { said: &self.said, sentences, handed: &self.handed_said, stems: &self.stems, extremes }
    }

    /// How an argument's value was chosen: the best of the records that it stood in, if it stood in any.
    pub(crate) fn chosen(&self, value: &str, sentences: u32, fits: impl Fn(&str, &Source) -> bool) -> Option<Chosen> {
        self.chosen_sum(sum_of(&self.sums, value), sentences, fits)
    }

    fn chosen_sum(&self, sum: u32, sentences: u32, fits: impl Fn(&str, &Source) -> bool) -> Option<Chosen> {
        let found = self.records.find(sum, &self.chooser(sentences));
        let best = found.into_iter().find(|f| fits(f.field, f.source))?;
        let Source { listed, tool, .. } = best.source;
        Some(Chosen { choice: best.choice, only: best.only, listed: *listed, tool: (&**tool).into() })
    }

    /// In bytes, about.
    pub fn memory(&self) -> usize {
        let clauses = |all: &[Clause]| all.iter().map(|c| size_of::<Clause>() + c.objects.len() * 32).sum::<usize>();
        self.index.memory()
            + self.records.memory()
            + self.said.memory()
            + self.handed_said.memory()
            + self.stems.memory()
            + clauses(&self.clauses)
            + clauses(&self.handed)
    }
}

/// Whether what was found by words of the human is meant as a whole: one thing by its name, or the only one of which all is
/// true that it was looked for by. What many people said is not one thing, and a list that is named is not what stands in it.
fn is_meant(tool: &Tool, texts: &[(&str, &str)]) -> bool {
    let single = || count(texts) < 2 || (!tool.effects.contains(Effect::Search) && is_one_thing(texts));
    !texts.iter().any(|(_, text)| is_talk(text)) && single()
}

/// How many things an answer tells of, as far as its form says so.
fn count(texts: &[(&str, &str)]) -> usize {
    let each = texts.iter().map(|(pointer, text)| {
        let mut listed = 0;
        let records = fields(pointer, text, 0, &mut |field| {
            if field.name == *pointer {
                listed = rows(field.text).map_or(0, |rows| rows.len());
            }
        });
        listed.max(records.saturating_sub(1))
    });
    each.sum()
}

/// Whether no field stands in two records: of a list each record has to be named by itself, since anybody may have written the
/// next one.
fn is_one_thing(texts: &[(&str, &str)]) -> bool {
    let mut of: BTreeMap<String, usize> = BTreeMap::new();
    let (mut first, mut one) = (0, true);
    for (pointer, text) in texts {
        first += fields(pointer, text, first, &mut |field| {
            let named = field.name.len() > pointer.len();
            one &= !named || *of.entry(field.name.to_owned()).or_insert(field.record) == field.record;
        });
    }
    one
}

/// A text in double quotes, as YAML writes it over several lines, without its escapes of lines.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('n')) => {
                chars.next();
                plain.push('\n');
            }
            ('\\', Some('\n')) => {
                while chars.next_if(|c| c.is_whitespace()).is_some() {}
                chars.next_if_eq(&'\\');
            }
            ('\\', Some(_)) => {}
            _ => plain.push(c),
        }
    }
    plain
}
