//! Servers that are reached over a network, by what they show of themselves.

use super::{Attestation, Method};
use doorward_vocab::{Assurance, Digest, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a server showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// The digest of the public key of its certificate; none without TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spki: Option<Digest>,
    /// The SPIFFE id that its certificate was verified to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spiffe: Option<String>,
    /// The authorization servers that its metadata names (RFC 9728 §2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
    /// The digest of that metadata, in canonical form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Digest>,
}

impl Remote {
    /// The canonical bytes: what is pinned.
    pub fn canonical(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
    /// Reads [`Self::canonical`] back.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
    /// The digest of all of it.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical())
    }
    /// Whether it was shown to hold a key.
    pub const fn is_proven(&self) -> bool {
        self.spki.is_some() || self.spiffe.is_some()
    }

    /// What differs from what was approved, in sentences.
    pub fn differences(&self, approved: &Self) -> Vec<String> {
        let mut found = Vec::new();
        match (&approved.spki, &self.spki) {
            (Some(old), Some(new)) if old != new && approved.spiffe.is_none() => {
                found.push(format!("its certificate has the key {new} in place of {old}"));
            }
            (Some(_), None) => found.push("it shows no certificate".into()),
            _ => {}
        }
        if approved.spiffe != self.spiffe {
            let shown = self.spiffe.as_deref().unwrap_or("nobody");
            found.push(format!("it is `{shown}` in place of `{}`", approved.spiffe.as_deref().unwrap_or("nobody")));
        }
        if approved.issuers != self.issuers {
            found.push(format!("its metadata names `{}` as authorization servers", self.issuers.join("`, `")));
        } else if approved.metadata != self.metadata {
            found.push("its metadata has changed".into());
        }
        found
    }

    /// What this proves, where it is what was approved.
    pub fn attestation(&self, url: &str, at: Timestamp) -> Attestation {
        let mut measured = BTreeMap::new();
        for (name, digest) in [("spki", self.spki), ("metadata", self.metadata)] {
            if let Some(digest) = digest {
                measured.insert(name.into(), digest.to_string().into());
            }
        }
        Attestation {
            subject: self.spiffe.as_deref().unwrap_or(url).into(),
            method: if self.spiffe.is_some() { Method::X509Svid } else { Method::PinnedKey },
            assurance: if self.is_proven() { Assurance::KeyBound } else { Assurance::Asserted },
            issuer: None,
            evidence: self.digest(),
            measured,
            posture: BTreeMap::new(),
            key: None,
            at,
            expires: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_told() {
        let one = Remote {
            spki: Some(Digest::of(b"key")),
            spiffe: None,
            issuers: vec!["https://as.example".into()],
            metadata: Some(Digest::of(b"{}")),
        };
        assert_eq!(Remote::read(&one.canonical()), Some(one.clone()));
        assert!(one.differences(&one).is_empty());
        let told = |now: Remote| now.differences(&one).join("; ");
        assert!(told(Remote { spki: Some(Digest::of(b"x")), ..one.clone() }).contains("in place of"));
        assert_eq!(told(Remote { spki: None, ..one.clone() }), "it shows no certificate");
        assert_eq!(told(Remote { metadata: None, ..one.clone() }), "its metadata has changed");
        assert!(told(Remote { issuers: vec!["https://evil.example".into()], ..one.clone() }).contains("evil"));
        assert!(told(Remote { spiffe: Some("spiffe://a/b".into()), ..one.clone() }).contains("in place of `nobody`"));
        // Certificates of a SPIFFE trust domain live for hours; the id stays.
        let svid = Remote { spiffe: Some("spiffe://a/b".into()), ..Remote::default() };
        let renewed = Remote { spki: Some(Digest::of(b"new")), ..svid.clone() };
        assert!(renewed.differences(&svid).is_empty());
    }
}
