//! What the tests share: a clock, records, a small trail.

use doorward_audit::*;
use doorward_store::{Options, OsEntropy, Trail, trail::Trust};
use doorward_vocab::*;
use std::{fs, path::Path, time::Duration};

pub(crate) struct Noon;
impl Clock for Noon {
    fn now(&self) -> Timestamp {
        at(0)
    }
}

/// `n` microseconds after the beginning.
pub(crate) fn at(n: u64) -> Timestamp {
    Timestamp::from_micros(1_795_000_000_000_000 + n)
}

pub(crate) fn call(n: u64) -> CallId {
    CallId::mint(at(n), &OsEntropy::default())
}

pub(crate) fn ruling(call: CallId) -> Ruling {
    Ruling {
        call,
        conversation: Conversation { id: ConversationId::new("c1").unwrap(), basis: Basis::Explicit, ambiguous: false },
        turn: None,
        parent: None,
        human: Some(Party::new("u-ann", "Ann")),
        agent: Party::new("a-1", "helper"),
        assurance: Assurance::LocalProcess,
        attestation: None,
        delegations: Vec::new(),
        server: Some("files".parse().unwrap()),
        method: "tools/call".into(),
        target: Some("read_file".into()),
        direction: Direction::ToServer,
        definition: Some(Digest::of(b"definition")),
        effects: Effects::just(Effect::Read),
        policy: Digest::of(b"policy"),
        authorized_by: AuthorizedBy::StandingPolicy,
        level: Level::Guard,
        mode: Mode::Enforce,
        decision: Decision::Allow,
        enforced: true,
        reasons: [Reason::new(ReasonCode::Permitted, "reading is permitted by `base`")].into(),
        arguments: Some(Payload::of(b"{}")),
        labels: Labels::default(),
        values: Vec::new(),
        findings: Vec::new(),
        revision: "2026-07-28".into(),
        session: None,
        trace: None,
        span: None,
        rationale: None,
    }
}

pub(crate) fn outcome(call: CallId) -> OutcomeRecord {
    OutcomeRecord {
        call,
        outcome: Outcome::Completed,
        result: Some(Payload::of(b"result")),
        label: Some(Label::OUTSIDE),
        decision: Decision::Allow,
        reasons: Vec::new(),
        findings: Vec::new(),
        credential: None,
        redactions: 0,
        duration_us: 1200,
        upstream_us: 1100,
    }
}

/// Small segments, and a head signed with every write.
pub(crate) fn small() -> Options {
    Options {
        segment_bytes: 64 * 1024,
        sync_every: Duration::ZERO,
        checkpoint_every: Duration::ZERO,
        ..Options::default()
    }
}

pub(crate) fn open(dir: &Path) -> Trail {
    Trail::open(dir, &Noon, small()).unwrap()
}

/// Appends `n` rulings.
pub(crate) fn fill(trail: &Trail, n: u64) {
    for i in 0..n {
        trail.record(at(i), &ruling(call(i))).unwrap();
    }
}

pub(crate) fn verify(dir: &Path) -> Report {
    doorward_store::trail::verify(dir, &Trust::default(), |_| ()).unwrap()
}

pub(crate) fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(crate) fn wait<F: Future>(f: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(f)
}
