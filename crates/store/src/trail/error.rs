use std::{io, path::PathBuf, sync::Arc};

/// Why a record was not taken, or not kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TrailError {
    /// Too much waits for the disk.
    #[error("the trail is full: {waiting} bytes wait for the disk")]
    Full {
        /// How many bytes wait.
        waiting: usize,
    },
    /// The disk failed. The trail takes nothing more until the gateway is started again, since what the disk holds is
    /// not known any more.
    #[error("the trail failed and takes no records until the next start: {0}")]
    Failed(Arc<str>),
    /// The gateway stops.
    #[error("the trail is closed")]
    Closed,
}

/// Why a trail cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file system refuses.
    #[error("cannot {act} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        act: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Another process writes it.
    #[error("the trail `{}` is in use by process {holder}; stop it, or set `DOORWARD_STATE` to another directory", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
        /// The id that the other process left.
        holder: String,
    },
    /// The key is missing or not a key.
    #[error("the key of the trail `{}` is not usable: {why}; restore it, or move the trail away to begin a new one", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The last checkpoint is missing or not signed by the key.
    #[error("the checkpoint `{}` is not usable: {why}; run `doorward log verify`", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Records that were signed are not there.
    #[error("the trail holds {found} records but {signed} were signed: records are missing; run `doorward log verify`")]
    Shorter {
        /// How many records are there.
        found: u64,
        /// How many were signed.
        signed: u64,
    },
    /// The records are not those that were signed.
    #[error("the first {size} records are not those that were signed; run `doorward log verify`")]
    Root {
        /// How many records the checkpoint covers.
        size: u64,
    },
    /// A segment other than the last is damaged.
    #[error("the segment `{}` is damaged at record {index}: {why}; run `doorward log verify`", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// The first record that cannot be read.
        index: u64,
        /// What is wrong with it.
        why: String,
    },
}

impl OpenError {
    /// For `map_err`: the file system refused to `act` on `path`.
    pub(super) fn io(act: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { act, path, source }
    }
}

impl From<crate::PlaceError> for OpenError {
    fn from(e: crate::PlaceError) -> Self {
        match e {
            crate::PlaceError::Io { act, path, source } => Self::Io { act, path, source },
            crate::PlaceError::Nowhere => {
                Self::Io { act: "find", path: PathBuf::from("state directory"), source: io::ErrorKind::NotFound.into() }
            }
        }
    }
}
