//! The trail: one record, its leaf, and the signature under many.

use doorward_audit::merkle::{Head, leaf_hash};
use doorward_audit::{Checkpoint, SigningKey, encode_ruling};
use doorward_benches::Suite;
use doorward_engine::{Judgement, Ruling};

use crate::scene::{Estate, NOW, Scene};

pub(crate) fn benches(suite: &mut Suite) {
    let scene = Scene::new(Estate::Bare);
    let (Ruling::Go(_, judgement) | Ruling::Stop(judgement)) = scene.rule();
    suite.bench("record of a ruling", || Judgement::record(&judgement, &scene.subject()));

    let record = judgement.record(&scene.subject());
    let mut bytes = Vec::new();
    encode_ruling(NOW, &record, &mut bytes);
    let mut out = Vec::with_capacity(bytes.len());
    suite.bench_bytes("encode the record of a ruling", bytes.len(), || {
        out.clear();
        encode_ruling(NOW, &record, &mut out);
        out.len()
    });
    suite.bench_bytes("leaf of a record", bytes.len(), || leaf_hash(&bytes));

    let leaf = leaf_hash(&bytes);
    let mut head = Head::new();
    suite.bench("push a leaf", || head.push(leaf));
    let key = SigningKey::from_seed("bench", [7; 32]).expect("a name for a key");
    suite.bench("sign a checkpoint", || Checkpoint::sign(1_000_000, leaf, &key));
}
