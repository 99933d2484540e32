use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where randomness comes from; passed in, so that a failing schedule is a seed.
pub trait Entropy: Send + Sync {
    /// Sixteen unpredictable bytes.
    fn draw(&self) -> [u8; 16];
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 48 bits of milliseconds and 80 random bits in Crockford's base 32: 26 characters that sort by time.
fn mint(at: Timestamp, entropy: [u8; 16]) -> u128 {
    let millis = u128::from(at.micros() / 1000) & ((1 << 48) - 1);
    millis << 80 | (u128::from_be_bytes(entropy) & ((1 << 80) - 1))
}

fn write(id: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [b'0'; 26];
    for (slot, shift) in text.iter_mut().rev().zip((0..).step_by(5)) {
        let digit = (id >> shift) as usize & 31;
        *slot = ALPHABET.get(digit).copied().unwrap_or(b'0');
    }
    f.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

fn parse(s: &str) -> Option<u128> {
    if s.len() != 26 {
        return None;
    }
    s.bytes().try_fold(0_u128, |id, c| {
        let digit = ALPHABET.iter().position(|a| *a == c)?;
        id.checked_mul(32)?.checked_add(digit as u128)
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(u128);

        impl $name {
            /// A new id from the current moment and fresh randomness.
            pub fn mint(at: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(mint(at, entropy.draw()))
            }
            /// The id as the number that it is, for stores that have no room for its text.
            pub const fn bits(self) -> u128 {
                self.0
            }
            /// The id that is this number.
            pub const fn from_bits(bits: u128) -> Self {
                Self(bits)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                write(self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(s: &str) -> Result<Self, String> {
                s.strip_prefix($prefix)
                    .and_then(parse)
                    .map(Self)
                    .ok_or_else(|| format!(concat!("`{}` is not an id of the form ", $prefix, "…"), s))
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(s: String) -> Result<Self, String> {
                s.parse()
            }
        }
    };
}

id!(
    /// One message that was ruled, with everything that followed from it.
    CallId,
    "call_"
);
id!(
    /// One message of the human, reported by the agent's host.
    TurnId,
    "turn_"
);

/// Everything done for one human goal. The text is chosen outside (by the host, a token, a trace) or minted here, and
/// is meaningful only together with its principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationId(std::sync::Arc<str>);

impl ConversationId {
    /// The longest accepted conversation name, in bytes.
    pub const MAX: usize = 256;

    /// A conversation by its name.
    ///
    /// # Errors
    /// When the name is empty, longer than [`Self::MAX`] bytes or holds control characters.
    pub fn new(name: &str) -> Result<Self, String> {
        if name.is_empty() || name.len() > Self::MAX || name.chars().any(char::is_control) {
            return Err("a conversation name has 1 to 256 bytes and no control characters".to_owned());
        }
        Ok(Self(name.into()))
    }
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn draw(&self) -> [u8; 16] {
            [self.0; 16]
        }
    }

    #[test]
    fn ids_sort_by_time_and_survive_text() {
        let early = CallId::mint(Timestamp::from_micros(1_000_000), &Fixed(255));
        let late = CallId::mint(Timestamp::from_micros(2_000_000), &Fixed(0));
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(late.to_string().parse(), Ok(late));
        assert_eq!(CallId::from_bits(late.bits()), late);
        assert_eq!(late.to_string().len(), "call_".len() + 26);
        assert!("turn_x".parse::<TurnId>().is_err());
    }
}
