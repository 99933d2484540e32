//! `cargo xtask setup`: installs the peers that tests talk to. Quick when nothing has changed.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Outcome, Verdict,
    process::{exists, quiet},
    workspace,
};

/// One thing to prepare: what a change of its key means is that it is prepared anew.
struct Part {
    name: &'static str,
    /// Committed files that say what is wanted; the stamp holds their hash.
    wanted: &'static [&'static str],
    /// What must be there for the stamp to be believed.
    gives: fn() -> PathBuf,
    prepare: fn() -> Result<(), String>,
}

const PARTS: &[Part] = &[
    Part {
        name: "node",
        wanted: &["package.json", "package-lock.json"],
        gives: workspace::node_modules,
        prepare: node,
    },
    Part { name: "python", wanted: &["requirements.txt"], gives: workspace::python, prepare: python },
];

/// Prepares every part. `--force` forgets what is there.
pub(crate) fn run(args: &[String]) -> Outcome {
    let force = match args {
        [] => false,
        [flag] if flag == "--force" => true,
        _ => return Err("usage: cargo xtask setup [--force]".to_owned()),
    };
    fs::create_dir_all(workspace::cache()).map_err(|error| format!("cannot create the cache: {error}"))?;
    for part in PARTS {
        part.ensure(force)?;
    }
    link_node_modules()?;
    nginx();
    Ok(Verdict::Pass)
}

impl Part {
    fn ensure(&self, force: bool) -> Result<(), String> {
        let stamp = workspace::cache().join(format!("{}.stamp", self.name));
        let key = self.key()?;
        if !force && (self.gives)().exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == key) {
            println!("setup: {} is ready", self.name);
            return Ok(());
        }
        println!("setup: preparing {} in {} …", self.name, workspace::cache().display());
        let _ = fs::remove_file(&stamp);
        (self.prepare)()?;
        fs::write(&stamp, key).map_err(|error| format!("cannot write `{}`: {error}", stamp.display()))
    }

    fn key(&self) -> Result<String, String> {
        let mut hasher = DefaultHasher::new();
        for file in self.wanted {
            let path = workspace::peers().join(file);
            fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?.hash(&mut hasher);
        }
        Ok(format!("{:016x}", hasher.finish()))
    }
}

fn node() -> Result<(), String> {
    if !exists("npm", "--version") {
        return Err("npm is missing: install Node 20 or newer".to_owned());
    }
    let home = workspace::cache().join("node");
    fs::create_dir_all(&home).map_err(|error| format!("cannot create `{}`: {error}", home.display()))?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(workspace::peers().join(file), home.join(file))
            .map_err(|error| format!("cannot copy `{file}`: {error}"))?;
    }
    // The lock file pins every version by hash, so scripts of packages need not run and registries need not be named.
    let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    quiet(Command::new("npm").args(flags).current_dir(&home))?;
    let version = quiet(Command::new(workspace::node()).arg("--version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < 22) {
        return Err(format!(
            "the peers need Node 22 or newer, found {}: install it and run this again",
            version.trim()
        ));
    }
    Ok(())
}

fn python() -> Result<(), String> {
    let python =
        ["python3.11", "python3.12", "python3.13", "python3"].into_iter().find(|name| exists(name, "--version"));
    let python = python.ok_or("Python is missing: install Python 3.11")?;
    let home = workspace::cache().join("python");
    let venv = || quiet(Command::new(python).args(["-m", "venv", "--clear"]).arg(&home));
    if let Err(error) = venv() {
        // Debian keeps the part of Python that makes environments in a package of its own.
        apt_install(&["python3-venv"]).map_err(|_| error)?;
        venv()?;
    }
    let flags = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "-r"];
    quiet(Command::new(workspace::python()).args(flags).arg(workspace::peers().join("requirements.txt")))?;
    Ok(())
}

/// Scripts in `peers/node` find their packages through `peers/node_modules`, wherever the cache is.
fn link_node_modules() -> Result<(), String> {
    let link = workspace::peers().join("node_modules");
    let target = fs::canonicalize(workspace::node_modules()).map_err(|error| format!("no Node packages: {error}"))?;
    if fs::read_link(&link).is_ok_and(|found| found == target) {
        return Ok(());
    }
    let _ = fs::remove_file(&link);
    symlink(&target, &link).map_err(|error| format!("cannot link `{}`: {error}", link.display()))
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn symlink(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_dir(target, link)
}

/// The reverse proxy that overhead is compared with. Only measurements need it, so its absence is said and not an error.
fn nginx() {
    if ["nginx", "/usr/sbin/nginx"].into_iter().any(|nginx| exists(nginx, "-v")) {
        println!("setup: nginx is ready");
    } else if let Err(error) = apt_install(&["nginx-light"]) {
        println!(
            "setup: no nginx, the overhead comparison will be skipped ({})",
            error.lines().next().unwrap_or_default()
        );
    }
}

/// Installs Debian packages without starting their services.
fn apt_install(packages: &[&str]) -> Result<(), String> {
    if quiet(Command::new("id").arg("-u")).map_or(true, |uid| uid.trim() != "0") {
        return Err(format!("not root: install {} by hand", packages.join(" ")));
    }
    println!("setup: installing {} …", packages.join(" "));
    let gate = Path::new("/usr/sbin/policy-rc.d");
    let ours = !gate.exists() && deny_services(gate).is_ok();
    let apt = |args: &[&str]| quiet(Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive"));
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    let done = apt(&install).or_else(|_| apt(&["update"]).and_then(|_| apt(&install)));
    if ours {
        let _ = fs::remove_file(gate);
    }
    done.map(drop)
}

/// Debian's own way to say "install, do not start": exit code 101.
fn deny_services(gate: &Path) -> Result<(), String> {
    fs::write(gate, "#!/bin/sh\nexit 101\n").map_err(|error| error.to_string())?;
    quiet(Command::new("chmod").arg("755").arg(gate)).map(drop)
}
