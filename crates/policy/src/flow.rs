//! Where the values of a call came from, as policies see it.

use crate::value::Value;
use doorward_vocab::{Class, Confidentiality, ServerName};
use serde::Deserialize;
use std::{borrow::Cow, collections::BTreeSet};

/// Whether the values of an argument may be believed. Of several the last in this order counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Believed {
    /// There is no such argument, or it says nothing.
    #[default]
    None,
    /// The human said it.
    Said,
    /// It stood in a source that the operator trusts.
    Trusted,
    /// It stood nowhere that is remembered: made up, computed, or forgotten.
    Unknown,
    /// It stood in something that anybody may have written.
    Untrusted,
}

impl Believed {
    /// The word used in policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Said => "said",
            Self::Trusted => "trusted",
            Self::Unknown => "unknown",
            Self::Untrusted => "untrusted",
        }
    }
}

/// Where the values of some arguments came from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sources {
    /// Whether they may be believed.
    pub integrity: Believed,
    /// Who may read them.
    pub confidentiality: Confidentiality,
    /// What they are about.
    pub classes: BTreeSet<Class>,
    /// To whom they belong.
    pub owners: BTreeSet<String>,
    /// The servers that gave them.
    pub servers: BTreeSet<String>,
    /// The tools that gave them, as `server__tool`.
    pub tools: BTreeSet<String>,
    /// How they are written, where that is another way than they were.
    pub forms: BTreeSet<String>,
    /// Whether they are written in a way in which honest programs do not write values unasked.
    pub encoded: bool,
    /// Whether they came together only with other strings of this call, or with what left before.
    pub split: bool,
    /// Whether another conversation left them where they were read.
    pub planted: bool,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            integrity: Believed::None,
            confidentiality: Confidentiality::Public,
            classes: BTreeSet::new(),
            owners: BTreeSet::new(),
            servers: BTreeSet::new(),
            tools: BTreeSet::new(),
            forms: BTreeSet::new(),
            encoded: false,
            split: false,
            planted: false,
        }
    }
}

impl Sources {
    /// Takes in where other values came from.
    pub fn join(&mut self, other: &Self) {
        self.integrity = self.integrity.max(other.integrity);
        self.confidentiality = self.confidentiality.max(other.confidentiality);
        self.classes.extend(&other.classes);
        self.owners.extend(other.owners.iter().cloned());
        self.servers.extend(other.servers.iter().cloned());
        self.tools.extend(other.tools.iter().cloned());
        self.forms.extend(other.forms.iter().cloned());
        self.encoded |= other.encoded;
        self.split |= other.split;
        self.planted |= other.planted;
    }

    /// As policies read it.
    pub(crate) fn value(&self) -> Value<'_> {
        Value::Record(vec![
            ("integrity", Value::Text(self.integrity.as_str().into())),
            ("confidentiality", Value::Long(rank(self.confidentiality))),
            ("classes", words(self.classes.iter().map(|c| c.as_str()))),
            ("owners", texts(&self.owners)),
            ("servers", texts(&self.servers)),
            ("tools", texts(&self.tools)),
            ("forms", texts(&self.forms)),
            ("encoded", Value::Bool(self.encoded)),
            ("split", Value::Bool(self.split)),
            ("planted", Value::Bool(self.planted)),
        ])
    }
}

/// Where the values of a call came from, by what its arguments decide.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlowFacts {
    /// Who gets something: an address, an account, a person.
    pub recipient: Sources,
    /// A place of the web that is called or shown: a URL or host.
    pub url: Sources,
    /// What a program runs.
    pub command: Sources,
    /// What is asked or searched for.
    pub query: Sources,
    /// How much.
    pub amount: Sources,
    /// A file or folder.
    pub path: Sources,
    /// Which existing thing is meant.
    pub object: Sources,
    /// What opens something.
    pub secret: Sources,
    /// Everything else: what is said.
    pub body: Sources,
    /// The servers that values came from, but the one that is called.
    pub foreign: BTreeSet<String>,
}

static NOTHING: std::sync::LazyLock<FlowFacts> = std::sync::LazyLock::new(FlowFacts::default);

impl FlowFacts {
    /// Of a message without arguments, or of which nothing was traced.
    pub fn none() -> &'static Self {
        &NOTHING
    }

    /// All arguments together.
    pub fn all(&self) -> Sources {
        let Self { recipient, url, command, query, amount, path, object, secret, body, foreign: _ } = self;
        let mut all = Sources::default();
        for one in [recipient, url, command, query, amount, path, object, secret, body] {
            all.join(one);
        }
        all
    }

    /// The same of a call to `server`: the others that values came from are foreign.
    #[must_use]
    pub fn at(mut self, server: &ServerName) -> Self {
        self.foreign.extend(self.all().servers.into_iter().filter(|name| name != server.as_str()));
        self
    }

    pub(crate) fn foreign(&self) -> Value<'_> {
        texts(&self.foreign)
    }
}

/// The words of a set.
pub(crate) fn words<'v>(all: impl Iterator<Item = &'static str>) -> Value<'v> {
    Value::Texts(Cow::Owned(all.map(str::to_owned).collect()))
}

/// A set of texts.
pub(crate) fn texts<'v>(all: &BTreeSet<String>) -> Value<'v> {
    Value::Texts(Cow::Owned(all.iter().cloned().collect()))
}

/// Cedar compares numbers.
pub(crate) const fn rank(confidentiality: Confidentiality) -> i64 {
    match confidentiality {
        Confidentiality::Public => 0,
        Confidentiality::Internal => 1,
        Confidentiality::Confidential => 2,
        Confidentiality::Secret => 3,
    }
}
