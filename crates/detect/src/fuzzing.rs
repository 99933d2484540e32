//! Entry points for fuzzers: anything may come in, nothing may panic, and every span must be usable.

use crate::{DefinitionContext, KnownSecrets, Scanner, Settings, Text, definition, encoded, reading};
use definition::change::{Form, Verdict, compare};
use doorward_vocab::{Channel, Effects, Severity};
use std::sync::OnceLock;

/// Feeds `data` to every detector on every channel, to the decoders, to the matcher of known secrets and to the digest.
///
/// # Panics
/// When a span cannot be cut out of its text: that is the bug the fuzzer looks for.
pub fn fuzz_scan(data: &[u8]) {
    static SCANNER: OnceLock<Option<Scanner>> = OnceLock::new();
    let text = String::from_utf8_lossy(data);
    let context =
        DefinitionContext { server: "notes", name: &text, others: &[("mail", "send_email"), ("files", "read_file")] };
    if let Some(scanner) = SCANNER.get_or_init(|| Scanner::new(&Settings::default()).ok()) {
        for channel in [Channel::Definition, Channel::Result, Channel::Turn] {
            for found in scanner.scan_definition(&[Text { path: "/description", text: &text, channel }], &context) {
                assert!(text.get(found.finding.span).is_some_and(|cut| !cut.is_empty()));
            }
        }
    }
    let known = KnownSecrets::new(&[7; 32]);
    let _ = known.add("whole", data);
    let _ = known.add("fixed", b"correct-horse");
    for found in known.find(data) {
        assert!(data.get(found.span).is_some());
    }
    let decoded = [encoded::in_base64(&text, Some("text/plain")), encoded::in_data_uri(&text), encoded::in_uri(&text)];
    assert!(decoded.into_iter().flatten().all(|decoded| decoded.len() <= text.len() * 3));
    assert!(encoded::in_base64(&encoded::base64(&text), Some("text/plain")).is_none_or(|back| back == text));
    let _ = definition::digest(data);
    let effects = definition::infer_effects(&text, &text, definition::Annotations::default(), &text);
    assert!(effects == Effects::NONE || effects.iter().count() > 0);
}

/// Reads `data` in every way.
///
/// # Panics
/// When a reading breaks a law: the first is the text, all together are bounded, and what a part of one came from can be
/// cut out of the text, is something, and is no less for a wider part.
pub fn fuzz_reading(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let readings = reading::Readings::of(&text);
    let mut total = 0;
    for (n, reading) in readings.iter().enumerate() {
        assert_eq!(n == 0, reading.depth() == 0 && reading.ways().is_none() && reading.text() == text);
        assert!(reading.depth() <= reading::DEPTH);
        total += reading.text().len();
        let places: Vec<usize> = reading.text().char_indices().map(|(at, _)| at).collect();
        // Every part would be too many of them.
        let step = places.len() / 24 + 1;
        for start in places.iter().step_by(step) {
            let mut last = reading.original(*start..*start);
            for end in places.iter().chain([&reading.text().len()]).filter(|end| *end > start).step_by(step) {
                let span = reading.original(*start..*end);
                assert!(text.get(span.clone()).is_some_and(|cut| !cut.is_empty()), "{span:?}");
                assert!(span.start <= last.start && last.end <= span.end, "{last:?} then {span:?}");
                last = span;
            }
        }
    }
    assert!(total <= text.len() * 3 + 1024, "{total} of {}", text.len());
}

/// Compares what stands before the first null byte with what stands after it, as definitions of every form.
///
/// # Panics
/// When a comparison breaks a law: what is the same is the same, the gravest change comes first, and only what is harmless
/// by rule is called so.
pub fn fuzz_change(data: &[u8]) {
    static SCANNER: OnceLock<Option<Scanner>> = OnceLock::new();
    let Some(scanner) = SCANNER.get_or_init(|| Scanner::new(&Settings::default()).ok()) else { return };
    let mut parts = data.splitn(2, |b| *b == 0);
    let (before, after) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let context =
        DefinitionContext { server: "notes", name: "add", others: &[("mail", "send_email"), ("notes", "add")] };
    for form in [Form::Tool, Form::Prompt, Form::Resource, Form::Card, Form::Text, Form::App] {
        assert_eq!(compare(scanner, form, after, after, &context), Verdict::Same);
        let verdict = compare(scanner, form, before, after, &context);
        let changes = verdict.changes();
        assert!(changes.is_sorted_by(|a, b| a.severity >= b.severity), "{changes:?}");
        let risky = changes.first().is_some_and(|worst| worst.severity > Severity::Info);
        assert_eq!(verdict.is_risky(), risky, "{changes:?}");
        assert_eq!(verdict == Verdict::Same, changes.is_empty());
    }
    let kin = definition::change::kinship(after, after);
    assert_eq!(kin, definition::change::Kinship::Same);
}
