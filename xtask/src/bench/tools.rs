//! The binaries of a run: built or found.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::options::Options;

/// Where the binaries are.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) load: PathBuf,
    /// `None` where nginx is not installed.
    pub(super) nginx: Option<PathBuf>,
    /// `None` while there is no gateway to measure.
    pub(super) doorward: Option<PathBuf>,
    /// Under the build directory, so on a real disk: a temporary folder in memory would make durability free.
    pub(super) scratch: PathBuf,
}

pub(super) fn build(options: &Options) -> Result<Tools, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    cargo(root, &["build", "--quiet", "--release", "--package", "doorward-load"])?;
    if options.build {
        cargo(root, &["build", "--profile", "dist", "--package", "doorward"])?;
    }
    let doorward = match &options.bin {
        Some(path) if path.is_file() => Some(path.clone()),
        Some(path) => return Err(format!("there is no gateway at `{}`", path.display())),
        None => newest(["dist", "release"].map(|profile| target.join(profile).join("doorward"))),
    };
    Ok(Tools {
        load: target.join("release/doorward-load"),
        nginx: super::nginx::find(),
        doorward,
        scratch: target.join("bench"),
    })
}

fn cargo(root: &Path, words: &[&str]) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(words).current_dir(root).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("`cargo {}` failed", words.join(" "))),
        Err(error) => Err(format!("cannot run cargo: {error}")),
    }
}

fn newest<const N: usize>(paths: [PathBuf; N]) -> Option<PathBuf> {
    paths
        .into_iter()
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .max()
        .map(|(_, path)| path)
}
