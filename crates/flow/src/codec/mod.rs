//! An index as bytes, to be kept with its conversation: compact, with its version, and refused where a byte is another.

mod bytes;
mod parts;
mod written;

use crate::{
    Index, Settings,
    counts::SLOTS,
    left::Outbox,
    sources::Zone,
    table::{Entry, Table},
};
use bytes::{Reader, Writer};
use doorward_vocab::{Classes, Digest};

/// What the bytes begin with: whose they are, and the version of what follows.
const MAGIC: &[u8; 5] = b"dwfl\x02";
/// As much of a digest is kept.
const SUM: usize = 16;

/// Why bytes are no index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They are something else, or of another version.
    #[error("not an index of this version")]
    Unknown,
    /// They are not what was written.
    #[error("the index is damaged")]
    Damaged,
    /// They were written under another key: nothing would be found.
    #[error("the index was written under another key")]
    OtherKey,
}

impl Index {
    /// The index as bytes. They hold sums, names of servers, tools, resources and fields, and the strings that left lately:
    /// keep them sealed.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.bytes(MAGIC);
        w.number(self.key.print());
        w.option(self.lost.as_ref(), parts::standing);
        w.all(self.sources.names.iter(), |w, name| w.text(name));
        w.all(self.sources.fields.iter(), |w, name| w.text(name));
        w.all(self.sources.standings.iter(), parts::standing);
        w.number(self.sources.count.into());
        w.all(self.sources.all.iter(), parts::source);
        w.all(self.zones.iter(), |w, zone| w.number((*zone).into()));
        let mut last = 0;
        w.number(self.table.len() as u64);
        for entry in self.table.entries() {
            let bits = entry.bits();
            w.number((bits >> 16) - last);
            w.number(entry.zone().into());
            last = bits >> 16;
        }
        self.counts.0.iter().for_each(|count| w.number((*count).into()));
        w.all(self.sources.about.iter(), |w, (record, classes)| {
            w.number(*record);
            w.number(classes.bits().into());
        });
        w.all(self.outbox.all.iter(), |w, (channel, text)| {
            w.number((*channel).into());
            w.text(text);
        });
        let sum = Digest::of(&w.0);
        w.bytes(sum.as_bytes().get(..SUM).unwrap_or_default());
        w.0
    }

    /// The index that [`Self::encode`] wrote, under the settings of today.
    ///
    /// # Errors
    /// [`DecodeError`] for anything that is not exactly what was written.
    pub fn decode(encoded: &[u8], settings: Settings) -> Result<Self, DecodeError> {
        let body = encoded.strip_prefix(MAGIC).ok_or(DecodeError::Unknown)?;
        let (_, sum) = encoded.split_last_chunk::<SUM>().ok_or(DecodeError::Damaged)?;
        let (body, written) = (body.len().checked_sub(SUM), encoded.len() - SUM);
        let right = Digest::of(encoded.get(..written).unwrap_or_default());
        let body = body.and_then(|len| encoded.get(MAGIC.len()..MAGIC.len() + len)).ok_or(DecodeError::Damaged)?;
        if right.as_bytes().get(..SUM) != Some(sum) {
            return Err(DecodeError::Damaged);
        }
        let mut index = Self::new(settings);
        let mut r = Reader(body);
        if r.number() != Some(index.key.print()) {
            return Err(DecodeError::OtherKey);
        }
        index.fill(&mut r).filter(|()| r.0.is_empty()).ok_or(DecodeError::Damaged)?;
        index.forget();
        Ok(index)
    }

    fn fill(&mut self, r: &mut Reader<'_>) -> Option<()> {
        self.lost = r.option(parts::read_standing)?;
        for name in r.all(Reader::text)? {
            self.sources.names.number(&name, usize::from(u16::MAX), usize::MAX);
        }
        for name in r.all(Reader::text)? {
            self.sources.fields.number(&name, usize::from(u16::MAX), usize::MAX);
        }
        self.sources.standings = r.all(parts::read_standing)?;
        self.sources.count = r.small()?;
        self.sources.all = r.all(parts::read_source)?;
        let ids = self.sources.all.iter().map(|s| s.id.0).chain([self.sources.count]);
        let standings = self.sources.standings.len();
        let good =
            ids.is_sorted_by(|a, b| a < b) && self.sources.all.iter().all(|s| usize::from(s.standing) < standings);
        good.then_some(())?;
        self.zones = r.all(Reader::small)?;
        let (sources, zones) = (self.sources.all.len(), self.zones.len());
        self.zones.iter().all(|z| usize::from(Zone::unpacked(*z).source) < sources).then_some(())?;
        let (count, mut last, mut entries) = (r.number()?, 0_u64, Vec::new());
        for _ in 0..count {
            last = last.checked_add(r.number()?)?;
            let zone: u16 = r.small()?;
            (usize::from(zone) < zones).then_some(())?;
            entries.push((Entry::from_bits(last.checked_mul(1 << 16)? | u64::from(zone))?, ()));
        }
        entries.sort_unstable();
        self.table = Table::default();
        self.table.merge(&entries);
        for at in 0..SLOTS {
            *self.counts.0.get_mut(at)? = r.small()?;
        }
        self.sources.about = r.all(|r| Some((r.number()?, Classes::from_bits(r.small()?)?)))?.into_iter().collect();
        let left = r.all(|r| Some((r.small()?, r.text()?.into_boxed_str())))?;
        self.outbox = Outbox { all: left.into() };
        Some(())
    }
}
