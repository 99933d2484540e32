//! What the gateway itself fetches and posts beside MCP. Whoever wrote an address down decides where it may lead.

use crate::Live;
use doorward_transport::{
    egress::{PeerRules, PeerShown, Trust, Vet},
    upstream::{Fetch, Fetched, Payload, fetch, fetch_from},
};
use doorward_vocab::Secret;
use http::HeaderName;
use std::{path::Path, sync::Arc, time::Duration};
use url::Url;

const PATIENCE: Duration = Duration::from_secs(5);

/// Who wrote an address down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whence {
    /// The operator.
    Operator,
    /// Somebody else: public addresses over TLS only, or loopback on a gateway that serves loopback.
    Stranger,
}

impl Whence {
    fn trust(self, live: &Live) -> Trust {
        match self {
            Self::Operator => Trust::Configured,
            Self::Stranger if live.settings.listen.mcp.ip().is_loopback() => Trust::DiscoveredOrLoopback,
            Self::Stranger => Trust::Discovered,
        }
    }
}

/// The body of a document.
pub(crate) async fn get(live: &Live, url: &Url, whence: Whence, limit: usize) -> Result<Vec<u8>, String> {
    let fetched = ask(live, url, whence, None, &[], limit).await?;
    match fetched.status.is_success() {
        true => Ok(fetched.body.to_vec()),
        false => Err(format!("`{url}`: status {}", fetched.status)),
    }
}

/// Any answer.
pub(crate) async fn ask(
    live: &Live,
    url: &Url,
    whence: Whence,
    payload: Option<Payload>,
    headers: &[(HeaderName, Secret<String>)],
    limit: usize,
) -> Result<Fetched, String> {
    let request = Fetch { url, trust: whence.trust(live), payload, headers, limit, deadline: PATIENCE };
    fetch(&live.egress, request).await.map_err(|e| format!("`{url}`: {e}"))
}

/// The same at a place where the gateway proves in TLS who it is (RFC 8705 §2): with these files.
pub(crate) async fn ask_proving(
    live: &Live,
    (certificate, key): (&Path, &Path),
    url: &Url,
    whence: Whence,
    payload: Option<Payload>,
    headers: &[(HeaderName, Secret<String>)],
    limit: usize,
) -> Result<Fetched, String> {
    if url.scheme() != "https" {
        return Err(format!("`{url}`: a certificate proves nothing without TLS"));
    }
    let rules = PeerRules::new(live.egress.roots(), Some((certificate, key)), None, None, Arc::new(Anybody));
    let rules = rules.map_err(|e| format!("the certificate of the client: {e}"))?;
    let request = Fetch { url, trust: whence.trust(live), payload, headers, limit, deadline: PATIENCE };
    fetch_from(&live.egress, Some(&rules), request).await.map_err(|e| format!("`{url}`: {e}"))
}

/// A certificate for the name is enough.
struct Anybody;

impl Vet for Anybody {
    fn vet(&self, _: Option<&PeerShown>) -> Result<(), Box<str>> {
        Ok(())
    }
}
