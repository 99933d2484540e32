//! A secret that was read goes back to where it came from, to whom the human named, or to what stands beside it in its own
//! record, and nowhere else: not as it is, not in another encoding, not piece by piece, not in an address, a file name or a
//! command.

use super::{
    Wrong,
    hear::host_of,
    traced::{APPROVED, Leaf, Traced, place},
};
use crate::{History, Subject};
use doorward_flow::{From, Part, Place, Source};
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
    let call = Call { history, intent, subject, traced, facts };
    traced.leaves().filter_map(|leaf| call.leak(leaf, call.secret(leaf)?)).collect()
}

/// A call, with what is known of the conversation.
struct Call<'a> {
    history: &'a History,
    intent: &'a Intent,
    subject: &'a Subject<'a>,
    traced: &'a Traced,
    facts: &'a ArgumentFacts,
}

/// A secret in an argument.
struct Secret<'a> {
    part: &'a Part,
    /// The part as it is written.
    text: &'a str,
    source: Source,
}

impl Call<'_> {
    /// The secret in an argument, if there is one that the human did not say.
    fn secret<'l>(&self, leaf: &'l Leaf) -> Option<Secret<'l>> {
        leaf.origin.parts.iter().find_map(|part| {
            let sources: Vec<Source> = part.places.iter().filter_map(|place| self.source(place)).collect();
            let said = sources.iter().any(|source| matches!(source.from, From::Turn(_)));
            let source = sources.into_iter().find(|s| !said && s.standing.classes.contains(Class::Secret))?;
            Some(Secret { part, text: leaf.text.get(part.span.clone()).unwrap_or_default(), source })
        })
    }

    fn source(&self, place: &Place) -> Option<Source> {
        self.intent.index().source(place.source())
    }

    /// What is wrong with a secret in `leaf`.
    fn leak(&self, leaf: &Leaf, secret: Secret<'_>) -> Option<Wrong> {
        let (what, from) = (format!("`{}` holds a secret out of", leaf.pointer), place(&secret.source));
        let people = || self.traced.leaves().filter(|to| to.role == Role::Recipient && !to.text.is_empty());
        let hosts: Vec<String> = self.facts.hosts().iter().cloned().chain(self.carried(leaf, secret.part)).collect();
        if let Some(to) = people().find(|to| !self.may_have(&to.text, &secret)) {
            let why = format!("{what} {from}, and would go to whom `{}` says, whom the user did not name", to.pointer);
            return Some(Wrong { can_be_asked: !self.intent.has_turns(), why });
        }
        // A host that is made of the secret is none that anybody named.
        if hosts.iter().any(|host| !self.may_have(host, &secret)) {
            let why = format!("{what} {from}, and would go to a host that the user did not name");
            return Some(Wrong { can_be_asked: !self.intent.has_turns(), why });
        }
        let here = &self.subject.server.name;
        let elsewhere = secret.source.server.as_ref().is_some_and(|server| server != here);
        let reaches = !hosts.is_empty() || people().next().is_some();
        if !elsewhere || reaches || self.intent.was_said(here.as_str()) {
            return None;
        }
        let why = format!("{what} {from}, and would go to `{here}`, which did not give it");
        Some(Wrong { can_be_asked: true, why })
    }

    /// Whether somebody may have a secret: it came from there, the human named them, a person approved them, or they stand
    /// beside it.
    fn may_have(&self, who: &str, secret: &Secret<'_>) -> bool {
        let of = |leaf: &&Leaf| leaf.text == who || host_of(&leaf.text).is_some_and(|host| host == who);
        secret.source.resource.as_deref() == Some(who)
            || self.history.said.contains(who)
            || self.intent.was_said(who)
            || self.intent.stood_together(who, secret.text)
            || self.traced.leaves().filter(of).any(|leaf| self.is_approved(leaf))
    }

    /// Whether a person approved a call to just this before.
    fn is_approved(&self, leaf: &Leaf) -> bool {
        let by = |source: Source| {
            source.standing.label.integrity == Integrity::Trusted && source.tool.as_deref() == Some(APPROVED)
        };
        let of = |part: &Part| part.places.iter().filter_map(|place| self.source(place)).any(by);
        leaf.role.is_recipient() && leaf.origin.parts.iter().any(|part| part.span.len() == leaf.text.len() && of(part))
    }

    /// Whether a secret stands in a text by itself.
    fn holds_secret(&self, text: &str) -> bool {
        let is = |place: &Place| self.source(place).is_some_and(|s| s.standing.classes.contains(Class::Secret));
        self.intent.index().trace(text).parts.iter().any(|part| part.places.iter().any(is))
    }

    /// The hosts that an argument would carry a secret to: of the links that it is in, and of all links of a command.
    fn carried(&self, leaf: &Leaf, part: &Part) -> Vec<String> {
        let ends = |c: char| c.is_whitespace() || "\"'<>()[]`|".contains(c);
        let mut at = 0;
        let mut hosts = Vec::new();
        for word in leaf.text.split(ends) {
            let range = at + word.find("http").unwrap_or_default()..at + word.len();
            let meets = range.start < part.span.end && part.span.start < range.end;
            let link = leaf.text.get(range).filter(|link| link.contains("://"));
            // What was copied along with a secret may have links of its own.
            let within = |link: &&str| leaf.role == Role::Command || (meets && (part.split || self.holds_secret(link)));
            hosts.extend(link.filter(within).and_then(host_of));
            // What ends a word is one byte, or a space that may be more.
            at += word.len();
            at += leaf.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        }
        hosts
    }
}
