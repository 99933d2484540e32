//! What a client keeps for the gateway and could read, change, or give to somebody else: sealed, and bound to whom and what
//! it was made for (2026-07-28, basic/patterns/mrtr: `requestState` is attacker-controlled).

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_vocab::Entropy;
use std::fmt;

/// What sealed texts begin with: whose they are, and in which form.
const PREFIX: &str = "doorward1.";

/// Seals texts with a key of its own.
pub(crate) struct Sealer(RandomizedNonceKey);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// With a key that nobody else has, and that ends with the process.
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let key = [entropy.draw(), entropy.draw()].concat();
        Self(RandomizedNonceKey::new(&AES_256_GCM, &key).unwrap_or_else(|_| unreachable!("the key has its length")))
    }

    /// `plain` as a text that only this sealer opens, and only for `bound`.
    pub(crate) fn seal(&self, plain: &[u8], bound: &[u8]) -> Option<String> {
        let mut sealed = plain.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(bound), &mut sealed).ok()?;
        Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &sealed].concat())))
    }

    /// What was sealed for `bound`; `None` for anything else.
    pub(crate) fn open(&self, text: &str, bound: &[u8]) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let plain = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(bound), &mut sealed).ok()?;
        Some(plain.to_vec())
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
            let sealer = Sealer::new(&OsEntropy::default());
            let sealed = sealer.seal(&plain, &bound).unwrap();
            prop_assert_eq!(sealer.open(&sealed, &bound), Some(plain));
            prop_assert!(other == bound || sealer.open(&sealed, &other).is_none());
            let mut bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(PREFIX).unwrap()).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= flip;
            let forged = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert!(sealer.open(&forged, &bound).is_none());
            prop_assert!(Sealer::new(&OsEntropy::default()).open(&sealed, &bound).is_none());
        }
    }
}
