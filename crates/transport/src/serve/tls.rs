use super::{
    PeerProcess,
    client_certificates::{AskForCertificate, ClientCertificates},
};
use parking_lot::RwLock;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Who is on the other side of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The address it reached us at.
    pub local: SocketAddr,
    /// Whether the connection is encrypted by us.
    pub tls: bool,
    /// The certificates whose key the peer proved to have. Who vouches for them is not judged here.
    pub certificates: Option<ClientCertificates>,
    /// The process, where it connected over a socket of the file system.
    pub process: Option<Arc<PeerProcess>>,
}

/// Whether clients are asked for a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asking {
    /// They are not.
    #[default]
    No,
    /// They are, and may have none.
    ForCertificate,
}

/// Where certificate and key of a listener are.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// Certificate chain, PEM, leaf first.
    pub certificate: PathBuf,
    /// Private key, PEM (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
    /// Whether clients are asked for a certificate.
    pub clients: Asking,
}

/// Why TLS cannot be configured.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or holds no PEM of the wanted kind.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// A file holds no certificate.
    #[error("no certificate in `{}`", .0.display())]
    Empty(PathBuf),
    /// Certificate and key do not fit.
    #[error("certificate and key cannot be used")]
    Unusable(#[from] rustls::Error),
}

/// The TLS configuration in force; it can be replaced while connections are served.
#[derive(Debug)]
pub struct TlsSlot(RwLock<Arc<rustls::ServerConfig>>);

impl TlsSlot {
    /// Reads the files.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self(RwLock::new(config(files)?)))
    }
    /// Reads the files again; new connections use them. On an error the old configuration stays.
    pub fn reload(&self, files: &TlsFiles) -> Result<(), TlsError> {
        let fresh = config(files)?;
        *self.0.write() = fresh;
        Ok(())
    }
    pub(super) fn current(&self) -> Arc<rustls::ServerConfig> {
        self.0.read().clone()
    }
}

fn config(files: &TlsFiles) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|source| TlsError::File { path: files.key.clone(), source })?;
    let builder =
        rustls::ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = match files.clients {
        Asking::No => builder.with_no_client_auth(),
        Asking::ForCertificate => builder.with_client_cert_verifier(Arc::new(AskForCertificate::new(&provider))),
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The certificates of a PEM file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let at = |source| TlsError::File { path: path.to_owned(), source };
    let chain = CertificateDer::pem_file_iter(path).map_err(at)?.collect::<Result<Vec<_>, _>>().map_err(at)?;
    if chain.is_empty() {
        return Err(TlsError::Empty(path.to_owned()));
    }
    Ok(chain)
}
