//! Messages: reading, walking, splicing; beside it what a general JSON library takes for the envelope alone and for
//! the whole tree.

use bytes::Bytes;
use doorward_benches::Suite;
use doorward_mcp::json::{Document, Edits, Limits, Strictness};
use doorward_mcp::{Side, decode};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::texts;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    _id: Option<&'a RawValue>,
    #[serde(borrow, rename = "params")]
    _params: Option<&'a RawValue>,
    #[serde(borrow, rename = "result")]
    _result: Option<&'a RawValue>,
}

pub(crate) fn benches(suite: &mut Suite) {
    let limits = Limits::default();
    let call = Bytes::from_static(texts::CALL.as_bytes());
    suite.bench_bytes("decode a small call", call.len(), || decode(call.clone(), &limits, Side::Client));
    suite.bench_bytes("library: envelope of a small call", call.len(), || {
        serde_json::from_slice::<Envelope<'_>>(&call).is_ok()
    });
    suite.bench_bytes("library: tree of a small call", call.len(), || {
        serde_json::from_slice::<serde_json::Value>(&call)
    });
    if let Ok(doc) = Document::parse(call.clone(), &limits, Strictness::Request) {
        suite.bench("walk the texts of a small call", || doc.root().texts().map(|(text, _)| text.len()).sum::<usize>());
        suite.bench("set a name in a small call", || {
            let mut edits = Edits::new();
            if let Some(params) = doc.root().get("params") {
                edits.set(params, "name", "\"print\"");
            }
            edits.apply(&doc)
        });
    }
    for kib in [1, 16, 256] {
        let result = Bytes::from(texts::result(kib));
        let length = result.len();
        suite.bench_bytes(&format!("decode a result of {kib} KiB"), length, || {
            decode(result.clone(), &limits, Side::Server)
        });
        suite.bench_bytes(&format!("library: envelope of a result of {kib} KiB"), length, || {
            serde_json::from_slice::<Envelope<'_>>(&result).is_ok()
        });
        if let Ok(doc) = Document::parse(result.clone(), &limits, Strictness::Result) {
            let texts = || doc.root().texts().map(|(text, _)| text.len()).sum::<usize>();
            suite.bench_bytes(&format!("walk the texts of a result of {kib} KiB"), length, texts);
        }
    }
}
