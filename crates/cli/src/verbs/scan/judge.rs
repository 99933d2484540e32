//! The checks of the gateway on what a server declares.

use super::{
    finding::{Place, ScanFinding},
    servers::Seen,
};
use crate::verbs::approve::review;
use doorward_audit::DefinitionKind;
use doorward_detect::{
    DefinitionContext, Scanner, Settings,
    definition::{canonical, change, has_false_read_only},
};
use doorward_engine::look_at_definition;
use doorward_gateway::Answered;
use doorward_mcp::{
    Method,
    json::{Document, Limits, Strictness, Value, quote},
};
use doorward_store::Pin;
use doorward_vocab::Severity;
use std::sync::LazyLock;

/// One definition of a server.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) kind: DefinitionKind,
    pub(super) name: String,
    /// Its canonical text, or the text that it is.
    pub(super) text: String,
}

/// The definitions that answers hold.
pub(super) fn declared(answers: &[Answered]) -> Vec<Declared> {
    let mut all = Vec::new();
    for answer in answers {
        let parsed = Document::parse(answer.message.clone(), &Limits::default(), Strictness::Result);
        let Ok(document) = parsed else { continue };
        let Some(result) = document.root().get("result") else { continue };
        match answer.method {
            Method::Discover => all.extend(introduction(result)),
            Method::ToolsList => all.extend(items(result, "tools", "name", DefinitionKind::Tool)),
            Method::PromptsList => all.extend(items(result, "prompts", "name", DefinitionKind::Prompt)),
            _ => all.extend(items(result, "resourceTemplates", "uriTemplate", DefinitionKind::Template)),
        }
    }
    all
}

fn items(result: Value<'_>, list: &str, name: &str, kind: DefinitionKind) -> Vec<Declared> {
    let items = result.get(list).into_iter().flat_map(Value::items);
    let read = |item: Value<'_>| {
        let name = item.get(name)?.as_str()?.into_owned();
        Some(Declared { kind, name, text: canonical(item.raw().as_bytes()).ok()? })
    };
    items.filter_map(read).collect()
}

fn introduction(result: Value<'_>) -> Vec<Declared> {
    let text = result.get("instructions").and_then(Value::as_str);
    let text = text.map(|t| Declared { kind: DefinitionKind::Instructions, name: String::new(), text: t.into_owned() });
    let named = || result.get("_meta")?.get("io.modelcontextprotocol/serverInfo");
    let card = result.get("serverInfo").or_else(named).and_then(|info| canonical(info.raw().as_bytes()).ok());
    let card = card.map(|text| Declared { kind: DefinitionKind::Card, name: String::new(), text });
    text.into_iter().chain(card).collect()
}

/// What is found in all of them. Of two servers with names that look alike the first in the configuration is imitated.
pub(super) fn all(seen: &[Seen], approved: &[Pin]) -> Vec<ScanFinding> {
    let mut others: Vec<(&str, &str)> = Vec::new();
    let mut found = Vec::new();
    for server in seen {
        let Ok(declared) = &server.declared else { continue };
        for one in declared {
            found.extend(findings(&server.name, one, &others));
            found.extend(changes(&server.name, one, approved, &others));
        }
        let tools = declared.iter().filter(|d| d.kind == DefinitionKind::Tool);
        others.extend(tools.map(|tool| (server.name.as_str(), tool.name.as_str())));
    }
    found.sort_by(|a, b| (&a.server, b.severity).cmp(&(&b.server, a.severity)));
    found
}

fn findings(server: &str, one: &Declared, others: &[(&str, &str)]) -> Vec<ScanFinding> {
    // A text is looked at as the only member of a definition.
    let text = match one.kind {
        DefinitionKind::Instructions => format!("{{\"instructions\":{}}}", quote(&one.text)),
        _ => one.text.clone(),
    };
    let parsed = Document::parse(text.into_bytes().into(), &Limits::default(), Strictness::Result);
    let Ok(document) = parsed else { return Vec::new() };
    let context = DefinitionContext { server, name: &one.name, others };
    let seen = look_at_definition(&SCANNER, document.root(), &context);
    let new = |rule: String, severity, pointer: &str, message: String| ScanFinding {
        server: server.to_owned(),
        place: place(one, pointer),
        rule,
        severity,
        message,
    };
    let mut all: Vec<ScanFinding> =
        seen.into_iter().map(|f| new(f.detector.into_owned(), f.severity, "", f.note.into_owned())).collect();
    if one.kind == DefinitionKind::Tool && has_false_read_only(one.text.as_bytes()) {
        let message = "it says that it only reads, and its name, text or parameters say something else";
        all.push(new("false-hint".into(), Severity::Medium, "/annotations/readOnlyHint", message.into()));
    }
    all.dedup();
    all
}

/// What changed since it was approved.
fn changes(server: &str, one: &Declared, approved: &[Pin], others: &[(&str, &str)]) -> Vec<ScanFinding> {
    let pin =
        approved.iter().find(|p| p.key.server.as_str() == server && p.key.kind == one.kind && p.key.name == one.name);
    let (Some(before), Some(form)) = (pin.and_then(|p| p.approved.as_deref()), review::form(one.kind)) else {
        return Vec::new();
    };
    let context = DefinitionContext { server, name: &one.name, others };
    let verdict = change::compare(&SCANNER, form, before, one.text.as_bytes(), &context);
    let finding = |c: &change::Change| ScanFinding {
        server: server.to_owned(),
        place: place(one, &c.place),
        rule: format!("changed/{}", c.meaning.as_str()),
        severity: if verdict.is_risky() && c.severity > Severity::Info {
            c.severity.max(Severity::Medium)
        } else {
            c.severity
        },
        message: c.why.clone(),
    };
    verdict.changes().iter().map(finding).collect()
}

fn place(one: &Declared, pointer: &str) -> Place {
    Place { kind: review::kind(one.kind), name: one.name.clone(), pointer: pointer.to_owned() }
}

pub(super) const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "settings that name no detector name no unknown one")]
    Scanner::new(&Settings::default()).expect("the detectors as they are")
});
