//! Secrets at rest in memory: shown for one use, taken in.

use doorward_benches::Suite;
use doorward_seal::Shielded;
use doorward_vocab::Secret;

pub(crate) fn benches(suite: &mut Suite) {
    for bytes in [32, 1024, 8192] {
        let secret = || Secret::new(vec![b'x'; bytes]);
        let held = Shielded::new(secret()).expect("a secret can be held");
        suite.bench(&format!("show a secret of {bytes} bytes"), || held.reveal(|shown| shown.len()));
        suite.bench(&format!("take in a secret of {bytes} bytes"), || Shielded::new(secret()).is_ok());
    }
}
