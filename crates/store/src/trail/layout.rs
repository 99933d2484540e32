//! Names of the files of a trail, its lock and its key.

use super::OpenError;
use crate::{place, sources::fill};
use doorward_audit::{SigningKey, VerifierKey, merkle::Tile};
use rustix::fs::{FlockOperation, flock};
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) dir: PathBuf,
}

impl Layout {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }
    pub(super) fn segments(&self) -> PathBuf {
        self.dir.join("segments")
    }
    pub(super) fn segment(&self, first: u64) -> PathBuf {
        self.segments().join(format!("{first:020}.seg"))
    }
    pub(super) fn tile(&self, tile: Tile) -> PathBuf {
        self.dir.join(tile.path())
    }
    pub(super) fn checkpoint(&self) -> PathBuf {
        self.dir.join("checkpoint")
    }
    pub(super) fn history(&self) -> PathBuf {
        self.dir.join("checkpoints")
    }
    pub(super) fn key(&self) -> PathBuf {
        self.dir.join("key")
    }
    pub(super) fn public_key(&self) -> PathBuf {
        self.dir.join("key.pub")
    }
    /// The first indexes of the segments, in order. Files with other names are passed over.
    pub(super) fn list_segments(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(self.segments()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut firsts = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let first = name.to_str().and_then(|n| n.strip_suffix(".seg")).filter(|n| n.len() == 20);
            firsts.extend(first.and_then(|n| n.parse::<u64>().ok()));
        }
        firsts.sort_unstable();
        Ok(firsts)
    }
    /// Takes the lock of the trail; it is held until the file is closed, also by the death of the process.
    pub(super) fn lock(&self) -> Result<fs::File, OpenError> {
        let path = self.dir.join("lock");
        let open = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(OpenError::io("open", &path))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            let holder = if holder.trim().is_empty() { "?".to_owned() } else { holder.trim().to_owned() };
            return Err(OpenError::Locked { path: self.dir.clone(), holder });
        }
        let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(OpenError::io("write", &path))?;
        Ok(file)
    }
    /// Reads the key, or makes one where the trail is new.
    pub(super) fn signing_key(&self, origin: Option<&str>, new: bool) -> Result<SigningKey, OpenError> {
        let path = self.key();
        let bad = |why: String| OpenError::Key { path: path.clone(), why };
        let key = match fs::read_to_string(&path) {
            Ok(text) => SigningKey::from_secret_text(&text).map_err(|e| bad(e.to_string()))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound && new => {
                let mut random = [0; 40];
                fill(&mut random);
                let (seed, name) = random.split_first_chunk::<32>().ok_or_else(|| bad("no seed".into()))?;
                let name: String = name.iter().map(|b| format!("{b:02x}")).collect();
                let origin = origin.map_or_else(|| format!("doorward.local/trail-{name}"), str::to_owned);
                let key = SigningKey::from_seed(&origin, *seed).map_err(|e| bad(e.to_string()))?;
                place::replace_secret(&path, key.to_secret_text().as_bytes())?;
                key
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(bad("it is missing".into())),
            Err(source) => return Err(OpenError::Io { act: "read", path, source }),
        };
        let public = format!("{}\n", key.verifier());
        let path = self.public_key();
        match fs::read_to_string(&path) {
            Ok(text) if text == public => {}
            Ok(_) => return Err(OpenError::Key { path, why: "it does not belong to `key`".into() }),
            Err(_) => place::replace(&path, public.as_bytes(), 0o644).map_err(OpenError::io("write", &path))?,
        }
        Ok(key)
    }
    /// Reads the key that checks the trail.
    pub(super) fn verifier_key(&self) -> Result<VerifierKey, OpenError> {
        let path = self.public_key();
        let text = fs::read_to_string(&path).map_err(OpenError::io("read", &path))?;
        VerifierKey::parse(&text).map_err(|e| OpenError::Key { path, why: e.to_string() })
    }
}
/// Whether a process writes the trail in `dir` now.
pub fn is_held(dir: &Path) -> bool {
    let lock = fs::File::open(dir.join("lock"));
    lock.is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared).is_err())
}
