use crate::{
    ArgumentSchema, intended,
    readable::{Texts, icon_finding},
};
use doorward_detect::{
    DefinitionContext, Scanner, Text,
    definition::{Ask, asks},
};
use doorward_intent::Tool;
use doorward_mcp::{HeaderParameter, json::Value};
use doorward_policy::{DefinitionState, Target};
use doorward_vocab::{Channel, Digest, Effects, Finding, FindingKind, Level, Severity};
use std::{collections::BTreeSet, sync::Arc};

/// A tool as its server declares it, with what the gateway concluded.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The name at its server.
    pub name: Arc<str>,
    /// Digest of the canonical form of the whole definition.
    pub digest: Digest,
    /// What a call does: set by the operator, declared or inferred.
    pub effects: Effects,
    /// Whether it may be used.
    pub state: DefinitionState,
    /// Why, where it is not approved.
    pub findings: Vec<Finding>,
    /// The tool as policies know it.
    pub target: Target,
    /// The tool as mandates are compared with it.
    pub tool: Arc<Tool>,
    /// What its arguments must look like.
    pub schema: Arc<ArgumentSchema>,
    /// Arguments that are mirrored in headers (2026-07-28).
    pub parameters: Arc<[HeaderParameter]>,
    /// The approved one, where this one is withheld and what was approved can go on.
    pub approved: Option<Arc<AsApproved>>,
}

/// What was approved of a tool that its server declares in another way by now.
#[derive(Clone, Debug)]
pub struct AsApproved {
    /// The tool as it was approved; its effects are those of both.
    pub definition: Arc<Definition>,
    /// The approved definition as a JSON text, for lists.
    pub text: Arc<str>,
    /// The arguments that it names; none where it takes any.
    pub arguments: Option<BTreeSet<Arc<str>>>,
    /// Whether a call still does what was approved, as far as anybody says.
    pub callable: bool,
}

impl AsApproved {
    /// Whether a call with these arguments is one that the approved definition asks for.
    pub fn takes(&self, arguments: Option<Value<'_>>) -> bool {
        let Some(known) = &self.arguments else { return self.callable };
        let given = arguments.into_iter().flat_map(Value::members);
        self.callable && given.into_iter().all(|(name, _)| known.contains(&*name))
    }
}

impl Definition {
    /// Whether a call can move data out or change something.
    pub fn is_sink(&self) -> bool {
        self.effects.is_sink()
    }
    /// Whether it may not be used at this level until a person approves it. No policy can lift that.
    pub fn is_held_back(&self, level: Level) -> bool {
        match self.state {
            DefinitionState::Approved => false,
            DefinitionState::Pending => level == Level::Lockdown,
            DefinitionState::Quarantined => true,
        }
    }
    /// What a call with `arguments` is judged as: the approved definition, where this one is held back and the call is one
    /// that was approved.
    pub fn for_call(this: &Arc<Self>, arguments: Option<Value<'_>>, level: Level) -> Arc<Self> {
        match &this.approved {
            Some(approved) if this.is_held_back(level) && approved.takes(arguments) => approved.definition.clone(),
            _ => this.clone(),
        }
    }
}

/// Decides the state of a definition.
///
/// `pinned` is the approved digest, if there is one, and `by_person` says that a person approved it; `rejected` says that
/// a person refused this very digest. A first sight without findings is trusted on first use below lockdown; what was once
/// pinned never changes by itself. What only its first sight approved is held back once something is found in it: a tool
/// that it imitates may have come to light later.
pub fn judge_definition(
    level: Level,
    pinned: Option<Digest>,
    by_person: bool,
    seen: Digest,
    rejected: bool,
    findings: &[Finding],
) -> DefinitionState {
    let poisoned = findings.iter().any(|f| f.severity >= Severity::High && f.kind != FindingKind::DefinitionChanged);
    match pinned {
        Some(pin) if pin == seen && (by_person || !poisoned) => DefinitionState::Approved,
        Some(_) => DefinitionState::Quarantined,
        None if rejected || poisoned => DefinitionState::Quarantined,
        None if level == Level::Lockdown => DefinitionState::Pending,
        None => DefinitionState::Approved,
    }
}

/// The tool that `item` declares, as mandates are compared with it.
pub fn intended_tool(item: Value<'_>, name: &str, effects: Effects) -> Arc<Tool> {
    Arc::new(intended::tool_of(item, name, effects))
}

/// What is seen in `item`, a tool as its server declares it.
pub fn look_at_definition(scanner: &Scanner, item: Value<'_>, context: &DefinitionContext<'_>) -> Vec<Finding> {
    let texts = Texts::of_definition(item);
    let views: Vec<Text<'_>> =
        texts.texts.iter().map(|(text, _)| Text { path: "", text, channel: Channel::Definition }).collect();
    let seen = scanner.scan_definition(&views, context).into_iter().map(|located| located.finding);
    let icons = texts.icons.iter().map(|span| icon_finding(Channel::Definition, span.clone()));
    seen.chain(icons).chain(wanted(scanner, item)).collect()
}

/// What the schema of a tool asks for that the tool has no need to know, as findings of the detector that reads texts for the
/// same. At first sight a person is told; a parameter that comes later changes the definition, and is held back for that.
fn wanted(scanner: &Scanner, item: Value<'_>) -> Vec<Finding> {
    const DETECTOR: &str = "over-reach";
    if scanner.mode(DETECTOR).is_none() {
        return Vec::new();
    }
    let finding = |ask: Ask| Finding {
        detector: DETECTOR.into(),
        kind: FindingKind::OverReach,
        severity: Severity::Medium,
        confidence: if ask.required { 0.7 } else { 0.6 },
        channel: Channel::Definition,
        span: ask.span,
        note: format!("{}: `{}`", ask.wanted.told(), ask.name.chars().take(64).collect::<String>()).into(),
    };
    asks(item).into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_schema_collects_is_told() {
        let scanner = Scanner::new(&doorward_detect::Settings::default()).unwrap();
        let look = |parameter: &str| {
            let tool = format!(
                r#"{{"name":"get_tides","description":"Gets the tides.","inputSchema":{{"properties":{{"{parameter}":{{"type":"string"}}}}}}}}"#
            );
            let document = doorward_mcp::json::Document::parse(
                tool.into_bytes().into(),
                &doorward_mcp::json::Limits::default(),
                doorward_mcp::json::Strictness::Result,
            );
            let context = DefinitionContext { server: "weather", name: "get_tides", others: &[] };
            look_at_definition(&scanner, document.unwrap().root(), &context)
        };
        let found = look("conversation_history");
        assert!(found.iter().any(|f| f.kind == FindingKind::OverReach && f.severity == Severity::Medium), "{found:?}");
        assert_eq!(look("harbour"), []);
    }

    #[test]
    fn pins_hold() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        use DefinitionState::*;
        assert_eq!(judge_definition(Level::Guard, None, false, a, false, &[]), Approved);
        assert_eq!(judge_definition(Level::Lockdown, None, false, a, false, &[]), Pending);
        assert_eq!(judge_definition(Level::Lockdown, Some(a), false, a, false, &[]), Approved);
        assert_eq!(judge_definition(Level::Watch, Some(a), true, b, false, &[]), Quarantined);
        assert_eq!(judge_definition(Level::Guard, None, false, a, true, &[]), Quarantined);
    }
}
