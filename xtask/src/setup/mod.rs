//! `cargo xtask setup`: installs the peers that tests talk to. Quick when nothing has changed.

mod debian;
mod go;
mod node;
mod python;

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

use crate::{Outcome, Verdict, workspace};

/// One thing to prepare: what a change of its key means is that it is prepared anew.
struct Part {
    name: &'static str,
    /// Committed files and folders that say what is wanted; the stamp holds their hash.
    wanted: &'static [&'static str],
    /// What must be there for the stamp to be believed.
    gives: fn() -> Vec<PathBuf>,
    prepare: fn() -> Result<(), String>,
    /// Whether the machine may do without it: the tests that need it are then skipped, and say so.
    spared: fn() -> bool,
}

const PARTS: &[Part] = &[
    Part {
        name: "node",
        wanted: &["package.json", "package-lock.json"],
        gives: || vec![workspace::node_modules()],
        prepare: node::prepare,
        spared: || false,
    },
    Part {
        name: "python",
        wanted: &["requirements.txt"],
        gives: || vec![workspace::python()],
        prepare: python::prepare,
        spared: || false,
    },
    Part { name: "tpm", wanted: &[], gives: debian::tpm, prepare: debian::install_tpm, spared: || !debian::is_root() },
    Part { name: "hsm", wanted: &[], gives: debian::hsm, prepare: debian::install_hsm, spared: || !debian::is_root() },
    Part { name: "chromium", wanted: &[], gives: debian::chromium, prepare: debian::install_chromium, spared: || true },
    Part { name: "solver", wanted: &[], gives: debian::solver, prepare: debian::install_solver, spared: || true },
    Part { name: "go", wanted: &["go"], gives: go::programs, prepare: go::prepare, spared: || true },
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
    node::link()?;
    debian::nginx();
    Ok(Verdict::Pass)
}

/// What the machine does without, a sentence each.
pub(crate) fn spared() -> Vec<String> {
    let reason = |part: &Part| fs::read_to_string(part.file("missing")).ok().map(|why| format!("{}: {why}", part.name));
    PARTS.iter().filter_map(reason).collect()
}

impl Part {
    fn ensure(&self, force: bool) -> Result<(), String> {
        let stamp = self.file("stamp");
        let key = self.key()?;
        let there = || (self.gives)().iter().all(|path| path.exists());
        if !force && there() && fs::read_to_string(&stamp).is_ok_and(|found| found == key) {
            println!("setup: {} is ready", self.name);
            return Ok(());
        }
        println!("setup: preparing {} in {} …", self.name, workspace::cache().display());
        for old in ["stamp", "missing"] {
            let _ = fs::remove_file(self.file(old));
        }
        match (self.prepare)() {
            Ok(()) => fs::write(&stamp, key).map_err(|error| format!("cannot write `{}`: {error}", stamp.display())),
            Err(error) if (self.spared)() => {
                // What was tried, and the last word on it.
                let lines = || error.lines().filter(|line| !line.trim().is_empty());
                let why = lines().take(1).chain(lines().skip(1).last()).collect::<Vec<_>>().join(" ");
                println!("setup: no {}, its tests will be skipped ({why})", self.name);
                fs::write(self.file("missing"), &why).map_err(|error| format!("cannot write the cache: {error}"))
            }
            Err(error) => Err(error),
        }
    }

    fn file(&self, kind: &str) -> PathBuf {
        workspace::cache().join(format!("{}.{kind}", self.name))
    }

    fn key(&self) -> Result<String, String> {
        let mut hasher = DefaultHasher::new();
        for wanted in self.wanted {
            hash(&workspace::peers().join(wanted), &mut hasher)
                .map_err(|error| format!("cannot read `peers/{wanted}`: {error}"))?;
        }
        Ok(format!("{:016x}", hasher.finish()))
    }
}

fn hash(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    if !path.is_dir() {
        path.file_name().hash(hasher);
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let mut inside: Vec<PathBuf> =
        fs::read_dir(path)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    inside.sort();
    inside.iter().try_for_each(|path| hash(path, hasher))
}
