use crate::place::Place;

#[test]
fn exit_codes_of_usage() {
    let place = Place::new();
    for (line, code) in [("", 2), ("--help", 0), ("--version", 0), ("levitate", 2), ("check --nope", 2), ("add x", 2)] {
        assert_eq!(place.run(line).code, code, "{line}");
    }
    assert!(place.run("--version").out.starts_with("doorward 0."));
}

#[test]
fn check_tells_every_mistake_and_fails() {
    let place = Place::new();
    place.write("doorward.toml", "levle = 'guard'\n[limits]\nheader_timeout = 10\n");
    insta::assert_snapshot!("check-mistakes", place.run("check").shown());

    let ran = place.run("check --json");
    assert_eq!((ran.code, ran.err.as_str()), (2, ""));
    let record = &ran.records()[0];
    assert_eq!(record["ok"], false);
    assert_eq!(record["mistakes"][0]["line"], 1);
    assert_eq!(record["mistakes"][1]["label"], "did you mean `\"10s\"`?");
}

#[test]
fn check_of_a_good_file() {
    let place = Place::new();
    place.write("doorward.toml", "level = 'watch'\n[[server]]\nname = 'a'\ncommand = ['x']\n");
    insta::assert_snapshot!("check-fine", place.run("check").shown());
    let record = &place.run("check --json").records()[0];
    assert_eq!(record["settings"]["limits"]["header_timeout"], "10s");
    assert!(record["digest"].as_str().unwrap().starts_with("sha256:"));
}

#[test]
fn where_the_file_is_found() {
    let place = Place::new();
    let ran = place.run("check");
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("the defaults are in force"), "{}", ran.out);

    place.write("home/.config/doorward/doorward.toml", "level = 'lockdown'\n");
    assert!(place.run("check").out.contains("level lockdown"));
    place.write("doorward.toml", "level = 'watch'\n");
    assert!(place.run("check").out.contains("level watch"));
    place.write("other.toml", "level = 'guard'\n");
    assert!(place.run("check -c other.toml").out.contains("level guard"));

    let ran = place.run("check -c none.toml");
    assert_eq!((ran.code, ran.err.trim()), (2, "error: cannot read `none.toml`: there is no such file"));
}

#[test]
fn relative_paths_start_beside_the_file() {
    let place = Place::new();
    place.write("etc/doorward.toml", "[policy]\nfiles = ['policies/*.cedar']\n");
    assert_eq!(place.run("check -c etc/doorward.toml").code, 2);
    place.write("etc/policies/a.cedar", "");
    assert_eq!(place.run("check -c etc/doorward.toml").code, 0);
}
