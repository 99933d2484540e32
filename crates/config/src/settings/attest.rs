use crate::{Mistake, section::Section, units, value::Item};
use doorward_vocab::Digest;
use serde::Serialize;
use std::{path::PathBuf, time::Duration};

/// How a server proves at run time that it is the one that is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attest {
    /// What is done with a server that nothing is known of.
    pub first: First,
    /// The digest of the program, for a command.
    pub sha256: Option<Digest>,
    /// The digests of the public keys that its certificate may have, for a URL.
    pub spki: Vec<Digest>,
    /// Its SPIFFE id, `spiffe://trust-domain/path`, for a URL; goes with `bundle`.
    pub spiffe: Option<String>,
    /// The authorities that are believed of it, a PEM file; none: the system's.
    pub bundle: Option<PathBuf>,
    /// The certificate that the gateway shows it.
    pub client: Option<ClientFiles>,
    /// The authorization servers that its metadata may name (RFC 9728).
    pub issuers: Vec<String>,
    /// A signed list of what it may declare.
    pub manifest: Option<Manifest>,
    /// How long a proof is good.
    #[serde(serialize_with = "units::write_duration")]
    pub every: Duration,
}

/// What is done with a server that nothing is known of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum First {
    /// Nothing is looked at.
    Off,
    /// What is found first is what is approved.
    FirstUse,
    /// It waits for a person.
    Approved,
}

/// A signed list of definitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Where it is kept; none: at the well-known path of the server.
    pub file: Option<PathBuf>,
    /// The keys that may sign it, a JWK set.
    pub keys: PathBuf,
}

/// What the gateway shows of itself to a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientFiles {
    /// The chain of certificates, leaf first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Attest {
    /// How long a proof is good where the file does not say it.
    pub const EVERY: Duration = Duration::from_secs(300);

    /// Nothing stated.
    pub const fn just(first: First) -> Self {
        let (sha256, spiffe, bundle, client, manifest) = (None, None, None, None, None);
        Self {
            first,
            sha256,
            spki: Vec::new(),
            spiffe,
            bundle,
            client,
            issuers: Vec::new(),
            manifest,
            every: Self::EVERY,
        }
    }

    /// Reads `attest` of a server, which is a command or not.
    pub(crate) fn read(section: &Section<'_>, command: bool) -> Self {
        // A key that changes is how certificates are renewed: a URL is pinned where somebody asks for it.
        let usual = if command { First::FirstUse } else { First::Off };
        let word = section.has("attest") && section.get("attest", |item| Ok(item.value.is_str())) == Some(true);
        if word || !section.has("attest") {
            return Self::just(section.get("attest", |item| item.choice(&FIRST)).unwrap_or(usual));
        }
        section.table("attest").map_or_else(|| Self::just(usual), |table| Self::read_table(table, command))
    }

    fn read_table(table: Section<'_>, command: bool) -> Self {
        let first = table.get("first", |item| item.choice(&FIRST)).unwrap_or(if command {
            First::FirstUse
        } else {
            First::Off
        });
        let sha256 = table.get("sha256", digest);
        let spki = table.get("spki", |item| item.all("a list of digests", digest)).unwrap_or_default();
        let id = table.get("spiffe", spiffe);
        let bundle = table.get("bundle", Item::path);
        let (cert, key) = (table.get("cert", Item::path), table.get("key", Item::path));
        let issuers = table.get("issuers", Item::texts).unwrap_or_default();
        let keys = table.get("manifest_keys", Item::path);
        let file = table.get("manifest", Item::path);
        let every = table.get("every", Item::duration).unwrap_or(Self::EVERY);
        let pair = |one: &str, there: bool, other: &str, also: bool| {
            if there != also {
                let (has, lacks) = if there { (one, other) } else { (other, one) };
                let mistake = Mistake::error(format!("`{has}` goes with `{lacks}`")).absent();
                table.reading.tell(table.span.clone(), mistake.help(format!("add `{lacks}`")));
            }
        };
        if table.has("spiffe") {
            pair("spiffe", true, "bundle", table.has("bundle"));
        }
        pair("cert", table.has("cert"), "key", table.has("key"));
        if file.is_some() {
            pair("manifest", true, "manifest_keys", keys.is_some());
        }
        let foreign: &[&str] = if command { &["spki", "spiffe", "bundle", "cert", "issuers"] } else { &["sha256"] };
        for key in foreign.iter().filter(|key| table.has(key)) {
            let what = if command { "`url`" } else { "`command`" };
            let mistake = Mistake::error(format!("`{key}` goes with {what}, which this server does not have"));
            table.reading.tell(table.spot(key), mistake);
        }
        table.finish();
        Self {
            first,
            sha256,
            spki,
            spiffe: id,
            bundle,
            client: cert.zip(key).map(|(cert, key)| ClientFiles { cert, key }),
            issuers,
            manifest: keys.map(|keys| Manifest { file, keys }),
            every,
        }
    }
}

const FIRST: [(&str, First); 3] = [("first-use", First::FirstUse), ("approved", First::Approved), ("off", First::Off)];

pub(super) fn digest(item: &Item<'_>) -> Result<Digest, Mistake> {
    let text = item.text()?;
    let whole = if text.contains(':') { text.to_owned() } else { format!("sha256:{text}") };
    let bad = || item.wrong("is not a SHA-256 digest").label("write `sha256:` and 64 hex digits");
    whole.to_ascii_lowercase().parse().map_err(|_| bad())
}

fn spiffe(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    match text.strip_prefix("spiffe://").and_then(|rest| rest.split_once('/')) {
        Some((domain, path)) if !domain.is_empty() && !path.is_empty() => Ok(text.to_owned()),
        _ => Err(item.wrong("is not a SPIFFE id").label("write `spiffe://trust-domain/path`")),
    }
}
