use super::{
    host::Host,
    path::{Path, decode},
};
use url::Url;

/// A URL in one spelling, and what it names.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Without user, password and fragment; default ports left out. None for a file.
    pub(super) text: Option<String>,
    pub(super) host: Option<Host>,
    /// The path of a `file:` URL.
    pub(super) path: Option<Path>,
    /// The address of a `mailto:` URL.
    pub(super) mail: Option<String>,
    /// Whether what stands before the `@` looks like the host.
    pub(super) disguised: bool,
}

/// Schemes that browsers and clients read as a URL whatever stands after the colon.
const SPECIAL: &[&str] = &["http", "https", "ws", "wss", "ftp", "file", "mailto", "data", "javascript", "blob"];

impl Link {
    /// A URL, if it is one. A drive letter is no scheme.
    pub(super) fn of(raw: &str) -> Option<Self> {
        let (scheme, rest) = raw.trim_matches(|c: char| c <= ' ').split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        let named = scheme.len() > 1
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if !named || !(SPECIAL.contains(&scheme.as_str()) || rest.starts_with("//")) {
            return None;
        }
        let mut url = Url::parse(raw).ok()?;
        let host = url.host_str().and_then(Host::of);
        if scheme == "file" {
            let path = Path::of(url.path());
            // The parser has resolved `..` already, so the odd spelling shows only in what came.
            let hides = decode(raw).1 || raw.contains('\0');
            let traversal = path.traversal || decode(raw).0.replace('\\', "/").split('/').any(|part| part == "..");
            let path = Path { disguised: hides || path.disguised, traversal, literal: None, ..path };
            return Some(Self { text: None, host, path: Some(path), mail: None, disguised: false });
        }
        if scheme == "mailto" {
            return Some(Self {
                text: None,
                host: None,
                path: None,
                mail: Some(decode(url.path()).0),
                disguised: false,
            });
        }
        let disguised = url.username().contains('.') || url.username().contains("%2");
        if !url.username().is_empty() || url.password().is_some() {
            let _ = (url.set_username(""), url.set_password(None));
        }
        url.set_fragment(None);
        if let Some(host) = &host {
            let spelled = if host.text.contains(':') { format!("[{}]", host.text) } else { host.text.clone() };
            if url.host_str() != Some(&spelled) {
                let _ = url.set_host(Some(&spelled));
            }
        }
        Some(Self { text: Some(url.into()), host, path: None, mail: None, disguised })
    }
}

#[cfg(test)]
mod tests {
    use super::Link;
    use proptest::prelude::*;

    #[test]
    fn one_url_one_spelling() {
        for (raw, text) in [
            ("HTTP://Example.com:80/a/../b", "http://example.com/b"),
            ("https://user:pw@example.com.:443/#top", "https://example.com/"),
            ("http:\\\\example.com\\a", "http://example.com/a"),
            ("http:example.com", "http://example.com/"),
            ("http://0x7f.1:8080/", "http://127.0.0.1:8080/"),
            ("http://[::ffff:127.0.0.1]/", "http://127.0.0.1/"),
            ("postgres://app:pw@DB.example.com/x", "postgres://db.example.com/x"),
        ] {
            assert_eq!(Link::of(raw).and_then(|l| l.text).as_deref(), Some(text), "{raw}");
        }
        for no in ["C:\\x", "a:b", "note: see", "12:30", "http", "urn:x:y"] {
            assert!(Link::of(no).is_none(), "{no}");
        }
        assert!(Link::of("https://example.com@evil.example/").unwrap().disguised);
        let file = Link::of("file:///etc/%2e%2e/etc//passwd").unwrap().path.unwrap();
        assert_eq!((file.text.as_str(), file.traversal, file.disguised), ("/etc/passwd", true, true));
        assert_eq!(Link::of("file:///C:/a b").unwrap().path.unwrap().text, "/C:/a b");
    }

    proptest! {
        #[test]
        fn canonical_urls_stay_as_they_are(raw in "(http|https|ftp|redis)://([a-z]{1,3}@)?[a-zA-Z0-9.\\[\\]:-]{1,12}(/[a-z.%2?#/]{0,8})?") {
            if let Some(text) = Link::of(&raw).and_then(|l| l.text) {
                prop_assert_eq!(Link::of(&text).and_then(|l| l.text), Some(text), "{}", raw);
            }
        }
    }
}
