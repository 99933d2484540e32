use crate::kit::*;
use doorward_audit::{
    Event, OutcomeRecord, Record, Ruling,
    merkle::{Head, consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion},
};
use doorward_store::{OpenError, Options, Trail, TrailError, trail::Check, trail::Reader, trail::Tiles};
use doorward_vocab::{Reason, ReasonCode};
use std::{fs, io::Write, os::unix::fs::PermissionsExt};

fn records(dir: &std::path::Path) -> Vec<Vec<u8>> {
    let mut reader = Reader::new(dir);
    std::iter::from_fn(|| reader.next().unwrap().map(|e| e.record)).collect()
}

#[test]
fn what_is_committed_is_there_and_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    let receipt = wait(trail.commit(at(1), &ruling(call(1)))).unwrap();
    assert_eq!((receipt.index(), receipt.durable()), (0, true));
    let receipt = trail.record(at(2), &ruling(call(2))).unwrap();
    assert_eq!((receipt.index(), receipt.durable()), (1, false));
    assert_eq!(wait(trail.append_durable(&Record::outcome(at(3), outcome(call(2))))).unwrap(), 2);
    // A gateway is still running.
    assert!(verify(dir.path()).is_good());
    drop(trail);
    let report = verify(dir.path());
    assert_eq!((report.is_good(), report.records, report.signed), (true, 3, 3), "{report:?}");
    assert_eq!(
        Record::decode(&records(dir.path())[0]).unwrap(),
        Record::ruling(at(1), {
            let Event::Ruling(r) = Record::decode(&records(dir.path())[0]).unwrap().event else { panic!() };
            doorward_audit::Ruling { call: r.call, ..ruling(r.call) }
        })
    );
    let mode = |f: &str| fs::metadata(dir.path().join(f)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("key"), mode("key.pub")), (0o600, 0o644));
}

#[test]
fn records_are_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    trail.check_with(Box::new(Words));
    let finding = |note: &'static str| {
        let reasons = [Reason::new(ReasonCode::Forbidden, note)];
        OutcomeRecord { reasons: reasons.to_vec(), ..outcome(call(1)) }
    };
    trail.record(at(1), &ruling(call(1))).unwrap();
    trail.record(at(1), &Ruling { rationale: Some("because xyzzy".into()), ..ruling(call(1)) }).unwrap();
    trail.append(&Record::outcome(at(2), finding("xyzzy"))).unwrap();
    // A word of the gateway's own is never one that others said.
    trail.append(&Record::outcome(at(2), finding("nothing"))).unwrap();
    wait(trail.append_durable(&Record::outcome(at(3), finding("xyzzy")))).unwrap();
    drop(trail);
    assert!(verify(dir.path()).is_good());
    let changed: Vec<bool> = records(dir.path()).iter().map(|r| String::from_utf8_lossy(r).contains("gone")).collect();
    assert_eq!(changed, [false, true, true, false, true]);
    assert!(records(dir.path()).iter().all(|r| !String::from_utf8_lossy(r).contains("xyzzy")));
}

/// Looks for two words; one of them is a word of the format.
struct Words;

impl Check for Words {
    fn looks(&self) -> bool {
        true
    }
    fn sees(&self, texts: &[u8]) -> bool {
        let text = String::from_utf8_lossy(texts);
        assert!(!text.contains("outcome\"") && !text.contains("sha256:"), "{text}");
        text.contains("xyzzy")
    }
    fn cleaned(&self, record: &[u8]) -> Option<Vec<u8>> {
        Some(String::from_utf8_lossy(record).replace("xyzzy", "gone").into_bytes())
    }
}

#[test]
fn opening_again_goes_on_with_the_same_tree() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=5 {
        let trail = open(dir.path());
        fill(&trail, 300);
        drop(trail);
        let report = verify(dir.path());
        assert_eq!((report.problems.as_slice(), report.signed), ([].as_slice(), 300 * round));
    }
    assert!(fs::read_dir(dir.path().join("segments")).unwrap().count() > 3);
    // Proofs made from the tiles hold against the signed root.
    let (all, tiles, size) = (records(dir.path()), Tiles::new(dir.path()), 1280);
    let leaves: Vec<_> = all.iter().map(|r| leaf_hash(r)).collect();
    let root = |n: usize| leaves[..n].iter().copied().collect::<Head>().root();
    let path = inclusion_proof(&tiles, 777, size).unwrap();
    assert_eq!(verify_inclusion(&leaves[777], 777, size, &root(1280), &path), Ok(()));
    let proof = consistency_proof(&tiles, 1000, size).unwrap();
    assert_eq!(verify_consistency((1000, &root(1000)), (size, &root(1280)), &proof), Ok(()));
}

#[test]
fn one_process_holds_a_trail() {
    let dir = tempfile::tempdir().unwrap();
    let _trail = open(dir.path());
    let again = Trail::open(dir.path(), &Noon, small()).err().unwrap();
    assert!(matches!(again, OpenError::Locked { .. }), "{again}");
    assert!(again.to_string().contains(&std::process::id().to_string()));
}

#[test]
fn a_torn_tail_is_cut_kept_apart_and_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    fill(&trail, 3);
    drop(trail);
    let segment = dir.path().join("segments/00000000000000000000.seg");
    fs::OpenOptions::new().append(true).open(&segment).unwrap().write_all(&[0, 0, 3, 1, 7]).unwrap();
    let report = verify(dir.path());
    assert!(report.is_good() && report.notes[0].contains("5 bytes"), "{report:?}");
    drop(open(dir.path()));
    let Event::Recovered(r) = Record::decode(records(dir.path()).last().unwrap()).unwrap().event else { panic!() };
    assert_eq!((&*r.what, r.bytes, r.size), ("tail", 5, 3));
    assert_eq!(fs::read(segment.with_file_name("00000000000000000003.torn")).unwrap(), [0, 0, 3, 1, 7]);
    assert!(verify(dir.path()).is_good());
}

#[test]
fn a_trail_that_lost_signed_records_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    fill(&trail, 10);
    drop(trail);
    let segment = dir.path().join("segments/00000000000000000000.seg");
    let bytes = fs::read(&segment).unwrap();
    let open = || Trail::open(dir.path(), &Noon, small()).err().map(|e| e.to_string()).unwrap_or_default();
    fs::write(&segment, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(open(), "the trail holds 9 records but 10 were signed: records are missing; run `doorward log verify`");
    fs::write(&segment, &bytes).unwrap();
    fs::rename(dir.path().join("key"), dir.path().join("elsewhere")).unwrap();
    assert!(open().contains("it is missing; restore it"), "{}", open());
    fs::rename(dir.path().join("elsewhere"), dir.path().join("key")).unwrap();
    fs::remove_file(dir.path().join("checkpoint")).unwrap();
    assert!(open().contains("it is missing; run `doorward log verify`"), "{}", open());
    fs::remove_file(dir.path().join("checkpoints")).unwrap();
    assert!(open().contains("it is missing; run `doorward log verify`"), "{}", open());
}

#[test]
fn lost_tiles_are_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    fill(&trail, 1000);
    drop(trail);
    let tile = dir.path().join("tile/0/000");
    let good = fs::read(&tile).unwrap();
    for damage in [None, Some(vec![0; 8192]), Some(b"short".to_vec())] {
        match damage {
            None => fs::remove_file(&tile).unwrap(),
            Some(bytes) => fs::write(&tile, bytes).unwrap(),
        }
        assert!(!verify(dir.path()).is_good());
        drop(open(dir.path()));
        assert_eq!(fs::read(&tile).unwrap(), good);
        assert!(verify(dir.path()).is_good(), "{:?}", verify(dir.path()));
    }
}

#[test]
fn a_full_buffer_and_a_closed_trail_refuse() {
    let dir = tempfile::tempdir().unwrap();
    let trail = Trail::open(dir.path(), &Noon, Options { max_waiting: 10, ..small() }).unwrap();
    assert!(matches!(trail.record(at(0), &ruling(call(0))), Err(TrailError::Full { .. })));
    trail.close().unwrap();
    assert!(matches!(trail.append(&Record::outcome(at(0), outcome(call(0)))), Err(TrailError::Closed)));
    assert_eq!(verify(dir.path()).records, 0);
}

#[test]
fn when_the_disk_fails_nothing_more_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let trail = Trail::open(dir.path(), &Noon, Options { segment_bytes: 1, ..small() }).unwrap();
    fill(&trail, 255);
    // The next segment cannot be made: its name is taken by a directory.
    fs::create_dir(dir.path().join("segments/00000000000000000256.seg")).unwrap();
    let results: Vec<_> = (0..3).map(|i| wait(trail.commit(at(i), &ruling(call(i)))).map(|r| r.index())).collect();
    assert_eq!(results[0].as_ref().ok(), Some(&255));
    assert!(matches!(results[1], Err(TrailError::Failed(_))), "{results:?}");
    assert!(matches!(results[2], Err(TrailError::Failed(_))), "{results:?}");
    assert!(!trail.healthy() && trail.failure().is_some());
    assert!(trail.append(&Record::outcome(at(0), outcome(call(0)))).is_err());
    assert!(trail.close().is_err());
}

#[test]
fn many_threads_share_the_commits() {
    let dir = tempfile::tempdir().unwrap();
    let trail = open(dir.path());
    let mut indexes: Vec<u64> = std::thread::scope(|s| {
        let work = |_| {
            s.spawn(|| {
                (0..50).map(|i| wait(trail.commit(at(i), &ruling(call(i)))).unwrap().index()).collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..8).map(work).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    indexes.sort_unstable();
    assert!(indexes.into_iter().eq(0..400));
    drop(trail);
    assert_eq!(verify(dir.path()).signed, 400);
}
