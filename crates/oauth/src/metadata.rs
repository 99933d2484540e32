//! What clients find out about the server.

use crate::{Realm, realm};
use serde_json::{Value, json};

/// Where the endpoints are, below the issuer.
pub mod path {
    /// RFC 6749 §3.1.
    pub const AUTHORIZE: &str = "/oauth/authorize";
    /// Where the human's own provider sends the browser back to.
    pub const CALLBACK: &str = "/oauth/callback";
    /// The page that asks the human.
    pub const CONSENT: &str = "/oauth/consent";
    /// RFC 6749 §3.2.
    pub const TOKEN: &str = "/oauth/token";
    /// RFC 7591 §3.
    pub const REGISTER: &str = "/oauth/register";
    /// RFC 7517 §5.
    pub const JWKS: &str = "/oauth/jwks";
    /// Where agents that will show evidence get what it must be about (the endpoint of
    /// draft-ietf-oauth-attestation-based-client-auth §8).
    pub const CHALLENGE: &str = "/oauth/challenge";
    /// RFC 7009 §2.
    pub const REVOKE: &str = "/oauth/revoke";
    /// Where the human's own provider says that they signed out (OpenID Connect Back-Channel Logout 1.0 §2.5).
    pub const LOGOUT: &str = "/oauth/logout";
}

/// The grants of the token endpoint.
pub mod grant {
    /// RFC 6749 §4.1.
    pub const CODE: &str = "authorization_code";
    /// RFC 6749 §6.
    pub const REFRESH: &str = "refresh_token";
    /// RFC 6749 §4.4.
    pub const CLIENT: &str = "client_credentials";
    /// RFC 7523 §2.1.
    pub const ASSERTION: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    /// RFC 8693 §2.1.
    pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
    /// All of them.
    pub const ALL: [&str; 5] = [CODE, REFRESH, CLIENT, ASSERTION, EXCHANGE];
}

/// How clients prove themselves at the token endpoint.
pub const CLIENT_PROOFS: [&str; 4] = ["none", "private_key_jwt", "client_secret_basic", "client_secret_post"];
/// How they may sign for it.
pub const CLIENT_ALGORITHMS: [&str; 4] = ["ES256", "EdDSA", "PS256", "RS256"];

/// What clients find at `/.well-known/oauth-authorization-server` (RFC 8414 §2) and, for those that look there, at
/// `/.well-known/openid-configuration`. No identity tokens are issued: what a client learns of a human, it learns from
/// nobody here.
pub fn document(realm: &Realm) -> String {
    let at = |path: &str| format!("{}{path}", realm.issuer);
    let mut document = json!({
        "issuer": realm.issuer,
        "authorization_endpoint": at(path::AUTHORIZE),
        "token_endpoint": at(path::TOKEN),
        "jwks_uri": at(path::JWKS),
        "revocation_endpoint": at(path::REVOKE),
        "scopes_supported": [realm::EVERYTHING, realm::OFFLINE],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grant::ALL,
        "token_endpoint_auth_methods_supported": CLIENT_PROOFS,
        "token_endpoint_auth_signing_alg_values_supported": CLIENT_ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": CLIENT_PROOFS,
        "revocation_endpoint_auth_signing_alg_values_supported": CLIENT_ALGORITHMS,
        "code_challenge_methods_supported": ["S256"],
        // RFC 9207 §3.
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": realm.documents,
        "authorization_grant_profiles_supported": ["urn:ietf:params:oauth:grant-profile:id-jag"],
        "dpop_signing_alg_values_supported": doorward_identity::proof_algorithms(),
        "tls_client_certificate_bound_access_tokens": true,
        "protected_resources": realm.resources.keys().collect::<Vec<_>>(),
        // OpenID Connect Discovery §3 asks for these.
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": SIGNED_BY,
    });
    if let (true, Value::Object(map)) = (realm.attests, &mut document) {
        map.insert("challenge_endpoint".to_owned(), at(path::CHALLENGE).into());
    }
    if let (true, Value::Object(map)) = (realm.registers, &mut document) {
        map.insert("registration_endpoint".to_owned(), at(path::REGISTER).into());
    }
    document.to_string()
}

/// How the gateway's own tokens are signed.
const SIGNED_BY: [&str; 2] = ["RS256", "ES256"];

/// What providers that trust tokens of the gateway find at `/.well-known/openid-configuration` (OpenID Connect Discovery §3)
/// where it issues none to clients: its name, and where its keys are.
pub fn federation(issuer: &str) -> String {
    let document = json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}{}", path::JWKS),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": SIGNED_BY,
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "agent", "human", "server", "delegation"],
    });
    document.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::testing::realm;

    #[test]
    fn clients_find_what_they_need() {
        let mut realm = realm();
        let of = |realm: &Realm| serde_json::from_str::<Value>(&document(realm)).unwrap();
        let document = of(&realm);
        assert_eq!(document["issuer"], "https://gw.example.com");
        assert_eq!(document["token_endpoint"], "https://gw.example.com/oauth/token");
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["registration_endpoint"], "https://gw.example.com/oauth/register");
        assert_eq!(document.get("challenge_endpoint"), None);
        (realm.registers, realm.attests) = (false, true);
        assert_eq!(of(&realm).get("registration_endpoint"), None);
        assert_eq!(of(&realm)["challenge_endpoint"], "https://gw.example.com/oauth/challenge");
    }
}
