use std::{fmt, sync::Arc};

/// A SPIFFE ID (SPIFFE-ID §2): the name of a workload in a trust domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpiffeId {
    text: Arc<str>,
    /// Where the trust domain ends.
    domain_end: usize,
}

const SCHEME: &str = "spiffe://";
/// The longest id, in bytes (SPIFFE-ID §2.3).
const MAX: usize = 2048;
/// The longest trust domain, in bytes.
const MAX_DOMAIN: usize = 255;

impl SpiffeId {
    /// The id that `text` is, byte for byte: nothing is normalised, so one workload has one name.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(SCHEME).filter(|_| text.len() <= MAX)?;
        let (domain, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        is_trust_domain(domain).then_some(())?;
        let segment = |s: &str| {
            !matches!(s, "" | "." | "..")
                && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        };
        if !path.is_empty() && !path.split('/').skip(1).all(segment) {
            return None;
        }
        Some(Self { text: text.into(), domain_end: SCHEME.len() + domain.len() })
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id of the trust domain: `spiffe://corp.example`.
    pub fn trust_domain(&self) -> &str {
        self.text.get(..self.domain_end).unwrap_or_default()
    }

    /// The path, with its slash; empty for the trust domain itself.
    pub fn path(&self) -> &str {
        self.text.get(self.domain_end..).unwrap_or_default()
    }
}

/// Whether `text` is the name of a trust domain: lower case, as SPIFFE-ID §2.1 has it.
pub fn is_trust_domain(text: &str) -> bool {
    let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    !text.is_empty() && text.len() <= MAX_DOMAIN && text.bytes().all(plain)
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids() {
        let id = SpiffeId::parse("spiffe://corp.example/ns/prod/sa/Triage_1").unwrap();
        assert_eq!((id.trust_domain(), id.path()), ("spiffe://corp.example", "/ns/prod/sa/Triage_1"));
        assert_eq!(SpiffeId::parse("spiffe://corp").unwrap().path(), "");
        for bad in [
            "",
            "spiffe://",
            "spiffe:///a",
            "SPIFFE://corp/a",
            "spiffe://Corp/a",
            "spiffe://corp:80/a",
            "spiffe://u@corp/a",
            "spiffe://corp/",
            "spiffe://corp/a/",
            "spiffe://corp//a",
            "spiffe://corp/./a",
            "spiffe://corp/a/..",
            "spiffe://corp/a?x",
            "spiffe://corp/a#x",
            "spiffe://corp/%61",
            "spiffe://corp/a b",
            "spiffe://corp/ä",
            "spiffe:corp/a",
            "https://corp/a",
            " spiffe://corp/a",
        ] {
            assert_eq!(SpiffeId::parse(bad), None, "{bad}");
        }
        assert_eq!(SpiffeId::parse(&format!("spiffe://{}", "a".repeat(256))), None);
        assert_eq!(SpiffeId::parse(&format!("spiffe://a/{}", "a".repeat(2048))), None);
    }

    proptest! {
        #[test]
        fn an_id_is_its_domain_and_its_path(text in "spiffe://[a-z.]{0,5}(/[a-zA-Z._]{0,3}){0,3}") {
            if let Some(id) = SpiffeId::parse(&text) {
                prop_assert_eq!(format!("{}{}", id.trust_domain(), id.path()), text.as_str());
                prop_assert!(is_trust_domain(id.trust_domain().strip_prefix("spiffe://").unwrap()));
                // Another implementation of addresses sees the same domain.
                let url = url::Url::parse(&text).unwrap();
                prop_assert_eq!(url.host_str(), id.trust_domain().strip_prefix("spiffe://"));
            }
        }
    }
}
