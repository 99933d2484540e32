//! The console in a real browser, over a day of honest work and attacks.

use crate::place::Place;
use doorward_testkit::peers::{Browser, Running};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// Pictures of the book, and how large one may be.
const PICTURES: [&str; 8] =
    ["overview", "conversation", "call", "chain-dark", "definition", "sources", "trail", "overview-phone"];
const LARGEST: u64 = 150 << 10;

#[test]
fn a_browser_walks_through_the_console_and_answers_the_questions_of_a_responder() {
    if !Browser::installed("the console in a browser").unwrap() {
        return;
    }
    let place = Place::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    place.around(&mut command);
    command.env("TMPDIR", place.path(""));
    command.args(["demo", "--keep", "--json"]).stderr(Stdio::null());
    let (_demo, link) = started(&mut command);
    let pictures = place.path("pictures");
    fs::create_dir_all(&pictures).unwrap();
    let found = Browser::walk(&link, &pictures).unwrap();
    assert_eq!(found["serious"], json!([]), "axe");
    assert_eq!(found["complaints"], json!([]), "the browser complained");
    assert_eq!(found["outside"], json!([]), "something was asked of another host");
    assert_eq!(found["wide"], json!([]), "pages that are wider than a phone");
    assert_eq!(found["missing"], json!([]), "pages that the demo leaves empty");
    let answers = found["answers"].as_array().unwrap();
    assert!(answers.len() >= 10, "{found}");
    for answer in answers {
        let good = answer["answered"] == true && answer["clicks"].as_u64().unwrap() <= 3;
        assert!(good && answer["ms"].as_u64().unwrap() <= 5_000, "{answer}");
    }
    if std::env::var_os("DOORWARD_WRITE_IMAGES").is_some() {
        let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images");
        fs::create_dir_all(&book).unwrap();
        for name in PICTURES.map(|name| format!("console-{name}.png")) {
            if fs::metadata(pictures.join(&name)).unwrap().len() <= LARGEST {
                fs::copy(pictures.join(&name), book.join(&name)).unwrap();
            }
        }
    }
}

/// The demo when all of it was played, and the link to its console.
fn started(command: &mut Command) -> (Running, String) {
    let running = |line: &str| {
        let told = serde_json::from_str::<Value>(line).ok()?;
        (told["kind"] == "running").then(|| told["sign_in"].as_str().unwrap().to_owned())
    };
    let (process, link) = Running::start_told(command, running).unwrap();
    (process, link)
}
