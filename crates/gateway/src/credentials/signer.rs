use doorward_credential::{Alg, Failure, Signer};
use doorward_oauth::{Ring, Signing};
use doorward_vocab::{Secret, Timestamp};
use serde_json::Value;
use std::sync::Arc;

/// The gateway as an issuer that providers trust, with the keys that its own tokens are signed with.
#[derive(Debug)]
pub(super) struct OwnSigner {
    pub(super) issuer: String,
    /// None where there is no store to keep keys in.
    pub(super) ring: Option<Arc<Ring>>,
    pub(super) now: Timestamp,
}

impl Signer for OwnSigner {
    fn issuer(&self) -> &str {
        &self.issuer
    }

    fn sign(&self, alg: Alg, typ: &str, claims: &Value) -> Result<Secret<String>, Failure> {
        let none = || Failure::Misconfigured("the gateway has no key to sign with".into());
        let by = match alg {
            Alg::Es256 => Signing::Es256,
            Alg::Rs256 => Signing::Rs256,
        };
        let ring = self.ring.as_ref().ok_or_else(none)?;
        ring.sign(by, typ, claims, self.now).map(Secret::new).map_err(|_| none())
    }
}
