use crate::{Mistake, section::Section, value::Item};
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
    /// A socket of the file system at which agents of this machine connect too.
    pub socket: Option<PathBuf>,
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
    /// Whether agents are asked for a certificate; where nothing is said, if one could prove anything.
    pub client_certificates: Option<bool>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            mcp: (Ipv4Addr::LOCALHOST, 8787).into(),
            console: (Ipv4Addr::LOCALHOST, 8788).into(),
            tls: None,
            socket: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
        }
    }
}

impl Listen {
    pub(crate) fn read(section: Section<'_>) -> Self {
        let default = Self::default();
        let read = Self {
            mcp: section.get("mcp", Item::address).unwrap_or(default.mcp),
            console: section.get("console", Item::address).unwrap_or(default.console),
            tls: section.table("tls").and_then(TlsFiles::read),
            socket: section.get("socket", Item::path),
            allowed_hosts: section.get("allowed_hosts", |list| list.all("a list of hosts", host)).unwrap_or_default(),
            allowed_origins: section
                .get("allowed_origins", |list| list.all("a list of origins", origin))
                .unwrap_or_default(),
        };
        section.finish();
        read
    }
}

impl TlsFiles {
    fn read(section: Section<'_>) -> Option<Self> {
        let cert = section.need("cert", "cert = \"/etc/doorward/tls.crt\"", Item::existing);
        let key = section.need("key", "key = \"/etc/doorward/tls.key\"", Item::existing);
        let client_certificates = section.get("client_certificates", Item::flag);
        section.finish();
        Some(Self { cert: cert?, key: key?, client_certificates })
    }
}

/// `name`, `name:port`, an address; never a pattern, so that no host is served by accident.
fn host(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    let good = !text.contains(['/', '*', '@', '?', '#', ' ']) && url::Url::parse(&format!("http://{text}/")).is_ok();
    let wrong = || Mistake::error(format!("`{text}` is not a host")).label("write `name` or `name:port`");
    if good { Ok(text.to_ascii_lowercase()) } else { Err(wrong()) }
}

/// `scheme://host` with a port where it is not the usual one; nothing behind it.
fn origin(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    let url = url::Url::parse(text).ok().filter(|url| url.has_host());
    match url.map(|url| url.origin().ascii_serialization()) {
        Some(origin) if origin == text => Ok(origin),
        Some(origin) if origin != "null" => {
            Err(Mistake::error(format!("`{text}` is not an origin")).label(format!("did you mean `{origin}`?")))
        }
        // Schemes of desktop hosts, `vscode-webview://…`, have no origin by the URL standard but browsers send them.
        Some(_) if !text.contains('*') => Ok(text.to_owned()),
        _ => Err(Mistake::error(format!("`{text}` is not an origin")).label("write `https://host`")),
    }
}
