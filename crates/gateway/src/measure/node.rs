//! The packages that a program of Node.js can load (Node.js, "Modules: Packages" and "Loading from node_modules folders").

use super::{Place, files::Files};
use doorward_identity::attest::package::Measurement;
use serde_json::Value;
use std::{
    collections::{BTreeSet, VecDeque},
    fs, io,
    path::{Path, PathBuf},
};

/// Adds the package of `script` and all that it depends on, as far as they are installed.
pub(super) fn packages(script: &Path, files: &mut Files<'_>, found: &mut Measurement) -> io::Result<()> {
    let script = fs::canonicalize(script)?;
    match script.ancestors().skip(1).find(|folder| named(folder).is_some()) {
        Some(root) => closure(root, files, found),
        None => {
            let folder = script.parent().unwrap_or(Path::new("/"));
            let entries = files.walk(folder, is_code, |_| false)?;
            let digest = files.remembered("node", &entries, |f| Ok(f.tree(entries.iter())?.to_string()))?;
            found.packages.insert("(beside the script)".into(), format!("- {digest}"));
            Ok(())
        }
    }
}

/// Adds the package that `npx` would run: that of the working folder, that of its own cache.
pub(super) fn fetched(place: &Place<'_>, spec: &str, files: &mut Files<'_>, found: &mut Measurement) -> io::Result<()> {
    let (name, version) = match spec.get(1..).and_then(|rest| rest.find('@')).map(|at| spec.split_at(at + 1)) {
        Some((name, version)) => (name, version.trim_start_matches('@')),
        None => (spec, ""),
    };
    let exact = version.split('.').count() >= 3
        && version.starts_with(|c: char| c.is_ascii_digit())
        && !version.contains([' ', '*', 'x']);
    if !exact {
        found.unseen.push(format!("whichever version of `{name}` is newest when it starts"));
    }
    let cache = place.variable("npm_config_cache").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&place.variable("HOME")?).join(".npm")));
    // npx keeps what it fetched under the digest of what named it (libnpmexec).
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, spec.as_bytes());
    let short: String = hash.as_ref().iter().take(8).map(|b| format!("{b:02x}")).collect();
    let kept = cache.map(|cache| cache.join("_npx").join(short).join("node_modules"));
    let local = place.folder.ancestors().map(|folder| folder.join("node_modules"));
    let mut there = false;
    for modules in local.chain(kept) {
        let root = modules.join(name);
        if root.join("package.json").is_file() {
            closure(&fs::canonicalize(root)?, files, found)?;
            there = true;
        }
    }
    if !there {
        found.missing = Some(format!("`{name}` is not installed yet, so that its first start fetches it"));
    }
    Ok(())
}

/// A package and what it needs, each looked up as Node.js does.
fn closure(root: &Path, files: &mut Files<'_>, found: &mut Measurement) -> io::Result<()> {
    let base = base_of(root);
    let lock = json(&base.join("node_modules/.package-lock.json"));
    let mut seen = BTreeSet::from([root.to_owned()]);
    let mut open = VecDeque::from([root.to_owned()]);
    while let Some(folder) = open.pop_front() {
        let Some(package) = named(&folder) else { continue };
        let entries = files.walk(&folder, is_code, |name| name != "node_modules" && name != ".git")?;
        let digest = files.remembered("node", &entries, |f| Ok(f.tree(entries.iter())?.to_string()))?;
        let place = folder.strip_prefix(&base).unwrap_or(&folder).to_string_lossy().into_owned();
        let locked = lock.as_ref().and_then(|l| l.get("packages")?.get(&place));
        let text = |from: Option<&Value>, key: &str| from.and_then(|v| v.get(key)?.as_str().map(str::to_owned));
        let version = text(Some(&package), "version").unwrap_or_else(|| "-".into());
        let short = place.strip_prefix("node_modules/").unwrap_or(&place);
        if text(locked, "version").is_some_and(|stated| stated != version) {
            found.altered.push(format!("{short}/package.json"));
        }
        let integrity = text(locked, "integrity").map(|i| format!(" {i}")).unwrap_or_default();
        let key = if short.is_empty() { text(Some(&package), "name").unwrap_or_default() } else { short.to_owned() };
        found.packages.insert(key, format!("{version}{integrity} {digest}"));
        for kind in ["dependencies", "optionalDependencies", "peerDependencies"] {
            for name in package.get(kind).and_then(Value::as_object).into_iter().flat_map(|d| d.keys()) {
                if let Some(next) = resolve(&folder, name).filter(|next| seen.insert(next.clone())) {
                    open.push_back(next);
                }
            }
        }
    }
    Ok(())
}

/// The folder that holds the outermost `node_modules` above `root`; `root` itself where it is in none.
fn base_of(root: &Path) -> PathBuf {
    let outer = root.ancestors().filter(|f| f.file_name().is_some_and(|n| n == "node_modules")).last();
    outer.and_then(Path::parent).unwrap_or(root).to_owned()
}

fn resolve(from: &Path, name: &str) -> Option<PathBuf> {
    if name.split('/').any(|part| part == ".." || part.is_empty()) {
        return None;
    }
    let folders = from.ancestors().filter(|f| f.file_name().is_none_or(|n| n != "node_modules"));
    let mut places = folders.map(|f| f.join("node_modules").join(name));
    places.find(|p| p.join("package.json").is_file()).and_then(|p| fs::canonicalize(p).ok())
}

/// The `package.json` of a folder that is a package: one with a name.
fn named(folder: &Path) -> Option<Value> {
    json(&folder.join("package.json")).filter(|p| p.get("name").is_some_and(Value::is_string))
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// What Node.js executes, and what says how. Servers keep data of their own beside their code: that is none.
fn is_code(name: &str) -> bool {
    const CODE: [&str; 10] = ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "node", "wasm"];
    name == "package.json" || name.rsplit_once('.').is_none_or(|(_, end)| CODE.contains(&end))
}
