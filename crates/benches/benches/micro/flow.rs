//! Where values come from: what it costs to take in a result, and to ask about an argument of a long conversation.

use crate::texts;
use doorward_benches::Suite;
use doorward_flow::{Index, Settings, Source, classes};
use doorward_vocab::{CallId, Entropy, Label, ServerName, Standing, Timestamp, TurnId};

struct Fixed;

impl Entropy for Fixed {
    fn draw(&self) -> [u8; 16] {
        [7; 16]
    }
}

pub(crate) fn benches(suite: &mut Suite) {
    let call = CallId::mint(Timestamp::from_micros(1), &Fixed);
    let server: ServerName = "notes".parse().expect("a good name");
    let source = Source::result(call, &server, "list", Standing::of(Label::OUTSIDE));
    let texts =
        [("lines of a log", texts::lines(8)), ("prose", texts::prose(8)), ("a result in JSON", texts::result(8))];
    let mut full = Index::new(Settings::new([7; 16]));
    full.turn(TurnId::mint(Timestamp::from_micros(1), &Fixed), "Please send the notes to ann.miller@example.org.");
    for (n, (_, text)) in (0..200).zip(texts.iter().cycle()) {
        // Each result is another one.
        let text = text.replace('e', &(n % 7).to_string()).replace('a', &format!("o{n}"));
        full.result(&source, [("/content/0/text", text.get(..text.floor_char_boundary(8192)).unwrap_or_default())]);
    }
    assert!(full.memory() <= 64 * 1024, "{} bytes", full.memory());
    for (name, text) in &texts {
        let mut index = Index::new(Settings::new([7; 16]));
        suite.bench_bytes(&format!("take in {name}"), text.len(), || {
            index.result(&source, [("/content/0/text", text.as_str())])
        });
        let mut index = full.clone();
        suite.bench_bytes(&format!("take in {name} after 200 results"), text.len(), || {
            index.result(&source, [("/content/0/text", text.as_str())])
        });
    }
    let leaves = [
        ("a common word", "main"),
        ("an address that was said", "ann.miller@example.org"),
        ("an address that nobody said", "walter.brandt@other.example"),
        ("a path", "src/front/handler.rs"),
        ("a URL", "https://www.example.com/notes/today?page=2"),
        ("a date", "2026-03-14"),
        ("a number", "4821357"),
        ("an id", "5c7d9406-cc09-5eb4-0ced-81028c54226f"),
        ("a sentence", "Please find the notes of the meeting below, and let me know what is missing."),
    ];
    for (name, leaf) in leaves {
        suite.bench(&format!("trace {name} ({} bytes)", leaf.len()), || full.trace(leaf));
    }
    let call: Vec<(&str, &str)> = leaves.iter().take(4).map(|(_, leaf)| ("/x", *leaf)).collect();
    suite.bench("trace a call of four arguments", || full.trace_call(&server, "send", &call));
    let secret = "name: deploy\npassword: q7Lm2x9Rt4Kp8ZwVb31\nhost: db-4.example\n";
    for (name, text) in
        [("a small answer", secret), ("a result in JSON", texts[2].1.as_str()), ("lines of a log", texts[0].1.as_str())]
    {
        suite.bench_bytes(&format!("look for secrets in {name}"), text.len(), || classes::secrets(text).count());
        suite.bench_bytes(&format!("look what {name} is about"), text.len(), || classes::of(text));
    }
}
