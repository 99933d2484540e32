//! The short fields of what was read, by keyed sums: which record a value stood in as a whole field, and whether the human
//! named that record by another of its fields.
//!
//! A text that somebody wrote may say anything; a field is what its program put there. So a value out of the middle of a text
//! is not found here.

use crate::{
    lexicon::{Extreme, Lexicon},
    rows::{is_row, rows, values},
    said::{ANYWHERE, Said, number_of, run, sum_of},
    words::{Begins, Map, Word, are_more, of_name, stem, words},
};
use doorward_flow::{Sums, fields};
use doorward_vocab::{CallId, Effect};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

/// The most fields that are remembered.
const MOST: usize = 800;
/// Fields for which room is made at once.
const STEP: usize = 64;
/// The most sources.
const SOURCES: usize = 128;
/// The most names of fields.
const FIELDS: usize = 512;
/// The number of the record that is the first row of a listing.
const ROWS: u16 = 0x8000;
/// Of so many records of an answer fields that say several things are taken apart.
const FEW: u16 = 8;
/// The longest text that is taken for one value, in bytes.
const LONGEST: usize = 96;
/// The most words of a field that are remembered one by one.
const WORDS: usize = 6;

/// How a record was chosen by what the human said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Choice {
    /// The human said which of many, and it is another.
    Other,
    /// Not at all.
    None,
    /// A word of a field was said.
    Touched,
    /// A name in a field was said.
    Mentioned,
    /// A number of it was said.
    Counted,
    /// A text that the human handed the choice over to names it.
    Handed,
    /// A whole field that names it was said, or the human named what was read.
    Named,
    /// The agent made it in this conversation, as it was asked to.
    Own,
}

/// A source of records.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) number: u32,
    pub(crate) call: CallId,
    pub(crate) tool: Arc<str>,
    /// Of what it gave.
    pub(crate) print: u32,
    /// The kinds of thing that the tool is about.
    pub(crate) kinds: u32,
    /// Whether some of its records were forgotten.
    pub(crate) lost: bool,
    /// Whether the human named what was read.
    pub(crate) named: bool,
    /// Whether the human said all that it was looked for by: everything in it may be meant.
    #[serde(default)]
    pub(crate) listed: bool,
    /// Whether it is what a call made that was asked for.
    pub(crate) own: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum What {
    /// A value, that names nothing by itself.
    #[serde(rename = "v")]
    Value,
    /// A value out of a field or a row that says several things.
    #[serde(rename = "p")]
    Part,
    /// A value that names its record: several words, an address, a file.
    #[serde(rename = "n")]
    Name,
    /// A word of a field.
    #[serde(rename = "w")]
    Word,
    /// What a field is as a number.
    #[serde(rename = "#")]
    Number,
    /// How much a field is, in place of a sum: a number or a time, so that more is more.
    #[serde(rename = "o")]
    Order,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(into = "Row", from = "Row")]
struct Entry {
    sum: u32,
    source: u32,
    record: u16,
    field: u16,
    what: What,
}

/// An entry as it is kept.
type Row = (u32, u32, u16, u16, What);

impl From<Entry> for Row {
    fn from(Entry { sum, source, record, field, what }: Entry) -> Self {
        (sum, source, record, field, what)
    }
}

impl From<Row> for Entry {
    fn from((sum, source, record, field, what): Row) -> Self {
        Self { sum, source, record, field, what }
    }
}

/// All of them; the oldest are forgotten first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Records {
    entries: Vec<Entry>,
    sources: VecDeque<Source>,
    names: Vec<Arc<str>>,
    count: u32,
    forgotten: bool,
}

/// By what words records are chosen.
pub(crate) struct Chooser<'a> {
    pub(crate) said: &'a Said,
    /// The sentences whose words choose.
    pub(crate) sentences: u32,
    pub(crate) handed: &'a Said,
    pub(crate) stems: &'a Stems,
    /// Which of many are meant.
    pub(crate) extremes: Vec<Extreme>,
}

/// Where a value stood as a whole field.
#[derive(Clone, Debug)]
pub(crate) struct Found<'r> {
    pub(crate) source: &'r Source,
    pub(crate) field: &'r str,
    pub(crate) choice: Choice,
    /// Whether a name in it was said, and of its source in no other record.
    pub(crate) only: bool,
}

impl Records {
    /// Takes in what a call brought. `sort` is what all of it is, as stems.
    pub(crate) fn add<'t>(
        &mut self,
        sums: &Sums,
        lexicon: &Lexicon,
        source: Source,
        sort: &[Box<str>],
        texts: impl IntoIterator<Item = (&'t str, &'t str)>,
        by: &Chooser<'_>,
    ) {
        let texts: Vec<(&str, &str)> = texts.into_iter().collect();
        let print = sums.of(texts.iter().map(|(_, text)| *text));
        let source = self.once_only(Source { print, ..source });
        let number = self.count;
        self.count = self.count.wrapping_add(1);
        if self.sources.len() >= SOURCES {
            self.sources.pop_front();
        }
        self.sources.push_back(Source { number, ..source });
        let mut record = 0;
        for (pointer, text) in texts {
            record += fields(pointer, text, record, &mut |field| {
                let name = self.name(field.name);
                let at = u16::try_from(field.record).unwrap_or(u16::MAX);
                let listed = if field.name == pointer { rows(field.text) } else { None };
                match listed.filter(|listed| listed.len() > 1) {
                    // Each row tells of another thing.
                    Some(listed) => {
                        for (row, at) in listed.iter().zip(ROWS..) {
                            self.value(sums, lexicon, sort, row.text(), (number, at, name));
                            row.values(&mut |value| self.part(sums, value, (number, at, name)));
                        }
                    }
                    None => each_value(lexicon, field.text, &mut |value, part| match part {
                        true if at > FEW => {}
                        true => self.part(sums, value, (number, at, name)),
                        false => self.value(sums, lexicon, sort, value, (number, at, name)),
                    }),
                }
            });
            if self.entries.len() > MOST {
                self.forget(by);
            }
        }
    }

    /// The same answer again takes the place of the one before.
    fn once_only(&mut self, mut source: Source) -> Source {
        let same = |s: &Source| s.tool == source.tool && s.print == source.print;
        if let Some(at) = self.sources.iter().position(same)
            && let Some(before) = self.sources.remove(at)
        {
            self.entries.retain(|e| e.source != before.number);
            source.named |= before.named;
            source.listed |= before.listed;
            source.own |= before.own;
        }
        source
    }

    /// Makes room: words of records that nobody chose go first, then those records, the oldest first.
    fn forget(&mut self, by: &Chooser<'_>) {
        self.forgotten = true;
        let mut chosen = HashSet::new();
        for source in &self.sources {
            let mut records: Vec<u16> =
                self.entries.iter().filter(|e| e.source == source.number).map(|e| e.record).collect();
            records.dedup();
            let good = |record: &u16| self.choice(source, *record, 0, by) >= Choice::Counted;
            chosen.extend(records.into_iter().filter(good).map(|record| (source.number, record)));
        }
        let keep = MOST - MOST / 4;
        let mut lost = HashSet::new();
        for words_only in [true, false] {
            let mut spare = self.entries.len().saturating_sub(keep);
            self.entries.retain(|e| {
                let name = matches!(e.what, What::Value | What::Name | What::Order);
                let goes = spare > 0 && !(words_only && name) && !chosen.contains(&(e.source, e.record));
                if goes && e.what == What::Order {
                    lost.insert(e.source);
                }
                spare -= usize::from(goes);
                !goes
            });
        }
        let spare = self.entries.len().saturating_sub(keep);
        lost.extend(self.entries.drain(..spare).map(|e| e.source));
        for source in &mut self.sources {
            source.lost |= lost.contains(&source.number);
        }
        self.entries.shrink_to(MOST);
    }

    fn value(
        &mut self,
        sums: &Sums,
        lexicon: &Lexicon,
        sort: &[Box<str>],
        value: &str,
        (source, record, field): (u32, u16, u16),
    ) {
        let all = words(value);
        if all.is_empty() {
            return;
        }
        let mut push = |sum, what| self.push(Entry { sum, source, record, field, what });
        let what = if names_something(value, all.len()) { What::Name } else { What::Value };
        push(run(sums, &all), what);
        // A file is called by its name without what follows the dot.
        if let Some((bare, _)) =
            value.rsplit_once('.').filter(|(bare, end)| (1..6).contains(&end.len()) && !bare.contains('@'))
        {
            push(sum_of(sums, bare), if what == What::Name { What::Name } else { What::Value });
        }
        if let Some(number) = number_of(sums, value) {
            push(number, What::Number);
        }
        if let Some(order) = order(value) {
            push(order, What::Order);
        }
        let telling = all.iter().filter(|w| w.text.chars().count() > 2 && !lexicon.is_common(&w.text));
        // What sort of thing it is, all of them are.
        let stems = telling.map(|word| stem(&word.text)).filter(|stem| !sort.iter().any(|s| **s == **stem));
        for stem in stems.take(WORDS) {
            push(sums.of([&*stem, "~"].into_iter()), What::Word);
        }
    }

    /// In steps: twice as much room as there are fields would be most of the memory.
    fn push(&mut self, entry: Entry) {
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(STEP);
        }
        self.entries.push(entry);
    }

    fn part(&mut self, sums: &Sums, value: &str, (source, record, field): (u32, u16, u16)) {
        let all = words(value);
        let what = if names_something(value, all.len()) { What::Name } else { What::Part };
        if !all.is_empty() && value.len() <= LONGEST {
            self.push(Entry { sum: run(sums, &all), source, record, field, what });
        }
    }

    fn name(&mut self, name: &str) -> u16 {
        let at = self.names.iter().position(|n| **n == *name).unwrap_or_else(|| {
            if self.names.len() < FIELDS {
                self.names.push(name.into());
            }
            self.names.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// Where a value with this sum stood as a whole field, the best chosen first.
    pub(crate) fn find(&self, sum: u32, by: &Chooser<'_>) -> Vec<Found<'_>> {
        let hits =
            self.entries.iter().filter(|e| e.sum == sum && matches!(e.what, What::Value | What::Part | What::Name));
        let mut found: Vec<Found<'_>> = Vec::new();
        for hit in hits {
            let Some(source) = self.sources.iter().find(|s| s.number == hit.source) else { continue };
            let field = self.names.get(usize::from(hit.field)).map_or("", |n| n);
            let choice = self.choice(source, hit.record, hit.sum, by);
            let only = choice == Choice::Mentioned && self.is_only_one(source, hit.record, by);
            found.push(Found { source, field, choice, only });
        }
        found.sort_by_key(|f| std::cmp::Reverse(f.choice));
        found
    }

    /// Whether two values stood in one record: the first in a field that `fits`.
    pub(crate) fn together(&self, sums: &Sums, first: &str, fits: impl Fn(&str) -> bool, second: &str) -> bool {
        let (first, second) = (sum_of(sums, first), sum_of(sums, second));
        let of = |sum: u32| {
            self.entries.iter().filter(move |e| e.sum == sum && matches!(e.what, What::Value | What::Part | What::Name))
        };
        let named = |e: &&Entry| self.names.get(usize::from(e.field)).is_some_and(|n| fits(n));
        of(first).filter(named).any(|a| of(second).any(|b| (a.source, a.record) == (b.source, b.record)))
    }

    /// Whether a value stood in most records that have such a field, and in several: as the owner's own address does.
    pub(crate) fn is_usual(&self, sums: &Sums, value: &str) -> bool {
        let sum = sum_of(sums, value);
        let is = |e: &&Entry| e.sum == sum && matches!(e.what, What::Value | What::Part | What::Name);
        let fields: HashSet<u16> = self.entries.iter().filter(is).map(|e| e.field).collect();
        let records = |own: bool| {
            let with = self.entries.iter().filter(|e| fields.contains(&e.field) && (!own || is(e)));
            with.map(|e| (e.source, e.record)).collect::<HashSet<_>>().len()
        };
        let (own, all) = (records(true), records(false));
        (own >= 3 && own * 2 >= all) || (own == 2 && all == 2)
    }

    /// Whether something was forgotten.
    pub(crate) const fn has_forgotten(&self) -> bool {
        self.forgotten
    }

    /// How a record of a call's answer was chosen.
    pub(crate) fn chosen(&self, call: CallId, record: u16, by: &Chooser<'_>) -> Choice {
        let source = self.sources.iter().find(|s| s.call == call);
        source.map_or(Choice::None, |source| self.choice(source, record, 0, by))
    }

    fn choice(&self, source: &Source, record: u16, but: u32, by: &Chooser<'_>) -> Choice {
        if source.own {
            return Choice::Own;
        }
        if source.named {
            return Choice::Named;
        }
        let found: Vec<bool> = by.extremes.iter().filter_map(|e| self.is_extreme(source, record, e)).collect();
        if found.contains(&true) {
            return Choice::Named;
        }
        let least = if found.is_empty() { Choice::None } else { Choice::Other };
        let siblings = self.entries.iter().filter(|e| e.source == source.number && e.record == record && e.sum != but);
        let best = siblings.fold(Choice::None, |best, e| {
            best.max(match e.what {
                What::Name if by.said.has_sum(e.sum, by.sentences) => Choice::Named,
                What::Name if by.handed.has_sum(e.sum, ANYWHERE) => Choice::Handed,
                What::Number if by.said.has_number(e.sum) => Choice::Counted,
                What::Value | What::Part if by.said.has_sum(e.sum, by.sentences) => Choice::Touched,
                What::Word => by.stems.choice(e.sum),
                _ => Choice::None,
            })
        });
        if best >= Choice::Named || least == Choice::None { best } else { least }
    }

    /// Whether of all records of a source none but this one was spoken of.
    fn is_only_one(&self, source: &Source, record: u16, by: &Chooser<'_>) -> bool {
        let mut others: Vec<u16> =
            self.entries.iter().filter(|e| e.source == source.number && e.record != record).map(|e| e.record).collect();
        others.dedup();
        !source.lost && others.into_iter().all(|other| self.choice(source, other, 0, by) < Choice::Mentioned)
    }

    /// Whether of all records of a source one has the most, or the least, of a field. `None` where they have no such field,
    /// or some were forgotten.
    fn is_extreme(&self, source: &Source, record: u16, extreme: &Extreme) -> Option<bool> {
        let is_field = |field: u16| {
            let name = self.names.get(usize::from(field)).map_or("", |n| n);
            of_name(name).iter().any(|w| extreme.fields.iter().any(|f| **f == *stem(w)))
        };
        let orders = || self.entries.iter().filter(|e| e.source == source.number && e.what == What::Order);
        let field = orders().find(|e| e.record == record && is_field(e.field))?.field;
        let all = || orders().filter(|e| e.field == field);
        let best = if extreme.most { all().map(|e| e.sum).max() } else { all().map(|e| e.sum).min() };
        let decides = !source.lost && all().count() > 1;
        decides.then(|| all().any(|e| e.record == record && Some(e.sum) == best))
    }

    /// In bytes, about.
    pub(crate) fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
            + self.sources.capacity() * size_of::<Source>()
            + self.names.iter().map(|n| n.len() + 32).sum::<usize>()
    }
}

/// The stems of what the human said, and of what was handed over, as words of fields are kept; and of each, whether it is a
/// name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Stems(Map<u32, bool>);

impl Stems {
    /// Takes in a text; what a stranger wrote holds no names that choose.
    pub(crate) fn add(&mut self, sums: &Sums, lexicon: &Lexicon, text: &str, names: bool) {
        for word in words(text).iter().filter(|w| w.text.chars().count() > 2 && !lexicon.is_common(&w.text)) {
            let stem = stem(&word.text);
            let capital = text.get(word.span.clone()).is_some_and(|w| w.starts_with(char::is_uppercase));
            let leads = word.begins == Begins::Sentence
                && (lexicon.verb(&stem).is_some() || lexicon.has("lead", &word.text) || lexicon.has("not", &word.text));
            let name = names && capital && !leads && lexicon.kinds(&stem) == 0;
            *self.0.entry(sums.of([&*stem, "~"].into_iter())).or_default() |= name;
        }
    }
    /// Whether all words of a text were said, and there is one.
    pub(crate) fn has_all(&self, sums: &Sums, text: &str) -> bool {
        self.has_words(sums, &words(text))
    }

    /// The same of words.
    pub(crate) fn has_words(&self, sums: &Sums, all: &[Word<'_>]) -> bool {
        !all.is_empty() && all.iter().all(|w| self.0.contains_key(&sums.of([&*stem(&w.text), "~"].into_iter())))
    }
    fn choice(&self, sum: u32) -> Choice {
        match self.0.get(&sum) {
            None => Choice::None,
            Some(false) => Choice::Touched,
            Some(true) => Choice::Mentioned,
        }
    }
    pub(crate) fn memory(&self) -> usize {
        self.0.capacity() * 6
    }
}

/// A number or a time as something of which more is more.
fn order(value: &str) -> Option<u32> {
    let mut parts = value.split(['-', ' ', 'T', ':', 'Z', '.', '+']).map(str::parse::<u32>);
    if is_date(value) {
        let mut next = || parts.next().and_then(Result::ok);
        let (year, month, day) = (next()?, next()?, next()?);
        let minutes = next().unwrap_or(0) * 60 + next().unwrap_or(0);
        return Some(
            ((year % 4000 * 12 + month % 13) * 32 + day % 32).saturating_mul(1440).saturating_add(minutes % 1440),
        );
    }
    let plain = value.trim_start_matches(['$', '€', '£']).replace(',', "");
    let number: f32 = plain.parse().ok().filter(|n: &f32| n.is_finite())?;
    let bits = number.to_bits();
    Some(if number.is_sign_negative() { !bits } else { bits | 1 << 31 })
}

/// Whether a value names the record it stands in.
fn names_something(value: &str, words: usize) -> bool {
    let letters = value.chars().any(char::is_alphabetic);
    let mixed = letters && value.bytes().any(|b| b.is_ascii_digit()) && value.len() >= 6;
    letters && (words >= 2 || mixed || value.contains('@')) && words <= 12 && !is_date(value)
}

fn is_date(value: &str) -> bool {
    value.get(..4).is_some_and(|y| y.bytes().all(|b| b.is_ascii_digit())) && value.get(4..5) == Some("-")
}

/// The values of a field: the whole of it where it is short, the members of a short list, both sides of `key: value`; and
/// whether it is a part of what says several things.
fn each_value(lexicon: &Lexicon, text: &str, each: &mut dyn FnMut(&str, bool)) {
    let lines = text.len() <= 1024 && text.lines().nth(1).is_some();
    for line in text.lines().filter(|_| text.len() <= 1024) {
        let whole = unquoted(line.trim().trim_start_matches("- ").trim());
        if line.len() > LONGEST && !whole.contains(", ") {
            continue;
        }
        // A field of several lines is a text, unless each of them is a value.
        if lines && are_more(line, 4) && !line.contains('@') {
            continue;
        }
        if whole.len() <= LONGEST {
            each(whole, false);
        }
        if let Some((key, value)) = whole.split_once(": ").filter(|(key, _)| !are_more(key, 4)) {
            each(unquoted(key), false);
            each(unquoted(value), false);
        }
        if !lines && whole.contains(' ') && is_label(lexicon, whole) {
            values(whole, &mut |value| each(value, true));
        }
        let members = || whole.split([',', ';']).map(str::trim).filter(|m| !m.is_empty());
        let is_list = (2..=16).contains(&members().take(17).count());
        if is_list && members().all(|m| !are_more(m, 4) || m.contains('@')) {
            members().for_each(|m| each(unquoted(m), false));
        }
    }
}

/// Whether a field says what something is, and nobody what to do: only such a one is taken apart.
fn is_label(lexicon: &Lexicon, text: &str) -> bool {
    let sink = |word: &str| lexicon.verb(&stem(word)).is_some_and(|effects| effects.iter().any(Effect::is_sink));
    let verb = |word: &str| !word.ends_with("ed") && sink(word);
    let words = words(text);
    let told = text.chars().any(char::is_alphabetic);
    told && words.len() <= 10 && is_row(text) && !words.iter().any(|w| verb(&w.text) || lexicon.is_common(&w.text))
}

fn unquoted(text: &str) -> &str {
    let bare = text.strip_prefix(['\'', '"']).and_then(|t| t.strip_suffix(['\'', '"']));
    bare.unwrap_or(text)
}
