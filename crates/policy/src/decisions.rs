//! Tests at the door of the room: policies and a question in, a verdict out.

use crate::{Action, Base, DefinitionState, Party, Question, Target, testing::*};
use doorward_vocab::{Decision, Effect, Level};

const GUARD: Base = Base::Level(Level::Guard);
const LOCKDOWN: Base = Base::Level(Level::Lockdown);

/// `claude` acts for `anna` on `crm`: what do `policies` say of `action` on `target`?
fn ask(text: &str, base: Base, action: Action, target: &Target) -> (Decision, Vec<String>) {
    let (policies, agent, human) = (policies(text, base), agent("claude", &["coders"]), human("anna", &["finance"]));
    let (delegation, none) = (delegation("d1", &["crm:read"], None), arguments(&[]));
    let context = context(&none);
    let q = Question { agent: &agent, human: Some(&human), delegation: &delegation, action, target, context: &context };
    let verdict = policies.decide(&q);
    assert_eq!(verdict.reasons(), policies.decide(&q).reasons(), "the same from memory");
    let named = verdict.reasons().into_iter().map(|r| r.policy.map_or_else(|| r.text.into_owned(), |p| p.into_owned()));
    (verdict.decision, named.collect())
}

fn check(text: &str, base: Base, effect: Effect, expect: Decision, because: &[&str]) {
    let (decision, reasons) = ask(text, base, Action::Call, &tool(&server("crm"), "act", effect));
    assert_eq!(
        (decision, reasons.iter().map(String::as_str).collect::<Vec<_>>()),
        (expect, because.to_vec()),
        "{text}"
    );
}

const ALL_FOUR: &str = r#"
    @id("a") permit(principal is Agent, action, resource);
    @id("h") permit(principal is Human, action, resource);
    @id("d") permit(principal is Delegation, action, resource);
    @id("s") permit(principal is Server, action, resource);
"#;

#[test]
fn all_four_must_allow() {
    check(ALL_FOUR, Base::None, Effect::Pay, Decision::Allow, &["a", "h", "d", "s"]);
    for (kind, word) in [("Agent", "agent"), ("Human", "human"), ("Delegation", "delegation"), ("Server", "server")] {
        let less =
            ALL_FOUR.replace(&format!("principal is {kind},"), &format!("principal == {kind}::\"somebody else\","));
        check(&less, Base::None, Effect::Pay, Decision::Deny, &[&format!("no policy permits it for the {word}")]);
    }
    let text = r#"@id("everything for finance") permit(principal in HumanGroup::"finance", action, resource);"#;
    check(
        text,
        Base::None,
        Effect::Read,
        Decision::Deny,
        &[
            "no policy permits it for the agent",
            "no policy permits it for the delegation",
            "no policy permits it for the server",
        ],
    );
}

#[test]
fn forbids_win_wherever_they_stand() {
    let with = |forbid: &str| format!("{ALL_FOUR} @id(\"no\") forbid({forbid});");
    check(&with("principal, action, resource"), Base::None, Effect::Read, Decision::Deny, &["no"; 4]);
    for head in [
        r#"principal in AgentGroup::"coders", action, resource"#,
        r#"principal == Human::"anna", action == Action::"call", resource"#,
        r#"principal is Delegation, action, resource in Server::"crm""#,
        r#"principal is Server, action, resource is Tool in Server::"crm""#,
        r#"principal is Server, action, resource == Tool::"crm__act""#,
    ] {
        check(&with(head), Base::None, Effect::Read, Decision::Deny, &["no"]);
    }
    for head in [
        r#"principal in AgentGroup::"painters", action, resource"#,
        r#"principal, action == Action::"read", resource"#,
        r#"principal, action, resource == Tool::"crm__other""#,
        r#"principal, action, resource is Prompt"#,
    ] {
        check(&with(head), Base::None, Effect::Read, Decision::Allow, &["a", "h", "d", "s"]);
    }
}

#[test]
fn an_error_denies_even_where_a_permit_holds() {
    // Cedar skips a forbid that fails. The overflow cannot be seen at load.
    let text = format!(
        "{ALL_FOUR} @id(\"sum\") forbid(principal is Agent, action, resource) when {{ context.time.epoch * 9223372036854775807 > 5 }};"
    );
    let (decision, reasons) = ask(&text, Base::None, Action::Call, &tool(&server("crm"), "act", Effect::Read));
    assert_eq!((decision, reasons), (Decision::Deny, vec!["sum".to_owned()]));
    let observed = text.replace("@id(\"sum\")", "@id(\"sum\") @mode(\"observe\")");
    check(&observed, Base::None, Effect::Read, Decision::Allow, &["a", "h", "d", "s"]);
}

#[test]
fn a_challenge_asks_only_where_it_would_be_permitted() {
    let ask = r#"@id("ask") @challenge("approval") forbid(principal is Human, action, resource) when { resource has sink && resource.sink };"#;
    check(&format!("{ALL_FOUR} {ask}"), Base::None, Effect::Pay, Decision::Challenge, &["ask"]);
    check(&format!("{ALL_FOUR} {ask}"), Base::None, Effect::Read, Decision::Allow, &["a", "h", "d", "s"]);
    let no = r#"@id("no") forbid(principal is Human, action, resource);"#;
    check(&format!("{ALL_FOUR} {ask} {no}"), Base::None, Effect::Pay, Decision::Deny, &["ask", "no"]);
    let without = ALL_FOUR.replace("principal is Human,", "principal == Human::\"bob\",");
    check(
        &format!("{without} {ask}"),
        Base::None,
        Effect::Pay,
        Decision::Deny,
        &["ask", "no policy permits it for the human"],
    );
}

#[test]
fn a_person_who_is_absent_is_answered_for_by_an_owner() {
    let run = |text: &str, base, owner| {
        let (policies, agent, target) =
            (policies(text, base), agent("cron", &[]), tool(&server("crm"), "act", Effect::Read));
        let (delegation, none) = (delegation("nightly", &[], owner), arguments(&[]));
        let context = context(&none);
        policies.decide(&Question {
            agent: &agent,
            human: None,
            delegation: &delegation,
            action: Action::Call,
            target: &target,
            context: &context,
        })
    };
    assert_eq!(run("", GUARD, Some("anna")).decision, Decision::Allow);
    assert_eq!(run("", GUARD, None).decision, Decision::Deny);
    assert_eq!(run("", GUARD, Some(" ")).decision, Decision::Deny);
    assert_eq!(run("", LOCKDOWN, Some("anna")).decision, Decision::Deny);
    let own = r#"@id("nightly") @autonomous permit(principal == Delegation::"nightly", action, resource);"#;
    let verdict = run(own, LOCKDOWN, Some("anna"));
    assert_eq!(verdict.decision, Decision::Allow);
    assert_eq!(verdict.ruling(Party::Human).reasons[0].policy.as_deref(), Some("nightly"));
    assert_eq!(verdict.authorized_by(), doorward_vocab::AuthorizedBy::Autonomous);
    // A forbid for delegations holds in the person's place too.
    assert_eq!(
        run(&format!("{own} forbid(principal is Delegation, action, resource);"), LOCKDOWN, Some("anna")).decision,
        Decision::Deny
    );
}

#[test]
fn lockdown_lets_through_what_changes_nothing() {
    check(
        "",
        LOCKDOWN,
        Effect::Search,
        Decision::Allow,
        &["base:agent", "base:human", "base:delegation", "base:server"],
    );
    let (decision, _) = ask("", LOCKDOWN, Action::Call, &tool(&server("crm"), "act", Effect::Send));
    assert_eq!(decision, Decision::Deny);
    let crm = server("crm");
    for action in [Action::Sample, Action::Elicit] {
        assert_eq!(ask("", LOCKDOWN, action, &Target::server(&crm)).0, Decision::Deny);
        let own = format!("@id(\"x\") permit(principal == Server::\"crm\", action == Action::\"{action}\", resource);");
        assert_eq!(ask(&own, LOCKDOWN, action, &Target::server(&crm)).0, Decision::Allow);
    }
    for action in [Action::Session, Action::List, Action::Notify] {
        assert_eq!(ask("", LOCKDOWN, action, &Target::server(&crm)).0, Decision::Allow);
    }
    let pending = tool_in(&crm, "act", Effect::Read, DefinitionState::Pending);
    assert_eq!(ask("", LOCKDOWN, Action::Call, &pending), (Decision::Deny, vec!["base:pending".to_owned()]));
    assert_eq!(ask("", GUARD, Action::Call, &pending).0, Decision::Allow);
}

#[test]
fn watch_passes_all_and_says_what_guard_would_do() {
    let quarantined = tool_in(&server("crm"), "act", Effect::Read, DefinitionState::Quarantined);
    assert_eq!(ask("", GUARD, Action::Call, &quarantined), (Decision::Deny, vec!["base:quarantined".to_owned()]));
    let (policies, agent, human) = (policies("", Base::Level(Level::Watch)), agent("claude", &[]), human("anna", &[]));
    let (delegation, none) = (delegation("d1", &[], None), arguments(&[]));
    let context = context(&none);
    let verdict = policies.decide(&Question {
        agent: &agent,
        human: Some(&human),
        delegation: &delegation,
        action: Action::Call,
        target: &quarantined,
        context: &context,
    });
    assert_eq!(verdict.decision, Decision::Allow);
    let would_be = verdict.would_be().unwrap();
    assert_eq!(would_be.decision, Decision::Deny);
    assert_eq!(would_be.reasons[0].policy.as_deref(), Some("base:quarantined"));
}

#[test]
fn obligations_add_up() {
    let text = format!(
        r#"{ALL_FOUR}
        @id("r1") @oblige("redact-secrets") permit(principal in HumanGroup::"finance", action, resource);
        @id("r2") @oblige("strip-links, redact-secrets") permit(principal is Server, action, resource in Server::"crm");"#
    );
    check(&text, Base::None, Effect::Read, Decision::Oblige, &["a", "h", "r1", "d", "s", "r2"]);
}
