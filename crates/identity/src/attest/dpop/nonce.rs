use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_vocab::{Secret, Timestamp};

/// How long the gateway gives out one nonce, in seconds; it takes it for as long again.
const LIFE: u64 = 300;
/// What makes the key of this from a secret that serves other ends too.
const LABEL: &[u8] = b"doorward dpop nonce 1";

/// Nonces that a proof must hold (RFC 9449 §9): a code of the time, so that none need be kept, and gateways with one
/// secret take each other's.
pub(crate) struct Nonces(hmac::Key);

impl Nonces {
    pub(crate) fn new(secret: &Secret<String>) -> Self {
        let own = secret.reveal(|s| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, s.as_bytes()), LABEL));
        Self(hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()))
    }

    /// The nonce that proofs should hold at `now`.
    pub(crate) fn current(&self, now: Timestamp) -> String {
        self.of(now.secs() / LIFE)
    }

    /// Whether `nonce` was given out lately.
    pub(crate) fn is_ours(&self, nonce: &str, now: Timestamp) -> bool {
        let turn = now.secs() / LIFE;
        [Some(turn), turn.checked_sub(1)]
            .into_iter()
            .flatten()
            .any(|turn| verify_slices_are_equal(self.of(turn).as_bytes(), nonce.as_bytes()).is_ok())
    }

    fn of(&self, turn: u64) -> String {
        let code = hmac::sign(&self.0, &turn.to_be_bytes());
        code.as_ref().get(..16).map(|c| URL_SAFE_NO_PAD.encode(c)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_a_while() {
        let nonces = |s: &str| Nonces::new(&Secret::new(s.to_owned()));
        let at = |secs| Timestamp::from_micros(secs * 1_000_000);
        let ours = nonces("a");
        let nonce = ours.current(at(LIFE * 7));
        assert!(ours.is_ours(&nonce, at(LIFE * 7)) && ours.is_ours(&nonce, at(LIFE * 9 - 1)));
        assert!(!ours.is_ours(&nonce, at(LIFE * 9)), "not for ever");
        assert!(!ours.is_ours(&nonce, at(LIFE * 7 - 1)), "not before");
        assert!(!nonces("b").is_ours(&nonce, at(LIFE * 7)), "not elsewhere");
        assert!(!ours.is_ours("", at(LIFE * 7)));
    }
}
