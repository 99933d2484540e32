use doorward_vocab::Secret;
use serde::Serialize;
use std::{fmt, io, path::PathBuf};
use zeroize::Zeroize;

/// Where a secret is. The configuration never holds the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretRef {
    /// A variable of the gateway's environment.
    Env(String),
    /// A file; one line break at its end does not count.
    File(PathBuf),
}

/// Why a secret cannot be read. It never holds any part of the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable does not exist.
    #[error("the environment variable `{0}` is not set")]
    Unset(String),
    /// The variable or file holds nothing.
    #[error("{0} holds an empty secret")]
    Empty(SecretRef),
    /// The bytes are not text.
    #[error("{0} does not hold UTF-8 text")]
    NotText(SecretRef),
    /// The file cannot be read.
    #[error("cannot read the secret file `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl SecretRef {
    /// Reads the secret, now.
    ///
    /// # Errors
    /// Where it is not there, empty or not text.
    pub fn read(&self) -> Result<Secret<String>, SecretError> {
        let mut text = match self {
            Self::Env(name) => std::env::var(name).map_err(|e| match e {
                std::env::VarError::NotPresent => SecretError::Unset(name.clone()),
                std::env::VarError::NotUnicode(_) => SecretError::NotText(self.clone()),
            })?,
            Self::File(path) => {
                let bytes = std::fs::read(path).map_err(|source| SecretError::Read { path: path.clone(), source })?;
                String::from_utf8(bytes).map_err(|e| {
                    e.into_bytes().zeroize();
                    SecretError::NotText(self.clone())
                })?
            }
        };
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        if text.is_empty() { Err(SecretError::Empty(self.clone())) } else { Ok(Secret::new(text)) }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable `{name}`"),
            Self::File(path) => write!(f, "the file `{}`", path.display()),
        }
    }
}
