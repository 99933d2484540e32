use doorward_vocab::Secret;
use std::fmt;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// Grants of the token endpoint.
pub mod grant {
    /// RFC 6749 §4.1.3.
    pub const CODE: &str = "authorization_code";
    /// RFC 6749 §4.4.2.
    pub const CLIENT: &str = "client_credentials";
    /// RFC 6749 §6.
    pub const REFRESH: &str = "refresh_token";
    /// RFC 7523 §2.1.
    pub const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    /// RFC 8693 §2.1.
    pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
}

/// Types of tokens in an exchange (RFC 8693 §3).
pub mod token_type {
    /// An access token.
    pub const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
    /// A refresh token.
    pub const REFRESH: &str = "urn:ietf:params:oauth:token-type:refresh_token";
    /// An ID token.
    pub const ID: &str = "urn:ietf:params:oauth:token-type:id_token";
    /// A JWT.
    pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
    /// A grant of an identity provider for somebody else's authorization server
    /// (draft-ietf-oauth-identity-assertion-authz-grant).
    pub const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
}

/// A body of `application/x-www-form-urlencoded`. It is never printed.
pub struct Form(Zeroizing<String>);

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(…)")
    }
}

impl Form {
    /// A request for a token by this grant.
    pub fn of(grant: &str) -> Self {
        // Roomy, so that secrets are not left behind where it grows.
        let mut form = Self(Zeroizing::new(String::with_capacity(8 << 10)));
        form.add("grant_type", grant);
        form
    }
    /// With a parameter.
    pub fn add(&mut self, name: &str, value: &str) -> &mut Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_bytes()));
        self
    }
    /// With a parameter that may be absent.
    pub fn maybe(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.add(name, value);
        }
        self
    }
    /// With a secret.
    pub fn secret(&mut self, name: &str, value: &Secret<String>) -> &mut Self {
        value.reveal(|value| {
            self.add(name, value);
        });
        self
    }
    /// With scopes (RFC 6749 §3.3); none where the provider is to give what it gives.
    pub fn scopes(&mut self, scopes: &[Box<str>]) -> &mut Self {
        if !scopes.is_empty() {
            self.add("scope", &scopes.join(" "));
        }
        self
    }
    /// The body.
    pub fn done(mut self) -> Secret<String> {
        Secret::new(std::mem::take(&mut *self.0))
    }
}
