//! Which window of which form has which sum. In many small tables, so that none takes long to grow.

/// A window: of the form `form` of the secret in `slot`, the `window`th of those that are indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    pub(super) slot: u32,
    pub(super) form: u8,
    pub(super) window: u16,
}

impl Anchor {
    pub(super) const SLOTS: u32 = (1 << 18) - 1;
    pub(super) const WINDOWS: u16 = 1 << 10;

    pub(super) const fn is_of_same_form(self, other: Self) -> bool {
        self.slot == other.slot && self.form == other.form
    }

    const fn packed(self) -> u32 {
        self.slot << 14 | (self.form as u32 & 15) << 10 | (self.window as u32 & (Self::WINDOWS as u32 - 1))
    }

    #[expect(clippy::cast_possible_truncation, reason = "masked")]
    const fn unpacked(word: u64) -> Self {
        let word = word as u32;
        Self { slot: word >> 14, form: (word >> 10 & 15) as u8, window: (word & 1023) as u16 }
    }
}

const FREE: u64 = u64::MAX;
/// Windows with the same sum beyond these are left out: they are no sign of any one secret.
const SAME: usize = 8;

pub(super) struct Index {
    tables: Vec<Table>,
    len: usize,
}

#[derive(Default)]
struct Table {
    slots: Vec<u64>,
    len: usize,
}

impl Index {
    pub(super) const TABLES: usize = 256;

    pub(super) fn new() -> Self {
        Self { tables: (0..Self::TABLES).map(|_| Table::default()).collect(), len: 0 }
    }

    /// How many windows it holds.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, sum: u32, anchor: Anchor) {
        if let Some(table) = self.tables.get_mut((sum >> 24) as usize)
            && table.insert(u64::from(sum) << 32 | u64::from(anchor.packed()))
        {
            self.len += 1;
        }
    }

    /// The windows with this sum.
    pub(super) fn get(&self, sum: u32) -> impl Iterator<Item = Anchor> + '_ {
        let table = self.tables.get((sum >> 24) as usize);
        table.into_iter().flat_map(move |t| t.chain(sum)).filter(move |w| same(*w, sum)).map(Anchor::unpacked)
    }

    /// Every sum.
    pub(super) fn sums(&self) -> impl Iterator<Item = u32> + '_ {
        self.tables.iter().flat_map(|t| &t.slots).filter(|w| **w != FREE).map(|w| (w >> 32) as u32)
    }

    /// Forgets, in one of the tables, the windows of slots that `keep` does not name; tells how many.
    pub(super) fn sweep(&mut self, number: u64, keep: impl Fn(u32) -> bool) -> usize {
        let at = usize::try_from(number % Self::TABLES as u64).unwrap_or_default();
        let Some(table) = self.tables.get_mut(at) else { return 0 };
        let before = table.len;
        table.rehash(|word| keep(Anchor::unpacked(word).slot), 0);
        let gone = before - table.len;
        self.len -= gone;
        gone
    }
}

const fn same(word: u64, sum: u32) -> bool {
    (word >> 32) as u32 == sum
}

impl Table {
    /// The words that stand where those with `sum` begin, until a free place.
    fn chain(&self, sum: u32) -> impl Iterator<Item = u64> + '_ {
        let mask = self.slots.len().wrapping_sub(1);
        let start = sum as usize & mask;
        let (end, begin) = (self.slots.get(start..), self.slots.get(..start));
        let all = end.unwrap_or_default().iter().chain(begin.unwrap_or_default());
        all.copied().take_while(|word| *word != FREE)
    }

    fn insert(&mut self, word: u64) -> bool {
        if (self.len + 1) * 3 > self.slots.len() * 2 {
            self.rehash(|_| true, 1);
        }
        if self.chain((word >> 32) as u32).filter(|w| same(*w, (word >> 32) as u32)).count() >= SAME {
            return false;
        }
        self.put(word);
        true
    }

    fn put(&mut self, word: u64) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = (word >> 32) as usize & mask;
        while self.slots.get(at).is_some_and(|w| *w != FREE) {
            at = (at + 1) & mask;
        }
        if let Some(free) = self.slots.get_mut(at) {
            *free = word;
            self.len += 1;
        }
    }

    fn rehash(&mut self, keep: impl Fn(u64) -> bool, more: usize) {
        let kept: Vec<u64> = self.slots.iter().copied().filter(|w| *w != FREE && keep(*w)).collect();
        let room = if kept.is_empty() && more == 0 { 0 } else { ((kept.len() + more) * 3).next_power_of_two().max(8) };
        self.slots = vec![FREE; room];
        self.len = 0;
        kept.into_iter().for_each(|word| self.put(word));
    }
}
