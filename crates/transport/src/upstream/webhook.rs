//! Standard Webhooks, "signature scheme".

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward_vocab::Secret;
use zeroize::Zeroizing;

/// What secrets begin with that are base64; any other is taken as it is.
const PREFIX: &str = "whsec_";

/// `v1,` and the HMAC-SHA256 of id, time in seconds and body, in base64; none where the secret is not what it says it is.
pub fn signature(secret: &Secret<String>, id: &str, at: u64, body: &[u8]) -> Option<String> {
    let head = format!("{id}.{at}.");
    secret.reveal(|secret| {
        let key = match secret.strip_prefix(PREFIX) {
            Some(encoded) => Zeroizing::new(STANDARD.decode(encoded).ok()?),
            None => Zeroizing::new(secret.as_bytes().to_vec()),
        };
        let mut tag = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
        tag.update(head.as_bytes());
        tag.update(body);
        Some(format!("v1,{}", STANDARD.encode(tag.sign())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn signs_as_the_specification_says() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let (id, at) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330);
        let signed = signature(&secret, id, at, br#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }
}
