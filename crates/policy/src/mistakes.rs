//! What an operator is shown: each mistake with its place and what would be right, all at once.

use crate::{Action, Base, Policies, Question, Source, testing::*};
use doorward_vocab::{Effect, Level};

fn mistakes(text: &str) -> String {
    render(&compile(text, Base::Level(Level::Guard)).expect_err("there are mistakes"))
}

#[track_caller]
fn check(text: &str, expect: &[&str]) {
    let shown = mistakes(text);
    for part in expect {
        assert!(shown.contains(part), "no `{part}` in:\n{shown}");
    }
}

#[test]
fn a_permit_says_whose_right_it_is() {
    check(
        "permit(principal, action, resource);",
        &["a permit must say whose right it is", "p.cedar:1:8", "principal is Agent"],
    );
    check("@reason(\"the principal\")\npermit(principal, action, resource);", &["p.cedar:2:8"]);
}

#[test]
fn cedar_speaks_for_itself() {
    check(
        "permit(principal is Agent, action, resource) when { principal.asurance > 1 };",
        &["asurance", "did you mean `assurance`", "p.cedar:1:53"],
    );
    check(
        "permit(principal is Agent, action, resource) when { context.args.host.contains(\"x\") };",
        &["attribute `args.host`", "p.cedar:1"],
    );
    check("permit(principal is Human, action, resource) when { principal.email == \"x\" };", &["email", "has"]);
    check(
        "permit(principal is Agent, action == Action::\"cal\", resource);",
        &["Action::\"cal\"", "did you mean `Action::\"call\"`"],
    );
    check(
        "permit(principal is Agent, action, resource) when { context.assurance > \"high\" };",
        &["expected", "Long", "p.cedar:1"],
    );
    check("permit(principal is Agent action, resource);", &["unexpected token", "p.cedar:1:27"]);
}

#[test]
fn annotations_are_checked() {
    check(
        "@chalenge(\"approval\") forbid(principal, action, resource);",
        &["unknown annotation `@chalenge`", "p.cedar:1:1"],
    );
    check(
        "@challenge(\"aproval\") forbid(principal, action, resource);",
        &["unknown challenge `aproval`; challenges are approval, step-up"],
    );
    check(
        "@challenge(\"approval\") permit(principal is Agent, action, resource);",
        &["`@challenge` belongs on a forbid"],
    );
    check(
        "@oblige(\"redact\") permit(principal is Agent, action, resource);",
        &["unknown obligation `redact`; obligations are redact-secrets"],
    );
    check("@mode(\"watch\") permit(principal is Agent, action, resource);", &["unknown mode `watch`"]);
    check("@autonomous permit(principal is Agent, action, resource);", &["belongs on a permit for a delegation"]);
    check(
        "@lifts(\"base:privat\") permit(principal is Server, action, resource);",
        &["has no forbid `base:privat`", "base:private-hosts"],
    );
    check("@code(\"no\") forbid(principal, action, resource);", &["`@code`: unknown variant `no`"]);
    check("@id(\"base:x\") forbid(principal, action, resource);", &["`base:x` is a name of the base"]);
    check(
        "@id(\"x\") forbid(principal, action, resource);\n@id(\"x\") forbid(principal, action, resource);",
        &["two policies are called `x`; the other is at p.cedar:1", "p.cedar:2:1"],
    );
    check("permit(principal == ?principal, action, resource);", &["a template is not a policy"]);
    check(
        "forbid(principal, action, resource) when { Server::\"crm\".attested };",
        &["looks into an entity that it names"],
    );
}

#[test]
fn all_at_once_over_all_files() {
    let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
    let errors = Policies::compile(
        &[
            source("a.cedar", "permit(principal, action, resource);\n@x(\"\") forbid(principal, action, resource) when { context.nope };"),
            source("b.cedar", "permit(principal is Agent action, resource);"),
        ],
        Base::None,
    )
    .unwrap_err();
    let places: Vec<_> = errors.iter().map(|e| format!("{}:{}", e.file, e.line)).collect();
    assert!(
        places.contains(&"a.cedar:1".to_owned())
            && places.contains(&"a.cedar:2".to_owned())
            && places.contains(&"b.cedar:1".to_owned()),
        "{places:?}"
    );
    assert!(errors.len() >= 4, "{places:?}");
}

#[test]
fn a_policy_that_never_applies_is_a_warning() {
    let policies =
        policies("@id(\"x\") permit(principal is Agent, action == Action::\"session\", resource is Tool);", Base::None);
    assert!(policies.warnings().iter().any(|w| w.message.contains("impossible")), "{:?}", policies.warnings());
}

#[test]
fn the_version_is_of_what_policies_mean() {
    let version = |text: &str, base| policies(text, base).version();
    let one = version("@id(\"x\") forbid(principal, action, resource);", Base::None);
    assert_eq!(one, version("// why\n@id(\"x\")\nforbid ( principal,action,resource );", Base::None));
    assert_ne!(one, version("@id(\"x\") forbid(principal, action, resource is Tool);", Base::None));
    assert_ne!(one, version("@id(\"x\") @mode(\"observe\") forbid(principal, action, resource);", Base::None));
    assert_ne!(one, version("@id(\"x\") forbid(principal, action, resource);", Base::Level(Level::Watch)));
}

#[test]
fn an_explanation_tells_what_was_near() {
    let text = r#"
        @id("a") permit(principal is Agent, action, resource) when { principal.assurance >= 3 && context.loopback };
        @id("ops") permit(principal in AgentGroup::"ops", action, resource);
        @id("h") permit(principal is Human, action, resource);
        @id("d") permit(principal is Delegation, action, resource);
        @id("s") permit(principal is Server, action, resource) unless { context.args.privateHosts };"#;
    let (policies, agent, human) = (policies(text, Base::None), agent("claude", &[]), human("anna", &[]));
    let (delegation, facts) = (delegation("d1", &[], None), arguments(&[("/url", "http://10.0.0.1/")]));
    let (target, context) = (tool(&server("crm"), "act", Effect::Read), context(&facts));
    let q = Question {
        agent: &agent,
        human: Some(&human),
        delegations: &delegation,
        action: Action::Call,
        target: &target,
        context: &context,
    };
    let shown = policies.explain(&q).to_string();
    for part in [
        "deny\n\nagent        deny       Agent::\"claude\"",
        "permit `a` would apply if `principal.assurance >= 3` and `context.loopback`",
        "permit `ops` would apply if the principal were in AgentGroup::\"ops\"",
        "human        allow      Human::\"anna\"",
        "permit `s` would apply if not `context.args.privateHosts`",
        "- permit `s`, reads args.privateHosts",
    ] {
        assert!(shown.contains(part), "no `{part}` in:\n{shown}");
    }
}
