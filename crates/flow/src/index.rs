//! What a conversation has seen, and from where.

use crate::{
    classes,
    counts::{Counts, Slot},
    gather::{Unit, gather},
    left::Outbox,
    sources::{self, From, Source, SourceId, Sources, Zone},
    symbols::Symbols,
    table::{Entry, Table},
    unit::Key,
    zones,
};
use doorward_vocab::{Class, Classes, Declassification, Endorsement, Lowered, Standing, TurnId};
use std::{cell::Cell, collections::BTreeMap, sync::Arc};

/// How an index works.
#[derive(Clone, Copy)]
pub struct Settings {
    /// Random, and kept from whoever writes what is indexed: else he could make a text that passes for another.
    pub key: [u8; 16],
    /// The most memory of one index, in bytes.
    pub memory: usize,
    /// How many bits a match must carry to be told: one in 2^bits values would match by chance.
    pub least_bits: f32,
}

impl Settings {
    /// The usual settings under `key`: 64 KiB, and ten bits.
    pub const fn new(key: [u8; 16]) -> Self {
        Self { key, memory: 64 * 1024, least_bits: 10.0 }
    }
}

/// The values of the turns, results and definitions of one conversation, each with where it stood.
///
/// It holds sums under a key and no text, in bounded memory: what there is no room for is forgotten, and said to be.
#[derive(Clone)]
pub struct Index {
    pub(crate) settings: Settings,
    pub(crate) key: Key,
    pub(crate) table: Table,
    /// Places by number, packed, in the order of their sources.
    pub(crate) zones: Vec<u32>,
    pub(crate) sources: Sources,
    pub(crate) counts: Counts,
    /// The join of the standings of what was forgotten.
    pub(crate) lost: Option<Standing>,
    pub(crate) outbox: Outbox,
}

thread_local! {
    static SYMBOLS: Cell<Symbols> = Cell::default();
    static PENDING: Cell<Vec<(Entry, Slot)>> = const { Cell::new(Vec::new()) };
}

/// The longest symbols and entries for which a thread keeps room.
const SCRATCH: usize = 1 << 16;

impl Index {
    /// An index of nothing.
    pub fn new(settings: Settings) -> Self {
        Self {
            key: Key::new(&settings.key),
            settings,
            table: Table::default(),
            zones: Vec::new(),
            sources: Sources::default(),
            counts: Counts::default(),
            lost: None,
            outbox: Outbox::default(),
        }
    }

    /// How it works.
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// The key of its sums, to be kept with it under a seal.
    pub const fn key(&self) -> [u8; 16] {
        self.settings.key
    }

    /// Takes in what the human said, who is believed.
    pub fn turn(&mut self, id: TurnId, text: &str) -> SourceId {
        self.result(&Source::turn(id, Standing::BOTTOM), [("", text)])
    }

    /// Takes in texts of one source, each with the pointer to where it stands: of a result, a turn, a resource.
    pub fn result<'t>(&mut self, source: &Source, texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> SourceId {
        self.make_room_for_a_source();
        let number = self.sources.add(source, self.settings.memory / 4);
        let mut pending = PENDING.take();
        let mut symbols = SYMBOLS.take();
        pending.clear();
        let mut record = 0;
        let looks = source.standing.classes != Classes::NONE;
        let mut about: BTreeMap<u16, Classes> = BTreeMap::new();
        for (pointer, text) in texts {
            record += zones::split(pointer, text, record, &mut |field| {
                let name = self.sources.fields.number(field.name, sources::FIELDS, self.settings.memory / 8);
                let record = u16::try_from(field.record).unwrap_or(u16::MAX).min(sources::RECORDS);
                let zone = Zone { source: number, record, field: name };
                if looks {
                    let classes = about.entry(record).or_default();
                    *classes = classes.join(classes::of(field.text));
                }
                for text in pieces(field.text) {
                    symbols.read(text);
                    self.gather(zone, &symbols, &mut pending);
                    if pending.len() >= BATCH {
                        self.absorb(number, &mut pending);
                    }
                }
            });
        }
        self.absorb(number, &mut pending);
        about.retain(|_, classes| *classes != Classes::NONE);
        if !about.is_empty() {
            self.sources.tell(self.sources.id(number), &about);
        }
        if pending.capacity() <= SCRATCH {
            PENDING.set(pending);
        }
        if symbols.len() <= SCRATCH {
            SYMBOLS.set(symbols);
        }
        self.sources.id(number)
    }

    /// Takes in what a server declares.
    pub fn definition<'t>(&mut self, source: &Source, texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> SourceId {
        self.result(source, texts)
    }

    /// Everything that is known of a source.
    pub fn source(&self, id: SourceId) -> Option<Source> {
        self.sources.source(id)
    }

    /// Lets a source be believed, by a named act. Gives the record of it, unless it was believed.
    pub fn endorse(&mut self, id: SourceId, by: &Endorsement) -> Option<Lowered> {
        let number = self.sources.number(id)?;
        let mut standing = self.sources.standing_of(number)?.clone();
        let act = standing.endorse(by)?;
        self.sources.stand(number, &standing);
        Some(act)
    }

    /// Lets more people read a source, by a named act. Gives the record of it, unless they might.
    pub fn declassify(
        &mut self,
        id: SourceId,
        to: doorward_vocab::Confidentiality,
        by: &Declassification,
    ) -> Option<Lowered> {
        let number = self.sources.number(id)?;
        let mut standing = self.sources.standing_of(number)?.clone();
        let act = standing.declassify(to, by)?;
        self.sources.stand(number, &standing);
        Some(act)
    }

    /// Whether anything was taken in that is about `class`.
    pub fn holds(&self, class: Class) -> bool {
        self.sources.standings.iter().any(|standing| standing.classes.contains(class))
    }

    /// Whether anything was taken in that another conversation left.
    pub fn holds_written(&self) -> bool {
        self.sources.all.iter().any(|s| matches!(s.from, From::Written(_)))
    }

    /// Whether anything was taken in.
    pub fn is_empty(&self) -> bool {
        self.sources.all.is_empty()
    }

    /// What the record of a place is about.
    pub fn about(&self, place: &crate::Place) -> Classes {
        self.sources
            .number(place.source())
            .map_or(Classes::NONE, |source| self.sources.about(Zone { source, ..place.zone }))
    }

    /// The name of the field of a place: the keys that lead to it, as `/items/*/author`.
    pub fn field(&self, place: &crate::Place) -> Option<&Arc<str>> {
        self.sources.fields.name(place.zone.field)
    }

    /// The memory that the index holds, in bytes.
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            + self.table.memory()
            + self.zones.capacity() * 4
            + self.sources.memory()
            + self.outbox.memory()
    }

    pub(crate) fn zone(&self, number: u16) -> Zone {
        Zone::unpacked(self.zones.get(usize::from(number)).copied().unwrap_or_default())
    }

    fn gather(&mut self, zone: Zone, symbols: &Symbols, pending: &mut Vec<(Entry, Slot)>) {
        let Self { key, zones, .. } = self;
        let packed = zone.packed();
        let mut number = None;
        gather(key, symbols, &mut |unit: Unit| {
            let number = *number.get_or_insert_with(|| {
                if zones.last() != Some(&packed) {
                    zones.push(packed);
                }
                u16::try_from(zones.len() - 1).unwrap_or(u16::MAX)
            });
            pending.push((Entry::new(unit.sum, unit.class, number), Slot::of(unit.kind, usize::from(unit.len))));
        });
    }

    fn absorb(&mut self, source: u16, pending: &mut Vec<(Entry, Slot)>) {
        pending.sort_unstable();
        // Once for each source is enough.
        pending.dedup_by_key(|(entry, _)| entry.sum());
        let mut counts = std::mem::take(&mut self.counts);
        let is_turn = |at: usize| self.sources.is_turn(self.zone(self.table.zone(at)).source);
        let turn = self.sources.is_turn(source);
        pending.retain(|(entry, slot)| {
            let known = self.table.find(entry.sum());
            if known.is_empty() {
                counts.add(*slot);
            }
            known.len() < SAME || turn && known.filter(|at| is_turn(*at)).count() < SAME
        });
        self.counts = counts;
        self.table.merge(pending);
        pending.clear();
        self.forget();
    }
}

/// Entries that are taken in at once, and bytes that are read at once.
const BATCH: usize = 4096;
const PIECE: usize = 32 * 1024;

/// A text in pieces that are read at once.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let head = rest.get(..rest.floor_char_boundary(PIECE)).filter(|h| !h.is_empty())?;
        let end = if head.len() < rest.len() {
            head.rfind(char::is_whitespace).map_or(head.len(), |at| at + 1)
        } else {
            head.len()
        };
        let (head, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(head)
    })
}

/// As many sources are remembered of one value, and as many turns beside them.
const SAME: usize = 4;

impl Sources {
    pub(crate) fn is_turn(&self, source: u16) -> bool {
        self.all.get(usize::from(source)).is_some_and(|s| matches!(s.from, From::Turn(_)))
    }

    /// Whether what stood in a source is to be remembered when other results are not, however many of them come.
    pub(crate) fn is_dear(&self, source: u16) -> bool {
        let left = |s: &sources::Kept| matches!(s.from, From::Written(_));
        self.all.get(usize::from(source)).is_some_and(left)
            || self.standing_of(source).is_some_and(|s| s.classes.contains(Class::Secret))
    }
}
