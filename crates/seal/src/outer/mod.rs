//! The outer key, which data keys are wrapped under: where it is, and what it does there.
//!
//! | file | where the outer key is |
//! |---|---|
//! | `plain` | in the clear: in a file of the owner, or handed over by a descriptor |
//! | `token` | in a device behind PKCS#11, which it never leaves |
//! | `tpm` | in a TPM 2.0, which it never leaves |

mod plain;
mod token;
mod tpm;

pub use token::Token;
pub use tpm::Tpm;

use crate::{ShieldError, Shielded};
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward_store::PlaceError;
use doorward_vocab::Secret;
use plain::PlainFile;
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf};
use token::TokenKeys;

/// Where the outer key is said to be.
#[derive(Debug)]
pub enum Source {
    /// A file of 32 bytes that only its owner may read. Made where it is missing and there is no ring yet.
    File(PathBuf),
    /// A descriptor that whoever started us left open, with 32 bytes to read.
    Descriptor(u32),
    /// A key in a device behind PKCS#11.
    Token(Token),
    /// The storage key of a TPM.
    Tpm(Tpm),
}

/// Why the outer key does not do.
#[derive(Debug, thiserror::Error)]
pub enum OuterError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Others may read the key.
    #[error("`{}` can be read by others than its owner (mode {mode:03o}): run `chmod 600 {}`", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// What is there is no key.
    #[error("{0} does not hold a key: it must be exactly 32 bytes")]
    Length(String),
    /// The ring is wrapped under another key.
    #[error("{place} is not what the keys are wrapped under: they are under {}. Name the right key, or move them with `doorward seal rotate --from`", list(.wrapped))]
    Other {
        /// Where the key was looked for.
        place: String,
        /// What the ring says.
        wrapped: Vec<OuterId>,
    },
    /// The wrap was changed, or belongs to another key.
    #[error("a wrapped key was changed, or is not of {0}")]
    Changed(String),
    /// The descriptor cannot be read.
    #[error(
        "cannot read the key from descriptor {number}: {source}; hand it over at the start, as in `{number}< FILE`"
    )]
    Descriptor {
        /// Its number.
        number: u32,
        /// Why it fails.
        source: std::io::Error,
    },
    /// This key is turned by whoever hands it over.
    #[error("a key from a descriptor is not made here: hand the new one over, and the old one with `--from`")]
    NotOurs,
    /// The device of PKCS#11 refuses.
    #[error("the token `{token}` fails: {why}")]
    Token {
        /// Its label.
        token: String,
        /// What it said.
        why: String,
    },
    /// The TPM refuses.
    #[error("the TPM at `{}` fails: {why}", device.display())]
    Tpm {
        /// Where it is.
        device: PathBuf,
        /// What it said.
        why: String,
    },
    /// The key cannot be held.
    #[error(transparent)]
    Shield(#[from] ShieldError),
    /// The library of cryptography refuses.
    #[error("the library of cryptography refuses a key")]
    Crypto,
}

fn list(ids: &[OuterId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

/// The name of an outer key: of one in the clear a fingerprint, of others drawn when it was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OuterId(crate::KeyId);

impl fmt::Display for OuterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for OuterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl OuterId {
    const fn of(bytes: [u8; 8]) -> Self {
        Self(crate::KeyId(bytes))
    }

    const fn bytes(self) -> [u8; 8] {
        self.0.0
    }

    fn draw() -> Result<Self, OuterError> {
        let mut bytes = [0; 8];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| OuterError::Crypto)?;
        Ok(Self::of(bytes))
    }
}

/// A data key under one outer key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wrap {
    pub(crate) outer: OuterId,
    #[serde(with = "as_base64")]
    pub(crate) wrapped: Vec<u8>,
}

mod as_base64 {
    use super::{Deserialize, Engine, STANDARD};

    pub(super) fn serialize<S: serde::Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

/// The outer key that something is wrapped under now.
#[derive(Debug)]
pub(crate) struct Under {
    id: OuterId,
    /// A key in the clear that is nowhere else yet.
    fresh: Option<Shielded>,
}

impl Under {
    pub(crate) const fn id(&self) -> OuterId {
        self.id
    }

    const fn known(id: OuterId) -> Self {
        Self { id, fresh: None }
    }
}

/// The outer key, or the device that has it.
#[derive(Debug)]
pub struct Outer(Kind);

#[derive(Debug)]
enum Kind {
    File(PlainFile),
    /// Handed over by a descriptor, which was closed.
    Given(u32, OuterId, Shielded),
    Token(TokenKeys),
    Tpm(Tpm),
}

/// Where the outer key is, for people.
impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::File(file) => write!(f, "the file `{}`", file.path().display()),
            Kind::Given(number, ..) => write!(f, "descriptor {number}"),
            Kind::Token(keys) => write!(f, "the key `{}` of the token `{}`", keys.label(), keys.token()),
            Kind::Tpm(tpm) => write!(f, "the TPM at `{}`", tpm.device.display()),
        }
    }
}

impl Outer {
    /// Opens the way to the key. A descriptor is read and closed, a token is logged in to; a file is read at each use.
    ///
    /// # Errors
    /// [`OuterError`].
    pub fn open(source: Source) -> Result<Self, OuterError> {
        Ok(Self(match source {
            Source::File(path) => Kind::File(PlainFile::new(path)),
            Source::Descriptor(number) => {
                let key = plain::handed_over(number)?;
                Kind::Given(number, plain::fingerprint(&key)?, plain::shielded(&key)?)
            }
            Source::Token(token) => Kind::Token(TokenKeys::open(token)?),
            Source::Tpm(tpm) => Kind::Tpm(tpm),
        }))
    }

    /// The key for a ring that there was not before; made where that is ours to do.
    pub(crate) fn first(&self) -> Result<Under, OuterError> {
        match &self.0 {
            Kind::File(file) => file.first().map(Under::known),
            Kind::Given(_, id, _) => Ok(Under::known(*id)),
            Kind::Token(keys) => keys.first().map(Under::known),
            Kind::Tpm(_) => OuterId::draw().map(Under::known),
        }
    }

    /// A new key. One in the clear is nowhere but in the result, until [`commit`](Self::commit).
    pub(crate) fn next(&self) -> Result<Under, OuterError> {
        match &self.0 {
            Kind::File(_) => {
                let key = plain::draw()?;
                Ok(Under { id: plain::fingerprint(&key)?, fresh: Some(plain::shielded(&key)?) })
            }
            Kind::Given(..) => Err(OuterError::NotOurs),
            Kind::Token(keys) => keys.make().map(Under::known),
            Kind::Tpm(_) => OuterId::draw().map(Under::known),
        }
    }

    /// Puts a new key where the next start looks for it.
    pub(crate) fn commit(&self, under: &Under) -> Result<(), OuterError> {
        match (&self.0, &under.fresh) {
            (Kind::File(file), Some(fresh)) => fresh.reveal(|key| file.replace(key))?,
            _ => Ok(()),
        }
    }

    /// Which of the keys of `wraps` is here.
    pub(crate) fn choose(&self, wraps: &[Wrap]) -> Result<Under, OuterError> {
        Ok(Under::known(self.pick(wraps)?.outer))
    }

    pub(crate) fn wrap(&self, under: &Under, key: &Secret<[u8; 32]>, bound: &[u8]) -> Result<Wrap, OuterError> {
        let wrapped = match (&self.0, &under.fresh) {
            (_, Some(fresh)) => fresh.reveal(|outer| plain::wrap(outer, key, bound))??,
            (Kind::File(file), None) => file.key()?.1.reveal(|outer| plain::wrap(outer, key, bound))?,
            (Kind::Given(_, _, outer), None) => outer.reveal(|outer| plain::wrap(outer, key, bound))??,
            (Kind::Token(keys), None) => keys.wrap(under.id, key, bound)?,
            (Kind::Tpm(tpm), None) => tpm.wrap(under.id, key)?,
        };
        Ok(Wrap { outer: under.id, wrapped })
    }

    pub(crate) fn unwrap(&self, wraps: &[Wrap], bound: &[u8]) -> Result<Secret<[u8; 32]>, OuterError> {
        let wrap = self.pick(wraps)?;
        let opened = match &self.0 {
            Kind::File(file) => file.key()?.1.reveal(|outer| plain::unwrap(outer, &wrap.wrapped, bound)),
            Kind::Given(_, _, outer) => outer.reveal(|outer| plain::unwrap(outer, &wrap.wrapped, bound))?,
            Kind::Token(keys) => return keys.unwrap(wrap.outer, &wrap.wrapped, bound),
            Kind::Tpm(tpm) => return tpm.unwrap(wrap.outer, &wrap.wrapped),
        };
        opened.ok_or_else(|| OuterError::Changed(self.to_string()))
    }

    fn pick<'a>(&self, wraps: &'a [Wrap]) -> Result<&'a Wrap, OuterError> {
        let by_id = |id: OuterId| wraps.iter().find(|wrap| wrap.outer == id);
        let found = match &self.0 {
            Kind::File(file) => by_id(file.key()?.0),
            Kind::Given(_, id, _) => by_id(*id),
            Kind::Token(keys) => {
                let there = keys.ids()?;
                wraps.iter().find(|wrap| there.contains(&wrap.outer))
            }
            // Any name gives a key of this TPM; whether it is the right one shows when it is loaded.
            Kind::Tpm(_) => wraps.iter().find(|wrap| tpm::is_sealed(&wrap.wrapped)),
        };
        found.ok_or_else(|| OuterError::Other {
            place: self.to_string(),
            wrapped: wraps.iter().map(|wrap| wrap.outer).collect(),
        })
    }
}

#[cfg(test)]
mod tests;
