use super::*;
use clap::Parser;
use doorward_audit::*;
use doorward_store::{Options, OsEntropy, SystemClock, Trail};
use doorward_vocab::*;

#[derive(Parser)]
struct Cli {
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Outer,
}

#[derive(clap::Subcommand)]
enum Outer {
    Log(LogArgs),
}

fn at(n: u64) -> Timestamp {
    Timestamp::from_micros(1_795_183_200_000_000 + n)
}

fn ask(state: &Path, words: &[&str]) -> (Result<bool, String>, String) {
    let cli = match Cli::try_parse_from([&["doorward", "log"], words].concat()) {
        Ok(cli) => cli,
        Err(e) => return (Err(e.to_string()), String::new()),
    };
    let mut out = Vec::new();
    let Outer::Log(args) = cli.verb;
    let result = dispatch(&args, state, at(60_000_000), &mut out).map_err(|e| e.to_string());
    (result, String::from_utf8(out).unwrap())
}

struct Fixed(u8);
impl Entropy for Fixed {
    fn draw(&self) -> [u8; 16] {
        [self.0; 16]
    }
}

/// Ann asks for a summary; the agent reads a mail, and a mail tells it to send a file.
fn story(state: &Path) -> [CallId; 2] {
    let trail = Trail::open(&state.join("trail"), &SystemClock, Options::default()).unwrap();
    let calls = [CallId::mint(at(1), &Fixed(1)), CallId::mint(at(2), &Fixed(2))];
    let turn = TurnId::mint(at(0), &OsEntropy::default());
    let conversation =
        Conversation { id: ConversationId::new("inbox").unwrap(), basis: Basis::Explicit, ambiguous: false };
    let ann = Party::new("u-ann", "Ann");
    let said = Turn {
        turn,
        conversation: conversation.clone(),
        human: Some(ann.clone()),
        agent: None,
        host: "editor".into(),
        attested: true,
        text: Payload::of(b"sum up my inbox"),
        mandate: Some("read mail".into()),
    };
    trail.append(&Record::new(at(0), Event::Turn(said))).unwrap();
    let read = Ruling {
        call: calls[0],
        conversation,
        turn: Some(turn),
        parent: None,
        human: Some(ann),
        agent: Party::new("a-1", "helper\u{1b}[2J"),
        assurance: Assurance::PlatformToken,
        attestation: None,
        delegations: Vec::new(),
        server: Some("mail".parse().unwrap()),
        method: "tools/call".into(),
        target: Some("read".into()),
        direction: Direction::ToServer,
        definition: None,
        effects: Effects::just(Effect::Read),
        policy: Digest::of(b""),
        authorized_by: AuthorizedBy::HumanLiteral,
        level: Level::Guard,
        mode: Mode::Enforce,
        decision: Decision::Allow,
        enforced: true,
        reasons: [Reason::new(ReasonCode::Permitted, "the turn asks for it")].into(),
        arguments: Some(Payload::of(b"{}")),
        labels: Labels::default(),
        values: Vec::new(),
        findings: Vec::new(),
        revision: "2026-07-28".into(),
        session: None,
        trace: Some("0af7651916cd43dd8448eb211c80319c".into()),
        span: None,
        rationale: None,
    };
    let send = Ruling {
        call: calls[1],
        parent: Some(calls[0]),
        target: Some("send".into()),
        effects: Effects::just(Effect::Send),
        authorized_by: AuthorizedBy::Autonomous,
        decision: Decision::Deny,
        reasons: [Reason::new(ReasonCode::FlowRefused, "=cmd, \"to\" came from a mail")].into(),
        values: vec![ValueSource {
            at: "/to".into(),
            call: Some(calls[0]),
            encoding: None,
            label: Label::OUTSIDE,
            source: "result".into(),
        }],
        rationale: Some("the mail asks for it".into()),
        ..read.clone()
    };
    let done = |call, outcome, us| OutcomeRecord {
        call,
        outcome,
        result: None,
        label: None,
        decision: Decision::Allow,
        reasons: Vec::new(),
        findings: Vec::new(),
        credential: None,
        redactions: 0,
        duration_us: us,
        upstream_us: us / 2,
    };
    trail.record(at(1_000_000), &read).unwrap();
    trail.append(&Record::outcome(at(1_100_000), done(calls[0], Outcome::Completed, 1234))).unwrap();
    trail.record(at(2_000_000), &send).unwrap();
    trail.append(&Record::outcome(at(2_000_100), done(calls[1], Outcome::Refused, 90))).unwrap();
    calls
}

#[test]
fn show_tells_who_what_and_why() {
    let state = tempfile::tempdir().unwrap();
    story(state.path());
    let (ok, out) = ask(state.path(), &["show"]);
    assert_eq!(ok, Ok(true));
    insta::assert_snapshot!(out);
    // What an agent calls itself does not reach the terminal as it is.
    assert!(!out.contains('\u{1b}'));
    let count = |words: &[&str]| ask(state.path(), &[&["show", "--json"], words].concat()).1.lines().count();
    assert_eq!(count(&[]), 5);
    assert_eq!(count(&["--since", "59s"]), 4);
    assert_eq!(count(&["--decision", "deny", "--human", "Ann", "--tool", "mail__send"]), 1);
    assert_eq!(count(&["--limit", "2"]), 2);
    assert_eq!(count(&["--limit", "0", "--text", "came mail"]), 1);
    assert!(ask(state.path(), &["show", "--decision", "no"]).0.is_err());
    assert!(ask(state.path(), &["show", "--since", "soon"]).0.unwrap_err().contains("write `30m`"));
    assert!(ask(state.path(), &["show", "--agent", "x"]).1.starts_with("none of 5 records match"));
}

#[test]
fn chain_tells_intent_from_action() {
    let state = tempfile::tempdir().unwrap();
    let calls = story(state.path());
    let (ok, out) = ask(state.path(), &["chain", &calls[1].to_string()]);
    assert_eq!(ok, Ok(true));
    insta::assert_snapshot!(out);
    let unknown = CallId::mint(at(0), &Fixed(9)).to_string();
    let (ok, out) = ask(state.path(), &["chain", &unknown]);
    assert_eq!((ok, out.starts_with("the trail has no call")), (Ok(false), true));
}

#[test]
fn verify_says_yes_and_no() {
    let state = tempfile::tempdir().unwrap();
    story(state.path());
    let (ok, out) = ask(state.path(), &["verify"]);
    assert!(ok == Ok(true) && out.contains("ok; to also notice"), "{out}");
    let checkpoint = state.path().join("trail/checkpoint");
    let key = state.path().join("trail/key.pub");
    let trusted = ["verify", "--checkpoint", checkpoint.to_str().unwrap(), "--key", key.to_str().unwrap()];
    assert!(ask(state.path(), &trusted).1.ends_with("ok\n"));
    let segment = state.path().join("trail/segments/00000000000000000000.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let (ok, out) = ask(state.path(), &["verify"]);
    assert!(ok == Ok(false) && out.contains("problem: edited from record 4") && out.contains("FAILED"), "{out}");
    let (ok, out) = ask(state.path(), &["verify", "--json"]);
    assert!(ok == Ok(false) && out.contains("\"kind\":\"edited\""), "{out}");
}

#[test]
fn exports() {
    let state = tempfile::tempdir().unwrap();
    story(state.path());
    let export = |format| ask(state.path(), &["export", "--format", format]).1;
    let csv = export("csv");
    assert!(csv.lines().count() == 6 && csv.contains("\"'=cmd, \"\"to\"\" came from a mail\""), "{csv}");
    assert_eq!(export("jsonl").lines().count(), 5);
    let ocsf: Vec<serde_json::Value> = export("ocsf").lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let deny = ocsf.iter().find(|event| event["type_uid"] == 600_399 && event["disposition_id"] == 2).unwrap();
    assert_eq!((ocsf.len(), &deny["class_uid"]), (5, &6003.into()));
    assert_eq!(deny["actor"]["user"]["name"], "Ann");
    assert!(export("cef").lines().all(|line| line.starts_with("CEF:0|Doorward|")));
    assert_eq!(export("otlp-traces").lines().count(), 1);
    let otlp: serde_json::Value = serde_json::from_str(&export("otlp-json")).unwrap();
    let logs = otlp["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap();
    assert_eq!((logs.len(), &logs[1]["traceId"]), (5, &"0af7651916cd43dd8448eb211c80319c".into()));
}

#[test]
fn evidence_needs_nothing_but_itself() {
    let state = tempfile::tempdir().unwrap();
    story(state.path());
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("bundle");
    let name = file.to_str().unwrap();
    let (ok, out) = ask(state.path(), &["export", "--evidence", "inbox", "-o", name]);
    assert!(ok == Ok(true) && out.starts_with("5 records in "), "{out}");
    // Never over other evidence; and the verb of its own writes the same but for the time.
    assert!(ask(state.path(), &["bundle", "inbox", "-o", name]).0.unwrap_err().contains("cannot write"));
    let (_, again) = ask(state.path(), &["bundle", "inbox"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), again);
    assert_eq!(ask(state.path(), &["bundle", "outbox"]).0, Ok(false));
    // On a machine without a trail.
    let key = std::fs::read_to_string(state.path().join("trail/key.pub")).unwrap();
    drop(state);
    let verify = |words: &[&str]| ask(elsewhere.path(), &[&["verify", name], words].concat());
    let (ok, out) = verify(&[]);
    assert!(ok == Ok(true) && out.contains("conversation inbox: 5 records") && out.contains("ok, if this"), "{out}");
    assert!(verify(&["--key", key.trim()]).1.ends_with("ok\n"));
    assert!(verify(&["--json"]).1.contains("\"good\":true"));
    // Another key, and whatever else is done to it.
    let other = doorward_audit::SigningKey::from_seed("doorward.local/other", [7; 32]).unwrap().verifier().to_string();
    assert!(verify(&["--key", &other]).1.contains("FAILED"));
    let lines: Vec<&str> = again.split_inclusive('\n').collect();
    let tampered = [
        again.replace("\"decision\":\"deny\"", "\"decision\":\"allow\""),
        again.replacen("\"index\":1", "\"index\":2", 1),
        [&lines[..2], &lines[3..]].concat().concat(),
        [&lines[..2], &lines[1..2], &lines[2..]].concat().concat(),
        [&lines[..1], &lines[2..3], &lines[1..2], &lines[3..]].concat().concat(),
        again.replacen("doorward-evidence/1", "doorward-evidence/2", 1),
        lines[1..].concat(),
        String::new(),
    ];
    for text in tampered {
        assert_ne!(text, again);
        std::fs::write(&file, &text).unwrap();
        let (ok, out) = verify(&[]);
        assert!(ok == Ok(false) && out.contains("FAILED"), "{text}\n{out}");
    }
}

#[test]
fn evidence_of_a_long_trail() {
    let state = tempfile::tempdir().unwrap();
    // The proofs go through full tiles of two levels, and through what is in none yet.
    let trail = Trail::open(&state.path().join("trail"), &SystemClock, Options::default()).unwrap();
    let stop = |n: u64| Record::new(at(n), Event::Stop(Stop { reason: "x".into() }));
    for n in 0..700 {
        trail.append(&stop(n)).unwrap();
    }
    drop(trail);
    story(state.path());
    let trail = Trail::open(&state.path().join("trail"), &SystemClock, Options::default()).unwrap();
    for n in 0..300 {
        trail.append(&stop(n)).unwrap();
    }
    drop(trail);
    let (ok, text) = ask(state.path(), &["bundle", "inbox"]);
    let proved = doorward_audit::evidence::prove(&text, None).unwrap();
    assert!(ok == Ok(true) && proved.checkpoint.size == 1005 && proved.records.len() == 5);
    assert_eq!(proved.records[0].0, 700);
}

#[test]
fn without_a_trail() {
    let state = tempfile::tempdir().unwrap();
    for words in [&["show"][..], &["verify"], &["export", "--format", "csv"]] {
        assert!(ask(state.path(), words).0.unwrap_err().contains("there is no trail in"), "{words:?}");
    }
    drop(Trail::open(&state.path().join("trail"), &SystemClock, Options::default()).unwrap());
    assert!(ask(state.path(), &["show"]).1.contains("the trail is empty"));
}
