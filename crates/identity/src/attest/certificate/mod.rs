//! Proof by a client certificate: that the peer has its key is shown by TLS; whom it names and who vouches is judged here,
//! each time against the authorities of one trust domain, never of several.

mod leaf;

use self::leaf::{Leaf, Validity};
use super::SpiffeId;
use crate::{Pattern, Refusal};
use doorward_vocab::{Digest, Timestamp};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use std::{sync::Arc, time::Duration};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};

/// The certificates that a peer showed, and whose key it proved to have, in a TLS handshake.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a> {
    /// The certificates, leaf first; at least one.
    pub certificates: &'a [CertificateDer<'static>],
    /// The digest of the leaf: what a token is bound to (RFC 8705 §3.1).
    pub leaf: &'a Digest,
    /// The digest of all of them, each with its length.
    pub whole: &'a Digest,
}

/// Why a certificate proves nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CertificateFlaw {
    /// Not an X.509 certificate of version 3, or one with an extension that cannot be read.
    #[error("not a certificate that can be read")]
    Form,
    /// Its leaf is an authority itself (X509-SVID §4.1).
    #[error("the leaf is an authority")]
    Authority,
    /// Its key may not sign, or may sign certificates (X509-SVID §4.3).
    #[error("the key of the leaf is not for signing, or is for signing certificates")]
    KeyUsage,
    /// It names nobody in the way that is asked for, or several (X509-SVID §2).
    #[error("the leaf does not have exactly one name of the kind that is asked for")]
    Names,
    /// Nobody is configured who vouches for such names.
    #[error("the trust domain is not trusted")]
    Domain,
    /// It does not lead to an authority that vouches for its name, or is not for clients.
    #[error("it leads to no authority that vouches for this name")]
    Path,
    /// It is over, or does not hold yet.
    #[error("it is over, or does not hold yet")]
    Time,
    /// Its name is not among those that may speak here.
    #[error("the name is not among those that may speak here")]
    Subject,
}

/// Which name of a certificate is the agent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// The URI, a SPIFFE ID of this trust domain.
    Spiffe,
    /// The URI.
    Uri,
    /// The DNS name.
    Dns,
    /// The address.
    Email,
}

/// Whom the certificates of an authority may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRule {
    /// Which name is the agent's. There must be exactly one of its kind.
    pub kind: NameKind,
    /// The names that may speak here; none: all.
    pub names: Box<[Pattern]>,
}

/// What a certificate says whom it names, as its rule asks.
pub(crate) struct Claimed {
    pub(crate) subject: Arc<str>,
    /// The trust domain of a SPIFFE ID.
    pub(crate) domain: Option<Arc<str>>,
}

/// What a certificate proves, and until when.
pub(crate) struct Proved {
    pub(crate) begins: Timestamp,
    /// The end of the certificate of its path that ends first.
    pub(crate) ends: Timestamp,
}

/// A leaf that could be read.
pub(crate) struct Shown<'a> {
    chain: Chain<'a>,
    leaf: Leaf,
}

impl<'a> Shown<'a> {
    pub(crate) fn read(chain: Chain<'a>) -> Result<Self, Refusal> {
        let first = chain.certificates.first().ok_or(Refusal::Certificate(CertificateFlaw::Form))?;
        Ok(Self { chain, leaf: Leaf::read(first).map_err(Refusal::Certificate)? })
    }

    /// Whom it claims to be, where exactly one name of that kind is inside.
    pub(crate) fn claims(&self, kind: NameKind) -> Result<Claimed, CertificateFlaw> {
        let one = |names: &[String]| match names {
            [name] if !name.is_empty() && name.len() <= 2048 && !name.chars().any(char::is_control) => {
                Ok(Arc::<str>::from(name.as_str()))
            }
            _ => Err(CertificateFlaw::Names),
        };
        match kind {
            NameKind::Spiffe => {
                let id = SpiffeId::parse(&one(&self.leaf.uris)?).ok_or(CertificateFlaw::Names)?;
                // X509-SVID §2 has a path in each workload's id; the id of the domain itself is for authorities.
                if id.path().is_empty() {
                    return Err(CertificateFlaw::Names);
                }
                Ok(Claimed { subject: id.as_str().into(), domain: Some(id.trust_domain().into()) })
            }
            NameKind::Uri => one(&self.leaf.uris).map(|subject| Claimed { subject, domain: None }),
            NameKind::Dns => one(&self.leaf.dns).map(|subject| Claimed { subject, domain: None }),
            NameKind::Email => one(&self.leaf.emails).map(|subject| Claimed { subject, domain: None }),
        }
    }

    /// Whether `anchors` vouch for it at `now`, for use by a client.
    pub(crate) fn check(&self, anchors: &[TrustAnchor<'_>], now: Timestamp) -> Result<Proved, CertificateFlaw> {
        let [first, others @ ..] = self.chain.certificates else { return Err(CertificateFlaw::Form) };
        let leaf = EndEntityCert::try_from(first).map_err(|_| CertificateFlaw::Form)?;
        let time = UnixTime::since_unix_epoch(Duration::from_micros(now.micros()));
        let path = leaf
            .verify_for_usage(ALL_VERIFICATION_ALGS, anchors, others, time, KeyUsage::client_auth(), None, None)
            .map_err(|error| match error {
                webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => CertificateFlaw::Time,
                webpki::Error::CaUsedAsEndEntity => CertificateFlaw::Authority,
                _ => CertificateFlaw::Path,
            })?;
        let mut ends = self.leaf.validity.ends;
        for between in path.intermediate_certificates() {
            ends = ends.min(Validity::read(&between.der())?.ends);
        }
        Ok(Proved { begins: self.leaf.validity.begins, ends })
    }
}

impl CertificateRule {
    /// Whether `subject` may speak here.
    pub(crate) fn allows(&self, subject: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|p| p.fits(subject))
    }
}
