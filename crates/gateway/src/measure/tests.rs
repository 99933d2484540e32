use super::*;
use doorward_transport::stdio::{StdioLink, StdioSettings};
use doorward_vocab::Secret;
use std::{
    collections::HashMap,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// Remembers, and counts what was kept anew.
#[derive(Default)]
struct Memory {
    kept: Mutex<HashMap<String, String>>,
    misses: AtomicUsize,
}

impl Digests for Memory {
    fn known(&self, key: &str) -> Option<String> {
        let known = self.kept.lock().unwrap().get(key).cloned();
        self.misses.fetch_add(usize::from(known.is_none()), Relaxed);
        known
    }
    fn keep(&self, key: &str, value: &str) {
        self.kept.lock().unwrap().insert(key.to_owned(), value.to_owned());
    }
}

fn put(path: &Path, text: &str) -> String {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // As installers do: another file under the same name.
    let _ = fs::remove_file(path);
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_string_lossy().into_owned()
}

fn command(cwd: &Path, path: &str, words: &[&str]) -> Command {
    let argv = words.iter().map(|w| (*w).to_owned()).collect();
    let env = vec![("PATH".into(), Secret::new(path.into())), ("HOME".into(), Secret::new(cwd.display().to_string()))];
    Command::new(argv, env, Some(cwd.to_owned())).unwrap()
}

fn look_at(command: &Command) -> Measurement {
    measure(command, &Memory::default()).unwrap().measurement
}

async fn first_line(command: &Command, measured: &Measured) -> String {
    let started = StdioLink::spawn_held(command, Some(&measured.executable), StdioSettings::default(), drop);
    let (_link, mut inbox) = started.unwrap();
    String::from_utf8(inbox.recv().await.unwrap().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn what_was_measured_is_executed_whatever_has_its_name_by_then() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("server");
    fs::copy("/bin/echo", &program).unwrap();
    let command = command(dir.path(), &format!("/bin:{}", dir.path().display()), &["server", "measured"]);
    let measured = measure(&command, &Memory::default()).unwrap();
    assert_eq!(measured.measurement.program.sha256, doorward_vocab::Digest::of(&fs::read(&program).unwrap()));
    // Another program takes its name between the look and the start.
    fs::copy("/bin/false", dir.path().join("other")).unwrap();
    fs::rename(dir.path().join("other"), &program).unwrap();
    assert_eq!(first_line(&command, &measured).await, "measured");
    assert!(!measured.is_unchanged());
}

#[tokio::test]
async fn a_script_is_run_by_the_interpreter_that_it_names_as_the_kernel_would() {
    let dir = tempfile::tempdir().unwrap();
    for (line, words) in [("#!/bin/sh", 2), ("#!/usr/bin/env sh", 2), ("#!/bin/sh -e", 2)] {
        let script = put(&dir.path().join("server"), &format!("{line}\necho \"$0 $1\"\n"));
        let command = command(dir.path(), "/usr/bin:/bin", &[&script, "x"]);
        let measured = measure(&command, &Memory::default()).unwrap();
        let found = &measured.measurement;
        assert!(found.program.path.ends_with("sh") && found.scripts.len() + 1 == words, "{found:?}");
        // A shell starts what it likes.
        assert!(!found.is_whole(), "{found:?}");
        let direct = std::process::Command::new(&script).arg("x").output().unwrap();
        assert_eq!(first_line(&command, &measured).await, String::from_utf8(direct.stdout).unwrap().trim_end());
        let before = found.clone();
        put(&dir.path().join("server"), &format!("{line}\necho \"$0 $1 edited\"\n"));
        let after = look_at(&command);
        assert_eq!(after.differences(&before).len(), 1, "{after:?}");
    }
}

/// A server of Node.js with one dependency, and one of that.
fn node_server(dir: &Path) -> Command {
    let modules = dir.join("node_modules");
    put(&dir.join("bin/node"), "\u{7f}ELF, say");
    let server = modules.join("@corp/server");
    put(&server.join("package.json"), r#"{"name":"@corp/server","version":"1.0.0","dependencies":{"zod":"^4"}}"#);
    put(&server.join("dist/index.js"), "import 'zod'");
    put(&server.join("dist/package.json"), r#"{"type":"module"}"#);
    put(&modules.join("zod/package.json"), r#"{"name":"zod","version":"4.0.1","optionalDependencies":{"deep":"1"}}"#);
    put(&modules.join("zod/index.js"), "zod");
    put(&modules.join("deep/package.json"), r#"{"name":"deep","version":"1.0.0"}"#);
    put(&modules.join("deep/index.js"), "deep");
    put(&modules.join("unrelated/package.json"), r#"{"name":"unrelated","version":"1.0.0"}"#);
    let lock = r#"{"packages":{"node_modules/zod":{"version":"4.0.1","integrity":"sha512-abc"}}}"#;
    put(&modules.join(".package-lock.json"), lock);
    command(
        dir,
        &dir.join("bin").display().to_string(),
        &["node", "node_modules/@corp/server/dist/index.js", "--data", "x.json"],
    )
}

#[test]
fn a_server_of_node_is_its_script_and_the_packages_that_it_can_load() {
    let dir = tempfile::tempdir().unwrap();
    let command = node_server(dir.path());
    let before = look_at(&command);
    assert!(before.is_whole(), "{before:?}");
    let names: Vec<&str> = before.packages.keys().map(String::as_str).collect();
    assert_eq!(names, ["@corp/server", "deep", "zod"]);
    assert!(before.packages["zod"].starts_with("4.0.1 sha512-abc sha256:"), "{before:?}");
    let modules = dir.path().join("node_modules");
    // What is none of its business.
    put(&modules.join("unrelated/index.js"), "changed");
    put(&modules.join("@corp/server/dist/memory.jsonl"), "{}");
    assert_eq!(look_at(&command), before);
    let told = |file: &str, text: &str| {
        let path = modules.join(file);
        let was = fs::read(&path).ok();
        put(&path, text);
        let told = look_at(&command).differences(&before).join("; ");
        match was {
            Some(was) => put(&path, &String::from_utf8(was).unwrap()),
            None => fs::remove_file(&path).map(|()| String::new()).unwrap(),
        };
        told
    };
    assert!(told("@corp/server/dist/index.js", "evil").starts_with("the script `"));
    assert_eq!(told("deep/index.js", "evil"), "`deep` 1.0.0 has other files");
    assert_eq!(told("deep/more.node", "evil"), "`deep` 1.0.0 has other files");
    // A package that is found before the one that was approved.
    put(&modules.join("@corp/node_modules/zod/package.json"), r#"{"name":"zod","version":"4.0.1"}"#);
    let after = look_at(&command).differences(&before).join("; ");
    assert!(after.contains("`@corp/node_modules/zod` 4.0.1 is new") && after.contains("`zod` is gone"), "{after}");
    fs::remove_dir_all(modules.join("@corp/node_modules")).unwrap();
    // The lock file says another version than the package does of itself.
    put(&modules.join("zod/package.json"), r#"{"name":"zod","version":"4.0.2","optionalDependencies":{"deep":"1"}}"#);
    let after = look_at(&command);
    assert_eq!(after.altered, ["zod/package.json"]);
    assert!(!after.is_whole());
}

#[test]
fn what_npx_would_fetch_is_looked_at_where_it_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    node_server(dir.path());
    let npx = dir.path().join("lib/npm/bin/npx-cli.js");
    put(&npx, "#!/usr/bin/env node\n");
    put(&dir.path().join("lib/npm/package.json"), r#"{"name":"npm","version":"11.0.0"}"#);
    symlink(&npx, dir.path().join("bin/npx")).unwrap();
    let cwd = dir.path().join("work");
    fs::create_dir(&cwd).unwrap();
    let mut command =
        command(&cwd, &dir.path().join("bin").display().to_string(), &["npx", "-y", "@corp/server@1.0.0"]);
    // Above the working folder `npx` would find the package installed.
    fs::rename(dir.path().join("node_modules"), dir.path().join("elsewhere")).unwrap();
    let found = look_at(&command);
    assert!(found.missing.is_some() && found.packages.contains_key("npm"), "{found:?}");
    // sha512("@corp/server@1.0.0"), the first 16 digits.
    let kept = cwd.join(".npm/_npx/f6ab7bc7a2a0f4c7");
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, b"@corp/server@1.0.0");
    let kept = kept.with_file_name(hash.as_ref()[..8].iter().map(|b| format!("{b:02x}")).collect::<String>());
    fs::create_dir_all(&kept).unwrap();
    fs::rename(dir.path().join("elsewhere"), kept.join("node_modules")).unwrap();
    let found = look_at(&command);
    assert!(found.is_whole() && found.packages.contains_key("zod"), "{found:?}");
    command.argv[2] = "@corp/server".into();
    assert!(!look_at(&command).is_whole(), "any version may come");
}

#[test]
fn a_server_of_python_is_its_script_its_neighbours_and_what_is_installed() {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| dir.path().join(path);
    let empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    put(&at("real/python3.12"), "\u{7f}ELF, say");
    fs::create_dir_all(at("venv/bin")).unwrap();
    symlink(at("real/python3.12"), at("venv/bin/python")).unwrap();
    put(&at("venv/pyvenv.cfg"), "home = /usr/bin\ninclude-system-site-packages = false\n");
    let site = at("venv/lib/python3.12/site-packages");
    put(&site.join("mcp/__init__.py"), "");
    put(
        &site.join("mcp-2.1.0.dist-info/RECORD"),
        &format!("mcp/__init__.py,sha256={empty},0\nmcp/data.json,sha256={empty},0\n"),
    );
    let script = put(&at("app/server.py"), "import mcp");
    put(&at("app/tools.py"), "tools");
    let python = at("venv/bin/python").display().to_string();
    let command = command(&at("app"), "/nowhere", &[&python, "-u", &script]);
    let measured = measure(&command, &Memory::default()).unwrap();
    let before = measured.measurement;
    assert!(before.is_whole() && before.packages["mcp"].starts_with("2.1.0 "), "{before:?}");
    assert!(measured.executable.env.contains(&("PYTHONDONTWRITEBYTECODE".into(), "1".into())));
    let told = |path: &Path, text: &str| {
        put(path, text);
        let told = look_at(&command).differences(&before).join("; ");
        fs::remove_file(path).unwrap();
        told
    };
    assert_eq!(told(&site.join("evil.pth"), "import os"), "`(of no package)` - is new");
    assert_eq!(told(&site.join("mcp/__pycache__/__init__.cpython-312.pyc"), "x"), "`(of no package)` - is new");
    assert_eq!(told(&at("app/json.py"), "shadows"), "`(beside the script)` - has other files");
    put(&site.join("mcp/data.json"), "written by the server itself");
    assert_eq!(look_at(&command), before);
    // A linked package is looked at where it is.
    put(&at("linked/__init__.py"), "one");
    symlink(at("linked"), site.join("linked")).unwrap();
    let linked = look_at(&command);
    put(&at("linked/__init__.py"), "two");
    assert_ne!(look_at(&command), linked);
    put(&site.join("mcp/__init__.py"), "import os");
    assert_eq!(look_at(&command).altered, ["mcp/__init__.py"]);
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let command = node_server(dir.path());
    let memory = Memory::default();
    // Fresh files may still change within a tick of the clock: nothing is kept of them.
    measure(&command, &memory).unwrap();
    assert_eq!(memory.kept.lock().unwrap().len(), 0);
    let old = command_of_old_files();
    measure(&old, &memory).unwrap();
    let misses = memory.misses.load(Relaxed);
    assert!(misses > 0);
    let again = measure(&old, &memory).unwrap().measurement;
    assert_eq!(memory.misses.load(Relaxed), misses);
    assert_eq!(again, look_at(&old));
}

fn command_of_old_files() -> Command {
    command(Path::new("/"), "/bin", &["echo"])
}

#[test]
fn what_is_not_there_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let missing = |words: &[&str]| measure(&command(dir.path(), "/bin", words), &Memory::default()).unwrap_err().kind();
    assert_eq!(missing(&["no-such-program"]), io::ErrorKind::NotFound);
    assert_eq!(missing(&["./no-such-program"]), io::ErrorKind::NotFound);
    let circle = put(&dir.path().join("circle"), &format!("#!{}\n", dir.path().join("circle").display()));
    assert!(measure(&command(dir.path(), "/bin", &[&circle]), &Memory::default()).is_err());
}
