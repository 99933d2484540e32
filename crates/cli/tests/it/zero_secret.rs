//! Two hundred secrets pass through a gateway to servers that give back all they get, in twelve encodings, whole and in five
//! kinds of pieces, in results and in errors. Afterwards nothing of them is anywhere where it could be read.

use crate::{
    live::{Connection, Live, command_server},
    place::Place,
};
use aho_corasick::AhoCorasick;
use doorward_testkit::{
    memory,
    peers::{hostile_server, hostile_stdio, identity::OidcProvider, installed},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    hash::{BuildHasher as _, RandomState},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

const SPLITS: [&str; 6] = ["whole", "halves", "lines", "dashes", "characters", "thirds"];
/// How long a piece must be to count as a part of a secret: shorter ones are in many texts by chance.
const PART: usize = 12;

/// What the secrets of this run are drawn from: others each time, or those of `DOORWARD_SEED`.
fn seed() -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| match std::env::var("DOORWARD_SEED") {
        Ok(seed) => seed.parse().expect("DOORWARD_SEED is a number"),
        Err(_) => RandomState::new().hash_one("seed"),
    });
    *SEED
}

/// Letters and digits as a generator draws them (SplitMix64).
fn drawn(count: usize) -> String {
    static STATE: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(seed()));
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let letter = |_| {
        let state = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        char::from(LETTERS[usize::try_from((mixed ^ mixed >> 31) % 62).unwrap()])
    };
    (0..count).map(letter).collect()
}

/// A secret of one of the shapes that people keep.
fn secret(number: usize) -> String {
    let r = |count| drawn(count);
    match number % 8 {
        0 => format!("{}_{}", "ghp", r(36)),
        1 => format!("{}.{}.{}", r(20), r(60), r(43)),
        2 => format!("{}-{}-{}-{}-{}", r(8), r(4), r(4), r(4), r(12)),
        3 => format!("{}+/{}==", r(20), r(18)),
        4 => r(64).to_lowercase(),
        5 => format!("p@ss {}\"\\&<{}>", r(24), r(8)),
        6 => format!("{}-{}", "sk-live", r(48)),
        _ => r(40),
    }
}

/// Everything that was planted, and where.
struct Planted {
    secrets: Vec<String>,
    toml: String,
    /// The names of servers over HTTP.
    servers: Vec<String>,
    /// What agents hold, and the server that it is for.
    placeholders: Vec<String>,
}

impl Planted {
    /// A secret in a file, as a reference to it.
    fn file(&mut self, place: &Place) -> String {
        let number = self.secrets.len();
        let (name, text) = (format!("secret-{number}"), secret(number));
        place.write(&name, &text);
        fs::set_permissions(place.path(&name), fs::Permissions::from_mode(0o600)).unwrap();
        self.secrets.push(text);
        format!("{{ file = \"{name}\" }}")
    }

    fn new(place: &Place, hostile: &str, said: &Path, provider: Option<&OidcProvider>) -> Self {
        let mut all = Self { secrets: Vec::new(), toml: String::new(), servers: Vec::new(), placeholders: Vec::new() };
        all.toml.push_str("[log]\nfilter = \"trace\"\n");
        for number in 0..130 {
            let (name, secret) = (format!("s{number}"), all.file(place));
            let slot = match number % 4 {
                0 => "kind = \"static\"",
                1 => "kind = \"static\"\nheader = \"x-api-key\"",
                2 => "kind = \"static\"\nquery = \"key\"",
                _ => "kind = \"static\"\nscheme = \"Token\"",
            };
            let _ = write!(
                all.toml,
                "[[server]]\nname = \"{name}\"\nurl = \"{hostile}/{name}/mcp\"\ncredential = \"{name}\"\n[[credential]]\nname = \"{name}\"\n{slot}\nsecret = {secret}\n"
            );
            all.servers.push(name);
        }
        for number in 0..20 {
            let (name, secret) = (format!("h{number}"), all.file(place));
            let _ = write!(
                all.toml,
                "[[server]]\nname = \"{name}\"\nurl = \"{hostile}/{name}/mcp\"\nheaders = {{ \"x-key\" = {secret} }}\n"
            );
            all.servers.push(name);
        }
        for number in 0..10 {
            let (name, secret) = (format!("p{number}"), all.file(place));
            let _ = write!(
                all.toml,
                "[[server]]\nname = \"{name}\"\nurl = \"{hostile}/{name}/mcp\"\n[[credential]]\nname = \"{name}\"\nkind = \"static\"\nsecret = {secret}\n[[placeholder]]\nname = \"{name}\"\ncredential = \"{name}\"\nserver = \"{name}\"\nargument = \"/token\"\n"
            );
            all.placeholders.push(name);
        }
        let mut variables = Vec::new();
        for number in 0..30 {
            let secret = all.file(place);
            variables.push(format!("GIVEN_{number} = {secret}"));
        }
        let words = hostile_stdio(said);
        let _ = writeln!(all.toml, "{}env = {{ {} }}", command_server("local", &words), variables.join(", "));
        if let Some(provider) = provider {
            place.write("client", "cl13nt-s3cret-of-the-gateway");
            for number in 0..10 {
                let name = format!("f{number}");
                let _ = write!(
                    all.toml,
                    "[[server]]\nname = \"{name}\"\nurl = \"{hostile}/{name}/mcp\"\ncredential = \"{name}\"\n[[credential]]\nname = \"{name}\"\nkind = \"client-credentials\"\nissuer = \"{}\"\nclient_id = \"gw-{number}\"\nclient_secret = {{ file = \"client\" }}\ntoken_audience = \"any\"\nresource = \"https://mcp.example/mcp\"\n",
                    provider.issuer()
                );
                all.servers.push(name);
            }
        }
        all
    }
}

/// What an agent was told, in all.
#[derive(Default)]
struct Transcript(Vec<String>);

impl Transcript {
    async fn leak(&mut self, live: &Live, server: &str, arguments: &Value) {
        let mut client = Connection::open(&live.base, &format!("/mcp/{server}")).await.unwrap();
        // Tokens that are fetched are others each time, and of a signed one the claims alone are no secret.
        let splits = if server.starts_with('f') { &SPLITS[..1] } else { &SPLITS };
        for split in splits {
            // Errors come by the same doors, whatever the pieces.
            let ways: &[&str] = if *split == "whole" { &["result", "error", "http-error"] } else { &["result"] };
            for via in ways {
                let mut arguments = arguments.clone();
                arguments["split"] = json!(split);
                arguments["via"] = json!(via);
                let answer = client.hear("tools/call", json!({ "name": "leak", "arguments": arguments })).await;
                self.0.push(answer.unwrap_or_else(|| panic!("no answer of {server}, {split}, {via}")));
            }
        }
    }
}

/// Texts that are looked for all at once.
struct Wanted {
    hows: Vec<String>,
    all: AhoCorasick,
}

impl Wanted {
    fn of(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let (texts, hows): (Vec<String>, Vec<String>) = texts.into_iter().unzip();
        Self { all: AhoCorasick::new(&texts).unwrap(), hows }
    }

    /// How what stands in `bytes` was said.
    fn within<'t>(&'t self, bytes: &'t [u8]) -> impl Iterator<Item = &'t String> {
        self.all.find_iter(bytes).map(|found| &self.hows[found.pattern().as_usize()])
    }
}

fn strings(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(all) => all.iter().for_each(|v| strings(v, out)),
        Value::Object(all) => all.values().for_each(|v| strings(v, out)),
        _ => {}
    }
}

fn squeezed(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// What was said of secrets, each with how it was said: whole texts, and pieces that are long enough.
#[derive(Default)]
struct Said {
    secrets: BTreeSet<String>,
    whole: BTreeMap<String, String>,
    pieces: BTreeMap<String, String>,
}

impl Said {
    fn read(path: &Path) -> Self {
        let mut said = Self::default();
        for line in fs::read_to_string(path).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            said.secrets.insert(text("secret"));
            said.whole.insert(text("text"), text("how"));
            let pieces = line["pieces"].as_array().unwrap().iter().filter_map(Value::as_str);
            let pieces = pieces.filter(|p| p.len() >= PART && !p.starts_with("the value is"));
            said.pieces.extend(pieces.map(|piece| (piece.to_owned(), text("how"))));
        }
        said
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn nothing_of_two_hundred_secrets_is_left_anywhere() {
    let place = Place::new();
    let told = place.path("said.jsonl");
    fs::write(&told, "").unwrap();
    let (_hostile, ready) = hostile_server(&told).unwrap();
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let clients: Vec<Value> = (0..10)
        .map(|n| json!({ "client_id": format!("gw-{n}"), "client_secret": "cl13nt-s3cret-of-the-gateway", "grant_types": ["client_credentials"], "redirect_uris": [], "response_types": [] }))
        .collect();
    let provider = installed("node").unwrap().then(|| OidcProvider::start(&json!({ "clients": clients })).unwrap());
    let planted = Planted::new(&place, ready["url"].as_str().unwrap(), &told, provider.as_ref());
    let mut live = Live::start(&place, &planted.toml);

    let mut transcript = Transcript::default();
    for server in planted.servers.iter().map(String::as_str).chain(["local"]) {
        transcript.leak(&live, server, &json!({})).await;
    }
    for name in &planted.placeholders {
        let ran = place.run(&format!("credentials placeholder {name} --agent local -c doorward.toml"));
        transcript.leak(&live, name, &json!({ "token": ran.out.trim() })).await;
    }
    let Said { secrets, whole, pieces } = Said::read(&told);
    let expected = planted.secrets.len() + provider.as_ref().map_or(0, |_| 10);
    assert!(secrets.len() >= expected, "{} of {expected} secrets reached their servers", secrets.len());
    let missing: Vec<_> = planted.secrets.iter().filter(|s| !secrets.contains(*s)).collect();
    assert!(missing.is_empty(), "these did not reach their servers: {missing:?}");

    // What agents were told.
    let compact = whole.iter().map(|(text, how)| (squeezed(text), how.clone())).filter(|(text, _)| text.len() >= PART);
    let (compact, texts) = (Wanted::of(compact), Wanted::of(whole.clone().into_iter().chain(pieces)));
    let mut found = Vec::new();
    for answer in &transcript.0 {
        let mut joined = String::new();
        let body = answer.split_once('\n').map_or("", |(_, body)| body);
        match serde_json::from_str(body) {
            Ok(body) => strings(&body, &mut joined),
            Err(_) => joined.push_str(body),
        }
        found.extend(texts.within(answer.as_bytes()).map(|how| format!("an agent was told one: {how}")));
        found.extend(
            compact.within(squeezed(&joined).as_bytes()).map(|how| format!("an agent was told one in all: {how}")),
        );
    }
    // What a core dump would hold, and what others see of the process.
    let pid = live.process.id();
    let things: Vec<&[u8]> = secrets.iter().map(String::as_bytes).collect();
    if memory::readable(pid) {
        let places = memory::places(&memory::as_dumped(pid).unwrap(), &things);
        found.extend(places.iter().map(|p| format!("memory holds one: {}", p.around)));
    } else {
        eprintln!("skipped: the memory of another process cannot be read here, which takes the right to trace it");
    }
    let environ = fs::read(format!("/proc/{pid}/environ")).unwrap();
    let metrics = live.metrics().await;
    let log = place.read("log.txt");
    live.signal("-TERM");
    assert!(live.process.wait().unwrap().success());
    // What lies on the disk: the trail, the databases, the log at its most talkative.
    let kept =
        files(&place.path("state")).into_iter().map(|path| (path.display().to_string(), fs::read(path).unwrap()));
    let all = [("the log", log.into_bytes()), ("the environment", environ), ("the metrics", metrics.into_bytes())];
    let all = kept.chain(all.map(|(name, bytes)| (name.to_owned(), bytes)));
    for (name, bytes) in all {
        found.extend(texts.within(&bytes).map(|how| format!("{name} holds one: {how}")));
    }
    let by = found.iter().fold(BTreeMap::<&String, usize>::new(), |mut by, place| {
        *by.entry(place).or_default() += 1;
        by
    });
    assert!(found.is_empty(), "DOORWARD_SEED={}: {} places: {by:#?}", seed(), found.len());
}
