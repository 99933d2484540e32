use doorward_vocab::ServerName;
use serde_json::json;
use std::sync::Arc;
use url::Url;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// What a client can be authorized for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// All servers, behind `/mcp`.
    All,
    /// One server, behind `/mcp/{server}`.
    Server(&'a ServerName),
    /// All servers, behind `/sse` (HTTP+SSE of 2024-11-05).
    AllSse,
    /// One server, behind `/sse/{server}`.
    ServerSse(&'a ServerName),
}

/// The public address cannot name a resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot be a public address: use `https://host[:port][/path]` without query, fragment and user")]
pub struct PublicUrlError(String);

/// Builds the documents by which clients find who authorizes them (RFC 9728). Names come from the configured address,
/// never from the request.
#[derive(Clone, Debug)]
pub struct ProtectedResources {
    origin: String,
    path: String,
    issuers: Vec<Arc<str>>,
    scopes: Vec<Arc<str>>,
}

impl ProtectedResources {
    /// Documents under `public_url` for tokens of `issuers`; `scopes` are those worth asking for.
    ///
    /// # Errors
    /// [`PublicUrlError`] when the address is not an absolute `http` or `https` address without query and fragment.
    pub fn new(public_url: &str, issuers: Vec<Arc<str>>, scopes: Vec<Arc<str>>) -> Result<Self, PublicUrlError> {
        let bad = || PublicUrlError(public_url.to_owned());
        let url = Url::parse(public_url).map_err(|_| bad())?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() || !plain || url.password().is_some() {
            return Err(bad());
        }
        let path = url.path().trim_end_matches('/').to_owned();
        Ok(Self { origin: url.origin().ascii_serialization(), path, issuers, scopes })
    }

    /// The resource's identifier, which tokens name as audience.
    pub fn identifier(&self, resource: Resource<'_>) -> String {
        format!("{}{}", self.origin, self.path_of(resource))
    }

    /// Where the document of `resource` stands (RFC 9728 §3.1: the well-known part goes before the path).
    pub fn metadata_url(&self, resource: Resource<'_>) -> String {
        format!("{}{WELL_KNOWN}{}", self.origin, self.path_of(resource))
    }

    /// The document of `resource`, JSON (RFC 9728 §2).
    pub fn document(&self, resource: Resource<'_>) -> String {
        let mut doc = json!({
            "resource": self.identifier(resource),
            "authorization_servers": self.issuers,
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": crate::proof_algorithms(),
            "resource_name": match resource {
                Resource::All | Resource::AllSse => "Doorward".to_owned(),
                Resource::Server(server) | Resource::ServerSse(server) => format!("Doorward: {server}"),
            },
        });
        if let (false, Some(map)) = (self.scopes.is_empty(), doc.as_object_mut()) {
            map.insert("scopes_supported".to_owned(), json!(self.scopes));
        }
        doc.to_string()
    }

    fn path_of(&self, resource: Resource<'_>) -> String {
        match resource {
            Resource::All => format!("{}/mcp", self.path),
            Resource::Server(server) => format!("{}/mcp/{server}", self.path),
            Resource::AllSse => format!("{}/sse", self.path),
            Resource::ServerSse(server) => format!("{}/sse/{server}", self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        let of = |url| ProtectedResources::new(url, vec!["https://idp.example.com".into()], vec!["mcp".into()]);
        let r = of("HTTPS://GW.example.com:443/").unwrap();
        let files: ServerName = "files".parse().unwrap();
        assert_eq!(r.identifier(Resource::All), "https://gw.example.com/mcp");
        assert_eq!(
            r.metadata_url(Resource::Server(&files)),
            "https://gw.example.com/.well-known/oauth-protected-resource/mcp/files"
        );
        let doc: serde_json::Value = serde_json::from_str(&r.document(Resource::Server(&files))).unwrap();
        assert_eq!(
            doc,
            json!({
                "resource": "https://gw.example.com/mcp/files",
                "authorization_servers": ["https://idp.example.com"],
                "bearer_methods_supported": ["header"],
                "dpop_signing_alg_values_supported": ["ES256", "ES384", "EdDSA", "PS256", "RS256"],
                "resource_name": "Doorward: files",
                "scopes_supported": ["mcp"],
            })
        );
        assert_eq!(r.identifier(Resource::ServerSse(&files)), "https://gw.example.com/sse/files");
        assert_eq!(r.metadata_url(Resource::AllSse), "https://gw.example.com/.well-known/oauth-protected-resource/sse");
        let below = of("https://x.example.com/tools/").unwrap();
        assert_eq!(below.identifier(Resource::All), "https://x.example.com/tools/mcp");
        assert_eq!(
            below.metadata_url(Resource::All),
            "https://x.example.com/.well-known/oauth-protected-resource/tools/mcp"
        );
        for bad in ["gw", "ftp://x", "https://x?a", "https://x#a", "https://u@x", "https://u:p@x", "data:x"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
