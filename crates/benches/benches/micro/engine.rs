//! Rulings: everything that is decided about a call on its way out, and about its result on its way back.

use bytes::Bytes;
use doorward_benches::Suite;
use doorward_engine::clear;
use doorward_mcp::json::{Edits, Limits};
use doorward_mcp::{Side, decode};

use crate::scene::{Estate, NOW, Scene};
use crate::texts;

pub(crate) fn benches(suite: &mut Suite) {
    for (name, estate) in [("no policies", Estate::Bare), ("1,000 policies", Estate::Teams(199))] {
        let scene = Scene::new(estate);
        suite.bench(&format!("rule on a small call with {name} beside the level's"), || scene.rule());
    }
    let scene = Scene::new(Estate::Bare);
    for (name, text) in [("a small result", texts::answer(texts::ANSWER)), ("a result of 256 KiB", texts::result(256))]
    {
        let length = text.len();
        let result = decode(Bytes::from(text), &Limits::default(), Side::Server).expect("a result");
        let run = || clear(&scene.view, &scene.history, &scene.subject(), &result, Edits::new(), NOW);
        assert!(!run().changed, "harmless text was taken out");
        suite.bench_bytes(&format!("clear {name}"), length, run);
    }
}
