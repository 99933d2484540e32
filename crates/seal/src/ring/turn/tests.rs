use super::*;
use crate::{Keyring, Source};
use std::{os::unix::fs::PermissionsExt, sync::Arc};

const DAY: u64 = 24 * 60 * 60;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn file(state: &Path, name: &str) -> Outer {
    Outer::open(Source::File(state.join(name))).unwrap()
}

fn ring(state: &Path) -> Result<Keyring, SealError> {
    Keyring::open(state, file(state, "seal.key"), at(0))
}

/// The data key in force, which tests may see.
fn key(ring: &Keyring) -> (KeyId, Vec<u8>) {
    ring.current(|id, key| (id, key.to_vec())).unwrap()
}

#[test]
fn a_ring_is_made_once_and_opens_again() {
    let dir = tempfile::tempdir().unwrap();
    let state = Arc::new(dir.path().join("state"));
    let making = (0..8).map(|_| {
        let state = state.clone();
        std::thread::spawn(move || key(&ring(&state).unwrap()))
    });
    let made: Vec<_> = making.collect::<Vec<_>>().into_iter().map(|m| m.join().unwrap()).collect();
    assert!(made.iter().all(|one| *one == made[0] && one.1 != [0; 32]));
    assert_eq!(key(&ring(&state).unwrap()), made[0]);
    for name in ["seal.key", "seal.ring"] {
        let mode = fs::metadata(state.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    let text = fs::read(state.join("seal.ring")).unwrap();
    let hex: String = made[0].1.iter().map(|b| format!("{b:02x}")).collect();
    assert!(!text.windows(32).any(|w| w == made[0].1) && !String::from_utf8(text).unwrap().contains(&hex));
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    ring(dir.path()).unwrap();
    let path = dir.path().join("seal.key");
    for mode in [0o640, 0o604, 0o660, 0o610] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let said = ring(dir.path()).unwrap_err().to_string();
        assert!(said.contains(&format!("chmod 600 {}", path.display())), "{said}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    ring(dir.path()).unwrap();
}

#[test]
fn another_key_a_changed_ring_and_no_key_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let mine = key(&ring(dir.path()).unwrap());
    let (at_key, at_ring) = (dir.path().join("seal.key"), dir.path().join("seal.ring"));
    let (right, whole) = (fs::read(&at_key).unwrap(), fs::read_to_string(&at_ring).unwrap());

    fs::write(&at_key, [7; 32]).unwrap();
    assert!(ring(dir.path()).unwrap_err().to_string().contains("not what the keys are wrapped under"));
    fs::write(&at_key, b"short").unwrap();
    assert!(ring(dir.path()).unwrap_err().to_string().contains("exactly 32 bytes"));
    fs::remove_file(&at_key).unwrap();
    assert!(ring(dir.path()).unwrap_err().to_string().contains("cannot read"), "no key is made beside a ring");
    assert!(!at_key.exists());
    fs::write(&at_key, &right).unwrap();
    fs::set_permissions(&at_key, fs::Permissions::from_mode(0o600)).unwrap();

    // A wrap is good for its name and its time.
    for (from, to) in [("\"made\": 0", "\"made\": 1"), (&mine.0.to_string(), "0123456789abcdef")] {
        fs::write(&at_ring, whole.replace(from, to)).unwrap();
        let said = ring(dir.path()).unwrap_err().to_string();
        assert!(said.contains("was changed"), "{said}");
    }
    for nonsense in ["", "{}", &whole.replace("null", "5")] {
        fs::write(&at_ring, nonsense).unwrap();
        assert!(matches!(ring(dir.path()), Err(SealError::Book { .. })));
    }
    fs::write(&at_ring, whole).unwrap();
    assert_eq!(key(&ring(dir.path()).unwrap()), mine);
}

#[test]
fn a_new_data_key_is_followed_and_the_old_one_opens_until_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let outer = file(dir.path(), "seal.key");
    let running = ring(dir.path()).unwrap();
    let (old, bytes) = key(&running);

    let moved = turn(dir.path(), &outer, |_| 1, at(10)).unwrap();
    assert!(moved.current != old && moved.dropped.is_empty());
    // A running gateway sees it where something names it, before it looks by itself.
    assert!(running.named(moved.current, |_| ()).is_some());
    assert_eq!(key(&running).0, moved.current);
    assert_eq!(running.named(old, <[u8]>::to_vec), Some(bytes));

    // Nothing in the store has it, but clients may: it stays a day.
    assert!(turn(dir.path(), &outer, |_| 0, at(10 + DAY - 1)).unwrap().dropped.is_empty());
    assert!(turn(dir.path(), &outer, |id| u64::from(id == old), at(11 + 2 * DAY)).unwrap().dropped.len() == 1);
    assert!(running.named(old, |_| ()).is_some());
    assert_eq!(turn(dir.path(), &outer, |_| 0, at(12 + 3 * DAY)).unwrap().dropped.len(), 2);
    running.look();
    assert!(running.named(old, |_| ()).is_none());
    assert!(running.named(KeyId([9; 8]), |_| ()).is_none());
}

#[test]
fn a_running_gateway_follows_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let running = Arc::new(ring(dir.path()).unwrap());
    running.follow();
    let moved = turn(dir.path(), &file(dir.path(), "seal.key"), |_| 1, at(10)).unwrap();
    let start = std::time::Instant::now();
    while key(&running).0 != moved.current {
        assert!(start.elapsed() < std::time::Duration::from_secs(1), "not within a second");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // A ring that cannot be read changes nothing.
    fs::write(dir.path().join("seal.ring"), "{").unwrap();
    running.look();
    assert_eq!(key(&running).0, moved.current);
}

/// What a kill between two steps leaves behind opens, and is put right by the next change.
#[test]
fn a_change_of_outer_keys_can_be_cut_off_anywhere() {
    for steps in 0..=3 {
        let dir = tempfile::tempdir().unwrap();
        let outer = file(dir.path(), "seal.key");
        let before = key(&ring(dir.path()).unwrap());
        turn(dir.path(), &outer, |_| 1, at(10)).unwrap();
        let current = key(&ring(dir.path()).unwrap());
        let old_file = fs::read(dir.path().join("seal.key")).unwrap();

        let turning = Turning::begin(dir.path(), &outer, None).unwrap();
        if steps >= 1 {
            turning.add().unwrap();
        }
        if steps >= 2 {
            turning.commit().unwrap();
        }
        if steps >= 3 {
            turning.finish().unwrap();
        }
        let after = ring(dir.path()).unwrap();
        assert_eq!(key(&after), current, "after {steps} steps");
        assert_eq!(after.named(before.0, <[u8]>::to_vec), Some(before.1.clone()));

        turn_outer(dir.path(), &outer, None).unwrap();
        let status = status(dir.path(), &outer, |_| 0).unwrap();
        assert_eq!(status.outer.len(), 1, "after {steps} steps");
        assert_eq!(key(&ring(dir.path()).unwrap()), current);
        // The key of before opens nothing any more.
        assert_ne!(fs::read(dir.path().join("seal.key")).unwrap(), old_file);
        fs::write(dir.path().join("seal.key"), old_file).unwrap();
        assert!(ring(dir.path()).is_err());
    }
}

#[test]
fn keys_move_to_another_place() {
    let dir = tempfile::tempdir().unwrap();
    let current = key(&ring(dir.path()).unwrap());
    let (old, new) = (file(dir.path(), "seal.key"), file(dir.path(), "elsewhere.key"));
    let said = Keyring::open(dir.path(), file(dir.path(), "seal.ring"), at(0)).unwrap_err().to_string();
    assert!(said.contains("exactly 32 bytes"), "{said}");

    let turning = Turning::begin(dir.path(), &new, Some(&old)).unwrap();
    turning.add().unwrap();
    for outer in ["seal.key", "elsewhere.key"] {
        let both = Keyring::open(dir.path(), file(dir.path(), outer), at(0)).unwrap();
        assert_eq!(key(&both), current, "{outer}");
    }
    turn_outer(dir.path(), &new, Some(&old)).unwrap();
    assert_eq!(key(&Keyring::open(dir.path(), new, at(0)).unwrap()), current);
    assert!(ring(dir.path()).is_err());
}
