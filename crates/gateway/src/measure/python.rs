//! The packages that a program of Python can load (the Python documentation, `site` and `sys.path`).

use super::{
    Place,
    files::{Entry, Files},
};
use doorward_identity::attest::package::{Measurement, distribution, record};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
};

/// Adds the modules beside a script: its folder is searched first.
pub(super) fn beside(script: &Path, files: &mut Files<'_>, found: &mut Measurement) -> io::Result<()> {
    let script = fs::canonicalize(script)?;
    let folder = script.parent().unwrap_or(Path::new("/"));
    let mut all = files.walk(folder, is_code, |_| false)?;
    for item in fs::read_dir(folder)?.flatten() {
        if item.path().join("__init__.py").is_file() {
            all.extend(files.walk(&item.path(), is_code, |name| name != ".git")?);
        }
    }
    let digest = files.remembered("python", &all, |f| Ok(f.tree(all.iter())?.to_string()))?;
    found.packages.insert("(beside the script)".into(), format!("- {digest}"));
    Ok(())
}

/// Adds a module of the working folder: that is searched before the installed ones.
pub(super) fn module(
    place: &Place<'_>,
    module: &str,
    files: &mut Files<'_>,
    found: &mut Measurement,
) -> io::Result<()> {
    let first = module.split('.').next().unwrap_or(module);
    let file = place.folder.join(format!("{first}.py"));
    if file.is_file() {
        found.scripts.push(files.part(&file)?);
    }
    let folder = place.folder.join(first);
    if folder.join("__init__.py").is_file() {
        let all = files.walk(&folder, is_code, |name| name != ".git")?;
        let digest = files.remembered("python", &all, |f| Ok(f.tree(all.iter())?.to_string()))?;
        found.packages.insert(format!("({first} of the working folder)"), format!("- {digest}"));
    }
    Ok(())
}

/// Adds all that is installed where this interpreter looks.
pub(super) fn packages(
    place: &Place<'_>,
    program: &Path,
    argv: &[String],
    files: &mut Files<'_>,
    found: &mut Measurement,
) -> io::Result<()> {
    // The interpreter finds its environment from the name that it was started by.
    let named = argv.first().and_then(|word| place.program(word).ok()).unwrap_or_else(|| program.to_owned());
    for folder in searched(place, &named) {
        let entries = files.walk(&folder, is_code, |name| name != ".git")?;
        let seen = files.remembered("site", &entries, |f| {
            let seen = installed(&folder, &entries, f)?;
            serde_json::to_string(&seen).map_err(io::Error::other)
        })?;
        let seen: Seen = serde_json::from_str(&seen).map_err(io::Error::other)?;
        for (name, value) in seen.packages {
            // The first folder that has it is the one that is used; both are looked at.
            let key = if found.packages.contains_key(&name) { format!("{name} ({})", folder.display()) } else { name };
            found.packages.insert(key, value);
        }
        found.altered.extend(seen.altered);
    }
    Ok(())
}

/// The folders of installed packages, as `site` adds them to the path.
fn searched(place: &Place<'_>, program: &Path) -> Vec<PathBuf> {
    let bin = program.parent().unwrap_or(Path::new("/"));
    let home = bin.parent().unwrap_or(bin);
    let settings = [bin, home].into_iter().find_map(|f| fs::read_to_string(f.join("pyvenv.cfg")).ok());
    let real = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
    let base = real.parent().and_then(Path::parent).unwrap_or(home).to_owned();
    let setting = |key: &str| {
        let lines = settings.as_deref().unwrap_or_default().lines();
        lines.filter_map(|l| l.split_once('=')).find(|(k, _)| k.trim() == key).map(|(_, v)| v.trim().to_owned())
    };
    let mut prefixes = Vec::new();
    if settings.is_some() {
        prefixes.push(home.to_owned());
    }
    if settings.is_none() || setting("include-system-site-packages").as_deref() == Some("true") {
        prefixes.extend([base, "/usr/local".into()]);
        prefixes.extend(place.variable("HOME").map(|home| Path::new(&home).join(".local")));
    }
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Some(path) = place.variable("PYTHONPATH") {
        folders.extend(path.split(':').filter(|p| !p.is_empty()).map(|p| place.path(p)));
    }
    for prefix in prefixes {
        let versions = fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten().map(|item| item.path());
        let mut versions: Vec<_> =
            versions.filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("python"))).collect();
        versions.sort();
        folders.extend(versions.iter().flat_map(|v| [v.join("site-packages"), v.join("dist-packages")]));
    }
    folders.retain(|folder| folder.is_dir());
    let mut seen = Vec::new();
    folders.retain(|folder| {
        let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.clone());
        let fresh = !seen.contains(&real);
        seen.push(real);
        fresh
    });
    folders
}

/// What one folder holds.
#[derive(Default, Serialize, Deserialize)]
struct Seen {
    packages: BTreeMap<String, String>,
    altered: Vec<String>,
}

fn installed(folder: &Path, entries: &[Entry], files: &Files<'_>) -> io::Result<Seen> {
    let mut owners: HashMap<String, (String, String)> = HashMap::new();
    let mut recorded = HashMap::new();
    let mut infos: Vec<_> = fs::read_dir(folder)?.flatten().map(|item| item.path()).collect();
    infos.sort();
    for info in infos {
        let name = info.file_name().and_then(|n| n.to_str()).and_then(distribution);
        let Some(((name, version), text)) = name.zip(fs::read_to_string(info.join("RECORD")).ok()) else { continue };
        for line in record(&text) {
            if let Some(digest) = line.sha256 {
                recorded.insert(line.path.clone(), digest);
            }
            owners.insert(line.path, (name.to_owned(), version.to_owned()));
        }
    }
    let mut seen = Seen::default();
    let mut groups: BTreeMap<(String, String), String> = BTreeMap::new();
    for entry in entries {
        let digest = files.of(entry)?;
        if recorded.get(&entry.name).is_some_and(|r| *r != digest) {
            seen.altered.push(entry.name.clone());
        }
        let owner = owners.get(&entry.name).cloned().unwrap_or_else(|| ("(of no package)".into(), "-".into()));
        let group = groups.entry(owner).or_default();
        group.push_str(&format!("{digest} {}\n", entry.name));
    }
    for ((name, version), all) in groups {
        seen.packages.insert(name, format!("{version} {}", doorward_vocab::Digest::of(all.as_bytes())));
    }
    Ok(seen)
}

/// What Python executes: modules, compiled or not, extensions, and the files with which `site` adds to the path.
fn is_code(name: &str) -> bool {
    const CODE: [&str; 8] = ["py", "pyc", "pyd", "so", "pth", "egg-link", "pyw", "zip"];
    let end = name.rsplit_once('.').map(|(_, end)| end);
    end.is_some_and(|end| CODE.contains(&end)) || name.contains(".so.")
}
