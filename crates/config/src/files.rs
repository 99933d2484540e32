use crate::Glob;
use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

/// The files that fit `pattern`, sorted. `*` and `?` stay within one part of the path; `**` is any folders.
/// A relative pattern starts in `folder`. Links to folders are not followed below a `**`.
///
/// # Errors
/// Where a folder that the pattern names cannot be listed.
pub fn expand(folder: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let start = if pattern.starts_with('/') { PathBuf::from("/") } else { folder.to_owned() };
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let mut found = Vec::new();
    walk(start, &parts, &mut found)?;
    found.sort();
    found.dedup();
    Ok(found)
}

fn walk(at: PathBuf, parts: &[&str], found: &mut Vec<PathBuf>) -> io::Result<()> {
    let Some((part, rest)) = parts.split_first() else {
        if at.is_file() {
            found.push(at);
        }
        return Ok(());
    };
    if *part == "**" {
        for entry in list(&at)? {
            if entry.file_type()?.is_dir() {
                walk(entry.path(), parts, found)?;
            }
        }
        return walk(at, rest, found);
    }
    let glob = Glob::new(*part);
    if glob.is_plain() {
        return walk(at.join(part), rest, found);
    }
    let hidden = |name: &str| name.starts_with('.') && !part.starts_with('.');
    for entry in list(&at)? {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| glob.matches(name) && !hidden(name)) {
            walk(entry.path(), rest, found)?;
        }
    }
    Ok(())
}

/// What a folder holds; nothing where there is no such folder.
fn list(folder: &Path) -> io::Result<Vec<std::fs::DirEntry>> {
    let folder = if folder.as_os_str() == OsStr::new("") { Path::new(".") } else { folder };
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn patterns_name_files() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["a.cedar", "b.cedar", "c.txt", ".hidden.cedar", "sub/d.cedar", "sub/deep/e.cedar"] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let found = expand(dir.path(), pattern).unwrap();
            found.iter().map(|p| p.strip_prefix(dir.path()).unwrap().display().to_string()).collect()
        };
        assert_eq!(names("*.cedar"), ["a.cedar", "b.cedar"]);
        assert_eq!(names("./a.cedar"), ["a.cedar"]);
        assert_eq!(names("*/*.cedar"), ["sub/d.cedar"]);
        assert_eq!(names("**/*.cedar"), ["a.cedar", "b.cedar", "sub/d.cedar", "sub/deep/e.cedar"]);
        assert!(names("none/*.cedar").is_empty());
        assert!(names("sub").is_empty());
    }
}
