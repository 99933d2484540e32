use crate::{Glob, SecretRef, units};
use doorward_vocab::{Effects, Label, Mode, ServerName};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use url::Url;

/// One MCP server behind the gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// Its name, unique in the file.
    pub name: ServerName,
    /// How it is reached.
    pub upstream: Upstream,
    /// The name of the credential that it is called with; it exists and fits the upstream.
    pub credential: Option<String>,
    /// What its tools do, where that differs from what is declared or inferred.
    pub effects: Vec<EffectRule>,
    /// The label of what it returns before anything is known about the content.
    pub label: Label,
    /// Its own timeout for a call; none: the one of the limits.
    #[serde(serialize_with = "units::write_optional_duration")]
    pub timeout: Option<Duration>,
    /// Its own mode; none: the deployment's.
    pub mode: Option<Mode>,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Upstream {
    /// A child process that speaks over its standard streams.
    Command {
        /// What is started: a name looked up in `PATH`, or a path.
        program: String,
        /// Its arguments, as they are; no shell sees them.
        args: Vec<String>,
        /// Variables it gets besides [`Upstream::PASSED_ON`] and `inherit_env`.
        env: BTreeMap<String, Setting>,
        /// Variables of the gateway that it may see.
        inherit_env: Vec<String>,
        /// Where it starts; none: the gateway's own directory.
        cwd: Option<PathBuf>,
    },
    /// A server that speaks over HTTP.
    Http {
        /// Its endpoint.
        url: Url,
        /// Headers sent with every request.
        headers: BTreeMap<String, Setting>,
        /// Which addresses its name may have.
        network: Network,
    },
}

impl Upstream {
    /// The variables of the gateway that every command sees; all others are kept from it.
    pub const PASSED_ON: [&str; 10] =
        ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TERM"];

    /// The word for it: `stdio` or `http`.
    pub const fn transport(&self) -> &'static str {
        match self {
            Self::Command { .. } => "stdio",
            Self::Http { .. } => "http",
        }
    }
}

/// The value of a variable or header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    /// Written in the file.
    Plain(String),
    /// Read where it is used.
    Secret(SecretRef),
}

/// Which addresses the name of a server may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Public addresses only: a name that turns to an inner address is refused.
    Public,
    /// Private and loopback addresses too.
    Private,
}

/// What the tools of one pattern do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EffectRule {
    /// The pattern of tool names.
    pub tools: Glob,
    /// Their effects.
    pub effects: Effects,
}

impl Server {
    /// What the operator says `tool` does. The most specific pattern speaks: the one with the most plain characters.
    pub fn effects_of(&self, tool: &str) -> Option<Effects> {
        let fits = self.effects.iter().filter(|rule| rule.tools.matches(tool));
        fits.max_by_key(|rule| rule.tools.specificity()).map(|rule| rule.effects)
    }
}
