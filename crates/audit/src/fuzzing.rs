//! What a fuzzer runs: each takes any bytes, and stops where a law is broken.

use crate::{
    Checkpoint, MAX_RECORD, Record, SigningKey, VerifierKey,
    merkle::{Tile, bundle_entries},
    open_note,
};

/// Reading a record never fails hard, and writing what was read is stable and short enough.
pub fn fuzz_record(bytes: &[u8]) {
    let Ok(record) = Record::decode(bytes) else { return };
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    record.encode(&mut once);
    assert!(once.len() <= MAX_RECORD, "a record of {} bytes", once.len());
    let again = Record::decode(&once);
    assert!(again.is_ok(), "what was written is not read: {again:?}");
    if let Ok(again) = again {
        again.encode(&mut twice);
        assert!(once == twice, "written twice, it differs");
    }
}

/// Reading notes, keys, checkpoints, tile paths and bundles never fails hard; what is read is written the same.
pub fn fuzz_note(bytes: &[u8]) {
    let _ = bundle_entries(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = SigningKey::from_secret_text(text);
    if let Ok(key) = VerifierKey::parse(text) {
        assert!(VerifierKey::parse(&key.to_string()).as_ref() == Ok(&key), "a key changes when it is written");
    }
    if let Ok(tile) = Tile::from_path(text) {
        assert!(tile.path() == text, "a path changes when it is written");
    }
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert!(text.starts_with(&checkpoint.to_string()), "a checkpoint changes when it is written");
    }
    if let Ok(key) = SigningKey::from_seed("fuzz", [7; 32]) {
        let _ = open_note(text, &key.verifier());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEEDS: [&str; 4] = [
        r#"{"kind":"stop","reason":"asked to","time":7,"v":1}"#,
        r#"{"by":{"id":"a","name":"b"},"kind":"config","time":1,"to":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","v":1,"what":"x"}"#,
        "fuzz\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— fuzz x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
        "tile/0/x001/x234/067.p/12",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn mutated_seeds(seed in 0..4_usize, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..6)) {
            let mut bytes = SEEDS[seed].as_bytes().to_vec();
            for (at, byte, what) in changes {
                if bytes.is_empty() {
                    break;
                }
                let at = at.index(bytes.len());
                match what {
                    0 => bytes[at] = byte,
                    1 => bytes.truncate(at),
                    _ => bytes.insert(at, byte),
                }
            }
            fuzz_record(&bytes);
            fuzz_note(&bytes);
        }
    }
}
