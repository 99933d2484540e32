use crate::place::Place;

const FILE: &str = "# ours\nlevel = \"guard\" # for now\n\n[limits]\ndepth = 32\n";

#[test]
fn adding_shows_what_was_added_and_how_to_undo_it() {
    let place = Place::new();
    insta::assert_snapshot!("add-command", place.run("add files -- npx -y @scope/server-files /data").shown());
    insta::assert_snapshot!(
        "add-url",
        place.run("add docs https://docs.example.com/mcp --header X-Tenant=emea").shown()
    );
    assert_eq!(place.run("check").code, 0);
    insta::assert_snapshot!("list", place.run("list").shown());
}

#[test]
fn removing_gives_the_file_back_byte_for_byte() {
    for text in [FILE, "", "# no line break at the end", "level = 'guard'\r\n"] {
        let place = Place::new();
        place.write("doorward.toml", text);
        assert_eq!(place.run("add a -e LOG=warn -e TOKEN=@file:t.txt -- mcp-a --flag").code, 0);
        assert_ne!(place.read("doorward.toml"), text);
        assert_eq!(place.run("remove a").code, 0);
        assert_eq!(place.read("doorward.toml"), text);
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::new();
    let ran = place.run("add a --dry-run -- mcp-a");
    assert!(ran.out.starts_with("would add a to doorward.toml"), "{}", ran.out);
    assert!(!place.path("doorward.toml").exists());
    let record = &place.run("add a --dry-run --json -- mcp-a").records()[0];
    assert_eq!((&record["added"], &record["endpoint"]), (&false.into(), &"http://127.0.0.1:8787/mcp/a".into()));
}

#[test]
fn what_adding_refuses() {
    let place = Place::new();
    place.write("doorward.toml", "[[server]]\nname = \"files\"\ncommand = [\"x\"]\n");
    let before = place.read("doorward.toml");
    let mut told = String::new();
    for words in [
        &["add", "files", "--", "y"][..],
        &["add", "Files", "--", "y"],
        &["add", "a", "--", "npx -y server"],
        &["add", "a", "--", "sh", "-c", "npx server"],
        &["add", "a", "npx"],
        &["add", "a", "http://example.com/mcp"],
        &["add", "a", "https://me:hush@example.com/mcp"],
        &["add", "a", "--env", "GITHUB_TOKEN=hush", "--", "y"],
        &["add", "a", "--env", "GITHUB_TOKEN", "--", "y"],
        &["add", "a", "--env", "A=@vault:x", "--", "y"],
        &["add", "a", "--env", "A-B=c", "--", "y"],
        &["add", "a", "-e", "A=b", "https://example.com/mcp"],
    ] {
        let ran = place.run_words(words);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{words:?}");
        assert!(!ran.err.contains("hush"), "{}", ran.err);
        told.push_str(&format!("$ doorward {}\n{}\n", words.join(" ").replace("hush", "…"), ran.err));
    }
    assert_eq!(place.read("doorward.toml"), before);
    insta::assert_snapshot!("add-refused", told);
}

#[test]
fn a_file_with_mistakes_is_not_added_to() {
    let place = Place::new();
    place.write("doorward.toml", "levle = 1\n");
    let ran = place.run("add a -- x");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("did you mean `level`?"));
    assert_eq!(place.read("doorward.toml"), "levle = 1\n");
}

#[test]
fn removing_what_is_not_there_or_still_needed() {
    let place = Place::new();
    assert_eq!(place.run("remove files").code, 2);
    place.write(
        "doorward.toml",
        "[[server]]\nname = 'docs'\nurl = 'https://d.example.com/mcp'\n[[trust]]\nname = 'open'\nkind = 'anonymous'\nservers = ['docs']\n",
    );
    let ran = place.run("remove dosc");
    assert!(ran.code == 2 && ran.err.contains("did you mean `docs`?"), "{}", ran.err);
    let ran = place.run("remove docs");
    assert!(ran.code == 2 && ran.err.contains("there is no server `docs`"), "{}", ran.err);
    assert!(place.read("doorward.toml").contains("'docs'"));
}

#[test]
fn the_mode_of_the_file_stays() {
    use std::{fs, os::unix::fs::PermissionsExt};
    let place = Place::new();
    place.write("real.toml", FILE);
    fs::set_permissions(place.path("real.toml"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.toml", place.path("doorward.toml")).unwrap();
    assert_eq!(place.run("add a -- x").code, 0);
    assert!(place.path("doorward.toml").is_symlink());
    assert_eq!(fs::metadata(place.path("real.toml")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn lists_as_records() {
    let place = Place::new();
    assert!(place.run("list").out.starts_with("there are no servers yet"));
    assert_eq!(place.run("list --json").out, "");
    place.run("add a -- mcp-a 'x");
    let record = &place.run("list --json").records()[0];
    assert_eq!((&record["transport"], &record["upstream"]["args"][0]), (&"stdio".into(), &"'x".into()));
}
