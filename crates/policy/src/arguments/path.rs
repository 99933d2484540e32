/// A path in one spelling, and what was odd about the one that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// `/` between the parts, no `.`, no `..` but at the start of a relative path.
    pub(super) text: String,
    /// What a server sees that does not decode percent signs, where that is another place.
    pub(super) literal: Option<String>,
    /// Whether it had a `..` part.
    pub(super) traversal: bool,
    /// Whether it was spelled so that a simple check would miss something.
    pub(super) disguised: bool,
}

impl Path {
    /// A path as given, absolute or relative, of any system. A NUL ends it, as it does for the system.
    pub(super) fn of(raw: &str) -> Self {
        let (decoded, hides) = decode(raw);
        let reached = decoded.split('\0').next().unwrap_or_default();
        let nul = reached.len() < decoded.len();
        let mixed = reached.contains('\\') && reached.starts_with('/');
        let (text, traversal) = normalize(reached);
        let (literal, literal_traversal) = normalize(raw.split('\0').next().unwrap_or_default());
        Self {
            disguised: hides || nul || mixed,
            traversal: traversal || literal_traversal,
            literal: (literal != text).then_some(literal),
            text,
        }
    }
}

/// Resolves `.` and `..` by the text alone. Tells whether there was a `..`.
fn normalize(path: &str) -> (String, bool) {
    let path = path.replace('\\', "/");
    // What cannot be climbed out of: the root, a drive, somebody's home.
    let (root, rest) = match path.split_once('/') {
        Some(("", rest)) => ("/".to_owned(), rest),
        Some((first, rest)) if is_drive(first) => (format!("{}/", first.to_ascii_uppercase()), rest),
        Some((first, rest)) if first.starts_with('~') => (format!("{first}/"), rest),
        None if is_drive(&path) => (format!("{}/", path.to_ascii_uppercase()), ""),
        None if path.starts_with('~') => (format!("{path}/"), ""),
        _ => (String::new(), path.as_str()),
    };
    let climbs = root.is_empty() || root.starts_with('~');
    let mut parts: Vec<&str> = Vec::new();
    let mut traversal = false;
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                traversal = true;
                match parts.last() {
                    Some(&"..") => parts.push(".."),
                    Some(_) => drop(parts.pop()),
                    None if climbs => parts.push(".."),
                    None => {}
                }
            }
            _ => parts.push(part),
        }
    }
    let rest = parts.join("/");
    let text = match (root.is_empty(), rest.is_empty()) {
        (true, true) => ".".to_owned(),
        // What is left must not read as a drive or a home, or the next reading would differ.
        (true, false) if is_drive(parts.first().unwrap_or(&"")) || rest.starts_with('~') => format!("./{rest}"),
        (true, false) => rest,
        (false, true) if root.len() > 1 && root.starts_with('~') => root.trim_end_matches('/').to_owned(),
        (false, _) => root + &rest,
    };
    (text, traversal)
}

fn is_drive(part: &str) -> bool {
    matches!(part.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic())
}

/// Decodes percent signs until none is left that decodes, in one pass. Tells whether something was encoded that
/// needs no encoding or that changes where the path leads.
pub(super) fn decode(raw: &str) -> (String, bool) {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut out: Vec<u8> = Vec::with_capacity(raw.len());
    let mut hides = false;
    for byte in raw.bytes() {
        out.push(byte);
        // A new code can only end at the end.
        while let [.., b'%', high, low] = *out.as_slice() {
            let (Some(high), Some(low)) = (digit(high), digit(low)) else { break };
            let code = high << 4 | low;
            hides |= code.is_ascii_alphanumeric() || matches!(code, b'.' | b'/' | b'\\' | b'%' | 0);
            out.truncate(out.len() - 3);
            out.push(code);
        }
    }
    (String::from_utf8_lossy(&out).into_owned(), hides)
}

/// The folders that hold `path`, from the outermost, and the path itself.
pub(super) fn above(path: &str) -> impl Iterator<Item = &str> {
    let first = path.split('/').next().unwrap_or_default();
    let drive = is_drive(first);
    let here = (!drive && !matches!(first, "" | "." | "..") && !first.starts_with('~')).then_some(".");
    let root = path.starts_with('/').then_some("/");
    let drive_root = path.get(..3).filter(|root| drive && path != *root);
    let cuts = path.match_indices('/').map(|(at, _)| at).filter(move |at| *at > 0 && !(drive && *at == 2));
    let folders = cuts.filter_map(|at| path.get(..at)).filter(|f| !f.is_empty());
    let itself = (path != "/").then_some(path);
    here.into_iter().chain(root).chain(drive_root).chain(folders).chain(itself)
}

#[cfg(test)]
mod tests {
    use super::{Path, above};
    use proptest::prelude::*;

    #[test]
    fn one_place_one_spelling() {
        for (raw, text) in [
            ("/data/x", "/data/x"),
            ("/data//./x/", "/data/x"),
            ("/data/y/../x", "/data/x"),
            ("/data/%78", "/data/x"),
            ("/data/%2e%2e/data/x", "/data/x"),
            ("/data/%252e%252e%252fdata/x", "/data/x"),
            ("/data/..\\data\\x", "/data/x"),
            ("/../../data/x", "/data/x"),
            ("/data/x\0.png", "/data/x"),
            ("a/../../b", "../b"),
            ("./a", "a"),
            ("a/..", "."),
            ("c:\\Users\\..\\x", "C:/x"),
            ("c:", "C:/"),
            ("~/../x", "~/../x"),
            ("~anna/a/..", "~anna"),
            ("/", "/"),
            ("a/../C:/x", "./C:/x"),
        ] {
            assert_eq!(Path::of(raw).text, text, "{raw:?}");
        }
        assert_eq!(Path::of("/etc/%2e%2e/data").literal.as_deref(), Some("/etc/%2e%2e/data"));
        for (raw, traversal, disguised) in [
            ("/a/../b", true, false),
            ("/a/%2e%2e/b", true, true),
            ("/a/b%20c", false, false),
            ("/a/b\0c", false, true),
            ("/a\\..\\b", true, true),
            ("a..b/c", false, false),
        ] {
            let path = Path::of(raw);
            assert_eq!((path.traversal, path.disguised), (traversal, disguised), "{raw:?}");
        }
    }

    #[test]
    fn what_holds_a_path() {
        for (path, folders) in [
            ("/a/b", &["/", "/a", "/a/b"][..]),
            ("/", &["/"]),
            ("a/b", &[".", "a", "a/b"]),
            ("../b", &["..", "../b"]),
            ("C:/a/b", &["C:/", "C:/a", "C:/a/b"]),
            ("C:/", &["C:/"]),
            ("~/a", &["~", "~/a"]),
            (".ssh/a", &[".", ".ssh", ".ssh/a"]),
            (".", &["."]),
        ] {
            assert_eq!(above(path).collect::<Vec<_>>(), folders, "{path}");
        }
    }

    proptest! {
        #[test]
        fn canonical_paths_stay_as_they_are(raw in "[a-cC:~./\\\\%25eE \0é]{0,24}") {
            let once = Path::of(&raw).text;
            prop_assert_eq!(&Path::of(&once).text, &once, "{:?}", raw);
        }

        #[test]
        fn spelling_does_not_matter(parts in prop::collection::vec("[a-z]{1,4}", 1..5), seed in prop::collection::vec(0..7_u8, 1..5)) {
            let plain = format!("/{}", parts.join("/"));
            let mut odd = String::new();
            for (part, how) in parts.iter().zip(seed.iter().cycle()) {
                odd += &match how {
                    0 => format!("/{part}"),
                    1 => format!("//{part}/."),
                    2 => format!("/x/../{part}"),
                    3 => format!("\\{part}"),
                    4 => format!("%2F{part}"),
                    5 => format!("/x/%2e%2E/{part}"),
                    _ => part.bytes().fold("/".to_owned(), |s, b| s + &format!("%{b:02X}")),
                };
            }
            prop_assert_eq!(Path::of(&odd).text, plain, "{}", odd);
        }
    }
}
