//! Agents that are processes of this machine, by the program that they run.
//!
//! The kernel says who connected; the edge reads the program. The user that the gateway runs as, and root, can defeat this:
//! it is assurance 1.

use super::{Attestation, Method, package::Part};
use crate::{Agent, Human, Principal, Via};
use doorward_vocab::{Assurance, Digest, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

/// What was read of a process while it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The user that it runs as.
    pub uid: u32,
    /// The name of that user, where it is known.
    pub user: Option<Arc<str>>,
    /// The program.
    pub program: Part,
    /// What an interpreter was given to run.
    pub script: Option<Part>,
    /// Whether the program runs others: then it says nothing by itself.
    pub interprets: bool,
    /// The names of the processes that started it, nearest first.
    pub parents: Vec<String>,
}

/// A program that an operator knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramRule {
    /// The agent's id.
    pub name: Arc<str>,
    /// The digest of the program.
    pub sha256: Option<Digest>,
    /// Where it is.
    pub path: Option<Arc<str>>,
    /// The digest of the script, which an interpreter must be given.
    pub script: Option<Digest>,
}

impl ProgramRule {
    /// Whether this is the program: all that is stated must hold.
    fn fits(&self, process: &Process) -> bool {
        let holds = |stated: Option<Digest>, seen: Option<Digest>| stated.is_none_or(|s| seen == Some(s));
        let stated = self.sha256.is_some() || self.path.is_some();
        stated
            && holds(self.sha256, Some(process.program.sha256))
            && holds(self.script, process.script.as_ref().map(|s| s.sha256))
            && self.path.as_deref().is_none_or(|path| path == process.program.path)
            // Every program of Python has the same interpreter.
            && (!process.interprets || self.script.is_some())
    }
}

/// Which processes are let in, and for whom they act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessRules {
    /// The trust entry that they are those of: who vouches for the agent.
    pub issuer: Arc<str>,
    /// The programs.
    pub programs: Vec<ProgramRule>,
    /// The users that they may run as.
    pub users: Vec<u32>,
    /// Whether the human is the user that the process runs as; without, nobody is.
    pub for_user: bool,
}

/// A process that a rule knows. Nobody is bound by it yet.
pub(crate) struct Recognized<'a> {
    rules: &'a ProcessRules,
    name: &'a Arc<str>,
    process: &'a Process,
    /// The digest of what was seen: the same for the same process.
    pub(crate) evidence: Digest,
}

impl ProcessRules {
    /// What is known of `process`; `None` where no rule knows it.
    pub(crate) fn recognize<'a>(&'a self, process: &'a Process) -> Option<Recognized<'a>> {
        let rule =
            self.programs.iter().find(|rule| rule.fits(process)).filter(|_| self.users.contains(&process.uid))?;
        let script = process.script.as_ref().map(|s| s.sha256.to_string()).unwrap_or_default();
        let text = format!(
            "{}\n{}\n{}\n{}\n{script}\n{:?}",
            self.issuer, rule.name, process.uid, process.program.sha256, process.parents
        );
        Some(Recognized { rules: self, name: &rule.name, process, evidence: Digest::of(text.as_bytes()) })
    }
}

impl Recognized<'_> {
    /// The agent that it is, and the human that it acts for.
    pub(crate) fn principal(&self, now: Timestamp) -> Principal {
        let Self { rules, process, evidence, .. } = *self;
        let name = self.name.clone();
        let issuer = Some(rules.issuer.clone());
        let agent = Agent { id: name.clone(), name, issuer: issuer.clone(), class: None, publisher: None, owner: None };
        let human = rules.for_user.then(|| {
            let id = process.user.clone().unwrap_or_else(|| format!("uid-{}", process.uid).into());
            let (groups, entitlements) = Default::default();
            Human { name: id.clone(), id, email: None, groups, issuer: "local".into(), entitlements, login: None }
        });
        let mut measured = BTreeMap::from([("program".into(), process.program.sha256.to_string().into())]);
        if let Some(script) = &process.script {
            measured.insert("script".into(), script.sha256.to_string().into());
        }
        let posture = BTreeMap::from([
            ("uid".into(), process.uid.to_string().into()),
            ("parents".into(), process.parents.join(" < ").into()),
        ]);
        let attestation = Attestation {
            subject: process.script.as_ref().unwrap_or(&process.program).path.as_str().into(),
            method: Method::LocalProcess,
            assurance: Assurance::LocalProcess,
            issuer,
            evidence,
            measured,
            posture,
            key: None,
            at: now,
            expires: None,
        };
        Principal {
            key: Principal::key_of(Via::Process, &agent, human.as_ref(), None),
            agent,
            human,
            delegations: Arc::default(),
            attestation: Arc::new(attestation),
            assurance: Assurance::LocalProcess,
            via: Via::Process,
            expires: None,
            audiences: Arc::default(),
            conversation_hint: None,
            host: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(path: &str, bytes: &[u8]) -> Part {
        Part { path: path.into(), sha256: Digest::of(bytes) }
    }

    fn process() -> Process {
        Process {
            uid: 1000,
            user: Some("ada".into()),
            program: part("/usr/bin/claude", b"claude"),
            script: None,
            interprets: false,
            parents: vec!["zsh".into(), "systemd".into()],
        }
    }

    fn rule() -> ProgramRule {
        ProgramRule { name: "claude".into(), sha256: Some(Digest::of(b"claude")), path: None, script: None }
    }

    #[test]
    fn all_that_is_stated_must_hold() {
        let judge = |rule: ProgramRule, process: &Process| {
            let rules = ProcessRules { issuer: "here".into(), programs: vec![rule], users: vec![1000], for_user: true };
            rules.recognize(process).map(|known| known.principal(Timestamp::default()))
        };
        let who = judge(rule(), &process()).unwrap();
        assert_eq!((&*who.agent.id, who.assurance, who.via), ("claude", Assurance::LocalProcess, Via::Process));
        assert_eq!(who.human.as_ref().map(|h| &*h.id), Some("ada"));
        assert_eq!(&*who.attestation.posture["parents"], "zsh < systemd");
        assert!(!who.may_open_turns());
        let wrong = Some(Digest::of(b"other"));
        assert!(judge(ProgramRule { sha256: wrong, ..rule() }, &process()).is_none());
        assert!(judge(ProgramRule { path: Some("/tmp/claude".into()), ..rule() }, &process()).is_none());
        assert!(judge(ProgramRule { path: Some("/usr/bin/claude".into()), ..rule() }, &process()).is_some());
        assert!(judge(ProgramRule { sha256: None, ..rule() }, &process()).is_none(), "a name alone is no rule");
        assert!(judge(rule(), &Process { uid: 1001, ..process() }).is_none());
        // The interpreter alone says nothing, and neither does a script of another interpreter.
        let python = Process { script: Some(part("/srv/a.py", b"a")), interprets: true, ..process() };
        assert!(judge(rule(), &python).is_none());
        assert!(judge(ProgramRule { script: Some(Digest::of(b"a")), ..rule() }, &python).is_some());
        assert!(judge(ProgramRule { script: wrong, ..rule() }, &python).is_none());
        assert!(judge(ProgramRule { script: wrong, ..rule() }, &process()).is_none());
    }
}
