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
    let q =
        Question { agent: &agent, human: Some(&human), delegations: &delegation, action, target, context: &context };
    let verdict = policies.decide(&q);
    assert_eq!(verdict.reasons(), policies.decide(&q).reasons(), "the same from memory");
    let named = verdict.reasons().iter().map(|r| r.policy.as_ref().unwrap_or(&r.text).clone().into_owned());
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
            delegations: &delegation,
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
        delegations: &delegation,
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

/// What guard says to `leaves` of a call by a remote agent, with more policies.
fn guard_on(text: &str, facts: &crate::ArgumentFacts) -> (Decision, Vec<String>) {
    let (policies, agent, human) = (policies(text, GUARD), agent("claude", &[]), human("anna", &[]));
    let (delegation, target, context) =
        (delegation("d1", &[], None), tool(&server("web"), "fetch", Effect::Read), context(facts));
    let q = Question {
        agent: &agent,
        human: Some(&human),
        delegations: &delegation,
        action: Action::Call,
        target: &target,
        context: &context,
    };
    let verdict = policies.decide(&q);
    (
        verdict.decision,
        verdict.reasons().iter().map(|r| r.policy.as_ref().unwrap_or(&r.text).clone().into_owned()).collect(),
    )
}

#[test]
fn an_operator_lifts_a_forbid_of_the_base_for_one_server() {
    let near = arguments(&[("/url", "http://10.1.2.3/")]);
    let lift = |server: &str| {
        format!(
            "@id(\"near\") @lifts(\"base:private-hosts\") permit(principal == Server::\"{server}\", action, resource);"
        )
    };
    assert_eq!(guard_on("", &near), (Decision::Challenge, vec!["base:private-hosts".to_owned()]));
    assert_eq!(guard_on(&lift("web"), &near).0, Decision::Allow);
    assert_eq!(guard_on(&lift("other"), &near).0, Decision::Challenge);
    // It lifts what it names, and nothing else; and no permit lifts what an operator forbids.
    let metadata = arguments(&[("/url", "http://169.254.169.254/")]);
    assert_eq!(guard_on(&lift("web"), &metadata), (Decision::Deny, vec!["base:metadata-hosts".to_owned()]));
    assert_eq!(
        guard_on(&format!("{} @id(\"no\") forbid(principal, action, resource);", lift("web")), &near).0,
        Decision::Deny
    );
}

#[test]
fn a_list_that_is_not_complete_cannot_be_decided_on() {
    let hosts: Vec<String> = (0..300).map(|n| format!("h{n}.example")).collect();
    let many = arguments(&hosts.iter().map(|h| ("/hosts", h.as_str())).collect::<Vec<_>>());
    assert!(many.overflow());
    assert_eq!(guard_on("", &many).0, Decision::Allow, "nobody reads the list");
    let text = "@id(\"evil\") forbid(principal is Agent, action, resource) when { context.args.hosts.contains(\"h299.example\") };";
    assert_eq!(guard_on(text, &many), (Decision::Deny, vec!["the arguments hold more than can be checked".to_owned()]));
    assert_eq!(guard_on(&text.replace("@id", "@mode(\"observe\") @id"), &many).0, Decision::Allow);
}

#[test]
fn lists_show_what_some_argument_could_reach() {
    let see = |text: &str, effect| {
        let (policies, agent, human) = (policies(text, Base::None), agent("claude", &[]), human("anna", &[]));
        let (delegation, target, none) =
            (delegation("d1", &[], None), tool(&server("crm"), "act", effect), arguments(&[]));
        let context = context(&none);
        policies.visible(&Question {
            agent: &agent,
            human: Some(&human),
            delegations: &delegation,
            action: Action::Call,
            target: &target,
            context: &context,
        })
    };
    assert!(see(ALL_FOUR, Effect::Pay));
    assert!(!see("", Effect::Read));
    let some = ALL_FOUR.replace(
        "principal is Agent, action, resource)",
        "principal is Agent, action, resource) when { context.args.maxAmount > 5 || action == Action::\"list\" }",
    );
    assert!(see(&some, Effect::Pay), "an amount could be in range");
    let forbid = |condition: &str| {
        format!("{ALL_FOUR} forbid(principal, action == Action::\"call\", resource) when {{ {condition} }};")
    };
    assert!(!see(&forbid("resource has sink && resource.sink"), Effect::Pay));
    assert!(see(&forbid("resource has sink && resource.sink"), Effect::Read));
    assert!(see(&forbid("context.args.privateHosts"), Effect::Pay));
    assert!(
        see(&format!("{ALL_FOUR} @challenge(\"approval\") forbid(principal, action, resource);"), Effect::Pay),
        "somebody could approve"
    );
    assert!(!see(&format!("{ALL_FOUR} forbid(principal, action == Action::\"list\", resource);"), Effect::Pay));
}
