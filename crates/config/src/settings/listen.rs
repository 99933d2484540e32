use serde::Serialize;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// Where clients and operators connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listen {
    /// The address that agents connect to; 127.0.0.1:8787.
    pub mcp: SocketAddr,
    /// The address of the console and its API; 127.0.0.1:8788.
    pub console: SocketAddr,
    /// The certificate of both listeners; none: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Values of `Host` served besides the listeners' own addresses and the host of `public_url`, as `name` or `name:port`.
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` served besides the gateway's own.
    pub allowed_origins: Vec<String>,
}

/// A certificate chain and its key, PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            mcp: (Ipv4Addr::LOCALHOST, 8787).into(),
            console: (Ipv4Addr::LOCALHOST, 8788).into(),
            tls: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
        }
    }
}
