//! A baseline as bytes, the same bytes for the same baseline: for the trail, other replicas, and to go back.

use super::{
    normal::{Baseline, Health},
    table::{SLOTS, Table},
};
use crate::alarm::Reservoir;
use doorward_vocab::Timestamp;
use std::fmt;

/// The first bytes: what it is, and of which form.
const MARK: &[u8; 8] = b"dwbase\0\x01";

/// Why bytes are no baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotError;

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these bytes are no baseline, or not a whole one")
    }
}

impl std::error::Error for SnapshotError {}

impl Baseline {
    /// All of it.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = MARK.to_vec();
        for table in [&self.fast, &self.slow, &self.golden] {
            out.extend(table.weight.to_le_bytes());
            out.extend(table.slots.iter().flat_map(|slot| slot.to_le_bytes()));
        }
        out.extend(self.conversations.to_le_bytes());
        out.extend(self.since.micros().to_le_bytes());
        out.extend(self.aged.micros().to_le_bytes());
        out.extend(self.yesterday.to_le_bytes());
        out.push(u8::from(self.health == Health::Frozen));
        out.extend(u32::try_from(self.scores.len()).unwrap_or_default().to_le_bytes());
        out.extend(self.scores.scores().flat_map(f32::to_le_bytes));
        out
    }

    /// What [`Self::snapshot`] was made of.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut reader = Reader(bytes.strip_prefix(MARK).ok_or(SnapshotError)?);
        let mut table = || -> Result<Table, SnapshotError> {
            let weight = f32::from_le_bytes(reader.take()?);
            let slots = (0..SLOTS).map(|_| reader.take().map(f32::from_le_bytes)).collect::<Result<_, _>>()?;
            Ok(Table { weight, slots })
        };
        let (fast, slow, golden) = (table()?, table()?, table()?);
        let conversations = u32::from_le_bytes(reader.take()?);
        let since = Timestamp::from_micros(u64::from_le_bytes(reader.take()?));
        let aged = Timestamp::from_micros(u64::from_le_bytes(reader.take()?));
        let yesterday = f64::from_le_bytes(reader.take()?);
        let health = if reader.take::<1>()? == [0] { Health::Learning } else { Health::Frozen };
        let count = u32::from_le_bytes(reader.take()?) as usize;
        if count > Reservoir::KEPT {
            return Err(SnapshotError);
        }
        let mut scores = Reservoir::default();
        for _ in 0..count {
            scores.take(f32::from_le_bytes(reader.take()?));
        }
        let all = Self { fast, slow, golden, scores, conversations, since, aged, yesterday, health };
        if reader.0.is_empty() { Ok(all) } else { Err(SnapshotError) }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let (first, rest) = self.0.split_first_chunk::<N>().ok_or(SnapshotError)?;
        self.0 = rest;
        Ok(*first)
    }
}
