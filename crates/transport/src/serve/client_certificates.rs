use doorward_vocab::Digest;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};

/// The most certificates in a chain.
const MAX_CHAIN: usize = 8;
/// The largest certificate, in bytes.
const MAX_CERTIFICATE: usize = 16 << 10;

/// The certificates that a client showed, and whose key it proved to have.
#[derive(Clone, Debug)]
pub struct ClientCertificates {
    /// The certificates, leaf first; at least one.
    pub chain: Vec<CertificateDer<'static>>,
    /// The digest of the leaf (RFC 8705 §3.1).
    pub leaf: Digest,
    /// The digest of all of them, each with its length.
    pub whole: Digest,
}

impl ClientCertificates {
    /// The chain that a handshake ended with; computed once for each connection.
    pub(super) fn of(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let leaf = Digest::of(chain.first()?);
        let mut all = Vec::new();
        for certificate in chain {
            all.extend_from_slice(&(certificate.len() as u64).to_be_bytes());
            all.extend_from_slice(certificate);
        }
        Some(Self { chain: chain.iter().map(|c| c.clone().into_owned()).collect(), leaf, whole: Digest::of(&all) })
    }
}

/// Asks each client for a certificate, and takes any whose key it proves to have. One pool of authorities for all would let
/// each of them vouch for the names of the others; so whom a certificate names, and who vouches for it, is for the room of
/// identity. One that proves nothing there opens nothing.
#[derive(Debug)]
pub(super) struct AskForCertificate {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AskForCertificate {
    pub(super) fn new(provider: &CryptoProvider) -> Self {
        Self { algorithms: provider.signature_verification_algorithms }
    }
}

impl ClientCertVerifier for AskForCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    /// Only bounds; the form is read when the signature of the handshake is checked with the key inside.
    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let large = |c: &CertificateDer<'_>| c.len() > MAX_CERTIFICATE;
        if others.len() >= MAX_CHAIN || large(leaf) || others.iter().any(large) {
            return Err(CertificateError::BadEncoding.into());
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
