use std::{
    fs,
    path::{Path, PathBuf},
};

/// The files that `pattern` stands for, sorted: `*` and `?` within one part of the path, `**` for any folders.
pub(super) fn files(pattern: &str) -> Vec<PathBuf> {
    let (start, rest) = match pattern.strip_prefix('/') {
        Some(rest) => (PathBuf::from("/"), rest),
        None => (PathBuf::new(), pattern),
    };
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let mut found = Vec::new();
    walk(&start, &parts, &mut found);
    found.sort();
    found.dedup();
    found
}

fn walk(folder: &Path, parts: &[&str], found: &mut Vec<PathBuf>) {
    let Some((part, rest)) = parts.split_first() else { return };
    if *part == "**" {
        walk(folder, rest, found);
        for inner in entries(folder).into_iter().filter(|e| e.is_dir() && !e.is_symlink()) {
            walk(&inner, parts, found);
        }
    } else if part.contains(['*', '?']) {
        for entry in entries(folder) {
            let name = entry.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if matches(part, &name) && (!name.starts_with('.') || part.starts_with('.')) {
                reach(entry, rest, found);
            }
        }
    } else {
        reach(folder.join(part), rest, found);
    }
}

fn reach(path: PathBuf, rest: &[&str], found: &mut Vec<PathBuf>) {
    if !rest.is_empty() {
        walk(&path, rest, found);
    } else if path.is_file() {
        found.push(path);
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|e| e.path().strip_prefix(".").map_or_else(|_| e.path(), Path::to_path_buf)).collect()
}

/// Whether `name` is what `pattern` says. Goes back to the last star only, so it takes no more than a product.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == name.get(n) => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::{files, matches};

    #[test]
    fn parts_of_names() {
        for (pattern, name, expect) in [
            ("*.cedar", "a.cedar", true),
            ("*.cedar", "a.cedar.bak", false),
            ("a?c*", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
        }
    }

    #[test]
    fn folders() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["a.cedar", "b.txt", "x/c.cedar", "x/y/d.cedar", ".e.cedar"] {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let found = |pattern: &str| {
            let all = files(&format!("{}/{pattern}", folder.path().display()));
            all.iter().map(|f| f.strip_prefix(folder.path()).unwrap().display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("*.cedar"), ["a.cedar"]);
        assert_eq!(found("**/*.cedar"), ["a.cedar", "x/c.cedar", "x/y/d.cedar"]);
        assert_eq!(found("b.txt"), ["b.txt"]);
        assert!(found("x").is_empty());
    }
}
