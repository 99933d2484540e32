//! What the server stands for.

use doorward_identity::delegation::Reach;
use doorward_vocab::ServerName;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use crate::{Code, Fault};

/// The scope for everything behind a resource. `mcp:NAME` is the scope for one server.
pub const EVERYTHING: &str = "mcp";
/// Asks for a refresh token (OpenID Connect Core §11). It is given anyway; clients look for the word.
pub const OFFLINE: &str = "offline_access";

/// What this authorization server stands for.
#[derive(Clone, Debug)]
pub struct Realm {
    /// Its name: the public address, without a slash at the end (RFC 8414 §2).
    pub issuer: Arc<str>,
    /// What tokens can be asked for (RFC 8707), each with the servers behind it.
    pub resources: BTreeMap<Arc<str>, BTreeSet<ServerName>>,
    /// What is meant where a client names none.
    pub usual: Arc<str>,
    /// Whether clients may register themselves (RFC 7591).
    pub registers: bool,
    /// Whether clients may be named by the address of their metadata document.
    pub documents: bool,
    /// Whether agents may show evidence of a platform or a machine.
    pub attests: bool,
    /// How long things last.
    pub lifetimes: Lifetimes,
    /// How many hand-overs between agents a human's grant allows.
    pub hand_overs: u8,
}

/// How long things last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// An access token.
    pub access: Duration,
    /// What a human granted, and the refresh tokens for it.
    pub grant: Duration,
    /// A login that is under way.
    pub login: Duration,
    /// A code.
    pub code: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access: Duration::from_secs(600),
            grant: Duration::from_secs(8 * 3600),
            login: Duration::from_secs(600),
            // RFC 6749 §4.1.2: ten minutes at most. The client's own browser brings it back at once.
            code: Duration::from_secs(60),
        }
    }
}

impl Realm {
    /// Whether it is of this machine alone, for trying out.
    pub fn is_local(&self) -> bool {
        self.issuer.starts_with("http://")
    }

    /// The resource that a client asks for.
    ///
    /// # Errors
    /// `invalid_target` (RFC 8707 §2).
    pub fn resource(&self, asked: Option<&str>) -> Result<Arc<str>, Fault> {
        let Some(asked) = asked else { return Ok(self.usual.clone()) };
        // Libraries that take addresses apart write `http://host` as `http://host/`.
        let known = |name: &str| self.resources.get_key_value(name).map(|(name, _)| name.clone());
        known(asked)
            .or_else(|| known(asked.strip_suffix('/')?))
            .ok_or_else(|| Fault::new(Code::InvalidTarget, "there is no such resource here"))
    }

    /// The servers behind a resource.
    pub fn servers(&self, resource: &str) -> BTreeSet<ServerName> {
        self.resources.get(resource).cloned().unwrap_or_default()
    }

    /// What is meant by `scope`: the scopes that exist, and the servers that they open. Words that nobody here knows are
    /// left out (RFC 6749 §3.3); without any, everything behind the resource is meant.
    pub fn scope(&self, asked: Option<&str>, resource: &str) -> (BTreeSet<Arc<str>>, BTreeSet<ServerName>) {
        let behind = self.servers(resource);
        let mut scopes = BTreeSet::new();
        let mut servers = BTreeSet::new();
        for word in asked.unwrap_or_default().split_ascii_whitespace() {
            match word.strip_prefix("mcp:").map(|name| behind.iter().find(|s| s.as_str() == name)) {
                Some(Some(server)) => {
                    servers.insert(server.clone());
                    scopes.insert(Arc::from(word));
                }
                None if word == EVERYTHING => {
                    servers.extend(behind.iter().cloned());
                    scopes.insert(EVERYTHING.into());
                }
                _ => {}
            }
        }
        if scopes.is_empty() {
            scopes.insert(EVERYTHING.into());
            servers = behind;
        }
        (scopes, servers)
    }

    /// What of these servers is within the scopes, as a reach.
    pub fn reach(servers: &BTreeSet<ServerName>) -> Reach {
        Reach::servers(servers.iter().cloned())
    }
}

/// Realms for tests.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) fn realm() -> Realm {
        let [files, mail]: [ServerName; 2] = ["files", "mail"].map(|n| n.parse().unwrap());
        let of = |path: &str, servers: &[&ServerName]| {
            (format!("https://gw.example.com{path}").into(), servers.iter().map(|s| (*s).clone()).collect())
        };
        Realm {
            issuer: "https://gw.example.com".into(),
            resources: [of("/mcp", &[&files, &mail]), of("/mcp/files", &[&files]), of("/mcp/mail", &[&mail])].into(),
            usual: "https://gw.example.com/mcp".into(),
            registers: true,
            documents: true,
            attests: false,
            lifetimes: Lifetimes::default(),
            hand_overs: 1,
        }
    }

    #[test]
    fn resources_are_exact_and_scopes_are_within_them() {
        let realm = realm();
        assert_eq!(&*realm.resource(None).unwrap(), "https://gw.example.com/mcp");
        assert_eq!(
            &*realm.resource(Some("https://gw.example.com/mcp/files/")).unwrap(),
            "https://gw.example.com/mcp/files"
        );
        for other in ["https://evil.example.com/mcp", "https://gw.example.com/mcp/nothing", "https://gw.example.com"] {
            assert_eq!(realm.resource(Some(other)).unwrap_err().code, Code::InvalidTarget, "{other}");
        }
        let of = |scope, path: &str| {
            let (scopes, servers) = realm.scope(scope, &format!("https://gw.example.com{path}"));
            let join = |all: Vec<&str>| all.join(" ");
            (join(scopes.iter().map(|s| &**s).collect()), join(servers.iter().map(ServerName::as_str).collect()))
        };
        assert_eq!(of(None, "/mcp"), ("mcp".into(), "files mail".into()));
        assert_eq!(of(Some("openid offline_access"), "/mcp/files"), ("mcp".into(), "files".into()));
        assert_eq!(of(Some("mcp:files"), "/mcp"), ("mcp:files".into(), "files".into()));
        assert_eq!(of(Some("mcp:mail"), "/mcp/files"), ("mcp".into(), "files".into()));
    }
}
