//! Real receivers on loopback, and a real trail.

use crate::kit;
use doorward_audit::Record;
use doorward_config::{Export, Known, Settings};
use doorward_export::tell::{Around, Exports};
use doorward_store::{Options, SystemClock, Trail, trail::Reader};
use doorward_testkit::peers::{self, http::Http, readers};
use serde_json::Value;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

struct Stage {
    state: tempfile::TempDir,
    trail: Arc<Trail>,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    fn new() -> Self {
        let state = tempfile::tempdir().unwrap();
        let trail = Trail::open(&state.path().join("trail"), &SystemClock, Options::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { state, trail: Arc::new(trail), runtime }
    }

    fn exports(&self) -> Exports {
        let trail = self.trail.clone();
        Exports::new(Around {
            trail: self.state.path().join("trail"),
            state: self.state.path().to_owned(),
            runtime: self.runtime.handle().clone(),
            clock: Arc::new(SystemClock),
            size: Arc::new(move || trail.size()),
        })
    }

    fn record(&self) {
        for item in kit::every_kind() {
            self.trail.append(&Record { trimmed: None, ..item.record }).unwrap();
        }
    }
}

fn export(text: &str) -> Export {
    let loaded = Settings::parse("doorward.toml", text, &Known::default()).map_err(|report| report.to_string());
    loaded.unwrap().settings.exports.remove(0)
}

/// Waits for what another thread does; the longest wait is only for what never comes.
fn until(what: &str, mut there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn block<T>(asking: impl Future<Output = std::io::Result<T>>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(asking).unwrap()
}

fn seen(url: &str) -> Vec<Value> {
    let answer = block(Http::default().get(&format!("{url}/seen")));
    serde_json::from_str(&answer.body).unwrap()
}

fn numbers(exports: &Exports) -> [u64; 5] {
    exports.shown().numbers().remove(0).1
}

const UP: usize = 0;
const LAG: usize = 1;
const SENT: usize = 2;
const FAILURES: usize = 3;
const REFUSED: usize = 4;

#[test]
fn a_receiver_of_opentelemetry_takes_all_of_it() {
    if !peers::installed("OTLP/HTTP at a receiver of opentelemetry-proto").unwrap() {
        return;
    }
    let stage = Stage::new();
    let (_receiver, url) = readers::otlp_receiver(&["--token", "t-4711"]).unwrap();
    let token = stage.state.path().join("token");
    std::fs::write(&token, "Bearer t-4711\n").unwrap();
    let settings = format!(
        "[[export]]\nname='c'\nkind='otlp'\nurl='{url}'\nbegin='oldest'\nheaders={{authorization={{file='{}'}}}}",
        token.display()
    );
    stage.record();
    let exports = stage.exports();
    exports.run(&[export(&settings)]).unwrap();
    until("all of it", || numbers(&exports)[LAG] == 0 && numbers(&exports)[SENT] > 0);
    let told = seen(&url);
    let of = |path: &str| told.iter().filter(|one| one["path"] == path).map(|one| &one["request"]).collect::<Vec<_>>();
    let logs: usize = of("/v1/logs")
        .iter()
        .map(|r| r["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap().len())
        .sum();
    assert_eq!(logs as u64, stage.trail.size());
    let spans = of("/v1/traces")[0]["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().len();
    assert_eq!(spans, 6);
    let resource = &of("/v1/logs")[0]["resourceLogs"][0]["resource"]["attributes"];
    assert!(resource.to_string().contains("service.instance.id"), "{resource}");
    exports.stop();
}

#[test]
fn what_was_told_is_remembered_and_what_a_dead_receiver_missed_is_told_later() {
    if !peers::installed("CloudEvents by standardwebhooks").unwrap() {
        return;
    }
    let stage = Stage::new();
    let secret = stage.state.path().join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let (_receiver, url) = readers::webhook_receiver("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let settings =
        export(&format!("[[export]]\nname='w'\nkind='webhook'\nurl='{url}'\nsecret={{file='{}'}}", secret.display()));
    let mood = |mood: &str| drop(block(Http::default().post_json(&format!("{url}/mood?{mood}"), &Value::Null)));
    let ids = || -> Vec<u64> {
        let all = seen(&url);
        all.iter()
            .flat_map(|one| one["events"].as_array().unwrap())
            .map(|event| event["id"].as_str().unwrap().parse().unwrap())
            .collect()
    };
    // It begins now: what was there before is not told.
    stage.record();
    let before = stage.trail.size();
    until("the disk", || {
        let mut reader = Reader::new(&stage.state.path().join("trail"));
        while reader.next().unwrap().is_some() {}
        reader.index() == before
    });
    mood("status=503");
    let exports = stage.exports();
    exports.run(std::slice::from_ref(&settings)).unwrap();
    stage.record();
    until("a failure", || numbers(&exports)[FAILURES] > 0);
    assert_eq!((numbers(&exports)[UP], numbers(&exports)[SENT]), (0, 0));
    assert!(numbers(&exports)[LAG] > 0 && ids().is_empty());
    // Recording goes on as ever.
    let start = Instant::now();
    stage.record();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    // It ends while its receiver is dead, and goes on with another gateway.
    exports.stop();
    mood("status=200");
    let exports = stage.exports();
    exports.run(std::slice::from_ref(&settings)).unwrap();
    until("the rest", || ids().last() == Some(&(stage.trail.size() - 1)));
    assert_eq!(ids(), (before..stage.trail.size()).collect::<Vec<_>>());
    until("its standing", || numbers(&exports)[LAG] == 0);
    assert_eq!(numbers(&exports)[UP], 1);
    // One record that it never takes keeps no other back.
    mood("status=200&poison=asked+to+stop");
    stage.record();
    until("what is passed over", || numbers(&exports)[REFUSED] == 1 && numbers(&exports)[LAG] == 0);
    exports.stop();
    let all = ids();
    assert_eq!(all.len() as u64, stage.trail.size() - before - 1);
    assert!(all.windows(2).all(|two| two[0] < two[1]));
}

#[test]
fn events_of_ocsf_are_told_by_webhook() {
    if !peers::installed("OCSF in CloudEvents").unwrap() {
        return;
    }
    let stage = Stage::new();
    let secret = stage.state.path().join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let (_receiver, url) = readers::webhook_receiver("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let settings = format!(
        "[[export]]\nname='w'\nkind='webhook'\nurl='{url}'\nbegin='oldest'\nformat='ocsf'\nrecords=['ruling','finding']\nsecret={{file='{}'}}",
        secret.display()
    );
    stage.record();
    let exports = stage.exports();
    exports.run(&[export(&settings)]).unwrap();
    until("all of it", || numbers(&exports)[LAG] == 0 && numbers(&exports)[SENT] > 0);
    exports.stop();
    let all = seen(&url);
    let events: Vec<&Value> = all.iter().flat_map(|one| one["events"].as_array().unwrap()).collect();
    let lines: Vec<String> = events.iter().map(|event| event["data"].to_string()).collect();
    let told = readers::read_ocsf(lines.join("\n").as_bytes()).unwrap();
    assert!(told.contains("\"wrong\": 0") && told.contains("\"2004\""), "{told}");
    assert!(events.iter().all(|event| event["type"].as_str().unwrap().starts_with("dev.doorward.ocsf.")));
}

/// Tells syslog of one batch and gives what was read of it.
fn syslog(how: &[&str], more: &str) -> Vec<Value> {
    let stage = Stage::new();
    let out = stage.state.path().join("out");
    let (_receiver, url) = readers::syslog_receiver(how, &out).unwrap();
    stage.record();
    let exports = stage.exports();
    exports
        .run(&[export(&format!("[[export]]\nname='s'\nkind='syslog'\nurl='{url}'\nbegin='oldest'\n{more}"))])
        .unwrap();
    let read = || lines(&out);
    let expected = usize::try_from(stage.trail.size()).unwrap();
    until("all messages", || read().len() >= expected);
    exports.stop();
    assert_eq!(read().len(), expected);
    read()
}

fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn syslog_is_read_over_datagrams_streams_and_tls() {
    if !peers::installed("syslog by syslog-rfc5424-parser").unwrap() {
        return;
    }
    let cef = syslog(&["--udp"], "");
    let deny = cef.iter().find(|m| m["msg"].as_str().unwrap().contains("|ruling:deny|")).unwrap();
    assert_eq!(
        (&deny["appname"], &deny["msgid"], &deny["facility"]),
        (&"doorward".into(), &"ruling".into(), &"audit".into())
    );
    assert_eq!(deny["sd"]["origin"]["software"], "doorward");
    let records = syslog(&["--tcp"], "format='record'\nfacility='local3'");
    assert!(records.iter().all(|m| m["facility"] == "local3" && m["msg"].as_str().unwrap().contains("\"index\":")));

    let folder = tempfile::tempdir().unwrap();
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, pair.cert.pem()).unwrap();
    std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
    let files = [&cert, &key].map(|path| path.to_str().unwrap());
    let over_tls = syslog(&["--tls", files[0], files[1]], &format!("ca='{}'", files[0]));
    assert_eq!(over_tls.len(), cef.len());
}

#[test]
fn what_stands_where_something_else_was_told_is_told() {
    let stage = Stage::new();
    let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = receiver.local_addr().unwrap().port();
    let settings = export(&format!("[[export]]\nname='s'\nkind='syslog'\nurl='udp://127.0.0.1:{port}'"));
    stage.record();
    let run = || {
        let exports = stage.exports();
        exports.run(std::slice::from_ref(&settings)).unwrap();
        exports
    };
    run().stop();
    // As after a loss of power that took what had been read.
    let file = stage.state.path().join("exports/s.json");
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    (kept["next"], kept["offset"]) = (9_999.into(), 9_999_999.into());
    std::fs::write(&file, kept.to_string()).unwrap();
    let exports = run();
    until("all of it", || numbers(&exports)[SENT] == stage.trail.size());
    exports.stop();
    // Of another trail it says nothing: this one begins now.
    kept["trail"] = "doorward.local/other".into();
    std::fs::write(&file, kept.to_string()).unwrap();
    let exports = run();
    assert_eq!((numbers(&exports)[LAG], numbers(&exports)[SENT]), (0, 0));
    exports.stop();
}

#[test]
fn exports_follow_the_configuration() {
    let stage = Stage::new();
    let exports = stage.exports();
    let named = |name: &str, port: u16| {
        export(&format!("[[export]]\nname='{name}'\nkind='syslog'\nurl='udp://127.0.0.1:{port}'"))
    };
    let names = || exports.shown().numbers().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    exports.run(&[named("a", 9), named("b", 9)]).unwrap();
    assert_eq!(names(), ["a", "b"]);
    exports.run(&[named("b", 10)]).unwrap();
    assert_eq!(names(), ["b"]);
    exports.run(&[]).unwrap();
    assert!(names().is_empty());
}
