use crate::SecretRef;
use serde::Serialize;

/// A credential that the gateway holds and agents never see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// Its name, unique in the file.
    pub name: String,
    /// How it is obtained and where it goes.
    pub kind: CredentialKind,
}

/// How a credential is obtained and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CredentialKind {
    /// One secret, sent in a header of every request to an HTTP server.
    Static {
        /// Where the secret is.
        secret: SecretRef,
        /// The header; `authorization`.
        header: String,
        /// What stands before the secret, with one space between; `Bearer` in `authorization`, else nothing.
        scheme: Option<String>,
    },
    /// One secret, given to a command in a variable of its environment.
    Env {
        /// Where the secret is.
        secret: SecretRef,
        /// The variable.
        variable: String,
    },
}
