//! Secrets that live for longer than one exchange are sealed in memory too. What a core dump, a swap of the heap or a
//! reader of `/proc/PID/mem` finds is the sealed form: the key is in a sealed memory file (memfd) that no part of the
//! process maps, and is read from there for each use.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use doorward_vocab::Secret;
use rustix::fs::{MemfdFlags, SealFlags};
use std::{fmt, os::fd::OwnedFd, sync::OnceLock};
use zeroize::{Zeroize, Zeroizing};

/// Why a secret is neither taken in nor shown. It never holds any part of the secret.
#[derive(Debug, thiserror::Error)]
pub enum ShieldError {
    /// The memory file of the key cannot be read.
    #[error("the key of this process cannot be read: {0}")]
    Key(#[from] rustix::io::Errno),
    /// The library of cryptography refuses.
    #[error("a secret in memory does not open")]
    Broken,
}

/// A secret at rest in memory: it cannot be printed, serialized or compared, and is in the clear only inside
/// [`reveal`](Self::reveal).
pub struct Shielded {
    nonce: [u8; NONCE_LEN],
    sealed: Box<[u8]>,
}

impl Shielded {
    /// Takes a secret in. The clear form is wiped.
    ///
    /// # Errors
    /// [`ShieldError`].
    pub fn new(secret: Secret<Vec<u8>>) -> Result<Self, ShieldError> {
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| ShieldError::Broken)?;
        // A vector that grows leaves its old bytes behind, so it has room for the tag from the beginning.
        let mut text = secret.reveal(|plain| {
            let mut text = Zeroizing::new(Vec::with_capacity(plain.len() + AES_256_GCM.tag_len()));
            text.extend_from_slice(plain);
            text
        });
        let key = process_key()?.cipher()?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut *text)
            .map_err(|_| ShieldError::Broken)?;
        Ok(Self { nonce, sealed: text.as_slice().into() })
    }

    /// The same of a text.
    ///
    /// # Errors
    /// [`ShieldError`].
    pub fn text(secret: &Secret<String>) -> Result<Self, ShieldError> {
        Self::new(Secret::new(secret.reveal(|text| text.as_bytes().to_vec())))
    }

    /// Shows the secret to `edge`, and to nobody else; the memory that `edge` sees is wiped after it.
    ///
    /// # Errors
    /// [`ShieldError`].
    pub fn reveal<R>(&self, edge: impl FnOnce(&[u8]) -> R) -> Result<R, ShieldError> {
        let key = process_key()?.cipher()?;
        let mut text = Zeroizing::new(self.sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let plain = key.open_in_place(nonce, Aad::empty(), &mut text).map_err(|_| ShieldError::Broken)?;
        Ok(edge(plain))
    }
}

impl fmt::Debug for Shielded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shielded(…)")
    }
}

/// The key that secrets in memory are sealed with. It ends with the process.
enum ProcessKey {
    /// In a memory file that is not mapped, and that nobody can change any more.
    File(OwnedFd),
    /// Where the system gives no such file.
    Memory(Secret<[u8; 32]>),
}

fn process_key() -> Result<&'static ProcessKey, ShieldError> {
    static KEY: OnceLock<ProcessKey> = OnceLock::new();
    if let Some(key) = KEY.get() {
        return Ok(key);
    }
    let made = ProcessKey::draw()?;
    Ok(KEY.get_or_init(|| made))
}

impl ProcessKey {
    fn draw() -> Result<Self, ShieldError> {
        let mut bytes = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut *bytes).map_err(|_| ShieldError::Broken)?;
        match memory_file("doorward key", &*bytes, MemfdFlags::CLOEXEC) {
            Ok(file) => Ok(Self::File(file)),
            Err(error) => {
                tracing::warn!("secrets in memory are sealed under a key that a core dump would show: {error}");
                Ok(Self::Memory(Secret::new(*bytes)))
            }
        }
    }

    fn cipher(&self) -> Result<LessSafeKey, ShieldError> {
        let of = |key: &[u8; 32]| UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new);
        let made = match self {
            Self::File(file) => {
                let mut key = [0; 32];
                let read = rustix::io::pread(file, &mut key[..], 0);
                let made = of(&key);
                key.zeroize();
                read.map(|_| made)?
            }
            Self::Memory(key) => key.reveal(of),
        };
        made.map_err(|_| ShieldError::Broken)
    }
}

/// A file in memory alone that holds `bytes` and cannot be changed (memfd_create(2), `F_SEAL_WRITE`).
pub(crate) fn memory_file(name: &str, bytes: &[u8], flags: MemfdFlags) -> rustix::io::Result<OwnedFd> {
    let file = rustix::fs::memfd_create(name, flags | MemfdFlags::ALLOW_SEALING)?;
    let mut rest = bytes;
    while !rest.is_empty() {
        let written = rustix::io::write(&file, rest)?;
        rest = rest.get(written..).unwrap_or_default();
    }
    rustix::fs::fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_taken_in_is_shown_and_nothing_of_it_stands_there(plain in prop::collection::vec(any::<u8>(), 0..2048)) {
            let one = Shielded::new(Secret::new(plain.clone())).unwrap();
            let two = Shielded::new(Secret::new(plain.clone())).unwrap();
            prop_assert_eq!(one.reveal(<[u8]>::to_vec).unwrap(), plain.clone());
            prop_assert_ne!(&one.sealed, &two.sealed);
            prop_assert!(plain.len() < 8 || !one.sealed.windows(8).any(|w| plain.windows(8).any(|p| p == w)));
        }
    }

    #[test]
    fn a_changed_form_does_not_open() {
        let mut one = Shielded::new(Secret::new(b"hunter2".to_vec())).unwrap();
        one.sealed[0] ^= 1;
        assert!(one.reveal(|_| ()).is_err());
    }

    #[test]
    fn the_key_is_in_no_mapping() {
        assert!(matches!(process_key().unwrap(), ProcessKey::File(_)), "this system has memory files");
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert!(!maps.contains("doorward key"), "{maps}");
    }

    #[test]
    fn the_memory_file_cannot_be_changed() {
        let file = memory_file("test", b"kept", MemfdFlags::CLOEXEC).unwrap();
        assert!(rustix::io::write(&file, b"more").is_err());
        assert!(rustix::io::pwrite(&file, b"K", 0).is_err());
    }
}
