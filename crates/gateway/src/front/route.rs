//! What stands at which path.

use crate::{
    Endpoint,
    front::{oauth::Page, reports::Report},
};

/// What stands at a path. Everything else is 404. Who may use each is in `answer`: only metadata is open to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// MCP.
    Mcp(Endpoint),
    /// Protected-resource metadata (RFC 9728).
    Metadata(Endpoint, Transport),
    /// The authorization server.
    Oauth(Page),
    /// HTTP+SSE of 2024-11-05.
    Sse(Endpoint),
    /// Turns of the human.
    Turns,
    /// What hosts report beside turns.
    Reports(Report),
}

/// How MCP is spoken over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Streamable,
    Sse,
}

impl Route {
    pub(crate) fn of(path: &str) -> Option<Self> {
        let endpoint = |path: &str, base: &str| match path.strip_prefix(base)? {
            "" => Some(Endpoint::All),
            name => name.strip_prefix('/')?.parse().ok().map(Endpoint::One),
        };
        match path {
            "/v1/turns" => return Some(Self::Turns),
            "/v1/uses" => return Some(Self::Reports(Report::Use)),
            "/v1/pauses" => return Some(Self::Reports(Report::Pause)),
            _ => {}
        }
        if let Some(page) = Page::of(path) {
            return Some(Self::Oauth(page));
        }
        match path.strip_prefix("/.well-known/oauth-protected-resource") {
            Some("" | "/") => Some(Self::Metadata(Endpoint::All, Transport::Streamable)),
            Some(rest) => endpoint(rest, "/mcp")
                .map(|e| Self::Metadata(e, Transport::Streamable))
                .or_else(|| endpoint(rest, "/sse").map(|e| Self::Metadata(e, Transport::Sse))),
            None => endpoint(path, "/mcp").map(Self::Mcp).or_else(|| endpoint(path, "/sse").map(Self::Sse)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        let one = |s: &str| Endpoint::One(s.parse().unwrap());
        assert_eq!(Route::of("/mcp"), Some(Route::Mcp(Endpoint::All)));
        assert_eq!(Route::of("/mcp/files"), Some(Route::Mcp(one("files"))));
        assert_eq!(
            Route::of("/.well-known/oauth-protected-resource/mcp/files"),
            Some(Route::Metadata(one("files"), Transport::Streamable))
        );
        assert_eq!(
            Route::of("/.well-known/oauth-protected-resource/sse"),
            Some(Route::Metadata(Endpoint::All, Transport::Sse))
        );
        assert_eq!(Route::of("/oauth/token"), Some(Route::Oauth(Page::Token)));
        assert_eq!(Route::of("/.well-known/openid-configuration/x"), Some(Route::Oauth(Page::Metadata)));
        assert_eq!(Route::of("/sse"), Some(Route::Sse(Endpoint::All)));
        assert_eq!(Route::of("/sse/files"), Some(Route::Sse(one("files"))));
        assert_eq!(Route::of("/v1/turns"), Some(Route::Turns));
        assert_eq!(Route::of("/v1/uses"), Some(Route::Reports(Report::Use)));
        assert_eq!(Route::of("/v1/pauses"), Some(Route::Reports(Report::Pause)));
        for nothing in [
            "/",
            "/mcp/",
            "/mcp/a/b",
            "/mcp/..",
            "/MCP",
            "/mcp/Files",
            "/.well-known/x",
            "/sse/",
            "/sse/a/b",
            "/ssefiles",
            "/v1/turns/",
        ] {
            assert_eq!(Route::of(nothing), None, "{nothing}");
        }
    }
}
