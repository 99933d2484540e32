use crate::{
    Base, Diagnostic, Party, Source,
    diagnostic::File,
    footprint::{Footprint, looks_into_a_named_entity},
    rule::{Marks, Rule},
    scope::{Reach, Scope},
};
use cedar_policy::{Effect, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use doorward_vocab::Level;
use miette::{Severity, SourceSpan};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::LazyLock,
};

/// Names of policies that only a base may use.
pub(crate) const BASE_PREFIX: &str = "base:";

/// The schema that every policy is checked against.
pub(crate) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the schema is part of this crate, and a test reads it")]
    Schema::from_cedarschema_str(crate::SCHEMA_TEXT).expect("the schema of this crate").0
});

/// The rules of `sources` on top of `base`, and what deserves a warning; or all mistakes at once.
pub(crate) fn compile(sources: &[Source], base: Base) -> Result<(Vec<Rule>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut compiler = Compiler::default();
    compiler.read(&File::new(base.name(), base.text()), true);
    for source in sources {
        compiler.read(&File::new(&source.name, &source.text), false);
    }
    compiler.validate();
    let (errors, warnings): (Vec<_>, Vec<_>) = compiler.found.into_iter().partition(|d| d.severity == Severity::Error);
    if errors.is_empty() { Ok((compiler.rules, warnings)) } else { Err(errors) }
}

#[derive(Default)]
struct Compiler {
    rules: Vec<Rule>,
    /// The policies under their names, for the validator's messages.
    named: PolicySet,
    /// Where each name is used first: its file and line.
    places: HashMap<String, (File, usize)>,
    found: Vec<Diagnostic>,
}

impl Compiler {
    fn read(&mut self, file: &File, base: bool) {
        let set: PolicySet = match file.text.parse() {
            Ok(set) => set,
            Err(errors) => {
                let errors: cedar_policy::ParseErrors = errors;
                self.found.extend(errors.iter().map(|e| file.adopt(e, Severity::Error)));
                return;
            }
        };
        for template in set.templates() {
            let span = template.as_ref().loc().map(|loc| loc.span);
            let help = "name the principal and the resource instead of `?principal` and `?resource`".to_owned();
            self.found.push(file.error(span, "a template is not a policy".to_owned(), help));
        }
        let mut policies: Vec<(SourceSpan, &Policy)> =
            set.policies().map(|p| (p.as_ref().loc().map_or_else(|| (0, 0).into(), |loc| loc.span), p)).collect();
        policies.sort_by_key(|(span, _)| span.offset());
        for (span, policy) in policies {
            self.add(file, span, policy, base);
        }
    }

    fn add(&mut self, file: &File, span: SourceSpan, policy: &Policy, base: bool) {
        let mut mistakes = Vec::new();
        let marks = Marks::read(policy, &mut mistakes);
        for (annotation, wrong) in mistakes {
            self.found.push(file.error(word(file, span, &format!("@{annotation}")), wrong, None));
        }
        let (line, _) = file.position(span.offset());
        let name = marks.id.clone().unwrap_or_else(|| format!("{}:{line}", file.name));
        if !base && name.starts_with(BASE_PREFIX) {
            let wrong = format!("`{name}` is a name of the base");
            self.found.push(file.error(
                word(file, span, "@id"),
                wrong,
                format!("choose a name without `{BASE_PREFIX}`"),
            ));
        }
        if let Some((first, at)) = self.places.get(&name) {
            let wrong = format!("two policies are called `{name}`; the other is at {}:{at}", first.name);
            self.found.push(file.error(word(file, span, "@id"), wrong, "give each policy its own @id".to_owned()));
            return;
        }
        let scope = Scope::of(policy);
        self.check(file, span, policy, &scope, &marks);
        let number = self.rules.len();
        self.places.insert(name.clone(), (file.clone(), line));
        if self.named.add(policy.new_id(PolicyId::new(&name))).is_err() {
            self.found.push(file.error(Some(span), format!("the policy `{name}` cannot be added"), None));
        }
        self.rules.push(Rule {
            name,
            policy: policy.new_id(Rule::number(number)),
            effect: policy.effect(),
            scope,
            footprint: Footprint::of(policy),
            marks,
            base,
        });
    }

    /// What Cedar allows and a set of four decisions does not.
    fn check(&mut self, file: &File, span: SourceSpan, policy: &Policy, scope: &Scope, marks: &Marks) {
        if policy.effect() == Effect::Permit && matches!(scope.principal, Reach::Any) {
            let wrong = "a permit must say whose right it is".to_owned();
            let help = "write `principal is Agent`, `principal is Human`, `principal is Delegation` or `principal is Server`, \
                        or name one with `==` or `in`: each party has its own decision, and all four must allow";
            self.found.push(file.error(word(file, span, "principal"), wrong, help.to_owned()));
        }
        if looks_into_a_named_entity(policy) {
            let wrong = "a condition looks into an entity that it names".to_owned();
            let help = "a question holds the principal, the resource and its server and no other entity: \
                        ask for it with `==` or `in` in the policy's head, and for attributes of `principal` or `resource`";
            self.found.push(file.error(Some(span), wrong, help.to_owned()));
        }
        if marks.autonomous && scope.party().is_some_and(|p| p != Party::Delegation) {
            let wrong = "`@autonomous` belongs on a permit for a delegation".to_owned();
            let help =
                "without a person, the owner of a delegation answers: write `principal is Delegation`".to_owned();
            self.found.push(file.error(word(file, span, "@autonomous"), wrong, help));
        }
        if let Some(lifted) = &marks.lifts
            && !BASE_FORBIDS.contains(lifted)
        {
            let all: Vec<_> = BASE_FORBIDS.iter().map(String::as_str).collect();
            let wrong = format!("the base has no forbid `{lifted}` to lift; it has {}", all.join(", "));
            self.found.push(file.error(word(file, span, "@lifts"), wrong, None));
        }
    }

    fn validate(&mut self) {
        let result = Validator::new(SCHEMA.clone()).validate(&self.named, ValidationMode::Strict);
        let errors = result.validation_errors().map(|e| (e.policy_id(), e as &dyn miette::Diagnostic, Severity::Error));
        let warnings =
            result.validation_warnings().map(|w| (w.policy_id(), w as &dyn miette::Diagnostic, Severity::Warning));
        let mut found = BTreeMap::new();
        for (id, cedar, severity) in errors.chain(warnings) {
            let name: &str = id.as_ref();
            if let Some((file, line)) = self.places.get(name) {
                let diagnostic = file.adopt(cedar, severity);
                found.insert((file.name.clone(), *line, diagnostic.line, diagnostic.column, found.len()), diagnostic);
            }
        }
        self.found.extend(found.into_values());
    }
}

/// The names of all forbids of all bases: a policy may lift one that the level in force does not have.
static BASE_FORBIDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let sets = [Level::Watch, Level::Guard, Level::Lockdown].map(|l| Base::Level(l).text().parse::<PolicySet>().ok());
    let policies = sets.iter().flatten().flat_map(PolicySet::policies);
    policies.filter(|p| p.effect() == Effect::Forbid).filter_map(|p| p.annotation("id").map(str::to_owned)).collect()
});

/// Where `wanted` stands in the policy at `span`, outside of strings and comments; else the whole policy.
fn word(file: &File, span: SourceSpan, wanted: &str) -> Option<SourceSpan> {
    let text = file.text.get(span.offset()..span.offset() + span.len())?;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let at = span.offset() + (text.len() - rest.len());
        let skip = if rest.starts_with(wanted) {
            return Some((at, wanted.len()).into());
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if c == '"' {
            let mut escaped = false;
            let end = rest.char_indices().skip(1).find(|(_, c)| {
                let closes = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                closes
            });
            end.map_or(rest.len(), |(n, _)| n + 1)
        } else {
            c.len_utf8()
        };
        rest = rest.get(skip..).unwrap_or_default();
    }
    Some(span)
}
