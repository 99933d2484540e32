//! Typed facts of a call's arguments, each in one spelling.
//!
//! A policy must not parse: `/data/../etc`, `file:///etc` and `\\etc` are one place, `http://0x7f.1/` is this machine.
//! So the leaves of the arguments become facts before a policy sees them.
//!
//! A value counts as a fact where the whole of it has the shape, or where its name says what it is; the words of a
//! command are looked at one by one. Prose is not searched for paths and recipients, which it only talks about; the
//! hosts of the links in it are kept apart as mentioned.

mod amount;
mod host;
mod key;
mod link;
mod mail;
mod path;
mod read;
mod shell;
mod sql;

use std::{collections::BTreeSet, sync::LazyLock};

/// One leaf of a call's arguments.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// Where it stands: a JSON pointer (RFC 6901) into the arguments.
    pub path: &'a str,
    /// What stands there.
    pub value: LeafValue<'a>,
}

/// The value of a leaf.
#[derive(Clone, Copy, Debug)]
pub enum LeafValue<'a> {
    /// A string, unescaped.
    Str(&'a str),
    /// A number, as it was written.
    Number(&'a str),
    /// True or false.
    Bool(bool),
}

/// What a call's arguments name: paths, hosts, URLs, addresses, amounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArgumentFacts {
    paths: Vec<String>,
    hosts: Vec<String>,
    mentioned_hosts: Vec<String>,
    urls: Vec<String>,
    emails: Vec<String>,
    amounts: Vec<i64>,
    values: Vec<String>,
    sql: Vec<String>,
    shell: bool,
    private_hosts: bool,
    metadata_hosts: bool,
    traversal: bool,
    disguised: bool,
    cut: Cut,
}

/// What was left out because there was more than the bounds allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cut {
    paths: bool,
    hosts: bool,
    mentioned: bool,
    emails: bool,
    values: bool,
    /// Some leaves were not looked at, so nothing is known for sure.
    leaves: bool,
}

impl ArgumentFacts {
    /// No arguments.
    pub fn none() -> &'static Self {
        static NONE: LazyLock<ArgumentFacts> = LazyLock::new(ArgumentFacts::default);
        &NONE
    }

    /// The facts of `leaves`. Cost and size are bounded; a policy that reads a list which is not complete cannot be
    /// decided, and that denies.
    pub fn of<'a>(leaves: impl IntoIterator<Item = Leaf<'a>>) -> Self {
        Self::gather(|see| leaves.into_iter().for_each(see))
    }

    /// The facts of the leaves that `walk` shows, each for as long as it is looked at.
    pub fn gather(walk: impl FnOnce(&mut dyn FnMut(Leaf<'_>))) -> Self {
        read::read(walk)
    }

    /// Paths, normalized; sorted.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }
    /// Every folder that holds some path, and the paths themselves; sorted.
    pub fn any_path_under(&self) -> Vec<String> {
        any(&self.paths, path::above)
    }
    /// Every folder that holds all paths; sorted.
    pub fn all_paths_under(&self) -> Vec<String> {
        all(&self.paths, path::above)
    }
    /// Host names in lower-case ASCII and canonical addresses; sorted.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }
    /// Every domain that some host is, or is below; sorted.
    pub fn any_host_under(&self) -> Vec<String> {
        any(&self.hosts, host::above)
    }
    /// Every domain that all hosts are, or are below; sorted.
    pub fn all_hosts_under(&self) -> Vec<String> {
        all(&self.hosts, host::above)
    }
    /// Hosts of links that stand in longer texts; sorted.
    pub fn mentioned_hosts(&self) -> &[String] {
        &self.mentioned_hosts
    }
    /// URLs in canonical form, without user and password; sorted.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }
    /// E-mail addresses with a lower-case domain; sorted.
    pub fn emails(&self) -> &[String] {
        &self.emails
    }
    /// The domains of the e-mail addresses; sorted.
    pub fn email_domains(&self) -> Vec<String> {
        let domains: BTreeSet<_> = self.emails.iter().filter_map(|e| e.rsplit_once('@')).map(|(_, d)| d).collect();
        domains.into_iter().map(str::to_owned).collect()
    }
    /// Amounts of money in hundredths of the unit, whatever the currency; sorted.
    pub fn amounts(&self) -> &[i64] {
        &self.amounts
    }
    /// The largest amount; 0 where there is none.
    pub fn max_amount(&self) -> i64 {
        self.amounts.last().copied().unwrap_or(0)
    }
    /// Short arguments as `pointer=text`; sorted.
    pub fn values(&self) -> &[String] {
        &self.values
    }
    /// What SQL statements do: `read`, `write`, `define`, `control`, `unknown`; sorted.
    pub fn sql(&self) -> &[String] {
        &self.sql
    }
    /// Whether a value that is one word, or a command, holds what a shell takes for more than a word.
    pub fn shell(&self) -> bool {
        self.shell
    }
    /// Whether a host is loopback, private, link-local or names such a network.
    pub fn private_hosts(&self) -> bool {
        self.private_hosts
    }
    /// Whether a host is where clouds serve credentials to machines.
    pub fn metadata_hosts(&self) -> bool {
        self.metadata_hosts
    }
    /// Whether a path has a `..` part.
    pub fn traversal(&self) -> bool {
        self.traversal
    }
    /// Whether something is spelled so that a simple check would miss it.
    pub fn disguised(&self) -> bool {
        self.disguised
    }
    /// Whether there was more than the bounds allow, so that something is left out.
    pub fn overflow(&self) -> bool {
        self.cut != Cut::default()
    }
    /// Whether the fact under this name in the schema (`args.paths`) may lack something.
    pub(crate) fn lacks(&self, attribute: &str) -> bool {
        let cut = &self.cut;
        match attribute.strip_prefix("args.") {
            Some("paths" | "anyPathUnder" | "allPathsUnder") => cut.paths || cut.leaves,
            Some("hosts" | "anyHostUnder" | "allHostsUnder" | "urls") => cut.hosts || cut.leaves,
            Some("mentionedHosts") => cut.mentioned || cut.leaves,
            Some("emails" | "emailDomains") => cut.emails || cut.leaves,
            Some("values") => cut.values || cut.leaves,
            Some(_) => cut.leaves,
            None => false,
        }
    }
}

/// All that some fact is below.
fn any<'a, I: Iterator<Item = &'a str>>(facts: &'a [String], above: fn(&'a str) -> I) -> Vec<String> {
    let all: BTreeSet<_> = facts.iter().flat_map(|f| above(f)).collect();
    all.into_iter().map(str::to_owned).collect()
}

/// All that every fact is below; nothing where there is no fact.
fn all<'a, I: Iterator<Item = &'a str>>(facts: &'a [String], above: fn(&'a str) -> I) -> Vec<String> {
    let Some((first, rest)) = facts.split_first() else { return Vec::new() };
    let mut common: BTreeSet<_> = above(first).collect();
    for fact in rest {
        let these: BTreeSet<_> = above(fact).collect();
        common.retain(|f| these.contains(f));
    }
    common.into_iter().map(str::to_owned).collect()
}

/// Reads any bytes as arguments: the door for a fuzzer. Facts of facts are the facts.
#[doc(hidden)]
pub fn fuzz_arguments(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let parts: Vec<&str> = text.split('\u{1}').collect();
    let leaves = parts.iter().enumerate().map(|(n, part)| {
        let path = ["/path", "/url", "/to", "/amount", "/command", "/note"].get(n % 6).copied().unwrap_or_default();
        let value = if n % 7 == 6 { LeafValue::Number(part) } else { LeafValue::Str(part) };
        Leaf { path, value }
    });
    let facts = ArgumentFacts::of(leaves);
    for path in facts.paths().iter().filter(|p| !p.contains('%')) {
        assert_eq!(&path::Path::of(path).text, path, "a path has one spelling");
    }
    for host in facts.hosts() {
        assert_eq!(host::Host::of(host).map(|h| h.text).as_ref(), Some(host), "a host has one spelling");
    }
    for url in facts.urls() {
        assert_eq!(link::Link::of(url).and_then(|l| l.text).as_ref(), Some(url), "a URL has one spelling");
    }
    for email in facts.emails() {
        assert!(mail::addresses(email).any(|e| e.rsplit('@').next() == email.rsplit('@').next()), "{email}");
    }
    let _ = (facts.any_path_under(), facts.all_paths_under(), facts.any_host_under(), facts.all_hosts_under());
}
