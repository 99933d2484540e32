//! What was written to tools that remember, as bytes.

use super::{
    DecodeError, SUM,
    bytes::{Reader, Writer},
    parts,
};
use crate::{Entry, Index, Settings, Written};
use doorward_vocab::{CallId, Digest, ServerName};

/// What the bytes begin with.
const MAGIC: &[u8; 5] = b"dwwr\x01";

impl Written {
    /// All of it as bytes. They hold sums, and names of servers and tools: keep them sealed.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.bytes(MAGIC);
        w.number(self.writes);
        w.all(self.resources.iter(), |w, ((server, resource), entry)| {
            w.text(server.as_str());
            w.bytes(&resource.to_le_bytes());
            parts::standing(w, &entry.standing);
            w.bytes(&entry.by.bits().to_le_bytes());
            w.number(entry.last);
        });
        w.all(self.forgotten.iter(), |w, (server, standing)| {
            w.text(server.as_str());
            parts::standing(w, standing);
        });
        let sum = Digest::of(&w.0);
        w.bytes(sum.as_bytes().get(..SUM).unwrap_or_default());
        let head = w.0.len() as u64;
        w.bytes(&self.values.encode());
        w.bytes(&head.to_le_bytes());
        w.0
    }

    /// What [`Self::encode`] wrote, under the settings of today.
    ///
    /// # Errors
    /// [`DecodeError`] for anything that is not exactly what was written.
    pub fn decode(encoded: &[u8], settings: Settings) -> Result<Self, DecodeError> {
        let (rest, head) = encoded.split_last_chunk::<8>().ok_or(DecodeError::Unknown)?;
        let head = usize::try_from(u64::from_le_bytes(*head)).map_err(|_| DecodeError::Unknown)?;
        let (head, values) = rest.split_at_checked(head).ok_or(DecodeError::Damaged)?;
        let (body, sum) = head.split_last_chunk::<SUM>().ok_or(DecodeError::Unknown)?;
        if Digest::of(body).as_bytes().get(..SUM) != Some(sum) {
            return Err(DecodeError::Damaged);
        }
        let mut written = Self::new(settings);
        let mut r = Reader(body.strip_prefix(MAGIC).ok_or(DecodeError::Unknown)?);
        written.fill(&mut r).filter(|()| r.0.is_empty()).ok_or(DecodeError::Damaged)?;
        written.values = Index::decode(values, settings)?;
        Ok(written)
    }

    fn fill(&mut self, r: &mut Reader<'_>) -> Option<()> {
        let name = |r: &mut Reader<'_>| r.text()?.parse::<ServerName>().ok();
        self.writes = r.number()?;
        let resources = r.all(|r| {
            let key = (name(r)?, u64::from_le_bytes(r.take(8)?.try_into().ok()?));
            let standing = parts::read_standing(r)?;
            let by = CallId::from_bits(u128::from_le_bytes(r.take(16)?.try_into().ok()?));
            Some((key, Entry { standing, by, last: r.number()? }))
        })?;
        self.resources = resources.into_iter().collect();
        self.forgotten = r.all(|r| Some((name(r)?, parts::read_standing(r)?)))?.into_iter().collect();
        Some(())
    }
}
