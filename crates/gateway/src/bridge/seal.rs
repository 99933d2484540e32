//! What leaves the gateway and could be read, changed, or given to somebody else: sealed, and bound to whom and what it was
//! made for (2026-07-28, basic/patterns/mrtr: `requestState` is attacker-controlled; a store is somebody else's machine).

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hmac,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_vocab::{Entropy, Secret};
use std::fmt;

/// What sealed texts begin with: whose they are, and in which form.
const PREFIX: &str = "doorward1.";
/// What the keys of single messages are derived for.
const PURPOSE: &[u8] = b"doorward seal 1";
const SALT_LEN: usize = 16;

/// Seals with a key of its own for each message: under one key, nonces drawn at random are good for 2^32 messages
/// (NIST SP 800-38D §8.3), and this one outlives many processes.
pub(crate) struct Sealer {
    key: hmac::Key,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// With a key that outlives the process, and that others may share.
    pub(crate) fn of(key: &Secret<[u8; 32]>) -> Self {
        Self { key: key.reveal(|key| hmac::Key::new(hmac::HMAC_SHA256, key)) }
    }

    /// With a key that nobody else has, and that ends with the process.
    pub(crate) fn passing(entropy: &dyn Entropy) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(&[entropy.draw(), entropy.draw()].concat());
        Self::of(&Secret::new(key))
    }

    /// A key for another purpose, which says nothing about this one.
    pub(crate) fn derived(&self, purpose: &[u8]) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&self.key, purpose).as_ref())
    }

    fn key(&self, salt: &[u8; SALT_LEN]) -> Option<RandomizedNonceKey> {
        let derived = hmac::sign(&self.key, &[PURPOSE, salt].concat());
        RandomizedNonceKey::new(&AES_256_GCM, derived.as_ref()).ok()
    }

    /// `plain` in a form that only this key opens, and only for `bound`.
    pub(crate) fn seal_bytes(&self, plain: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
        let mut salt = [0; SALT_LEN];
        aws_lc_rs::rand::fill(&mut salt).ok()?;
        let mut sealed = plain.to_vec();
        let nonce = self.key(&salt)?.seal_in_place_append_tag(Aad::from(bound), &mut sealed).ok()?;
        Some([salt.as_slice(), nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// What was sealed for `bound`; `None` for anything else.
    pub(crate) fn open_bytes(&self, sealed: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = sealed.split_first_chunk::<SALT_LEN>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.key(salt)?.open_in_place(nonce, Aad::from(bound), &mut sealed).ok()?;
        Some(plain.to_vec())
    }

    /// The same as a text.
    pub(crate) fn seal(&self, plain: &[u8], bound: &[u8]) -> Option<String> {
        Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.seal_bytes(plain, bound)?)))
    }

    /// What a text was sealed of for `bound`; `None` for anything else.
    pub(crate) fn open(&self, text: &str, bound: &[u8]) -> Option<Vec<u8>> {
        self.open_bytes(&URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?, bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_store::OsEntropy;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn opens_what_it_sealed_and_nothing_else(plain: Vec<u8>, bound: Vec<u8>, other: Vec<u8>, at: usize, flip in 1_u8..) {
            let sealer = Sealer::passing(&OsEntropy::default());
            let sealed = sealer.seal(&plain, &bound).unwrap();
            prop_assert_eq!(sealer.open(&sealed, &bound), Some(plain.clone()));
            prop_assert_ne!(&sealer.seal(&plain, &bound).unwrap(), &sealed);
            prop_assert!(other == bound || sealer.open(&sealed, &other).is_none());
            let mut bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(PREFIX).unwrap()).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            let forged = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert!(sealer.open(&forged, &bound).is_none());
            prop_assert!(Sealer::passing(&OsEntropy::default()).open(&sealed, &bound).is_none());
        }
    }

    #[test]
    fn the_same_key_opens_elsewhere() {
        let (here, there) = (Sealer::of(&Secret::new([7; 32])), Sealer::of(&Secret::new([7; 32])));
        let sealed = here.seal(b"what", b"whom").unwrap();
        assert_eq!(there.open(&sealed, b"whom").as_deref(), Some(b"what".as_slice()));
    }
}
