use doorward_vocab::Secret;
use serde::Serialize;
use std::{
    fmt,
    fs::File,
    io,
    io::Read,
    path::{Path, PathBuf},
};
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
    /// The variable is there, and was not named when the process started.
    #[error("the configuration did not name the environment variable `{0}` when the gateway started: restart it")]
    Late(String),
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
            // A copy that is wiped in the end, as all of them.
            Self::Env(name) => crate::held::variable(name)?.reveal(Clone::clone),
            Self::File(path) => {
                let bytes = bytes_of(path).map_err(|source| SecretError::Read { path: path.clone(), source })?;
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

/// The bytes of a file, in one piece of memory: a vector that grows leaves what it held behind.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let expected = usize::try_from(file.metadata()?.len()).unwrap_or_default().max(4096);
    let mut bytes = Vec::with_capacity(expected + 1);
    loop {
        if bytes.len() == bytes.capacity() {
            let mut larger = Vec::with_capacity(bytes.capacity() * 2);
            larger.extend_from_slice(&bytes);
            bytes.zeroize();
            bytes = larger;
        }
        let room = u64::try_from(bytes.capacity() - bytes.len()).unwrap_or(u64::MAX);
        if (&mut file).take(room).read_to_end(&mut bytes)? == 0 {
            return Ok(bytes);
        }
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
