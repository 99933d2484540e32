//! Whatever is done to a closed trail is found.

use crate::kit::*;
use doorward_audit::{Checkpoint, ProblemKind, Report, SigningKey};
use doorward_store::trail::Trust;
use proptest::prelude::*;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};
use tempfile::TempDir;

const RECORDS: u64 = 900;

/// A closed trail of several segments and tiles; each test works on a copy.
static GOOD: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    for n in [100, 400, RECORDS - 500] {
        let trail = open(dir.path());
        fill(&trail, n);
    }
    assert!(verify(dir.path()).is_good());
    dir
});

fn copy() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy_dir(GOOD.path(), dir.path());
    dir
}

/// Every file that a verification looks at.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if !["key", "lock"].contains(&path.file_name().unwrap().to_str().unwrap()) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The frames of a segment: where each begins and ends.
fn frames(bytes: &[u8]) -> Vec<(usize, usize)> {
    let (mut at, mut frames) = (24, Vec::new());
    while at < bytes.len() {
        let end = at + 44 + u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        frames.push((at, end));
        at = end;
    }
    frames
}

fn segment(dir: &Path, n: prop::sample::Index) -> (PathBuf, Vec<u8>, Vec<(usize, usize)>, u64) {
    let segments: Vec<_> = files(dir).into_iter().filter(|f| f.extension().is_some_and(|e| e == "seg")).collect();
    let path = segments[n.index(segments.len())].clone();
    let bytes = fs::read(&path).unwrap();
    let frames = frames(&bytes);
    let first = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    (path, bytes, frames, first)
}

/// Rewrites a frame as a forger would who knows the format: index and leaf hash fit.
fn forge(frame: &[u8], index: u64, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut frame = frame.to_vec();
    frame[4..12].copy_from_slice(&index.to_be_bytes());
    change(&mut frame[44..]);
    let leaf = doorward_audit::merkle::leaf_hash(&frame[44..]);
    frame[12..44].copy_from_slice(leaf.as_bytes());
    frame
}

fn kinds(report: &Report) -> Vec<ProblemKind> {
    report.problems.iter().map(|p| p.kind).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bit_of_any_file(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let dir = copy();
        let files = files(dir.path());
        let path = &files[file.index(files.len())];
        let mut bytes = fs::read(path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        fs::write(path, bytes).unwrap();
        prop_assert!(!verify(dir.path()).is_good(), "{} byte {at} bit {bit}", path.display());
    }

    #[test]
    fn any_missing_file(file in any::<prop::sample::Index>()) {
        let dir = copy();
        let files = files(dir.path());
        let path = &files[file.index(files.len())];
        fs::remove_file(path).unwrap();
        prop_assert!(!verify(dir.path()).is_good(), "{}", path.display());
    }

    #[test]
    fn a_record_edited_with_its_hash(n in any::<prop::sample::Index>(), which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let dir = copy();
        let (path, mut bytes, frames, first) = segment(dir.path(), n);
        let which = which.index(frames.len());
        let (start, end) = frames[which];
        let index = first + which as u64;
        let forged = forge(&bytes[start..end], index, |r| r[at.index(r.len())] ^= 1);
        bytes[start..end].copy_from_slice(&forged);
        fs::write(path, bytes).unwrap();
        let report = verify(dir.path());
        prop_assert!(report.first_bad().is_some_and(|bad| bad <= index), "{report:?}");
        if index < RECORDS / 256 * 256 {
            prop_assert!(report.problems.iter().any(|p| p.kind == ProblemKind::Edited && p.index == Some(index)), "{report:?}");
        }
    }

    #[test]
    fn a_deleted_record(n in any::<prop::sample::Index>(), which in any::<prop::sample::Index>(), renumber in any::<bool>()) {
        let dir = copy();
        let (path, bytes, frames, first) = segment(dir.path(), n);
        let which = which.index(frames.len());
        let mut cut = bytes[..frames[which].0].to_vec();
        for (n, (start, end)) in frames.iter().enumerate().skip(which + 1) {
            let index = first + n as u64 - u64::from(renumber);
            cut.extend(forge(&bytes[*start..*end], index, |_| ()));
        }
        fs::write(path, cut).unwrap();
        let report = verify(dir.path());
        prop_assert!(report.first_bad().is_some_and(|bad| bad <= first + which as u64), "{report:?}");
    }

    #[test]
    fn two_records_swapped(n in any::<prop::sample::Index>(), which in any::<prop::sample::Index>(), renumber in any::<bool>()) {
        let dir = copy();
        let (path, bytes, frames, first) = segment(dir.path(), n);
        let which = which.index(frames.len() - 1);
        let index = |n: usize| first + n as u64;
        let (a, b) = (frames[which], frames[which + 1]);
        let mut swapped = bytes[..a.0].to_vec();
        swapped.extend(forge(&bytes[b.0..b.1], index(which + usize::from(!renumber)), |_| ()));
        swapped.extend(forge(&bytes[a.0..a.1], index(which + usize::from(renumber)), |_| ()));
        swapped.extend_from_slice(&bytes[b.1..]);
        fs::write(path, swapped).unwrap();
        let report = verify(dir.path());
        prop_assert!(report.first_bad().is_some_and(|bad| bad <= index(which)), "{report:?}");
    }

    #[test]
    fn a_cut_tail(bytes in 1..40_000_u64) {
        let dir = copy();
        let last = files(dir.path()).into_iter().rfind(|f| f.extension().is_some_and(|e| e == "seg")).unwrap();
        let length = fs::metadata(&last).unwrap().len();
        fs::OpenOptions::new().write(true).open(&last).unwrap().set_len(length - bytes.min(length)).unwrap();
        prop_assert!(!verify(dir.path()).is_good());
    }
}

/// The whole state as it was earlier: only a checkpoint that was kept elsewhere tells.
#[test]
fn rolled_back_to_an_earlier_state() {
    let dir = copy();
    let trail = open(dir.path());
    fill(&trail, 10);
    drop(trail);
    let kept = fs::read_to_string(dir.path().join("checkpoint")).unwrap();
    let back = copy();
    assert!(verify(back.path()).is_good());
    let trust = Trust { checkpoint: Some(kept), key: None };
    let report = doorward_store::trail::verify(back.path(), &trust, |_| ()).unwrap();
    assert_eq!((kinds(&report), report.first_bad()), (vec![ProblemKind::Truncated], Some(RECORDS)));
    // The gateway goes on from there: the same size again, with other records.
    let trail = open(back.path());
    fill(&trail, 10);
    drop(trail);
    assert!(verify(back.path()).is_good());
    let report = doorward_store::trail::verify(back.path(), &trust, |_| ()).unwrap();
    assert!(kinds(&report).contains(&ProblemKind::Forked), "{report:?}");
}

#[test]
fn the_checkpoint_alone_rolled_back() {
    let dir = copy();
    let before = fs::read_to_string(dir.path().join("checkpoint")).unwrap();
    let trail = open(dir.path());
    fill(&trail, 10);
    drop(trail);
    fs::write(dir.path().join("checkpoint"), &before).unwrap();
    // The history still has the newer one: the gateway starts, since all it speaks of is there.
    drop(open(dir.path()));
    assert!(verify(dir.path()).is_good());
    // With the segments cut to the old size it does not.
    let other = copy();
    fs::copy(dir.path().join("checkpoints"), other.path().join("checkpoints")).unwrap();
    let report = verify(other.path());
    assert!(kinds(&report).contains(&ProblemKind::Truncated), "{report:?}");
    assert!(doorward_store::Trail::open(other.path(), &Noon, small()).is_err());
}

#[test]
fn two_heads_of_one_size() {
    let dir = copy();
    let key = SigningKey::from_secret_text(&fs::read_to_string(dir.path().join("key")).unwrap()).unwrap();
    let fork = Checkpoint::sign(RECORDS, doorward_vocab::Digest::of(b"another history"), &key);
    let trust = Trust { checkpoint: Some(fork), key: None };
    let report = doorward_store::trail::verify(dir.path(), &trust, |_| ()).unwrap();
    assert!(kinds(&report).contains(&ProblemKind::Forked), "{report:?}");
}

#[test]
fn another_key_in_the_place_of_ours() {
    let dir = copy();
    let kept = doorward_audit::VerifierKey::parse(&fs::read_to_string(dir.path().join("key.pub")).unwrap()).unwrap();
    let other = tempfile::tempdir().unwrap();
    drop(open(other.path()));
    let report =
        doorward_store::trail::verify(other.path(), &Trust { checkpoint: None, key: Some(kept) }, |_| ()).unwrap();
    assert!(kinds(&report).contains(&ProblemKind::Signature), "{report:?}");
}
