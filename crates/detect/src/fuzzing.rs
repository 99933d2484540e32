//! Entry points for fuzzers: anything may come in, nothing may panic, and every span must be usable.

use crate::{DefinitionContext, KnownSecrets, Scanner, Settings, Text, definition, encoded};
use doorward_vocab::{Channel, Effects};
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
