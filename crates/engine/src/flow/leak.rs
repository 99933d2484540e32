//! A secret that was read goes back to where it came from, or to whom the human named, and nowhere else: not as it is, not
//! in another encoding, not piece by piece, not in an address, a file name or a command.

use super::{
    Wrong,
    hear::host_of,
    traced::{APPROVED, Leaf, Traced},
};
use crate::{History, Subject};
use doorward_flow::{From, Part, Source};
use doorward_intent::{Intent, Role};
use doorward_policy::ArgumentFacts;
use doorward_vocab::{Class, Integrity};

/// Secrets in a call that would go to another server, host or recipient than they came from.
pub(super) fn leaks(
    history: &History,
    intent: &Intent,
    subject: &Subject<'_>,
    traced: &Traced,
    facts: &ArgumentFacts,
) -> Vec<Wrong> {
    let mut all: Vec<Wrong> = Vec::new();
    for leaf in traced.leaves() {
        let Some(source) = secret(intent, leaf) else { continue };
        let Some(wrong) = leak(history, intent, subject, traced, facts, (leaf, &source)) else { continue };
        all.push(wrong);
    }
    all
}

/// Whether a person approved a call to just this before.
fn is_approved(intent: &Intent, leaf: &Leaf) -> bool {
    let by = |source: Source| {
        source.standing.label.integrity == Integrity::Trusted && source.tool.as_deref() == Some(APPROVED)
    };
    let of = |part: &Part| part.places.iter().filter_map(|place| intent.index().source(place.source())).any(by);
    leaf.role.is_recipient() && leaf.origin.parts.iter().any(|part| part.span.len() == leaf.text.len() && of(part))
}

/// Where the secret in an argument was read, if there is one that the human did not say.
fn secret(intent: &Intent, leaf: &Leaf) -> Option<Source> {
    let of = |place: &doorward_flow::Place| intent.index().source(place.source());
    leaf.origin.parts.iter().find_map(|part| {
        let sources: Vec<Source> = part.places.iter().filter_map(of).collect();
        let said = sources.iter().any(|source| matches!(source.from, From::Turn(_)));
        sources.into_iter().find(|source| !said && source.standing.classes.contains(Class::Secret))
    })
}

fn leak(
    history: &History,
    intent: &Intent,
    subject: &Subject<'_>,
    traced: &Traced,
    facts: &ArgumentFacts,
    (leaf, source): (&Leaf, &Source),
) -> Option<Wrong> {
    let own = |host: &str| source.resource.as_deref() == Some(host);
    let approved: Vec<&str> = traced.leaves().filter(|to| is_approved(intent, to)).map(|to| &*to.text).collect();
    let named = |text: &str| {
        let approved = || approved.iter().any(|seen| *seen == text || host_of(seen).is_some_and(|host| host == text));
        own(text) || history.said.contains(text) || intent.was_said(text) || approved()
    };
    let hosts = || facts.hosts().iter().chain(facts.mentioned_hosts());
    // A host that is made of the secret is none that anybody named.
    let host = hosts().find(|host| !named(host));
    let person = traced.leaves().find(|to| to.role == Role::Recipient && !to.text.is_empty() && !named(&to.text));
    let to = match (host, person) {
        (_, Some(to)) => Some(format!("to whom `{}` says, whom the user did not name", to.pointer)),
        (Some(_), None) => Some("to a host that the user did not name".to_owned()),
        (None, None) => None,
    };
    let (what, from) = (format!("`{}` holds a secret out of", leaf.pointer), super::traced::place(source));
    if let Some(to) = to {
        // Without a turn nobody knows whom the human means.
        let can_be_asked = !intent.has_turns();
        let why = format!("{what} {from}, and would go {to}");
        return Some(Wrong { can_be_asked, why });
    }
    let here = &subject.server.name;
    let elsewhere = source.server.as_ref().is_some_and(|server| server != here);
    let reaches = hosts().next().is_some() || traced.leaves().any(|to| to.role == Role::Recipient);
    if !elsewhere || reaches || intent.was_said(here.as_str()) {
        return None;
    }
    let why = format!("{what} {from}, and would go to `{here}`, which did not give it");
    Some(Wrong { can_be_asked: true, why })
}
