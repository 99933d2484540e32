//! What a person approved, and what not.

use crate::scene::{NOW, Scene};
use doorward_audit::Party;
use doorward_engine::{Approval, Awaited, Definition, Judgement};
use doorward_intent::Tool;
use doorward_policy::{DefinitionState, Target, ToolFacts};
use doorward_vocab::{Assurance, AuthorizedBy, Decision, Digest, Effect, Effects, Level, Mode, ReasonCode, Timestamp};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const ASK: &str = r#"
@id("ask")
@challenge("approval")
forbid (principal is Server, action == Action::"call", resource is Tool);
"#;

fn scene(policies: &str) -> Scene {
    let mut scene = Scene::new(Level::Guard, Mode::Enforce, policies);
    scene.tool = Some(tool(&scene, "pay", b"one"));
    scene
}

pub(crate) fn tool(scene: &Scene, name: &str, text: &[u8]) -> Definition {
    let effects = Effects::just(Effect::Pay);
    let (state, none) = (DefinitionState::Approved, None);
    let facts = ToolFacts { name, effects, read_only: none, destructive: none, open_world: none, state };
    Definition {
        name: name.into(),
        digest: Digest::of(text),
        effects,
        state,
        findings: Vec::new(),
        target: Target::tool(scene.server.party(), &facts),
        tool: Arc::new(Tool::new(name, effects, "", std::iter::empty())),
        schema: Arc::default(),
        parameters: Arc::default(),
        approved: None,
    }
}

fn call(arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "pay", "arguments": arguments } })
}

fn awaited(scene: &Scene, message: &Value) -> Awaited {
    let judgement = scene.rule(message);
    assert_eq!(judgement.decision, Decision::Challenge, "{judgement:?}");
    judgement.awaits.unwrap()
}

fn approved(call: Awaited, at: Timestamp) -> Option<Approval> {
    signed_in(call, None, at)
}

fn signed_in(call: Awaited, proven: Option<Assurance>, at: Timestamp) -> Option<Approval> {
    let until = at.plus(Duration::from_secs(600));
    Some(Approval { id: "a1".into(), covers: call.covers, by: Party::new("u-1", "Ada"), proven, at, until })
}

fn goes_on(judgement: &Judgement) -> bool {
    judgement.decision == Decision::Allow
}

#[test]
fn a_yes_is_for_the_call_that_was_shown_however_it_is_written() {
    let mut scene = scene(ASK);
    let message = call(&json!({ "to": "x", "amount": 10 }));
    scene.approval = approved(awaited(&scene, &message), NOW);
    let judgement = scene.rule(&message);
    assert!(goes_on(&judgement) && judgement.awaits.is_none(), "{judgement:?}");
    assert_eq!(judgement.authorized_by, AuthorizedBy::HumanApproval);
    let first = &judgement.reasons[0];
    assert!(
        first.code == ReasonCode::Permitted && first.text.contains("Ada") && first.text.contains("a1"),
        "{first:?}"
    );
    // Order, spaces and `_meta` are none of it.
    let mut same = call(&json!({ "amount": 10.0, "to": "x" }));
    same["params"]["_meta"] = json!({ "progressToken": 7 });
    assert!(goes_on(&scene.rule(&same)));
    for changed in [json!({ "to": "x", "amount": 11 }), json!({ "to": "y", "amount": 10 }), json!({ "to": "x" })] {
        assert!(!goes_on(&scene.rule(&call(&changed))), "{changed}");
    }
    for (key, value) in [("inputResponses", json!({ "a": {} })), ("requestState", json!("s")), ("task", json!({}))] {
        let mut more = message.clone();
        more["params"][key] = value;
        assert!(!goes_on(&scene.rule(&more)), "{key}");
    }
}

#[test]
fn a_yes_ends_with_what_it_was_given_under() {
    let mut scene = scene(ASK);
    let message = call(&json!({ "amount": 10 }));
    let covers = awaited(&scene, &message);
    let before = Timestamp::from_micros(NOW.micros() - 600_000_000);
    for (at, good) in [(NOW, true), (before, false), (NOW.plus(Duration::from_secs(1)), false)] {
        scene.approval = approved(covers, at);
        assert_eq!(goes_on(&scene.rule(&message)), good, "{at}");
    }
    scene.approval = approved(covers, NOW);
    // Another definition, another configuration, other policies.
    scene.tool = Some(tool(&scene, "pay", b"two"));
    assert!(!goes_on(&scene.rule(&message)));
    scene.tool = Some(tool(&scene, "pay", b"one"));
    let version = std::mem::replace(&mut scene.view.version, Digest::of(b"another"));
    assert!(!goes_on(&scene.rule(&message)));
    scene.view.version = version;
    assert!(goes_on(&scene.rule(&message)));
    let more = format!("{ASK}@id(\"more\") forbid (principal is Server, action, resource is Prompt);");
    let other = self::scene(&more);
    assert_ne!(awaited(&other, &message), covers);
}

#[test]
fn a_yes_lifts_nothing_but_the_want_of_one() {
    let step_up = r#"@id("in") @challenge("step-up") forbid (principal is Human, action, resource);"#;
    let disguised =
        r#"@id("in") @challenge("step-up") @code("flow-refused") forbid (principal is Human, action, resource);"#;
    let denied = r#"@id("no") forbid (principal is Agent, action, resource);"#;
    let message = call(&json!({ "amount": 10 }));
    let covers = awaited(&scene(ASK), &message);
    for (policies, decision) in
        [(step_up, Decision::Challenge), (disguised, Decision::Challenge), (denied, Decision::Deny)]
    {
        let mut scene = scene(&format!("{ASK}{policies}"));
        let judgement = scene.rule(&message);
        let stronger = judgement.awaits.and_then(|call| call.proven);
        let expected = (decision == Decision::Challenge).then_some(Assurance::KeyBound);
        assert_eq!((judgement.decision, stronger), (decision, expected), "{policies}");
        scene.approval = approved(covers, NOW);
        assert_eq!(scene.rule(&message).decision, decision, "{policies}");
    }
    // A reason of the operator's own does not change what is missing.
    let own = ASK.replace("@challenge", "@code(\"flow-refused\") @challenge");
    let mut scene = scene(&own);
    scene.approval = approved(awaited(&scene, &message), NOW);
    assert!(goes_on(&scene.rule(&message)));
    // What is no call of a tool cannot be approved.
    scene.tool = None;
    assert_eq!(scene.rule(&message).awaits, None);
}

#[test]
fn a_floor_is_lifted_by_who_signs_in_well_enough_for_just_this() {
    let message = call(&json!({ "amount": 10 }));
    let mut scene = scene("");
    scene.server.floors.effects.insert(Effect::Pay, Assurance::Hardware);
    let call = awaited(&scene, &message);
    assert_eq!(call.proven, Some(Assurance::Hardware));
    for (proven, good) in [
        (None, false),
        (Some(Assurance::PlatformToken), false),
        (Some(Assurance::KeyBound), false),
        (Some(Assurance::Hardware), true),
    ] {
        scene.approval = signed_in(call, proven, NOW);
        let judgement = scene.rule(&message);
        assert_eq!(goes_on(&judgement), good, "{proven:?}");
        assert!(!good || judgement.reasons[0].text.contains("Ada signed in for just this"), "{judgement:?}");
    }
    // What was lifted is this floor and no higher one, and no other call.
    scene.approval = signed_in(call, Some(Assurance::Hardware), NOW);
    assert!(!goes_on(&scene.rule(&self::call(&json!({ "amount": 11 })))));
    scene.server.floors.effects.insert(Effect::Pay, Assurance::KeyBound);
    assert!(!goes_on(&scene.rule(&message)), "another floor is another question");
    // A call that needs both needs one sign-in, and what is denied stays denied.
    let mut both = self::scene(ASK);
    both.server.floors.effects.insert(Effect::Pay, Assurance::KeyBound);
    both.approval = signed_in(awaited(&both, &message), Some(Assurance::KeyBound), NOW);
    assert!(goes_on(&both.rule(&message)));
    let mut denied = self::scene(r#"@id("no") forbid (principal is Agent, action, resource);"#);
    denied.server.floors.effects.insert(Effect::Pay, Assurance::KeyBound);
    assert_eq!((denied.rule(&message).decision, denied.rule(&message).awaits), (Decision::Deny, None));
}
