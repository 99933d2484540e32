use std::borrow::Cow;

/// What went wrong, in the words of the protocol: RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A parameter is missing, doubled or malformed.
    InvalidRequest,
    /// The client is unknown or did not prove itself.
    InvalidClient,
    /// The code, token or assertion is not good, or not for this client.
    InvalidGrant,
    /// The client may not do this.
    UnauthorizedClient,
    /// No such grant.
    UnsupportedGrantType,
    /// Only `code` is given.
    UnsupportedResponseType,
    /// Nothing of the scope can be granted.
    InvalidScope,
    /// The resource is not one of ours, or not the one that was granted.
    InvalidTarget,
    /// The human said no.
    AccessDenied,
    /// The client asked that nobody be asked, and somebody must be.
    InteractionRequired,
    /// A redirect address that cannot be registered.
    InvalidRedirectUri,
    /// Client metadata that cannot be registered.
    InvalidClientMetadata,
    /// The proof of possession is missing or not good (RFC 9449 §5).
    InvalidDpopProof,
    /// The proof of possession must hold a nonce (RFC 9449 §8).
    UseDpopNonce,
    /// Something behind the gateway fails.
    TemporarilyUnavailable,
    /// The gateway fails.
    ServerError,
}

impl Code {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::InteractionRequired => "interaction_required",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    /// The HTTP status that goes with it (RFC 6749 §5.2).
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            Self::TemporarilyUnavailable => 503,
            Self::ServerError => 500,
            _ => 400,
        }
    }
}

/// A refusal of an endpoint. `why` is for the developer of the client: it says nothing of other clients or of humans.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", code.as_str())]
pub struct Fault {
    /// What went wrong.
    pub code: Code,
    /// What to do about it.
    pub why: Cow<'static, str>,
    /// The nonce that the next proof must hold (RFC 9449 §8), where that is all that is missing.
    pub nonce: Option<Box<str>>,
}

impl Fault {
    /// A refusal.
    pub fn new(code: Code, why: impl Into<Cow<'static, str>>) -> Self {
        Self { code, why: why.into(), nonce: None }
    }

    /// A proof must hold `nonce`.
    pub fn nonce(nonce: impl Into<Box<str>>) -> Self {
        let why = "make the proof again, with the nonce of the header `DPoP-Nonce`";
        Self { nonce: Some(nonce.into()), ..Self::new(Code::UseDpopNonce, why) }
    }

    /// The body of the answer (RFC 6749 §5.2).
    pub fn body(&self) -> String {
        serde_json::json!({ "error": self.code.as_str(), "error_description": self.why }).to_string()
    }
}
