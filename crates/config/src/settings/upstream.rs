use crate::{
    Mistake, SecretRef, command, secretish,
    section::Section,
    value::{Item, is_header, is_loopback, is_variable, not_a_header, not_a_variable},
};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};
use toml::de::DeValue;
use url::{Host, Url};

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
        /// Headers sent with every request; names in lower case.
        headers: BTreeMap<String, Setting>,
        /// Which addresses its name may have.
        network: Network,
        /// How it speaks over HTTP.
        transport: HttpTransport,
    },
}

/// How a server speaks over HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HttpTransport {
    /// Streamable HTTP, and HTTP+SSE where it turns out to know nothing newer.
    #[default]
    Auto,
    /// Streamable HTTP alone.
    Http,
    /// HTTP+SSE of 2024-11-05 alone.
    Sse,
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

impl Upstream {
    /// The variables of the gateway that every command sees; all others are kept from it.
    pub const PASSED_ON: [&str; 10] =
        ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TERM"];

    /// The word for it: `stdio`, `http` or `sse`.
    pub const fn transport(&self) -> &'static str {
        match self {
            Self::Command { .. } => "stdio",
            Self::Http { transport: HttpTransport::Sse, .. } => "sse",
            Self::Http { .. } => "http",
        }
    }

    /// Reads the keys that say how a server is reached: those of a command, or those of an address.
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        match (section.has("command"), section.has("url")) {
            (true, true) => {
                let mistake = Mistake::error("`command` and `url` exclude each other").label("keep one of them");
                let span = section.get("url", |item| Ok(item.span.clone())).unwrap_or_else(|| section.span.clone());
                section.reading.tell(span, mistake);
            }
            (false, false) => {
                let mistake =
                    Mistake::error("a server needs `command` or `url`").label("it cannot be reached").absent();
                let help = "write `command = [\"program\", \"argument\"]` or `url = \"https://host/mcp\"`";
                section.reading.tell(section.span.clone(), mistake.help(help));
            }
            _ => {}
        }
        let command = Self::read_command(section);
        let http = Self::read_http(section);
        command.or(http)
    }

    fn read_command(section: &Section<'_>) -> Option<Self> {
        let words = section.get("command", words);
        let env = section.table("env").map(|table| settings(table, variable)).unwrap_or_default();
        let variables = |list: &Item<'_>| list.all("a list of names of variables", Item::variable);
        let inherit_env = section.get("inherit_env", variables);
        let secret = |name: &&String| secretish::name(name) && !Self::PASSED_ON.contains(&name.as_str());
        inherit_env.iter().flatten().filter(secret).for_each(|name| section.reading.holds_secret(name));
        let cwd = section.get("cwd", Item::path);
        if !section.has("command") {
            misplaced(section, &["env", "inherit_env", "cwd"], "`command`");
        }
        let (program, args) = words?.split_first().map(|(p, args)| (p.clone(), args.to_vec()))?;
        Some(Self::Command { program, args, env, inherit_env: inherit_env.unwrap_or_default(), cwd })
    }

    fn read_http(section: &Section<'_>) -> Option<Self> {
        let stated = section.get("network", |item| item.choice(&NETWORKS));
        let url =
            section.get("url", |item| item.url(|url| stated.unwrap_or_else(|| network_of(url)) == Network::Private));
        let headers = section.table("headers").map(|table| settings(table, header)).unwrap_or_default();
        let transport = section.get("transport", |item| item.choice(&TRANSPORTS)).unwrap_or_default();
        if !section.has("url") {
            misplaced(section, &["headers", "network", "transport"], "`url`");
        }
        let url = url?;
        let network = stated.unwrap_or_else(|| network_of(&url));
        Some(Self::Http { url, headers, network, transport })
    }
}

pub(super) const NETWORKS: [(&str, Network); 2] = [("public", Network::Public), ("private", Network::Private)];
const TRANSPORTS: [(&str, HttpTransport); 3] =
    [("auto", HttpTransport::Auto), ("http", HttpTransport::Http), ("sse", HttpTransport::Sse)];

/// Where a host is by its name alone. A name that anybody may own counts as public, so that its owner cannot turn it to
/// an address of ours.
pub(super) fn network_of(url: &Url) -> Network {
    const INNER: [&str; 8] = [".internal", ".local", ".lan", ".intranet", ".corp", ".home.arpa", ".svc", ".test"];
    let inner = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_private() || ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_unique_local() || ip.is_loopback(),
        Some(Host::Domain(name)) => !name.contains('.') || INNER.iter().any(|end| name.ends_with(end)),
        None => false,
    };
    if inner || is_loopback(url) { Network::Private } else { Network::Public }
}

/// A command is a list, so that no shell ever decides where one argument ends.
fn words(item: &Item<'_>) -> Result<Vec<String>, Mistake> {
    if let DeValue::String(line) = item.value {
        let mistake = item.wrong("must be a list, since no shell splits it");
        return Err(mistake.label("this is one text").help(format!("write `command = {}`", command::suggest(line))));
    }
    let DeValue::Array(list) = item.value else { return Err(item.wants("a list of texts")) };
    let words: Option<Vec<String>> = list.iter().map(|w| w.get_ref().as_str().map(str::to_owned)).collect();
    let words = words.ok_or_else(|| item.wrong("must be a list of texts").label("something in it is not text"))?;
    match command::mistake(&words) {
        Some(mistake) => Err(mistake),
        None => Ok(words),
    }
}

pub(super) type Name = fn(&str) -> Result<String, Mistake>;

/// A table of variables or headers.
pub(super) fn settings(section: Section<'_>, name: Name) -> BTreeMap<String, Setting> {
    let mut read = BTreeMap::new();
    for (span, item) in section.entries() {
        match name(&item.key) {
            Err(mistake) => section.reading.tell(span, mistake),
            Ok(name) => match setting(&item) {
                Ok(setting) => {
                    if read.insert(name, setting).is_some() {
                        let mistake = Mistake::error(format!("`{}` is there twice", item.key));
                        section.reading.tell(span, mistake.label("names of headers do not mind case"));
                    }
                }
                Err(mistake) => section.reading.tell(item.span, mistake),
            },
        }
    }
    read
}

fn setting(item: &Item<'_>) -> Result<Setting, Mistake> {
    match item.value {
        DeValue::String(text) if !text.is_empty() && (secretish::name(&item.key) || secretish::address(text)) => {
            let mistake = item.wrong("must say where the secret is, not the secret itself").hide();
            Err(mistake.label("a literal secret").help("write `{ env = \"NAME\" }` or `{ file = \"/path/to/it\" }`"))
        }
        DeValue::String(text) if text.contains(['\0', '\r', '\n']) => {
            Err(item.wrong("holds a line break or a zero byte"))
        }
        DeValue::String(text) => Ok(Setting::Plain(text.to_string())),
        DeValue::Table(_) => item.secret().map(Setting::Secret),
        _ => Err(item.wants("text in quotes, or a reference to a secret")),
    }
}

fn variable(name: &str) -> Result<String, Mistake> {
    if is_variable(name) { Ok(name.to_owned()) } else { Err(not_a_variable(name)) }
}

pub(super) fn header(name: &str) -> Result<String, Mistake> {
    if is_header(name) { Ok(name.to_ascii_lowercase()) } else { Err(not_a_header(name)) }
}

fn misplaced(section: &Section<'_>, keys: &[&str], partner: &str) {
    for key in keys.iter().filter(|key| section.has(key)) {
        let mistake = Mistake::error(format!("`{key}` goes with {partner}, which this server does not have"));
        section.reading.tell(section.spot(key), mistake);
    }
}
