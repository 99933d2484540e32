//! Names that occur often, once each: of servers, tools, resources and fields.

use std::{collections::HashMap, sync::Arc};

/// Stands for no name, or for one that there was no room for.
pub(crate) const NONE: u16 = 0;
/// The longest name that is kept, in bytes.
const LONGEST: usize = 96;

/// Names by number. Number 0 is the empty one.
#[derive(Clone, Default)]
pub(crate) struct Names {
    all: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u16>,
    bytes: usize,
}

impl Names {
    /// The number of `name`; [`NONE`] where there are more names than `room` bytes hold, or than `most`.
    pub(crate) fn number(&mut self, name: &str, most: usize, room: usize) -> u16 {
        let name = name.get(..name.floor_char_boundary(LONGEST)).unwrap_or_default();
        if name.is_empty() {
            return NONE;
        }
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let next = u16::try_from(self.all.len() + 1).unwrap_or(NONE);
        if next == NONE || usize::from(next) >= most || self.memory() + Self::cost(name) > room {
            return NONE;
        }
        let name: Arc<str> = name.into();
        self.bytes += Self::cost(&name);
        self.all.push(name.clone());
        self.numbers.insert(name, next);
        next
    }

    /// The name of a number.
    pub(crate) fn name(&self, number: u16) -> Option<&Arc<str>> {
        self.all.get(usize::from(number).checked_sub(1)?)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.all.iter()
    }

    /// In bytes: the texts with their counts, and a place in the row and in the map.
    pub(crate) const fn memory(&self) -> usize {
        self.bytes
    }

    const fn cost(name: &str) -> usize {
        name.len().next_multiple_of(8) + 16 + 16 + 48
    }
}
