//! What a person changes. Each is in the trail with who did it and why.

use crate::{
    door::Shared,
    ports::{Fault, Waited},
    query::Query,
    role::Person,
    route::Do,
    views::{self, Done, Proof},
};
use doorward_audit::{Config, Definition, DefinitionChange, Delegated, DelegationChange, Event, Text};
use doorward_vocab::Digest;
use std::{sync::Arc, time::Instant};

/// Does it.
pub(crate) fn act(shared: &Arc<Shared>, act: Do, query: &Query, person: &Person) -> Result<Done, Fault> {
    match act {
        Do::DecideApproval => approval(shared, query, person),
        Do::DecideDefinition => definition(shared, query, person),
        Do::Revoke => revoke(shared, query, person),
        Do::Forget => forget(shared, query, person),
        Do::ChangeLevel => level(shared, query, person),
        Do::Verify => verify(shared),
        _ => Err(Fault::Missing("there is nothing to change".into())),
    }
}

/// The page that shows what was done.
pub(crate) const fn back(act: Do) -> &'static str {
    match act {
        Do::DecideApproval => "/approvals",
        Do::DecideDefinition => "/definitions?waiting=yes",
        Do::Revoke => "/delegations",
        Do::Forget => "/sources",
        Do::ChangeLevel => "/level",
        Do::Verify => "/integrity",
        _ => "/",
    }
}

/// One of two answers.
fn choice(query: &Query, yes: &str, no: &str) -> Result<bool, Fault> {
    match query.must("answer")? {
        answer if answer == yes => Ok(true),
        answer if answer == no => Ok(false),
        _ => Err(Fault::Wrong(format!("`answer` is {yes} or {no}"))),
    }
}

fn digest(query: &Query, name: &str) -> Result<Digest, Fault> {
    query.must(name)?.parse().map_err(|_| Fault::Wrong(format!("`{name}` is no digest")))
}

/// Why, in the person's words.
fn reason(query: &Query) -> Result<String, Fault> {
    let reason = query.must("reason").map_err(|_| Fault::Wrong("say why: it goes into the trail".into()))?;
    if reason.chars().count() > 500 {
        return Err(Fault::Wrong("the reason is too long: 500 characters at most".into()));
    }
    Ok(reason.to_owned())
}

fn approval(shared: &Shared, query: &Query, person: &Person) -> Result<Done, Fault> {
    let (id, yes) = (query.must("id")?, choice(query, "approve", "decline")?);
    match shared.ports.approvals.answer(id, yes, person)? {
        Waited::Answered => {
            let done = if yes { "approved: the call may be made, once" } else { "declined" };
            Ok(Done { done: format!("{id} {done}"), ids: vec![id.to_owned()] })
        }
        Waited::Over => Err(Fault::Changed(format!("`{id}` was answered before, or is over"))),
    }
}

fn definition(shared: &Shared, query: &Query, person: &Person) -> Result<Done, Fault> {
    let (server, name) = (query.must("server")?, query.must("name")?);
    let (kind, digest) = (views::kind(query.must("kind")?)?, digest(query, "digest")?);
    let yes = choice(query, "approve", "reject")?;
    let now = shared.ports.clock.now();
    shared.ports.definitions.decide((server, kind, name), digest, yes, person, now)?;
    let change = if yes { DefinitionChange::Approved } else { DefinitionChange::Rejected };
    if let Ok(server) = server.parse() {
        shared.ports.trail.note(Event::Definition(Definition {
            server,
            kind,
            name: Text::copy(name),
            change,
            from: None,
            to: Some(digest),
            by: Some(person.party.clone()),
            findings: Vec::new(),
        }));
    }
    let done = if yes { "approved" } else { "rejected: it stays withheld from agents" };
    Ok(Done { done: format!("{server}/{name} {done}"), ids: vec![digest.to_string()] })
}

fn revoke(shared: &Shared, query: &Query, person: &Person) -> Result<Done, Fault> {
    let (id, reason) = (query.must("id")?, reason(query)?);
    let revoked = shared.ports.delegations.revoke(id, person, shared.ports.clock.now())?;
    for id in &revoked {
        shared.ports.trail.note(Event::Delegation(Box::new(Delegated {
            change: DelegationChange::Revoked,
            id: Text::copy(id),
            by: Some(person.party.clone()),
            human: None,
            groups: Vec::new(),
            agent: None,
            owner: None,
            parent: None,
            purpose: Some(Text::copy(&reason)),
            consent: None,
            until: None,
        })));
    }
    match revoked.len() {
        0 => Err(Fault::Changed(format!("`{id}` was not in force"))),
        1 => Ok(Done { done: format!("{id} revoked"), ids: revoked }),
        n => Ok(Done { done: format!("{id} revoked, with {} made from it", n - 1), ids: revoked }),
    }
}

fn forget(shared: &Shared, query: &Query, person: &Person) -> Result<Done, Fault> {
    let (source, reason) = (digest(query, "source")?, reason(query)?);
    if !shared.ports.sources.forget(source)? {
        return Err(Fault::Missing("no such source is remembered".into()));
    }
    let stance = shared.ports.posture.stance();
    shared.ports.trail.note(Event::Config(Config {
        by: person.party.clone(),
        what: format!("source {source} forgotten: {reason}").into(),
        from: Some(stance.config),
        to: stance.config,
    }));
    Ok(Done { done: "forgotten".into(), ids: vec![source.to_string()] })
}

fn level(shared: &Shared, query: &Query, person: &Person) -> Result<Done, Fault> {
    let level = query.must("level")?.parse().map_err(Fault::Wrong)?;
    let reason = reason(query)?;
    if shared.ports.posture.stance().level == level {
        return Err(Fault::Changed(format!("the level is {level} already")));
    }
    shared.ports.posture.change(level, &reason, person)?;
    Ok(Done { done: format!("the level is {level} now"), ids: vec![level.to_string()] })
}

/// Reads the trail beside whatever else goes on; one at a time.
fn verify(shared: &Arc<Shared>) -> Result<Done, Fault> {
    let begun = shared.ports.clock.now();
    {
        let mut proof = shared.proof.lock();
        if matches!(*proof, Proof::Running { .. }) {
            return Err(Fault::Changed("it is being read already".into()));
        }
        *proof = Proof::Running { since: crate::words::time(begun), read: 0 };
    }
    let own = shared.clone();
    let read = move || {
        let started = Instant::now();
        let progress = &mut |records| {
            if let Proof::Running { read, .. } = &mut *own.proof.lock() {
                *read = records;
            }
        };
        let report = own.ports.trail.verify(progress);
        let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        *own.proof.lock() = match report {
            Ok(report) => Proof::done(&report, own.ports.clock.now(), took),
            Err(fault) => Proof::Failed { why: fault.to_string() },
        };
    };
    if let Err(error) = std::thread::Builder::new().name("trail-verify".to_owned()).spawn(read) {
        *shared.proof.lock() = Proof::Failed { why: error.to_string() };
        return Err(Fault::Broken(error.to_string()));
    }
    Ok(Done { done: "the trail is being read".into(), ids: Vec::new() })
}
