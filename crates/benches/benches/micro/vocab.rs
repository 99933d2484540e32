//! Words: digests.

use doorward_benches::Suite;
use doorward_vocab::Digest;

pub(crate) fn benches(suite: &mut Suite) {
    for kib in [1, 16, 256] {
        let bytes = vec![b'.'; kib << 10];
        suite.bench_bytes(&format!("digest of {kib} KiB"), bytes.len(), || Digest::of(&bytes));
    }
}
