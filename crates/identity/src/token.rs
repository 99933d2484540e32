//! A signed token in compact form (RFC 7515 §7.1), taken apart and not yet believed.

use crate::{Algorithm, Flaw, TypeRule, json};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// The longest accepted token, in bytes.
pub(crate) const MAX: usize = 16 * 1024;
const MAX_HEADER: usize = 4 * 1024;
const MAX_KID: usize = 256;

/// A token whose parts are well formed. Nothing in it is believed yet.
pub(crate) struct Token<'a> {
    /// What the signature covers.
    pub(crate) signed: &'a [u8],
    /// The signature, as text.
    pub(crate) signature: &'a str,
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    typ: Option<String>,
    pub(crate) claims: Map<String, Value>,
}

impl<'a> Token<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Flaw> {
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Flaw::Form);
        };
        let signed = text.as_bytes().get(..header.len() + 1 + claims.len()).ok_or(Flaw::Form)?;
        // Strict: no padding, no stray trailing bits, nothing beside the alphabet; so one token has one text.
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Flaw::Form);
        if header.len() > MAX_HEADER || decode(signature)?.is_empty() {
            return Err(Flaw::Form);
        }
        let header = json::object(&decode(header)?).ok_or(Flaw::Json)?;
        let claims = json::object(&decode(claims)?).ok_or(Flaw::Json)?;

        // RFC 7515 §4.1.11: an extension that is not understood must be refused, and none is understood here. A key
        // inside the token is the attacker's key; `enc`, `zip` and `cty` are not for access tokens.
        if ["crit", "b64", "jwk", "enc", "zip", "cty"].iter().any(|h| header.contains_key(*h)) {
            return Err(Flaw::Header);
        }
        let text_of = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s.clone())),
            Some(_) => Err(Flaw::Header),
        };
        let algorithm = text_of("alg")?.and_then(|a| a.parse().ok()).ok_or(Flaw::Algorithm)?;
        let kid = text_of("kid")?.filter(|k| !k.is_empty() && k.len() <= MAX_KID).ok_or(Flaw::KeyUnnamed)?;
        Ok(Self { signed, signature, kid, algorithm, typ: text_of("typ")?, claims })
    }

    /// The text of a claim that must be a string.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// Whether the token is of a kind that opens something here (RFC 8725 §3.11, RFC 9068 §4).
    pub(crate) fn check_type(&self, rule: TypeRule) -> Result<(), Flaw> {
        let typ = self.typ.as_deref().map(|t| t.strip_prefix("application/").unwrap_or(t).to_ascii_lowercase());
        let access_token = match typ.as_deref() {
            Some("at+jwt") => true,
            Some("jwt") | None => false,
            Some(_) => return Err(Flaw::Type),
        };
        if access_token {
            return Ok(());
        }
        // Keycloak tells the kind in a claim; an identity token is known by what binds it to a login.
        let claimed = self.text("typ").unwrap_or_default();
        let logout = self.claims.contains_key("events") || matches!(claimed, "Refresh" | "Offline" | "Logout");
        let identity = ["nonce", "at_hash", "c_hash"].iter().any(|c| self.claims.contains_key(*c)) || claimed == "ID";
        match rule {
            TypeRule::Lenient if !logout && !identity => Ok(()),
            TypeRule::IdToken if !logout => Ok(()),
            _ => Err(Flaw::Type),
        }
    }
}
