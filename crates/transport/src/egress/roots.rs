use crate::serve::TlsError;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use std::{path::Path, sync::Arc};

/// Whom we believe to certify servers.
#[derive(Clone, Debug)]
pub struct TlsRoots {
    config: Arc<ClientConfig>,
    store: Arc<RootCertStore>,
}

/// Why there are no roots.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The extra file cannot be used.
    #[error(transparent)]
    File(#[from] TlsError),
    /// A certificate in it cannot be used.
    #[error("an authority in `{path}` cannot be used")]
    Authority {
        /// The file.
        path: Box<str>,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up")]
    Setup(#[from] rustls::Error),
}

impl TlsRoots {
    /// The system's roots, and those of `extra`, a PEM file. System roots that cannot be read are left out with a
    /// warning, as a machine without any may still talk to servers of its own authority.
    pub fn system_and(extra: Option<&Path>) -> Result<Self, RootsError> {
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::warn!(%error, "some system roots cannot be read");
        }
        let mut roots = RootCertStore::empty();
        let _ = roots.add_parsable_certificates(system.certs);
        Self::with(roots, extra)
    }
    /// Only the roots of `file`, a PEM file.
    pub fn only(file: &Path) -> Result<Self, RootsError> {
        Self::with(RootCertStore::empty(), Some(file))
    }
    /// Nobody: for what is never encrypted.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self::with(RootCertStore::empty(), None).unwrap()
    }

    fn with(mut roots: RootCertStore, extra: Option<&Path>) -> Result<Self, RootsError> {
        if let Some(path) = extra {
            add(&mut roots, path)?;
        }
        let store = Arc::new(roots);
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), store })
    }
    pub(super) fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }
    pub(super) fn store(&self) -> Arc<RootCertStore> {
        self.store.clone()
    }
}

/// The authorities of `file` alone.
pub(super) fn authorities(file: &Path) -> Result<Arc<RootCertStore>, RootsError> {
    let mut roots = RootCertStore::empty();
    add(&mut roots, file)?;
    Ok(Arc::new(roots))
}

fn add(roots: &mut RootCertStore, file: &Path) -> Result<(), RootsError> {
    for authority in crate::serve::certificates(file)? {
        let at = |source| RootsError::Authority { path: file.display().to_string().into(), source };
        roots.add(authority).map_err(at)?;
    }
    Ok(())
}
