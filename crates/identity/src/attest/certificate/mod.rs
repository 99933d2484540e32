//! Proof by a client certificate: that the peer has its key is shown by TLS.

use doorward_vocab::Digest;
use rustls_pki_types::CertificateDer;

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
