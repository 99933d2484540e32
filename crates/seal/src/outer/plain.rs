//! An outer key in the clear: 32 bytes in a file that only its owner may read, or from a descriptor.

use super::{OuterError, OuterId};
use crate::{ShieldError, Shielded, hand};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hmac,
};
use doorward_store::{PlaceError, make_once, replace_secret};
use doorward_vocab::Secret;
use std::{
    fs, io,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use zeroize::{Zeroize, Zeroizing};

type Key = Secret<[u8; 32]>;

/// A file with a key, read again for each use: it is not held.
#[derive(Debug)]
pub(super) struct PlainFile(PathBuf);

impl PlainFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    fn failed(&self, act: &'static str) -> impl FnOnce(io::Error) -> OuterError {
        let path = self.0.clone();
        move |source| PlaceError::Io { act, path, source }.into()
    }

    /// The key and its name.
    pub(super) fn key(&self) -> Result<(OuterId, Key), OuterError> {
        let file = fs::File::open(&self.0).map_err(self.failed("read"))?;
        let mode = file.metadata().map_err(self.failed("read"))?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(OuterError::Open { path: self.0.clone(), mode });
        }
        let key = exactly(file).map_err(self.failed("read"))?;
        let key = key.ok_or_else(|| OuterError::Length(format!("the file `{}`", self.0.display())))?;
        Ok((fingerprint(&key)?, key))
    }

    /// The name of the key, which is made where it is missing; of several processes that make it at once, all get the same.
    pub(super) fn first(&self) -> Result<OuterId, OuterError> {
        if !self.0.exists() {
            let made = draw()?.reveal(|key| make_once(&self.0, key));
            made.map_err(self.failed("write"))?;
        }
        Ok(self.key()?.0)
    }

    pub(super) fn replace(&self, key: &[u8]) -> Result<(), OuterError> {
        Ok(replace_secret(&self.0, key)?)
    }
}

/// The key that whoever started us left in a descriptor, which is closed: nobody reads it again or inherits it.
pub(super) fn handed_over(number: u32) -> Result<Key, OuterError> {
    let failed = |source| OuterError::Descriptor { number, source };
    let key = exactly(hand::opened(number).map_err(failed)?).map_err(failed)?;
    hand::close(number).map_err(failed)?;
    key.ok_or_else(|| OuterError::Length(format!("descriptor {number}")))
}

/// The 32 bytes that are all there is.
fn exactly(from: impl Read) -> io::Result<Option<Key>> {
    let bytes = hand::whole(from, 33)?;
    Ok(<[u8; 32]>::try_from(bytes.as_slice()).ok().map(Secret::new))
}

pub(super) fn draw() -> Result<Key, OuterError> {
    let mut key = [0; 32];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| OuterError::Crypto)?;
    let made = Secret::new(key);
    key.zeroize();
    Ok(made)
}

pub(super) fn shielded(key: &Key) -> Result<Shielded, ShieldError> {
    Shielded::new(Secret::new(key.reveal(|key| key.to_vec())))
}

/// A name that says nothing of the key.
pub(super) fn fingerprint(key: &Key) -> Result<OuterId, OuterError> {
    let tag = key.reveal(|key| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"doorward outer key 1"));
    tag.as_ref().first_chunk::<8>().map(|bytes| OuterId::of(*bytes)).ok_or(OuterError::Crypto)
}

/// AES-256-GCM with a nonce drawn at random: a key wraps a handful of times.
pub(super) fn wrap(outer: &[u8], key: &Key, bound: &[u8]) -> Result<Vec<u8>, OuterError> {
    let cipher = RandomizedNonceKey::new(&AES_256_GCM, outer).map_err(|_| OuterError::Crypto)?;
    let mut text = Zeroizing::new(Vec::with_capacity(32 + AES_256_GCM.tag_len()));
    key.reveal(|key| text.extend_from_slice(key));
    let nonce = cipher.seal_in_place_append_tag(Aad::from(bound), &mut *text).map_err(|_| OuterError::Crypto)?;
    Ok([nonce.as_ref().as_slice(), &text].concat())
}

pub(super) fn unwrap(outer: &[u8], wrapped: &[u8], bound: &[u8]) -> Option<Key> {
    let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_LEN>()?;
    let cipher = RandomizedNonceKey::new(&AES_256_GCM, outer).ok()?;
    let mut text = Zeroizing::new(sealed.to_vec());
    let plain = cipher.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(bound), &mut text).ok()?;
    <[u8; 32]>::try_from(&*plain).ok().map(Secret::new)
}
