//! Whom a token acts for, by the delegation that it names or that the configuration gives.

use crate::forge::*;
use doorward_identity::{
    AgentEntry, Authenticator, Delegation, Flaw, IssuerSettings, PartyId, Refusal, Settings,
    attest::{
        package::Part,
        process::{Process, ProcessRules, ProgramRule},
    },
    delegation::{Book, Broken},
};
use doorward_vocab::{Digest, Glob};
use serde_json::json;
use std::sync::Arc;

fn door(ours: bool, book: &Arc<Book>, agents: Vec<AgentEntry>) -> Authenticator {
    let issuers = vec![IssuerSettings { attests: ours, ..issuer() }];
    Authenticator::new(Settings { issuers, agents, book: book.clone(), ..Settings::default() }).unwrap()
}

fn party(id: &str) -> PartyId {
    PartyId { issuer: Some(ISSUER.into()), id: id.into() }
}

fn granted(id: &str) -> Delegation {
    let scopes = ["read".into(), "write".into()].into();
    Delegation { human: Some(party("u-1")), depth: 1, scopes, ..Delegation::new(id, party("agent-1")) }
}

fn entry(name: &str, subject: &str) -> AgentEntry {
    let (owner, class) = (Some("ops@example.com".into()), Some("batch".into()));
    let (issuers, subject) = (Some([ISSUER.into()].into()), Glob::new(subject));
    AgentEntry { name: name.into(), issuers, subject, class, publisher: None, owner }
}

/// A token as the gateway itself issues it.
fn of_ours(change: serde_json::Value) -> String {
    let mut claims = json!({ "att": { "lvl": 2, "m": "oidc" } });
    claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    claiming(claims)
}

#[test]
fn a_token_of_ours_stands_for_its_chain() {
    let book = Arc::new(Book::default());
    let first = granted("d-1");
    let second = first.narrowed(Delegation { expires: Some(at(60)), ..Delegation::new("d-2", party("helper")) });
    let second = Delegation { scopes: ["read".into()].into(), ..second.unwrap() };
    book.grant(first).unwrap();
    book.grant(second).unwrap();
    let door = door(true, &book, Vec::new());
    let p = ask(&door, &of_ours(json!({ "dlg": "d-2", "sub": "whatever" })), now()).unwrap();
    assert_eq!(p.delegations.iter().map(|d| &*d.id).collect::<Vec<_>>(), ["d-1", "d-2"]);
    assert_eq!((&*p.agent.id, &*p.human.as_ref().unwrap().id), ("helper", "u-1"), "the chain says who acts for whom");
    assert_eq!(p.expires, Some(at(60)), "no longer than the chain");
    let wide = ask(&door, &of_ours(json!({ "dlg": "d-1", "scope": "read" })), now()).unwrap();
    assert_eq!(wide.delegation().unwrap().scopes, ["read".into()].into(), "a token may carry less than was granted");
    assert_ne!(p.key, wide.key);
    assert_eq!(ask(&door, &of_ours(json!({ "dlg": "d-3" })), now()), Err(Refusal::Delegation(Broken::Unknown)));
    assert_eq!(ask(&door, &of_ours(json!({ "dlg": "d-2" })), at(60)), Err(Refusal::Expired));
    let nobody = json!({ "dlg": "d-1", "sub": "agent-1", "client_id": "agent-1" });
    assert_eq!(ask(&door, &of_ours(nobody), now()), Err(Refusal::Invalid(Flaw::Claim)), "the human is missing");
}

#[test]
fn a_remembered_token_is_refused_once_it_is_revoked() {
    let book = Arc::new(Book::default());
    for id in ["d-1", "d-2"] {
        book.grant(granted(id)).unwrap();
    }
    let door = door(true, &book, Vec::new());
    let (one, two) = (of_ours(json!({ "dlg": "d-1" })), of_ours(json!({ "dlg": "d-2" })));
    let other = ask(&door, &two, now()).unwrap();
    for _ in 0..2 {
        assert!(ask(&door, &one, now()).is_ok());
    }
    book.revoke("d-1");
    assert_eq!(ask(&door, &one, now()), Err(Refusal::Delegation(Broken::Revoked)));
    let again = ask(&door, &two, now()).unwrap();
    assert!(Arc::ptr_eq(&other, &again), "the others stay remembered");
}

#[test]
fn a_token_of_another_issuer_can_be_revoked_by_its_id() {
    let book = Arc::new(Book::default());
    let door = door(false, &book, Vec::new());
    let token = claiming(json!({ "jti": "j-7" }));
    assert!(ask(&door, &token, now()).is_ok());
    book.revoke("j-7");
    assert_eq!(ask(&door, &token, now()), Err(Refusal::Delegation(Broken::Revoked)));
    assert!(ask(&door, &claiming(json!({ "jti": "j-8" })), now()).is_ok());
}

#[test]
fn a_run_without_a_human_is_bound_by_the_configuration() {
    let book = Arc::new(Book::default());
    let door = door(false, &book, vec![entry("nightly", "cron-*"), entry("other", "*")]);
    let token = claiming(json!({ "sub": "cron-7", "client_id": "cron-7", "scope": "backup" }));
    let p = ask(&door, &token, now()).unwrap();
    assert_eq!((&*p.agent.name, p.agent.class.as_deref()), ("nightly", Some("batch")));
    assert_eq!(p.delegation().unwrap().owner, None, "nobody answers for it");

    let name = PartyId { issuer: None, id: "nightly".into() };
    let standing = Delegation { owner: Some("ops".into()), ..Delegation::new("backup", name) };
    book.install([standing.clone()]);
    let p = ask(&door, &token, now()).unwrap();
    let held = p.delegation().unwrap();
    assert_eq!((&*held.id, held.owner.as_deref(), &*p.agent.id), ("backup", Some("ops"), "cron-7"));
    assert_eq!(held.scopes, ["backup".into()].into(), "the token says which, where the configuration does not");

    book.install([Delegation { expires: Some(at(10)), ..standing.clone() }]);
    assert_eq!(ask(&door, &token, now()).unwrap().expires, Some(at(10)));
    assert_eq!(ask(&door, &token, at(10)), Err(Refusal::Expired));
    book.install([standing]);
    book.revoke("backup");
    assert_eq!(ask(&door, &token, now()).unwrap().delegation().unwrap().owner, None);
}

#[test]
fn a_program_of_this_machine_is_bound_like_any_agent() {
    let program = Part { path: "/usr/bin/backup".into(), sha256: Digest::of(b"backup") };
    let rule = ProgramRule { name: "backup".into(), sha256: Some(program.sha256), path: None, script: None };
    let rules = ProcessRules { issuer: "desk".into(), programs: vec![rule], users: vec![1000], for_user: false };
    let process =
        Process { uid: 1000, user: None, program, script: None, interprets: false, parents: vec!["cron".into()] };
    let entry = AgentEntry { issuers: Some(["desk".into()].into()), ..entry("nightly", "backup") };
    let book = Arc::new(Book::default());
    let settings = Settings { processes: vec![rules], agents: vec![entry], book: book.clone(), ..Settings::default() };
    let door = Authenticator::new(settings).unwrap();
    let p = door.authenticate_process(&process, now()).unwrap();
    assert_eq!((&*p.agent.name, p.agent.owner.as_deref()), ("nightly", Some("ops@example.com")));
    assert!(p.delegation().is_none_or(|d| d.owner.is_none()), "nobody answers for it");
    assert!(Arc::ptr_eq(&p, &door.authenticate_process(&process, at(1)).unwrap()), "the same process");

    let name = PartyId { issuer: None, id: "nightly".into() };
    book.install([Delegation { owner: Some("ops".into()), expires: Some(at(9)), ..Delegation::new("backup", name) }]);
    let p = door.authenticate_process(&process, now()).unwrap();
    assert_eq!((p.delegation().unwrap().owner.as_deref(), p.expires), (Some("ops"), Some(at(9))));
    assert_eq!(door.authenticate_process(&process, at(9)), Err(Refusal::Expired));
    let other = Process { uid: 1001, ..process };
    assert_eq!(door.authenticate_process(&other, now()), Err(Refusal::Missing));
}
