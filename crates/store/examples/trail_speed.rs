//! Measures the trail on the disk of the directory given (default: the temporary directory): encoding, records that
//! nobody waits for, and commits by 1, 16 and 64 callers at once.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement may stop")]

use doorward_audit::*;
use doorward_store::{Options, OsEntropy, SystemClock, Trail, trail::Trust};
use doorward_vocab::*;
use std::{io::Write, sync::Arc, time::Instant};

fn ruling(call: CallId) -> Ruling {
    Ruling {
        call,
        conversation: Conversation {
            id: ConversationId::new("c-0123456789").unwrap(),
            basis: Basis::Explicit,
            ambiguous: false,
        },
        turn: Some(TurnId::mint(SystemClock.now(), &OsEntropy::default())),
        parent: None,
        human: Some(Party::new("user:ann@example.com", "Ann Example")),
        agent: Party::new("spiffe://example.com/agent/1", "helper"),
        assurance: Assurance::KeyBound,
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
        trace: Some("0af7651916cd43dd8448eb211c80319c".into()),
        span: None,
        rationale: None,
    }
}

fn main() {
    let mut out = std::io::stdout().lock();
    let dir = std::env::args()
        .nth(1)
        .map_or_else(std::env::temp_dir, Into::into)
        .join(format!("trail-speed-{}", std::process::id()));
    let entropy = OsEntropy::default();
    let sample = ruling(CallId::mint(SystemClock.now(), &entropy));
    let mut bytes = Vec::new();
    let n = 200_000_u32;
    let start = Instant::now();
    for _ in 0..n {
        bytes.clear();
        encode_ruling(SystemClock.now(), std::hint::black_box(&sample), &mut bytes);
    }
    writeln!(out, "encode a ruling: {} ns, {} bytes", start.elapsed().as_nanos() / u128::from(n), bytes.len()).unwrap();

    let trail = Arc::new(Trail::open(&dir, &SystemClock, Options::default()).unwrap());
    for round in 0..3 {
        let (start, n) = (Instant::now(), 20_000_u32);
        for _ in 0..n {
            trail.record(SystemClock.now(), &sample).unwrap();
        }
        writeln!(out, "record, nobody waits, round {round}: {} ns each", start.elapsed().as_nanos() / u128::from(n))
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    let mut each: Vec<_> = (0..2000)
        .map(|_| {
            std::thread::sleep(std::time::Duration::from_micros(100));
            let start = Instant::now();
            trail.record(SystemClock.now(), &sample).unwrap();
            start.elapsed().as_nanos()
        })
        .collect();
    each.sort_unstable();
    writeln!(out, "record at 5 to 10 thousand a second: p50 {} ns, p99 {} ns", each[1000], each[1980]).unwrap();

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    for callers in [1, 16, 64] {
        let start = Instant::now();
        let work = (0..callers).map(|_| {
            let (trail, sample) = (Arc::clone(&trail), sample.clone());
            runtime.spawn(async move {
                let mut times = Vec::new();
                for _ in 0..6400 / callers {
                    let start = Instant::now();
                    trail.commit(SystemClock.now(), &sample).await.unwrap();
                    times.push(start.elapsed().as_micros());
                }
                times
            })
        });
        let work: Vec<_> = work.collect();
        let mut times: Vec<_> = work.into_iter().flat_map(|w| runtime.block_on(w).unwrap()).collect();
        times.sort_unstable();
        let rate = times.len() as u128 * 1_000_000 / start.elapsed().as_micros();
        let at = |p: usize| times[times.len() * p / 1000];
        writeln!(
            out,
            "commit, {callers} callers: p50 {} us, p99 {} us, p99.9 {} us, {rate} a second",
            at(500),
            at(990),
            at(999)
        )
        .unwrap();
    }
    drop(trail);
    let start = Instant::now();
    let trail = Trail::open(&dir, &SystemClock, Options::default()).unwrap();
    writeln!(out, "open: {} ms for {} records", start.elapsed().as_millis(), trail.size()).unwrap();
    drop(trail);
    let start = Instant::now();
    let report = doorward_store::trail::verify(&dir, &Trust::default(), |_| ()).unwrap();
    writeln!(out, "verify: {} ms, good: {}", start.elapsed().as_millis(), report.is_good()).unwrap();
    let start = Instant::now();
    let read = doorward_store::Index::open(&dir).unwrap().catch_up().unwrap();
    writeln!(out, "index: {read} records in {} ms", start.elapsed().as_millis()).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
}
