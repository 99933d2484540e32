use serde::{Deserialize, Serialize};

/// How well an identity is proven; higher is stronger and the order is meant to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
#[repr(u8)]
pub enum Assurance {
    /// Somebody said so: a client name, a redirect URI.
    Asserted = 0,
    /// A process of this machine, seen by the kernel.
    LocalProcess = 1,
    /// A token signed by a trusted platform or identity provider.
    PlatformToken = 2,
    /// A credential bound to a key: mTLS, DPoP, SVID.
    KeyBound = 3,
    /// A key that hardware holds.
    Hardware = 4,
}

impl Assurance {
    /// What it is, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asserted => "asserted",
            Self::LocalProcess => "local process",
            Self::PlatformToken => "platform token",
            Self::KeyBound => "key-bound",
            Self::Hardware => "hardware",
        }
    }
    /// What proves as much, for whoever has less.
    pub const fn enough(self) -> &'static str {
        match self {
            Self::Asserted => "anything",
            Self::LocalProcess => "a process of this machine, or a token",
            Self::PlatformToken => "a token of a trusted issuer",
            Self::KeyBound => "a credential bound to a key (DPoP, mutual TLS or an SVID)",
            Self::Hardware => "a key that hardware holds",
        }
    }
}

impl From<Assurance> for u8 {
    fn from(a: Assurance) -> u8 {
        a as u8
    }
}

impl TryFrom<u8> for Assurance {
    type Error = String;
    fn try_from(n: u8) -> Result<Self, String> {
        Ok(match n {
            0 => Self::Asserted,
            1 => Self::LocalProcess,
            2 => Self::PlatformToken,
            3 => Self::KeyBound,
            4 => Self::Hardware,
            _ => return Err(format!("assurance is 0 to 4, not `{n}`")),
        })
    }
}
