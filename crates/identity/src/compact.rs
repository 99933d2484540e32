//! The compact form of a signed token (RFC 7515 §7.1), taken apart.

use crate::{Algorithm, json};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

const MAX_HEADER: usize = 4 * 1024;

/// A text whose parts are well formed. Nothing in it is believed yet.
pub(crate) struct Compact<'a> {
    /// What the signature covers.
    pub(crate) signed: &'a [u8],
    /// The signature, as text.
    pub(crate) signature: &'a str,
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
}

/// Why a text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Not three parts of base64url.
    Form,
    /// Header or claims are not plain JSON objects.
    Json,
    /// A header member that must be a text is not one.
    Header,
}

impl<'a> Compact<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Broken> {
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Broken::Form);
        };
        let signed = text.as_bytes().get(..header.len() + 1 + claims.len()).ok_or(Broken::Form)?;
        if header.len() > MAX_HEADER || decode(signature).ok_or(Broken::Form)?.is_empty() {
            return Err(Broken::Form);
        }
        let header = json::object(&decode(header).ok_or(Broken::Form)?).ok_or(Broken::Json)?;
        let claims = json::object(&decode(claims).ok_or(Broken::Form)?).ok_or(Broken::Json)?;
        Ok(Self { signed, signature, header, claims })
    }

    /// The header member `name`, absent or a text.
    pub(crate) fn header_text(&self, name: &str) -> Result<Option<&str>, Broken> {
        match self.header.get(name) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s)),
            Some(_) => Err(Broken::Header),
        }
    }

    /// `alg`, where it is one that may be accepted.
    pub(crate) fn algorithm(&self) -> Result<Option<Algorithm>, Broken> {
        Ok(self.header_text("alg")?.and_then(|a| a.parse().ok()))
    }
}

/// base64url, strictly: no padding, no stray trailing bits, nothing beside the alphabet; so one value has one text.
pub(crate) fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

/// base64url of exactly 32 bytes: a SHA-256 digest as claims write it.
pub(crate) fn digest(text: &str) -> Option<doorward_vocab::Digest> {
    let mut out = [0; 33];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut out) {
        Ok(32) => out.first_chunk().map(|bytes| doorward_vocab::Digest::from_bytes(*bytes)),
        _ => None,
    }
}
