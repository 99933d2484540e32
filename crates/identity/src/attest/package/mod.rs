//! Servers that the gateway starts, by what they are made of: the program, its script, and the packages that it loads.
//!
//! Reading files is the edge's; here is what to look for ([`Launch`]), what was found ([`Measurement`]), and what it means
//! that it is not what was approved.

mod launch;
mod record;

pub use launch::{Launch, Main, Runtime, Shebang, shebang};
pub use record::{Recorded, distribution, record};

use super::{Attestation, Method};
use doorward_vocab::{Assurance, Digest, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Where it is, links resolved.
    pub path: String,
    /// The digest of its bytes.
    pub sha256: Digest,
}

/// What a server is made of, as found before it was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// The program that is executed: the server itself, or its interpreter.
    pub program: Part,
    /// What the interpreter is given, and what it loads before that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<Part>,
    /// What it can load, by package: the version, what the lock file says of the archive, and the digest of its files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub packages: BTreeMap<String, String>,
    /// What it runs and was not looked at, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    /// Files that are not what their package installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub altered: Vec<String>,
    /// What will be there after the first start only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl Measurement {
    /// The canonical bytes: what is pinned, and what a person approves.
    pub fn canonical(&self) -> Vec<u8> {
        // A struct of texts, lists and ordered maps: it has one form, and writing it cannot fail.
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
    /// The digest that an operator can state: of the program where that is all of the server, else of the measurement.
    pub fn stated(&self) -> Digest {
        if self.scripts.is_empty() && self.packages.is_empty() { self.program.sha256 } else { self.digest() }
    }
    /// Whether everything that runs was looked at, and is as its packages say.
    pub const fn is_whole(&self) -> bool {
        self.unseen.is_empty() && self.altered.is_empty() && self.missing.is_none()
    }

    /// What it means that `self` is found where `approved` was: at most a few sentences, the gravest first.
    pub fn differences(&self, approved: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.program != approved.program {
            found.push(changed("the program", &approved.program, &self.program));
        }
        let (old, new) = (&approved.scripts, &self.scripts);
        if old.len() != new.len() {
            found.push(format!("{} scripts are loaded in place of {}", new.len(), old.len()));
        }
        found.extend(old.iter().zip(new).filter(|(a, b)| a != b).map(|(a, b)| changed("the script", a, b)));
        let names: BTreeSet<&String> = self.packages.keys().chain(approved.packages.keys()).collect();
        for name in names {
            let told = match (approved.packages.get(name), self.packages.get(name)) {
                (Some(old), Some(new)) if old != new => match (version(old), version(new)) {
                    (a, b) if a == b => format!("`{name}` {a} has other files"),
                    (a, b) => format!("`{name}` was {a} and is {b}"),
                },
                (Some(_), None) => format!("`{name}` is gone"),
                (None, Some(new)) => format!("`{name}` {} is new", version(new)),
                _ => continue,
            };
            found.push(told);
        }
        found.extend(self.altered.iter().map(|file| format!("`{file}` is not what its package installed")));
        found.extend(self.missing.clone());
        if found.is_empty() && self != approved {
            found.push("what cannot be measured of it is something else".into());
        }
        found
    }

    /// What this proves, where it is what was approved and whole.
    pub fn attestation(&self, at: Timestamp) -> Attestation {
        let subject = self.scripts.last().unwrap_or(&self.program);
        let mut measured = BTreeMap::from([("program".into(), self.program.sha256.to_string().into())]);
        if let Some(script) = self.scripts.last() {
            measured.insert("script".into(), script.sha256.to_string().into());
        }
        if !self.packages.is_empty() {
            let packages = serde_json::to_vec(&self.packages).unwrap_or_default();
            measured.insert("packages".into(), Digest::of(&packages).to_string().into());
        }
        Attestation {
            subject: subject.path.as_str().into(),
            method: Method::Package,
            assurance: Assurance::LocalProcess,
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

fn changed(what: &str, old: &Part, new: &Part) -> String {
    match old.path == new.path {
        true => format!("{what} `{}` has other bytes", new.path),
        false => format!("{what} is `{}` in place of `{}`", new.path, old.path),
    }
}

fn version(package: &str) -> &str {
    package.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(path: &str, bytes: &[u8]) -> Part {
        Part { path: path.into(), sha256: Digest::of(bytes) }
    }

    fn node() -> Measurement {
        Measurement {
            program: part("/usr/bin/node", b"node"),
            scripts: vec![part("/srv/index.js", b"one")],
            packages: BTreeMap::from([
                ("zod".into(), "4.0.1 sha256:aa".into()),
                ("mcp".into(), "2.0.0 sha256:bb".into()),
            ]),
            unseen: Vec::new(),
            altered: Vec::new(),
            missing: None,
        }
    }

    #[test]
    fn canonical_and_back() {
        let one = node();
        assert_eq!(Measurement::read(&one.canonical()), Some(one.clone()));
        assert!(one.is_whole());
        assert_eq!(one.stated(), one.digest());
        let native = Measurement { scripts: Vec::new(), packages: BTreeMap::new(), ..one };
        assert_eq!(native.stated(), Digest::of(b"node"));
    }

    #[test]
    fn every_change_is_told() {
        let approved = node();
        let told = |change: &dyn Fn(&mut Measurement)| {
            let mut now = node();
            change(&mut now);
            assert_ne!(now.digest(), approved.digest());
            now.differences(&approved).join("; ")
        };
        assert_eq!(told(&|m| m.program.sha256 = Digest::of(b"x")), "the program `/usr/bin/node` has other bytes");
        assert_eq!(
            told(&|m| m.program.path = "/tmp/node".into()),
            "the program is `/tmp/node` in place of `/usr/bin/node`"
        );
        assert_eq!(told(&|m| m.scripts[0].sha256 = Digest::of(b"y")), "the script `/srv/index.js` has other bytes");
        assert_eq!(told(&|m| m.scripts.clear()), "0 scripts are loaded in place of 1");
        let set = |name: &'static str, value: &'static str| {
            move |m: &mut Measurement| {
                m.packages.insert(name.into(), value.into());
            }
        };
        assert_eq!(told(&set("zod", "4.0.2 sha256:cc")), "`zod` was 4.0.1 and is 4.0.2");
        assert_eq!(told(&set("zod", "4.0.1 sha256:cc")), "`zod` 4.0.1 has other files");
        assert_eq!(told(&set("evil", "1.0.0 sha256:cc")), "`evil` 1.0.0 is new");
        assert_eq!(told(&|m| drop(m.packages.remove("mcp"))), "`mcp` is gone");
        assert_eq!(told(&|m| m.altered.push("mcp/a.py".into())), "`mcp/a.py` is not what its package installed");
        assert_eq!(told(&|m| m.unseen.push("x".into())), "what cannot be measured of it is something else");
        assert!(node().differences(&approved).is_empty());
    }
}
