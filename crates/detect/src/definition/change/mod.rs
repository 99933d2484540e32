//! What a server's change of a definition means, by comparing what was approved with what it declares now.

mod form;
mod hints;
mod kin;
mod look;
mod names;
mod parameter;
mod prose;
mod resolve;
mod schema;
mod words;

pub use form::Form;
pub(super) use form::effects;
pub use kin::{Kinship, kinship};

use super::canonical;
use crate::{DefinitionContext, Scanner};
use doorward_vocab::Severity;
use look::Look;
use serde::Serialize;
use serde_json::Value;

/// What one change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// Only spaces, punctuation or the case of letters.
    Layout,
    /// Other words without orders, addresses or new effects in them.
    Wording,
    /// A parameter more that may be left out and can carry little.
    AddedOption,
    /// A parameter less.
    RemovedParameter,
    /// The input may be less than before.
    Tightened,
    /// A value more in a list of allowed values.
    AddedValue,
    /// Another value where nothing is said.
    Default,
    /// The shape of what the tool returns.
    Output,
    /// A number of a version, or what else says when something was made.
    Version,
    /// A picture.
    Icon,
    /// A claim that was not made before and is what the name and the protocol say anyway.
    Claim,
    /// Characters that a person does not see, or takes for others.
    HiddenText,
    /// Text that tells the agent what to do.
    Instruction,
    /// An address, a file or a tool of another server that was not named before.
    Reference,
    /// It does something that it did not do before.
    Effect,
    /// It deals with kinds of data that it did not deal with before.
    Data,
    /// A hint that was approved says something else now.
    Annotation,
    /// A parameter that says where data goes or what is run.
    SinkParameter,
    /// A parameter for a secret.
    SecretParameter,
    /// A parameter that takes free text or anything at all.
    FreeParameter,
    /// The input may be more than before.
    Widened,
    /// The text has nothing in common with the approved one.
    Rewritten,
    /// A page that hosts show, or which one it is.
    App,
    /// A place whose meaning is not known.
    Other,
}

impl Meaning {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Layout => "layout",
            Self::Wording => "wording",
            Self::AddedOption => "added-option",
            Self::RemovedParameter => "removed-parameter",
            Self::Tightened => "tightened",
            Self::AddedValue => "added-value",
            Self::Default => "default",
            Self::Output => "output",
            Self::Version => "version",
            Self::Icon => "icon",
            Self::Claim => "claim",
            Self::HiddenText => "hidden-text",
            Self::Instruction => "instruction",
            Self::Reference => "reference",
            Self::Effect => "effect",
            Self::Data => "data",
            Self::Annotation => "annotation",
            Self::SinkParameter => "sink-parameter",
            Self::SecretParameter => "secret-parameter",
            Self::FreeParameter => "free-parameter",
            Self::Widened => "widened",
            Self::Rewritten => "rewritten",
            Self::App => "app",
            Self::Other => "other",
        }
    }
}

/// One place that says something else than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it means.
    pub meaning: Meaning,
    /// How bad it is if it is meant badly; [`Severity::Info`] is harmless by rule.
    pub severity: Severity,
    /// Where, as a JSON pointer (RFC 6901) into the definition; empty for a text as a whole.
    pub place: String,
    /// What was approved there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What is declared there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Why it means that, in words.
    pub why: String,
}

/// What a change of a definition amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It says the same.
    Same,
    /// Every change passes by rule.
    Harmless(Vec<Change>),
    /// A person has to look, at the first ones above all: most dangerous first.
    Risky(Vec<Change>),
}

impl Verdict {
    /// Whether a person has to look.
    pub const fn is_risky(&self) -> bool {
        matches!(self, Self::Risky(_))
    }
    /// All changes, the most dangerous first.
    pub fn changes(&self) -> &[Change] {
        match self {
            Self::Same => &[],
            Self::Harmless(changes) | Self::Risky(changes) => changes,
        }
    }
}

/// Compares a definition of this form that was approved with the one that is declared now. `context` is what surrounds
/// it, and its name is the one under which it is declared now.
///
/// What cannot be understood is risky: harmless is what a rule knows to be.
pub fn compare(scanner: &Scanner, form: Form, before: &[u8], after: &[u8], context: &DefinitionContext<'_>) -> Verdict {
    if before == after {
        return Verdict::Same;
    }
    let (old, new) = (read(form, before), read(form, after));
    if old == new {
        return Verdict::Same;
    }
    let mut look = Look::new(scanner, context, form, &old);
    form.compare(&mut look, &old, &new);
    let mut changes = look.changes;
    changes.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| b.meaning.cmp(&a.meaning)));
    changes.dedup();
    match changes.first() {
        None => Verdict::Same,
        Some(worst) if worst.severity == Severity::Info => Verdict::Harmless(changes),
        Some(_) => Verdict::Risky(changes),
    }
}

/// A definition as a tree; a text where it is none.
fn read(form: Form, bytes: &[u8]) -> Value {
    let text = || Value::String(String::from_utf8_lossy(bytes).into_owned());
    if form.is_text() {
        return text();
    }
    canonical(bytes).ok().and_then(|form| serde_json::from_str(&form).ok()).unwrap_or_else(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, text::work::SPENT};
    use serde_json::json;

    /// A definition with so many places of one kind, which differ by a word.
    type Places<'a> = &'a dyn Fn(usize, &str) -> Value;

    /// The work of comparing two definitions that differ in `n` places of one kind.
    fn work(scanner: &Scanner, of: Places<'_>, n: usize) -> usize {
        let context = DefinitionContext { server: "notes", name: "x", others: &[("mail", "send_email")] };
        let (before, after) = (of(n, "a").to_string(), of(n, "b").to_string());
        SPENT.set(0);
        let verdict = compare(scanner, Form::Tool, before.as_bytes(), after.as_bytes(), &context);
        assert!(verdict.changes().len() <= 500);
        SPENT.get()
    }

    #[test]
    fn changes_cost_what_their_length_says() {
        let scanner = Scanner::new(&Settings::default()).unwrap();
        let list = |n: usize, of: &dyn Fn(usize) -> Value| (0..n).map(of).collect::<Vec<_>>();
        let kinds: &[(&str, Places<'_>)] = &[
            ("sentences", &|n, w| json!({ "description": format!("Gets {w} of them, and {w} more. ").repeat(n) })),
            ("one sentence", &|n, w| json!({ "description": format!("Gets {w} of them ").repeat(n) })),
            (
                "strange words",
                &|n, w| json!({ "description": list(n, &|i| json!(format!("\u{e9}{w}{i}"))).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ") }),
            ),
            (
                "values",
                &|n, w| json!({ "inputSchema": { "properties": { "p": { "enum": list(n, &|i| json!(format!("{w}{i}"))) } } } }),
            ),
            (
                "forms",
                &|n, w| json!({ "inputSchema": { "properties": { "p": { "anyOf": list(n, &|i| json!({ "title": format!("{w}{i}") })) } } } }),
            ),
            (
                "examples",
                &|n, w| json!({ "inputSchema": { "properties": { "p": { "examples": list(n, &|i| json!(format!("{w}{i}"))) } } } }),
            ),
            (
                "parameters",
                &|n, w| json!({ "inputSchema": { "properties": (0..n).map(|i| (format!("{w}{i}"), json!({}))).collect::<serde_json::Map<_, _>>() } }),
            ),
            ("icons", &|n, w| json!({ "icons": list(n, &|i| json!({ "src": format!("https://{w}{i}.io/x.png") })) })),
        ];
        for (name, of) in kinds {
            let (short, long) = (work(&scanner, of, 400), work(&scanner, of, 1600));
            assert!(long <= short * 5 + 32 * 1024, "{name}: {short} then {long}");
        }
    }
}
