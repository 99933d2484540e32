//! Secrets handed from a process to itself over an exec, or to it by whoever starts it: in a descriptor.

use crate::shield::memory_file;
use rustix::fs::{MemfdFlags, SealFlags};
use std::{
    fs::{self, File},
    io::{self, Read},
    os::fd::OwnedFd,
};
use zeroize::{Zeroize, Zeroizing};

/// A file in memory that holds `bytes`, cannot be changed, and stays open over an exec.
///
/// # Errors
/// The system gives no such file.
pub fn hand_over(bytes: &[u8]) -> io::Result<OwnedFd> {
    Ok(memory_file("doorward hands over", bytes, MemfdFlags::empty())?)
}

/// What [`hand_over`] was given, from the descriptor of this number, which is closed.
///
/// # Errors
/// It is not such a file.
pub fn take_over(number: u32) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = opened(number)?;
    let seals = rustix::fs::fcntl_get_seals(&file)?;
    if !seals.contains(SealFlags::WRITE | SealFlags::SEAL) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it was not handed over by this program"));
    }
    let bytes = whole(file, usize::MAX)?;
    close(number)?;
    Ok(bytes)
}

/// A way of our own to what somebody left open for us. What we opened ourselves ends with an exec (`O_CLOEXEC`), so what does
/// not was there before us (proc(5), `fdinfo`).
pub(crate) fn opened(number: u32) -> io::Result<File> {
    const CLOEXEC: u32 = 0o2_000_000;
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{number}"))?;
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    if flags.is_none_or(|flags| flags & CLOEXEC != 0) {
        return Err(io::Error::new(io::ErrorKind::NotFound, "nobody handed it over"));
    }
    File::open(format!("/proc/self/fd/{number}"))
}

/// Nobody reads it again, or inherits it.
pub(crate) fn close(number: u32) -> io::Result<()> {
    let number = i32::try_from(number).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(nix::unistd::close(number)?)
}

/// All that there is, at most `most` bytes; a vector that grows leaves nothing behind.
pub(crate) fn whole(mut from: impl Read, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let mut piece = Zeroizing::new([0; 4096]);
    while bytes.len() < most {
        let room = piece.len().min(most - bytes.len());
        match from.read(piece.get_mut(..room).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => {
                let mut larger = Vec::with_capacity(bytes.len() + count);
                larger.extend_from_slice(&bytes);
                larger.extend_from_slice(piece.get(..count).unwrap_or_default());
                bytes.zeroize();
                *bytes = larger;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn what_is_handed_over_is_taken_once() {
        let given: Vec<u8> = (0..10_000_u32).flat_map(u32::to_be_bytes).collect();
        let file = std::mem::ManuallyDrop::new(hand_over(&given).unwrap());
        let number = u32::try_from(file.as_raw_fd()).unwrap();
        assert_eq!(*take_over(number).unwrap(), given);
        assert!(take_over(number).is_err());
    }

    #[test]
    fn what_somebody_else_left_open_is_not_taken() {
        let (reader, _writer) = io::pipe().unwrap();
        rustix::io::fcntl_setfd(&reader, rustix::io::FdFlags::empty()).unwrap();
        assert!(take_over(u32::try_from(reader.as_raw_fd()).unwrap()).is_err());
        let kept = tempfile::tempfile().unwrap();
        assert!(take_over(u32::try_from(kept.as_raw_fd()).unwrap()).is_err());
    }
}
