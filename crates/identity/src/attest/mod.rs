//! What is proved of somebody: an agent, a server, the gateway itself. One file per method.
//!
//! A method turns evidence into an [`Attestation`]. Evidence that does not hold gives a [`Refusal`](crate::Refusal) or
//! the method's own error, never a weaker attestation.

pub mod aws;
mod binding;
mod certificate;
mod dpop;
pub mod machine;
pub mod manifest;
pub mod package;
mod platform;
pub mod process;
pub mod remote;
mod spiffe_id;
pub mod tpm;

pub(crate) use binding::binding;
pub use certificate::{CertificateFlaw, CertificateRule, Chain, NameKind};
pub(crate) use certificate::{Claimed, Proved, Shown};
pub(crate) use dpop::{AGE, Nonces, Proof, ProofFor, Replay, Replays};
pub use dpop::{Asked, proof_algorithms};
pub use platform::Platform;
pub use spiffe_id::{SpiffeId, is_trust_domain};

use doorward_vocab::{Assurance, Digest, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// How somebody was attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Not at all: it says so, or an operator's rule for anybody does.
    Asserted,
    /// A process of this machine, seen by the kernel.
    LocalProcess,
    /// A token of an OpenID provider or platform (OpenID Connect Core, RFC 9068).
    Oidc,
    /// A token of a SPIFFE trust domain (JWT-SVID).
    JwtSvid,
    /// A client certificate of a SPIFFE trust domain (X.509-SVID).
    X509Svid,
    /// A client certificate of another authority.
    Mtls,
    /// A signed `GetCallerIdentity` request of AWS.
    AwsCallerIdentity,
    /// A quote of a TPM 2.0.
    Tpm,
    /// The digest of an executable and its packages, for servers that the gateway starts.
    Package,
    /// The key of a server's certificate, pinned (SPKI).
    PinnedKey,
}

impl Method {
    /// The word used in policy and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asserted => "asserted",
            Self::LocalProcess => "local-process",
            Self::Oidc => "oidc",
            Self::JwtSvid => "jwt-svid",
            Self::X509Svid => "x509-svid",
            Self::Mtls => "mtls",
            Self::AwsCallerIdentity => "aws-caller-identity",
            Self::Tpm => "tpm",
            Self::Package => "package",
            Self::PinnedKey => "pinned-key",
        }
    }
}

/// The key that a credential is bound to: who steals the credential without the key has nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyBinding {
    /// The thumbprint of a JSON Web Key (RFC 7638), proven by DPoP (RFC 9449 §6.1).
    Jkt(Digest),
    /// The thumbprint of a certificate, proven by mutual TLS (RFC 8705 §3.1).
    X5t(Digest),
}

impl KeyBinding {
    /// The thumbprint.
    pub const fn digest(&self) -> &Digest {
        match self {
            Self::Jkt(digest) | Self::X5t(digest) => digest,
        }
    }
}

/// What was proved of somebody, by what, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// Who it is, in the words of whoever vouches: a SPIFFE id, the `sub` of a token, the ARN of a role, the path of an
    /// executable.
    pub subject: Arc<str>,
    /// How it was proved.
    pub method: Method,
    /// How well.
    pub assurance: Assurance,
    /// Who vouches: an issuer, a trust domain, an account; absent where nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Arc<str>>,
    /// The digest of the evidence, for the trail. The evidence itself may be a credential.
    pub evidence: Digest,
    /// Facts that were measured, not claimed: `executable`, `script`, `image`, `pcr7`, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: BTreeMap<Arc<str>, Arc<str>>,
    /// Facts of its surroundings that whoever vouches states: `namespace`, `repository`, `ref`, `region`, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub posture: BTreeMap<Arc<str>, Arc<str>>,
    /// The key that it was shown to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyBinding>,
    /// When the evidence was made or, where it does not say, checked. Its age is visible to policy.
    pub at: Timestamp,
    /// When it ends; the gateway asks again after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}
