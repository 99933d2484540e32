//! A mandate as it is kept with its conversation, so that it goes on where a gateway was started anew. It holds words that
//! the human said, and the key of its sums: whoever keeps it seals it.

use crate::{Clause, Intent, records::Records, records::Stems, said::Said};
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward_flow::{Index, Settings};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    key: [u8; 16],
    index: String,
    clauses: Cow<'a, [Clause]>,
    handed: Cow<'a, [Clause]>,
    said: Cow<'a, Said>,
    handed_said: Cow<'a, Said>,
    stems: Cow<'a, Stems>,
    records: Cow<'a, Records>,
    turns: u32,
}

impl Serialize for Intent {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let kept = Kept {
            key: self.index.key(),
            index: STANDARD.encode(self.index.encode()),
            clauses: (&self.clauses).into(),
            handed: (&self.handed).into(),
            said: Cow::Borrowed(&self.said),
            handed_said: Cow::Borrowed(&self.handed_said),
            stems: Cow::Borrowed(&self.stems),
            records: Cow::Borrowed(&self.records),
            turns: self.turns,
        };
        kept.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Intent {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let kept = Kept::deserialize(d)?;
        let empty = Self::new(Settings::new(kept.key));
        let index = STANDARD.decode(kept.index).map_err(D::Error::custom)?;
        Ok(Self {
            index: Index::decode(&index, empty.index.settings()).map_err(D::Error::custom)?,
            clauses: kept.clauses.into_owned(),
            handed: kept.handed.into_owned(),
            said: kept.said.into_owned(),
            handed_said: kept.handed_said.into_owned(),
            stems: kept.stems.into_owned(),
            records: kept.records.into_owned(),
            turns: kept.turns,
            ..empty
        })
    }
}

impl Intent {
    /// A mandate of which nothing is known but that there was one: nothing was asked for until the human speaks again.
    pub fn lost(settings: Settings) -> Self {
        Self { turns: 1, ..Self::new(settings) }
    }
}
