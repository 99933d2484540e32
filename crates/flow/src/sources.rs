//! Where values come from: turns, results, definitions; and the places in them.

use crate::names::{NONE, Names};
use doorward_vocab::{CallId, Classes, ServerName, Standing, TurnId};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The most sources that are told apart; the oldest results are forgotten beyond.
pub(crate) const MOST: usize = 1023;
/// The most records of one source, and names of fields, that are told apart.
pub(crate) const RECORDS: u16 = 4095;
pub(crate) const FIELDS: usize = 1023;

/// A source of an [`Index`](crate::Index), counted from its beginning on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub(crate) u32);

/// From whom a text came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum From {
    /// The human, through the host.
    Turn(TurnId),
    /// The result of a call.
    Result(CallId),
    /// What a server declares: descriptions, schemas.
    Definition,
    /// What another conversation took from somewhere and left at a server that this one reads: the call that left it.
    Written(CallId),
}

/// A text that came into the conversation, with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// From whom.
    pub from: From,
    /// The server that gave it.
    pub server: Option<ServerName>,
    /// The tool, prompt or kind of list that gave it.
    pub tool: Option<Arc<str>>,
    /// The resource that it is, as its URI or path.
    pub resource: Option<Arc<str>>,
    /// Whether it may be believed, who may read it, whose it is, what it is about.
    pub standing: Standing,
}

impl Source {
    /// What the human said: believed, and of the organization.
    pub const fn turn(id: TurnId, standing: Standing) -> Self {
        Self { from: From::Turn(id), server: None, tool: None, resource: None, standing }
    }
    /// What a call brought.
    pub fn result(call: CallId, server: &ServerName, tool: &str, standing: Standing) -> Self {
        let (server, tool) = (Some(server.clone()), Some(tool.into()));
        Self { from: From::Result(call), server, tool, resource: None, standing }
    }
    /// What a server declares.
    pub fn definition(server: &ServerName, tool: &str, standing: Standing) -> Self {
        let (server, tool) = (Some(server.clone()), Some(tool.into()));
        Self { from: From::Definition, server, tool, resource: None, standing }
    }
    /// The same source as the resource that it is.
    #[must_use]
    pub fn of_resource(self, resource: &str) -> Self {
        Self { resource: Some(resource.into()), ..self }
    }
}

/// What is kept of a source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    pub(crate) id: SourceId,
    pub(crate) from: From,
    pub(crate) server: u16,
    pub(crate) tool: u16,
    pub(crate) resource: u16,
    pub(crate) standing: u16,
    /// How many symbols of it left so far, as far as they were recognized.
    pub(crate) left: u32,
    /// Whether something of it was forgotten.
    pub(crate) lost: bool,
}

/// A place in a source: the record (the item of a list, the mail, the row) and the field in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Zone {
    pub(crate) source: u16,
    pub(crate) record: u16,
    pub(crate) field: u16,
}

impl Zone {
    /// As four bytes.
    pub(crate) const fn packed(self) -> u32 {
        (self.source as u32) << 22 | (self.record as u32 & 0xfff) << 10 | self.field as u32 & 0x3ff
    }
    pub(crate) const fn unpacked(word: u32) -> Self {
        Self { source: (word >> 22) as u16, record: (word >> 10 & 0xfff) as u16, field: (word & 0x3ff) as u16 }
    }
}

/// All sources with their names.
#[derive(Clone, Default)]
pub(crate) struct Sources {
    pub(crate) all: Vec<Kept>,
    pub(crate) names: Names,
    pub(crate) fields: Names,
    pub(crate) standings: Vec<Standing>,
    /// How many there were.
    pub(crate) count: u32,
    /// What single records are about, where that was looked at, by source and record.
    pub(crate) about: BTreeMap<u64, Classes>,
}

/// The most records of which it is known what they are about; beyond, a record is about what its source is about.
const ABOUT: usize = 512;

/// More different standings than these are not told apart: the last of them becomes the join of all others.
const STANDINGS: usize = 64;

impl Sources {
    /// Takes in a source; gives its number.
    pub(crate) fn add(&mut self, source: &Source, room: usize) -> u16 {
        let number = u16::try_from(self.all.len()).unwrap_or(u16::MAX);
        let mut name = |name: Option<&str>| name.map_or(NONE, |n| self.names.number(n, usize::from(u16::MAX), room));
        let server = name(source.server.as_ref().map(ServerName::as_str));
        let (tool, resource) = (name(source.tool.as_deref()), name(source.resource.as_deref()));
        let standing = self.standing(&source.standing);
        let id = SourceId(self.count);
        self.count = self.count.saturating_add(1);
        self.all.reserve_exact(usize::from(self.all.len() == self.all.capacity()) * 16);
        self.all.push(Kept { id, from: source.from, server, tool, resource, standing, left: 0, lost: false });
        number
    }

    /// The number of a source, if it is not forgotten.
    pub(crate) fn number(&self, id: SourceId) -> Option<u16> {
        let at = self.all.binary_search_by_key(&id, |kept| kept.id).ok()?;
        u16::try_from(at).ok()
    }

    /// The id of a source.
    pub(crate) fn id(&self, number: u16) -> SourceId {
        self.all.get(usize::from(number)).map_or(SourceId(u32::MAX), |kept| kept.id)
    }

    fn standing(&mut self, standing: &Standing) -> u16 {
        let at = self.standings.iter().position(|s| s == standing).unwrap_or_else(|| {
            if self.standings.len() < STANDINGS {
                self.standings.push(standing.clone());
            } else if let Some(last) = self.standings.last_mut() {
                *last = last.join(standing);
            }
            self.standings.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// Gives one source another standing, and only that one.
    pub(crate) fn stand(&mut self, source: u16, standing: &Standing) {
        let number = self.standing(standing);
        if let Some(kept) = self.all.get_mut(usize::from(source)) {
            kept.standing = number;
        }
    }

    /// The standing of a source.
    pub(crate) fn standing_of(&self, number: u16) -> Option<&Standing> {
        self.standings.get(usize::from(self.all.get(usize::from(number))?.standing))
    }

    /// Remembers what the records of a source are about; of more than there is room for, nothing.
    pub(crate) fn tell(&mut self, source: SourceId, records: &BTreeMap<u16, Classes>) {
        let first = u64::from(source.0) << 16;
        if self.about.len() + records.len() <= ABOUT {
            self.about.extend(records.iter().map(|(record, classes)| (first | u64::from(*record), *classes)));
        }
        // The oldest go with their sources.
        let oldest = self.all.first().map_or(0, |kept| u64::from(kept.id.0) << 16);
        self.about = self.about.split_off(&oldest);
    }

    /// What a place is about: its record, or where that was not looked at, its source.
    pub(crate) fn about(&self, zone: Zone) -> Classes {
        let source = self.standing_of(zone.source).map_or(Classes::NONE, |s| s.classes);
        if source == Classes::NONE {
            return source;
        }
        let first = u64::from(self.id(zone.source).0) << 16;
        match self.about.get(&(first | u64::from(zone.record))) {
            Some(classes) => *classes,
            // Its other records are about something.
            None if self.about.range(first..first + (1 << 16)).next().is_some() => Classes::NONE,
            None => source,
        }
    }

    /// Everything that is known of a source.
    pub(crate) fn source(&self, id: SourceId) -> Option<Source> {
        let number = self.number(id)?;
        let kept = self.all.get(usize::from(number))?;
        Some(Source {
            from: kept.from,
            server: self.names.name(kept.server).and_then(|n| n.parse().ok()),
            tool: self.names.name(kept.tool).cloned(),
            resource: self.names.name(kept.resource).cloned(),
            standing: self.standing_of(number)?.clone(),
        })
    }

    /// In bytes.
    pub(crate) fn memory(&self) -> usize {
        let standing = |s: &Standing| size_of::<Standing>() + s.owners.iter().map(|o| o.len() + 32).sum::<usize>();
        self.all.capacity() * size_of::<Kept>()
            + self.names.memory()
            + self.fields.memory()
            + self.standings.iter().map(standing).sum::<usize>()
            + self.about.len() * 16
    }
}
