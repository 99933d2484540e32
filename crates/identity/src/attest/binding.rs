//! The key that a token is bound to (RFC 7800 §3.1, RFC 9449 §6.1, RFC 8705 §3.1).

use super::KeyBinding;
use crate::{Flaw, compact};
use serde_json::{Map, Value};

/// What `cnf` asks for. A confirmation that is not understood is refused: to pass over it would make a bearer token of
/// one that is not.
pub(crate) fn binding(claims: &Map<String, Value>) -> Result<Option<KeyBinding>, Flaw> {
    let Some(cnf) = claims.get("cnf") else { return Ok(None) };
    let cnf = cnf.as_object().ok_or(Flaw::Binding)?;
    let digest = |name: &str| match cnf.get(name) {
        None => Ok(None),
        Some(v) => v.as_str().and_then(compact::digest).map(Some).ok_or(Flaw::Binding),
    };
    match (digest("jkt")?, digest("x5t#S256")?, cnf.len()) {
        (Some(jkt), None, 1) => Ok(Some(KeyBinding::Jkt(jkt))),
        (None, Some(x5t), 1) => Ok(Some(KeyBinding::X5t(x5t))),
        _ => Err(Flaw::Binding),
    }
}
