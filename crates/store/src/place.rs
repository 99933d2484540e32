//! The state directory and the files in it that are secrets.

use crate::sources::fill;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_vocab::Secret;
use std::{
    env, fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Why a place for state is not usable.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// No variable says where state may live.
    #[error("there is no state directory: set `DOORWARD_STATE` to a directory")]
    Nowhere,
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
}

/// The state directory: `$DOORWARD_STATE`, else `$XDG_STATE_HOME/doorward`, else `~/.local/state/doorward`. It is not
/// created here.
///
/// # Errors
/// [`PlaceError::Nowhere`].
pub fn state_dir() -> Result<PathBuf, PlaceError> {
    let var = |name| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    // XDG Base Directory: a relative path in the variable is to be ignored.
    let xdg = || var("XDG_STATE_HOME").filter(|p| p.is_absolute()).map(|p| p.join("doorward"));
    let home = || var("HOME").map(|p| p.join(".local/state/doorward"));
    var("DOORWARD_STATE").or_else(xdg).or_else(home).ok_or(PlaceError::Nowhere)
}

/// The token that proves an agent host of this machine, from `host.token` in `state`; 32 random bytes in base64url,
/// readable by the owner alone. Made where it is missing.
///
/// # Errors
/// [`PlaceError::Io`].
pub fn host_token(state: &Path) -> Result<String, PlaceError> {
    let path = state.join("host.token");
    match fs::read_to_string(&path) {
        Ok(token) if !token.trim().is_empty() => return Ok(token.trim().to_owned()),
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(PlaceError::Io { act: "read", path, source }),
    }
    let mut bytes = [0; 32];
    fill(&mut bytes);
    let token = URL_SAFE_NO_PAD.encode(bytes);
    make_dir(state)?;
    replace_secret(&path, token.as_bytes())?;
    Ok(token)
}

/// The file in the state directory that says where hosts of this machine reach the running gateway: `http://ADDRESS` or
/// `unix:PATH HOST:PORT`, the latter for the header `Host`.
pub const HOST_ADDRESS: &str = "host.address";

/// Says where hosts of this machine reach the gateway that runs with `state`, or that none does any more. The file is the
/// owner's alone, as whoever is named in it gets the host token.
///
/// # Errors
/// [`PlaceError::Io`].
pub fn tell_hosts(state: &Path, address: Option<&str>) -> Result<(), PlaceError> {
    let path = state.join(HOST_ADDRESS);
    match address {
        Some(address) => replace_secret(&path, address.as_bytes()),
        None => match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(PlaceError::Io { act: "remove", path, source })
            }
            _ => Ok(()),
        },
    }
}

/// The key that placeholders and canaries are made with, from `mark.key` in `state`: 32 random bytes, readable by the owner
/// alone. Made where it is missing; with another key those that agents hold are not known any more.
///
/// # Errors
/// [`PlaceError::Io`], also where the file is not a key.
pub fn mark_key(state: &Path) -> Result<Secret<[u8; 32]>, PlaceError> {
    key(state.join("mark.key"))
}

/// The key that links to the console and tokens of its API are made with, from `console.key` in `state`: 32 random bytes,
/// readable by the owner alone. Made where it is missing; with another key those that were handed out are over.
///
/// # Errors
/// [`PlaceError::Io`], also where the file is not a key.
pub fn console_key(state: &Path) -> Result<Secret<[u8; 32]>, PlaceError> {
    key(state.join("console.key"))
}

fn key(path: PathBuf) -> Result<Secret<[u8; 32]>, PlaceError> {
    let failed = |act, source| PlaceError::Io { act, path: path.clone(), source };
    if !path.exists() {
        let mut bytes = [0; 32];
        fill(&mut bytes);
        make_once(&path, &bytes).map_err(|e| failed("write", e))?;
        bytes.fill(0);
    }
    let mut bytes = fs::read(&path).map_err(|e| failed("read", e))?;
    let key = <[u8; 32]>::try_from(bytes.as_slice());
    bytes.fill(0);
    key.map(Secret::new)
        .map_err(|_| failed("use", io::Error::new(io::ErrorKind::InvalidData, "it is not 32 bytes long")))
}

/// Writes a file that only its owner may read, and its folder, unless there is one: a reader sees the whole file or none. Of
/// several processes that write one at once, one does.
///
/// # Errors
/// What the file system says.
pub fn make_once(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder(path))?;
    let mut name = [0; 8];
    fill(&mut name);
    let temporary = beside(path, &format!("new-{:016x}", u64::from_be_bytes(name)));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    // Unlike a rename, a link does not take the place of what somebody else was quicker to make.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => sync_dir(folder(path)),
    }
}

/// Makes a directory that only its owner may enter, and those above it.
pub(crate) fn make_dir(path: &Path) -> Result<(), PlaceError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| PlaceError::Io { act: "create", path: path.to_owned(), source })
}

/// Writes a file that only its owner may read, whole or not at all, in the place of what was there.
///
/// # Errors
/// [`PlaceError::Io`].
pub fn replace_secret(path: &Path, bytes: &[u8]) -> Result<(), PlaceError> {
    replace(path, bytes, 0o600).map_err(|source| PlaceError::Io { act: "write", path: path.to_owned(), source })
}

/// Puts `bytes` in the place of `path`, durably and in one step: a reader sees the old file or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let temporary = beside(path, "new");
    // A leftover of a crash may have another mode.
    let _ = fs::remove_file(&temporary);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_dir(folder(path))
}

/// A name for what is not finished: `seal.key` and `seal.ring` must not share one.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    name.into()
}

/// The directory that `path` is in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_host_token_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("a/b");
        let token = host_token(&state).unwrap();
        assert_eq!(token.len(), 43);
        assert_eq!(host_token(&state).unwrap(), token);
        assert_eq!(fs::metadata(state.join("host.token")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn of_many_that_make_a_file_once_one_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/seal.key");
        let making: Vec<_> = (0..8_u8)
            .map(|n| {
                let path = path.clone();
                std::thread::spawn(move || make_once(&path, &[n; 32]).unwrap())
            })
            .collect();
        making.into_iter().for_each(|m| m.join().unwrap());
        let made = fs::read(&path).unwrap();
        assert!(made.len() == 32 && made.iter().all(|b| *b == made[0]));
        make_once(&path, b"another").unwrap();
        assert_eq!(fs::read(&path).unwrap(), made);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 1, "nothing else is left");
    }
}
