//! What leaves the gateway and could be read, changed, or given to somebody else: sealed, and bound to whom and what it was
//! made for (2026-07-28, basic/patterns/mrtr: `requestState` is attacker-controlled; a store is somebody else's machine).

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    constant_time::verify_slices_are_equal,
    hmac,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_seal::{KeyId, Keyring};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// What sealed texts begin with: whose they are, and in which form.
const PREFIX: &str = "doorward2.";
/// What the keys of single messages are derived for.
const PURPOSE: &[u8] = b"doorward seal 1";
const ID_LEN: usize = 8;
const SALT_LEN: usize = 16;
const TAG_LEN: usize = 32;

/// Seals with the data key in force, and with a key of its own for each message: under one key, nonces drawn at random are
/// good for 2^32 messages (NIST SP 800-38D §8.3), and this one outlives many processes. What is sealed names its data key.
pub(crate) struct Sealer {
    keys: Arc<Keyring>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    pub(crate) const fn of(keys: Arc<Keyring>) -> Self {
        Self { keys }
    }

    /// `text` with a tag that nobody else can make, for one purpose.
    pub(crate) fn sign(&self, purpose: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        let said = self.keys.current(|id, key| (id, tag(key, purpose, text)));
        let (id, tag) = said.map_err(|error| tracing::error!("nothing can be sealed: {error}")).ok()?;
        Some([id.0.as_slice(), tag.as_ref()].concat())
    }

    /// What follows the tag in `signed`, where `text` of it is what was signed for this purpose.
    pub(crate) fn signed<'a>(
        &self,
        purpose: &[u8],
        signed: &'a [u8],
        text: impl FnOnce(&'a [u8]) -> Option<Vec<u8>>,
    ) -> Option<&'a [u8]> {
        let (id, rest) = signed.split_first_chunk::<ID_LEN>()?;
        let (given, said) = rest.split_first_chunk::<TAG_LEN>()?;
        let text = text(said)?;
        let right = self.keys.named(KeyId(*id), |key| tag(key, purpose, &text))?;
        verify_slices_are_equal(right.as_ref(), given).ok().map(|()| said)
    }

    /// `plain` in a form that only this key opens, and only for `bound`.
    pub(crate) fn seal_bytes(&self, plain: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
        let mut salt = [0; SALT_LEN];
        aws_lc_rs::rand::fill(&mut salt).ok()?;
        // Room for the tag from the beginning: a vector that grows leaves what it held behind.
        let mut sealed = Vec::with_capacity(plain.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(plain);
        let key = self.keys.current(|id, key| cipher(key, &salt).map(|cipher| (id, cipher)));
        let (id, cipher) = key.map_err(|error| tracing::error!("nothing can be sealed: {error}")).ok()??;
        let nonce = cipher.seal_in_place_append_tag(Aad::from(bound), &mut sealed).ok()?;
        Some([id.0.as_slice(), &salt, nonce.as_ref(), &sealed].concat())
    }

    /// What was sealed for `bound`; `None` for anything else.
    pub(crate) fn open_bytes(&self, sealed: &[u8], bound: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (id, rest) = sealed.split_first_chunk::<ID_LEN>()?;
        let (salt, rest) = rest.split_first_chunk::<SALT_LEN>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let cipher = self.keys.named(KeyId(*id), |key| cipher(key, salt))??;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = cipher.open_in_place(nonce, Aad::from(bound), &mut sealed).ok()?.len();
        sealed.truncate(plain);
        Some(sealed)
    }

    /// The same as a text.
    pub(crate) fn seal(&self, plain: &[u8], bound: &[u8]) -> Option<String> {
        Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.seal_bytes(plain, bound)?)))
    }

    /// What a text was sealed of for `bound`; `None` for anything else.
    pub(crate) fn open(&self, text: &str, bound: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.open_bytes(&URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?, bound)
    }
}

fn cipher(key: &[u8], salt: &[u8; SALT_LEN]) -> Option<RandomizedNonceKey> {
    let derived = tag(key, PURPOSE, salt);
    RandomizedNonceKey::new(&AES_256_GCM, derived.as_ref()).ok()
}

fn tag(key: &[u8], purpose: &[u8], text: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(purpose);
    context.update(text);
    context.sign()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealer() -> Sealer {
        Sealer::of(Arc::new(Keyring::passing().unwrap()))
    }

    proptest! {
        #[test]
        fn opens_what_it_sealed_and_nothing_else(plain: Vec<u8>, bound: Vec<u8>, other: Vec<u8>, at: usize, flip in 1_u8..) {
            let sealer = sealer();
            let sealed = sealer.seal(&plain, &bound).unwrap();
            prop_assert!(sealer.open(&sealed, &bound).is_some_and(|opened| *opened == plain));
            prop_assert_ne!(&sealer.seal(&plain, &bound).unwrap(), &sealed);
            prop_assert!(other == bound || sealer.open(&sealed, &other).is_none());
            let mut bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(PREFIX).unwrap()).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            let forged = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert!(sealer.open(&forged, &bound).is_none());
            let stranger = Sealer::of(Arc::new(Keyring::passing().unwrap()));
            prop_assert!(stranger.open(&sealed, &bound).is_none());
        }

        #[test]
        fn a_signed_text_is_good_for_its_purpose(text: Vec<u8>, purpose: Vec<u8>, other: Vec<u8>, at: usize, flip in 1_u8..) {
            let sealer = sealer();
            let mut signed = sealer.sign(&purpose, &text).unwrap();
            signed.extend_from_slice(&text);
            let covered = |said: &[u8]| Some(said.to_vec());
            prop_assert_eq!(sealer.signed(&purpose, &signed, covered), Some(text.as_slice()));
            let same = [&other[..], &text].concat() == [&purpose[..], &text].concat();
            prop_assert!(same || sealer.signed(&other, &signed, covered).is_none());
            let at = at % signed.len();
            signed[at] ^= flip;
            prop_assert!(sealer.signed(&purpose, &signed, covered).is_none());
        }
    }

    /// What was sealed before keys changed opens after it, here and elsewhere.
    #[test]
    fn keys_change_under_what_is_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let outer = || doorward_seal::Outer::open(doorward_seal::Source::File(dir.path().join("seal.key"))).unwrap();
        let now = doorward_vocab::Timestamp::from_micros(0);
        let open = || Sealer::of(Arc::new(Keyring::open(dir.path(), outer(), now).unwrap()));
        let here = open();
        let old = here.seal(b"what", b"whom").unwrap();
        doorward_seal::turn(dir.path(), &outer(), |_| 1, now).unwrap();
        let there = open();
        let new = there.seal(b"more", b"whom").unwrap();
        assert_ne!(old.get(..20), new.get(..20), "they name different keys");
        for sealer in [here, there] {
            assert_eq!(sealer.open(&old, b"whom").as_deref().map(Vec::as_slice), Some(b"what".as_slice()));
            assert_eq!(sealer.open(&new, b"whom").as_deref().map(Vec::as_slice), Some(b"more".as_slice()));
        }
    }
}
