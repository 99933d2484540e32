//! What of a process a core dump would hold: its mapped memory as it is now, without what is excluded from dumps.
//!
//! Reading another process's memory takes the same user and a process that is dumpable, or the right to trace any
//! (`CAP_SYS_PTRACE`), which is what root has in most places: ask [`readable`] first.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
};

/// A mapping of memory that a core dump would hold.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Where it begins.
    pub start: u64,
    /// What it is mapped of; empty for memory of the process alone.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// A place where something that was looked for stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which of the things that were looked for, by its place in the list.
    pub what: usize,
    /// What the mapping is of.
    pub mapping: String,
    /// Its address.
    pub address: u64,
    /// Printable bytes around it, for whoever must find out how it came there.
    pub around: String,
}

/// Whether the memory of `pid` can be read at all.
#[must_use]
pub fn readable(pid: u32) -> bool {
    File::open(format!("/proc/{pid}/mem")).is_ok()
}

/// The memory of `pid` as a core dump would hold it: all that can be read, but files that are only read (their pages are the
/// file's) and what is excluded from dumps (`dd`) or is a device (`io`), by the flags in `smaps` (proc(5)). The process goes
/// on meanwhile; stop it for one moment of all.
///
/// # Errors
/// There is no such process, or it cannot be read.
pub fn as_dumped(pid: u32) -> io::Result<Vec<Mapping>> {
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let smaps = fs::read_to_string(format!("/proc/{pid}/smaps"))?;
    let mut found = Vec::new();
    let mut current: Option<Header> = None;
    for line in smaps.lines() {
        if let Some(header) = Header::read(line) {
            current = Some(header);
        } else if let Some(flags) = line.strip_prefix("VmFlags:")
            && let Some(header) = current.take()
        {
            let excluded = flags.split_whitespace().any(|flag| matches!(flag, "dd" | "io"));
            let is_file = header.name.starts_with('/') && !header.is_written;
            if excluded || is_file || !header.is_read || header.name == "[vvar]" || header.name == "[vsyscall]" {
                continue;
            }
            let bytes = read(&memory, header.start, header.end);
            found.push(Mapping { start: header.start, name: header.name, bytes });
        }
    }
    Ok(found)
}

/// Every place where one of `things` stands in `mappings`. An empty thing stands nowhere.
#[must_use]
pub fn places(mappings: &[Mapping], things: &[&[u8]]) -> Vec<Place> {
    let mut found = Vec::new();
    for mapping in mappings {
        for (what, thing) in things.iter().enumerate().filter(|(_, thing)| !thing.is_empty()) {
            for at in memchr::memmem::find_iter(&mapping.bytes, thing) {
                let around = mapping.bytes.get(at.saturating_sub(48)..).unwrap_or_default();
                let around = around.iter().take(128 + thing.len()).map(|b| shown(*b)).collect();
                let address = mapping.start + at as u64;
                found.push(Place { what, mapping: mapping.name.clone(), address, around });
            }
        }
    }
    found
}

/// The same for one thing in one text.
#[must_use]
pub fn find(text: &[u8], thing: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, thing)
}

fn shown(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' }
}

struct Header {
    start: u64,
    end: u64,
    is_read: bool,
    is_written: bool,
    name: String,
}

impl Header {
    /// `55d0-55d1 r--p 00000000 fe:00 42    /usr/bin/x`.
    fn read(line: &str) -> Option<Self> {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let hex = |text| u64::from_str_radix(text, 16).ok();
        let (start, end) = (hex(start)?, hex(end)?);
        let mut words = rest.split_whitespace();
        let rights = words.next()?;
        let name = words.skip(3).collect::<Vec<_>>().join(" ");
        Some(Self { start, end, is_read: rights.starts_with('r'), is_written: rights.contains('w'), name })
    }
}

/// What of the range can be read: pages that were never touched, and guards, are left out.
fn read(memory: &File, start: u64, end: u64) -> Vec<u8> {
    const STEP: u64 = 1 << 20;
    let mut bytes = Vec::new();
    let mut at = start;
    while at < end {
        let size = STEP.min(end - at);
        let mut piece = vec![0; usize::try_from(size).unwrap_or_default()];
        match memory.read_at(&mut piece, at) {
            Ok(count) if count > 0 => {
                piece.truncate(count);
                bytes.extend_from_slice(&piece);
                at += count as u64;
            }
            // Zeros keep addresses right.
            _ => {
                bytes.resize(bytes.len() + piece.len(), 0);
                at += size;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_memory_is_found_and_what_is_wiped_is_not() {
        let me = std::process::id();
        let mut mine = b"a-word-that-".to_vec();
        mine.extend_from_slice(std::process::id().to_string().as_bytes());
        mine.extend_from_slice(b"-is-nowhere-else");
        let looked_for = mine.clone();
        let before = places(&as_dumped(me).unwrap(), &[&looked_for]);
        assert!(before.iter().any(|p| p.address == mine.as_ptr() as u64), "{before:?}");
        let address = mine.as_ptr() as u64;
        mine.fill(0);
        let after = places(&as_dumped(me).unwrap(), &[&looked_for]);
        assert!(after.iter().all(|p| p.address != address), "{after:?}");
        assert_eq!(mine.first(), Some(&0));
    }
}
