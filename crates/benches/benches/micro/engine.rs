//! Rulings: everything that is decided about a call on its way out, and about its result on its way back.

use bytes::Bytes;
use doorward_benches::Suite;
use doorward_engine::{Ruling, clear};
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
    for (name, turn, own, secret) in [
        ("nothing is known of", false, "", false),
        ("a turn is known of", true, "", false),
        ("a turn is known of, and that read a secret", true, "", true),
        ("a turn is known of, under a policy about sources", true, SOURCES, false),
    ] {
        let mut scene = Scene::mailing(turn, own);
        if secret {
            scene.hear("name: deploy\npassword: q7Lm2x9Rt4Kp8ZwVb31\n");
        }
        // A refusal costs something else.
        let Ruling::Go(_, judgement) = scene.rule() else { continue };
        suite.bench(&format!("rule on a small mail in a conversation that {name}"), || scene.rule());
        let mut history = scene.history.clone();
        suite.bench(&format!("let it leave, in a conversation that {name}"), || {
            history.left(&scene.view, &scene.subject(), &judgement, NOW)
        });
        suite.bench(&format!("take in its small answer, in a conversation that {name}"), || scene.hear(texts::ANSWER));
    }
}

/// A policy of an operator that asks where values came from.
const SOURCES: &str = r#"@id("named") forbid (principal is Server, action == Action::"call", resource is Tool)
    when { resource.sink && context.flow.recipient.integrity == "untrusted" };"#;
