//! Entry points for fuzzers: anything may come in, nothing may panic.

use crate::{Authenticator, IssuerSettings, KeySource, Presented, Settings, claims, discovery, json, token::Token};
use doorward_vocab::Timestamp;
use std::{sync::OnceLock, time::Duration};

const ISSUER: &str = "https://idp.example.com";
/// The example key of RFC 7517 appendix A.1.
const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}]}"#;

/// Feeds `data` to the header, the token, the claims, a key set and a discovery document.
pub fn fuzz_token(data: &[u8]) {
    static DOOR: OnceLock<Option<Authenticator>> = OnceLock::new();
    let now = Timestamp::from_micros(1_000_000_000_000_000);
    let settings = || IssuerSettings {
        keys: KeySource::Pinned(KEYS.as_bytes().into()),
        ..IssuerSettings::new(ISSUER, "https://gw.example.com/mcp")
    };
    let door =
        DOOR.get_or_init(|| Authenticator::new(Settings { issuers: vec![settings()], ..Settings::default() }).ok());
    if let (Some(door), Ok(text)) = (door, std::str::from_utf8(data)) {
        for header in [text.to_owned(), format!("Bearer {text}")] {
            let presented = Presented { authorization: Some(&header), ..Presented::default() };
            if let Err(refusal) = door.authenticate(presented, now) {
                refusal.answer(Some(text), Some(text));
            }
        }
        if let Ok(token) = Token::parse(text) {
            let _ = claims::judge(&token, text, &settings(), Duration::from_secs(30), now);
        }
        let _ = discovery::discovery_urls(text);
    }
    let _ = discovery::jwks_uri(ISSUER, data);
    let _ = json::object(data);
    if let Some(door) = door {
        let _ = door.learn(ISSUER, data, now);
    }
}
