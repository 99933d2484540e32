use super::{RootsError, TlsRoots};
use doorward_vocab::Digest;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs::default_provider},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use std::{fmt, path::Path, sync::Arc};

/// What a TLS handshake showed of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerShown {
    /// The digest of its public key: of the `SubjectPublicKeyInfo` of its certificate (RFC 5280 §4.1).
    pub spki: Digest,
    /// The SPIFFE id that its certificate was verified to have.
    pub spiffe: Option<Arc<str>>,
}

/// Looks at every new connection to a server before anything is sent over it.
pub trait Vet: Send + Sync {
    /// Whether this is the server that is meant; `None` where it is not encrypted.
    ///
    /// # Errors
    /// Why not.
    fn vet(&self, shown: Option<&PeerShown>) -> Result<(), Box<str>>;
}

/// How one server proves who it is, and how the gateway does there.
#[derive(Clone)]
pub struct PeerRules {
    pub(super) config: Arc<ClientConfig>,
    pub(super) spiffe: Option<Arc<str>>,
    pub(super) vet: Arc<dyn Vet>,
}

impl fmt::Debug for PeerRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerRules").field("spiffe", &self.spiffe).finish_non_exhaustive()
    }
}

impl PeerRules {
    /// With `client`, a certificate and its key are shown to the server. With `bundle`, its authorities are believed in place
    /// of `roots`. With `spiffe`, the server's certificate must be an X.509-SVID of that id, whatever host name it is reached
    /// by.
    ///
    /// # Errors
    /// [`RootsError`] where a file cannot be used.
    pub fn new(
        roots: &TlsRoots,
        client: Option<(&Path, &Path)>,
        bundle: Option<&Path>,
        spiffe: Option<&str>,
        vet: Arc<dyn Vet>,
    ) -> Result<Self, RootsError> {
        let provider = Arc::new(default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?.dangerous();
        let id: Option<Arc<str>> = spiffe.map(Into::into);
        let believed = bundle.map_or_else(|| Ok(roots.store()), super::roots::authorities)?;
        let verifier: Arc<dyn ServerCertVerifier> = match spiffe {
            Some(id) => Arc::new(SpiffeVerifier { id: id.into(), roots: believed, provider }),
            None => WebPkiServerVerifier::builder_with_provider(believed, provider)
                .build()
                .map_err(|e| rustls::Error::General(e.to_string()))?,
        };
        let builder = builder.with_custom_certificate_verifier(verifier);
        let mut config = match client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = crate::serve::certificates(certificate)?;
                let file = |source| crate::serve::TlsError::File { path: key.to_owned(), source };
                builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(key).map_err(file)?)?
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A resumed connection shows no certificate: who is looked at each time is asked each time.
        config.resumption = Resumption::disabled();
        Ok(Self { config: Arc::new(config), spiffe: id, vet })
    }
}

impl PeerRules {
    /// The same rules, for whoever showed just this.
    #[must_use]
    pub(crate) fn of_one(&self, shown: Option<&PeerShown>) -> Self {
        Self { vet: Arc::new(Same(shown.cloned())), ..self.clone() }
    }
}

struct Same(Option<PeerShown>);

impl Vet for Same {
    fn vet(&self, shown: Option<&PeerShown>) -> Result<(), Box<str>> {
        if self.0.as_ref() == shown { Ok(()) } else { Err("it shows another key than a moment ago".into()) }
    }
}

/// The digest of the public key of a certificate.
pub(super) fn spki(certificate: &CertificateDer<'_>) -> Option<Digest> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    Some(Digest::of(&parsed.subject_public_key_info()))
}

/// Verifies the X.509-SVID of a server (SPIFFE X.509-SVID §5): it is signed by the authorities of the trust domain, is no
/// authority itself, and has just one URI, the id.
#[derive(Debug)]
struct SpiffeVerifier {
    id: Arc<str>,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for SpiffeVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let parsed = ParsedCertificate::try_from(leaf)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        rustls::client::verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, chain, now, algorithms)?;
        let bad = |_| rustls::Error::InvalidCertificate(CertificateError::BadEncoding);
        let certificate = webpki::EndEntityCert::try_from(leaf).map_err(bad)?;
        let mut uris = certificate.valid_uri_names();
        match (uris.next(), uris.next()) {
            (Some(uri), None) if *uri == *self.id => Ok(ServerCertVerified::assertion()),
            _ => Err(CertificateError::NotValidForName.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
