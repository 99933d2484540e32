//! The messages that the benchmarks work on.

/// A small call, as an agent sends it.
pub(crate) const CALL: &str = concat!(
    r#"{"jsonrpc":"2.0","id":41,"method":"tools/call","params":{"name":"echo","arguments":{"text":"#,
    r#""the parcel for bay twelve left at noon, signed for"},"_meta":{"dev.doorward/conversation":"bench-1"}}}"#
);

/// A call of a tool that sends something.
pub(crate) const MAIL: &str = concat!(
    r#"{"jsonrpc":"2.0","id":42,"method":"tools/call","params":{"name":"send_mail","arguments":{"to":"ann.miller@example.org","#,
    r#""body":"The parcel for bay twelve left at noon."},"_meta":{"dev.doorward/conversation":"bench-1"}}}"#
);

/// The text that a small call brings back.
pub(crate) const ANSWER: &str = "the parcel for bay twelve left at noon, signed for";

/// Lines of a harmless log, so many KiB of them.
pub(crate) fn lines(kib: usize) -> String {
    const LINE: &str = "2026-03-14 09:12 depot-17 #48213 parcel sorted to bay twelve, north dock, 3.4 kg\n";
    LINE.repeat((kib << 10).div_ceil(LINE.len()))
}

/// The result of a call whose text has so many KiB.
pub(crate) fn result(kib: usize) -> String {
    answer(&lines(kib))
}

/// The result of a call with this text, which needs no escapes but for its line breaks.
pub(crate) fn answer(text: &str) -> String {
    let text = text.replace('\n', r"\n");
    format!(r#"{{"jsonrpc":"2.0","id":41,"result":{{"content":[{{"type":"text","text":"{text}"}}],"isError":false}}}}"#)
}

/// Sentences, so many KiB of them.
pub(crate) fn prose(kib: usize) -> String {
    const TEXT: &str = "The harbour office moved to the second floor in spring, and whoever comes for a permit now waits where \
        the library used to be. Nobody complained: the chairs are better, and the window looks over the water. \
        On Mondays, however, the queue is internationally famous.\n\n";
    TEXT.repeat((kib << 10).div_ceil(TEXT.len()))
}

/// Lines with what looks most like a secret and is none, so many KiB of them.
pub(crate) fn digests(kib: usize) -> String {
    const LINE: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  \
        ./target/release/build/parcel-sorter-1f2e3d4c/out/generated.rs\n";
    LINE.repeat((kib << 10).div_ceil(LINE.len()))
}

/// Sentences in base64, twice, so many KiB of it.
pub(crate) fn nested(kib: usize) -> String {
    let encode = |text: &str| doorward_detect::encoded::base64(text);
    encode(&encode(&prose(kib * 9 / 16)))
}
