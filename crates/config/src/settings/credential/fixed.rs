use super::{CredentialKind, SECRET};
use crate::{SecretRef, section::Section, value::Item};
use serde::Serialize;

/// A secret that the operator keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fixed {
    /// Where the secret is.
    pub secret: SecretRef,
    /// The name that it is the password of.
    pub user: Option<String>,
}

pub(super) fn read(section: &Section<'_>) -> Option<CredentialKind> {
    let secret = section.need("secret", SECRET, Item::secret);
    Some(CredentialKind::Static(Fixed { secret: secret?, user: None }))
}

pub(super) fn read_basic(section: &Section<'_>) -> Option<CredentialKind> {
    let user = section.need("user", "user = \"svc-crm\"", Item::owned);
    let secret = section.need("secret", SECRET, Item::secret);
    Some(CredentialKind::Static(Fixed { secret: secret?, user: Some(user?) }))
}
