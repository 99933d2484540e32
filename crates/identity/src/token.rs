//! A signed token in compact form (RFC 7515 §7.1), taken apart and not yet believed.

use crate::{
    Algorithm, Flaw, TypeRule,
    compact::{Broken, Compact},
};
use serde_json::{Map, Value};

/// The longest accepted token, in bytes.
pub(crate) const MAX: usize = 16 * 1024;
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

impl From<Broken> for Flaw {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Form => Self::Form,
            Broken::Json => Self::Json,
            Broken::Header => Self::Header,
        }
    }
}

impl<'a> Token<'a> {
    /// A token that names its key.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Flaw> {
        Self::parse_unnamed(text).and_then(|token| if token.kid.is_empty() { Err(Flaw::KeyUnnamed) } else { Ok(token) })
    }

    /// A token that may leave its key unnamed; the name is empty then.
    pub(crate) fn parse_unnamed(text: &'a str) -> Result<Self, Flaw> {
        if text.len() > MAX {
            return Err(Flaw::Form);
        }
        let compact = Compact::parse(text)?;
        // RFC 7515 §4.1.11: an extension that is not understood must be refused, and none is understood here. A key
        // inside the token is the attacker's key; `enc`, `zip` and `cty` are not for access tokens.
        if ["crit", "b64", "jwk", "enc", "zip", "cty"].iter().any(|h| compact.header.contains_key(*h)) {
            return Err(Flaw::Header);
        }
        let algorithm = compact.algorithm()?.ok_or(Flaw::Algorithm)?;
        let kid = compact.header_text("kid")?.unwrap_or_default();
        if kid.len() > MAX_KID {
            return Err(Flaw::KeyUnnamed);
        }
        let (kid, typ) = (kid.to_owned(), compact.header_text("typ")?.map(str::to_owned));
        let Compact { signed, signature, claims, .. } = compact;
        Ok(Self { signed, signature, kid, algorithm, typ, claims })
    }

    /// The type that its header states.
    pub(crate) fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The text of a claim that must be a string.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// `typ` in small letters, without `application/` (RFC 7515 §4.1.9).
    pub(crate) fn plain_typ(&self) -> Option<String> {
        self.typ.as_deref().map(|t| t.strip_prefix("application/").unwrap_or(t).to_ascii_lowercase())
    }

    /// Whether the token is of a kind that opens something here (RFC 8725 §3.11, RFC 9068 §4).
    pub(crate) fn check_type(&self, rule: TypeRule) -> Result<(), Flaw> {
        let access_token = match self.plain_typ().as_deref() {
            Some("at+jwt") => true,
            Some("jwt") | None => false,
            Some("jose") if rule == TypeRule::Svid => false,
            Some(_) => return Err(Flaw::Type),
        };
        if access_token {
            return if rule == TypeRule::Svid { Err(Flaw::Type) } else { Ok(()) };
        }
        // Keycloak tells the kind in a claim; an identity token is known by what binds it to a login.
        let claimed = self.text("typ").unwrap_or_default();
        let logout = self.claims.contains_key("events") || matches!(claimed, "Refresh" | "Offline" | "Logout");
        let identity = ["nonce", "at_hash", "c_hash"].iter().any(|c| self.claims.contains_key(*c)) || claimed == "ID";
        match rule {
            TypeRule::Lenient if !logout && !identity => Ok(()),
            TypeRule::IdToken if !logout => Ok(()),
            TypeRule::Svid if !logout && !identity => Ok(()),
            _ => Err(Flaw::Type),
        }
    }
}
