//! The room at its door: texts in, findings out.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod attacks;
mod benign;
mod changes;
mod drawn;
mod laws;
mod learned;
mod obfuscation;
mod shapes;

use doorward_detect::{DefinitionContext, Located, Scanner, Settings, Text};
use doorward_vocab::Channel;
use std::sync::LazyLock;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&Settings::default()).unwrap());

const OTHERS: &[(&str, &str)] = &[
    ("mail", "send_email"),
    ("mail", "search"),
    ("files", "read_file"),
    ("files", "writeFile"),
    ("bank", "transfer_money"),
    ("notes", "add_note"),
    ("notes", "list_notes"),
];

/// A harmless text to put something into the middle of.
const INBOUND_HOST: (&str, &str) = (
    "Minutes of the harbour board\nThe chair opened the meeting at nine. The budget of the north dock was approved.\n\n",
    "\n\nThe next meeting is in May. Minutes are kept by the secretary, and copies are in the library.\n",
);

fn scan(channel: Channel, text: &str) -> Vec<Located> {
    SCANNER.scan(&[Text { path: "/content/0/text", text, channel }])
}

/// A description of the tool `name` of the server `notes`.
fn define(name: &str, description: &str) -> Vec<Located> {
    let texts = [("/name", name), ("/description", description)];
    let texts = texts.map(|(path, text)| Text { path, text, channel: Channel::Definition });
    SCANNER.scan_definition(&texts, &DefinitionContext { server: "notes", name, others: OTHERS })
}

fn names(found: &[Located]) -> Vec<&str> {
    found.iter().map(|f| &*f.finding.detector).collect()
}
