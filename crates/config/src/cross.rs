//! What no section can know alone: names that must exist, addresses that ask for more, entries that exclude each other.

use crate::{
    Mistake, Setting, Settings, Slot, Subject, Trust, TrustKind, Upstream, command, nearest::suggest, section::Reading,
    value::is_loopback,
};
use std::collections::BTreeSet;

/// The names that the file gives, whether or not the entry is right otherwise, and the path of each entry that is.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) all: BTreeSet<String>,
    pub(crate) paths: Vec<String>,
}

/// The settings and where their entries stand.
pub(crate) struct Shape {
    pub(crate) settings: Settings,
    pub(crate) servers: Names,
    pub(crate) virtuals: Names,
    pub(crate) credentials: Names,
    pub(crate) placeholders: Names,
    pub(crate) trust: Names,
    pub(crate) clients: Names,
    pub(crate) agents: Names,
    pub(crate) delegations: Names,
}

pub(crate) fn check(shape: &Shape, reading: &Reading<'_>) {
    off_loopback(shape, reading);
    servers(shape, reading);
    placeholders(shape, reading);
    virtuals(shape, reading);
    trust(shape, reading);
    authorization(shape, reading);
    console(shape, reading);
    agents(shape, reading);
    unused(shape, reading);
}

/// Off loopback nobody is a local user any more: somebody must vouch for callers, and tokens need a name to be for.
fn off_loopback(shape: &Shape, reading: &Reading<'_>) {
    let Settings { listen, trust, public_url, .. } = &shape.settings;
    let vouched = !trust.is_empty() || !shape.trust.all.is_empty();
    let reachable = |mistake: Mistake| mistake.label("others can reach this address");
    if !listen.mcp.ip().is_loopback() {
        if !vouched {
            let mistake = Mistake::error("listening off loopback needs a `[[trust]]` entry");
            let help = "say who vouches for callers, or listen on 127.0.0.1 for yourself alone";
            reading.tell_at("listen.mcp", reachable(mistake).help(help));
        }
        if public_url.is_none() && reading.spot("public_url").is_none() {
            let mistake = Mistake::error("listening off loopback needs `public_url`");
            let help = "add `public_url = \"https://mcp.example.com\"`: the address that clients use";
            reading.tell_at("listen.mcp", reachable(mistake).help(help));
        }
        if listen.tls.is_none() && reading.spot("listen.tls").is_none() {
            let mistake = Mistake::warning("this listener speaks plain HTTP to the network");
            let help = "add `[listen.tls]`, unless a proxy in front of it ends TLS";
            reading.tell_at("listen.mcp", reachable(mistake).help(help));
        }
    }
    let signs_in = trust.iter().any(|t| matches!(t.kind, TrustKind::Oidc(_)));
    let unread = trust.len() < shape.trust.paths.len() || trust.len() < shape.trust.all.len();
    if !listen.console.ip().is_loopback() && !signs_in && !unread {
        let mistake = Mistake::error("a console off loopback needs a `[[trust]]` entry of kind `oidc`");
        reading.tell_at("listen.console", reachable(mistake).help("operators sign in there"));
    }
    if listen.mcp == listen.console && listen.mcp.port() != 0 {
        let mistake = Mistake::error(format!("both listeners use `{}`", listen.mcp));
        reading.tell_at("listen.console", mistake.label("give the console its own port"));
    }
}

fn servers(shape: &Shape, reading: &Reading<'_>) {
    for (server, path) in shape.settings.servers.iter().zip(&shape.servers.paths) {
        if let Upstream::Command { program, args, .. } = &server.upstream {
            let words: Vec<String> = std::iter::once(program).chain(args).cloned().collect();
            if command::is_shell(&words) {
                let mistake = Mistake::warning(format!("server `{}` is started through a shell", server.name));
                let help = "name the program itself, so that its arguments stay what they are";
                reading.tell_at(&format!("{path}.command"), mistake.help(help));
            }
        }
        for (at, rule) in server.credentials.iter().enumerate() {
            let Some(wanted) = &rule.name else { continue };
            let place = match reading.spot(&format!("{path}.credential")) {
                Some(_) => format!("{path}.credential"),
                None => format!("{path}.credentials[{at}].use"),
            };
            let Some(credential) = shape.settings.credential(wanted) else {
                if !shape.credentials.all.contains(wanted) {
                    let mistake = Mistake::error(format!("there is no credential `{wanted}`"));
                    let label = match shape.credentials.all.is_empty() {
                        true => "write a `[[credential]]` of this name".to_owned(),
                        false => suggest(wanted, shape.credentials.all.iter().map(String::as_str)),
                    };
                    reading.tell_at(&place, mistake.label(label));
                }
                continue;
            };
            if let Some(mistake) = unfit(wanted, &credential.slot, &server.upstream) {
                reading.tell_at(&place, mistake);
            }
        }
    }
}

fn placeholders(shape: &Shape, reading: &Reading<'_>) {
    for (placeholder, path) in shape.settings.placeholders.iter().zip(&shape.placeholders.paths) {
        let wanted = &placeholder.credential;
        if !shape.credentials.all.contains(wanted) {
            let mistake = Mistake::error(format!("there is no credential `{wanted}`"));
            let label = suggest(wanted, shape.credentials.all.iter().map(String::as_str));
            reading.tell_at(&format!("{path}.credential"), mistake.label(label));
        }
        let server = placeholder.server.as_str();
        if !shape.servers.all.contains(server) {
            let mistake = Mistake::error(format!("there is no server `{server}`"));
            reading.tell_at(&format!("{path}.server"), mistake.label(known_server(server, shape)));
        }
    }
}

fn virtuals(shape: &Shape, reading: &Reading<'_>) {
    for (entry, path) in shape.settings.virtuals.iter().zip(&shape.virtuals.paths) {
        if shape.servers.all.contains(entry.name.as_str()) {
            let mistake = Mistake::error(format!("there is a server `{}` already", entry.name));
            let label = "both would be at the same address: choose another name";
            reading.tell_at(&format!("{path}.name"), mistake.label(label));
        }
        for (key, patterns) in entry.patterns() {
            for pattern in patterns {
                let fits = |name: &String| pattern.server.matches(name);
                if shape.servers.all.iter().any(fits) {
                    continue;
                }
                let mistake = match pattern.server.is_plain() {
                    true => Mistake::error(format!("there is no server `{}`", pattern.server)),
                    false => Mistake::error(format!("no server fits `{}`", pattern.server)),
                };
                let label = known_server(pattern.server.as_str(), shape);
                reading.tell_at(&format!("{path}.{key}.{pattern}"), mistake.label(label));
            }
        }
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for (table, texts) in [("describe", &entry.describe), ("rename", &entry.rename)] {
            for (key, text) in texts {
                let Some((server, item)) = key.split_once('/') else { continue };
                let place = format!("{path}.{table}.{key}");
                if !shape.servers.all.contains(server) {
                    let mistake = Mistake::error(format!("there is no server `{server}`"));
                    reading.tell_at(&place, mistake.label(known_server(server, shape)));
                    continue;
                }
                let mut shown = entry.tools.iter().chain(&entry.prompts);
                if !shown.any(|p| p.server.matches(server) && p.item.matches(item)) {
                    let mistake = Mistake::error(format!("`{key}` is not shown here"));
                    reading.tell_at(&place, mistake.label("no pattern in `tools` or `prompts` fits it"));
                }
                if table == "rename" && !names.insert(text) {
                    let mistake = Mistake::error(format!("two things would be called `{text}`"));
                    reading.tell_at(&place, mistake.label("choose another name"));
                }
                if table == "rename" && text.len() > shape.settings.joined.name_limit {
                    let limit = shape.settings.joined.name_limit;
                    let mistake = Mistake::error(format!("`{text}` is longer than `joined.name_limit`"));
                    reading.tell_at(&place, mistake.label(format!("at most {limit} characters")));
                }
            }
        }
    }
}

fn known_server(wanted: &str, shape: &Shape) -> String {
    match shape.servers.all.is_empty() {
        true => "write a `[[server]]` of this name".to_owned(),
        false => suggest(wanted, shape.servers.all.iter().map(String::as_str)),
    }
}

/// Why a credential cannot be used on the way to a server.
fn unfit(name: &str, slot: &Slot, upstream: &Upstream) -> Option<Mistake> {
    let set =
        |key: &str, what: &str| Some(Mistake::error(format!("credential `{name}` and `{key}` both set `{what}`")));
    match (slot, upstream) {
        (Slot::Variable { name: variable }, Upstream::Command { env, .. }) => {
            env.contains_key(variable).then(|| set("env", variable)).flatten()
        }
        (Slot::Variables(all), Upstream::Command { env, .. }) => {
            all.iter().find(|(_, variable)| env.contains_key(variable)).and_then(|(_, variable)| set("env", variable))
        }
        (Slot::Variable { .. } | Slot::Variables(_), Upstream::Http { .. }) => {
            let mistake = Mistake::error(format!("credential `{name}` is a variable, and an address has none"));
            Some(mistake.help("leave out `variable`, and it goes into a header"))
        }
        (_, Upstream::Command { .. }) => {
            let mistake = Mistake::error(format!("credential `{name}` is a header, and a command has none"));
            Some(mistake.help("give it a `variable`"))
        }
        (Slot::Header { name: header, .. }, Upstream::Http { headers, .. }) => {
            headers.contains_key(header).then(|| set("headers", header)).flatten()
        }
        (Slot::Query { name: parameter }, Upstream::Http { url, .. }) => {
            let taken = url.query_pairs().any(|(key, _)| key == parameter.as_str());
            taken.then(|| set("url", parameter)).flatten()
        }
        (Slot::Signature { .. }, Upstream::Http { headers, .. }) => {
            headers.contains_key("authorization").then(|| set("headers", "authorization")).flatten()
        }
    }
}

fn trust(shape: &Shape, reading: &Reading<'_>) {
    for (entry, path) in shape.settings.trust.iter().zip(&shape.trust.paths) {
        let TrustKind::Anonymous { servers } = &entry.kind else { continue };
        for name in servers.iter().filter(|name| !shape.servers.all.contains(name.as_str())) {
            let mistake = Mistake::error(format!("there is no server `{name}`"));
            let label = known_server(name.as_str(), shape);
            reading.tell_at(&format!("{path}.servers"), mistake.label(label));
        }
    }
    if let Some(url) = &shape.settings.public_url
        && is_loopback(url)
        && !shape.settings.listen.mcp.ip().is_loopback()
    {
        let mistake = Mistake::error("`public_url` names this machine, but others can reach the listener");
        reading.tell_at("public_url", mistake.label("write the address that clients use"));
    }
}

/// Tokens are issued to somebody, for somebody, about servers that exist.
fn authorization(shape: &Shape, reading: &Reading<'_>) {
    let Settings { authorization, clients, trust, .. } = &shape.settings;
    for (client, path) in clients.iter().zip(&shape.clients.paths) {
        for name in client.servers.iter().flatten().filter(|name| !shape.servers.all.contains(name.as_str())) {
            let mistake = Mistake::error(format!("there is no server `{name}`"));
            reading.tell_at(&format!("{path}.servers"), mistake.label(known_server(name.as_str(), shape)));
        }
        if authorization.is_none() {
            let mistake = Mistake::error(format!("client `{}` has nobody to ask", client.name));
            reading.tell_at(&format!("{path}.name"), mistake.help("add `[authorization]`"));
        }
    }
    let shows = |entry: &Trust| matches!(entry.kind, TrustKind::AwsRole(_) | TrustKind::Tpm(_));
    for (entry, path) in trust.iter().zip(&shape.trust.paths).filter(|(entry, _)| shows(entry)) {
        if authorization.is_none() {
            let mistake = Mistake::error(format!("`{}` has nobody to show evidence to", entry.name));
            let help = "add `[authorization]`: the gateway gives a token of its own for it";
            reading.tell_at(&format!("{path}.kind"), mistake.help(help));
        }
    }
    let Some(authorization) = authorization else { return };
    let login = |name: &str| {
        trust.iter().any(|t| t.name == name && matches!(&t.kind, TrustKind::Oidc(oidc) if oidc.client.is_some()))
    };
    for name in authorization.login.iter().filter(|name| !login(name)) {
        let mistake = Mistake::error(format!("humans cannot sign in at `{name}`"));
        let help = "name a `[[trust]]` entry of kind `oidc` that has a `client_id`";
        reading.tell_at("authorization.login", mistake.help(help));
    }
    // What runs there brings what is stated of it as a grant.
    let vouches = |t: &Trust| match &t.kind {
        TrustKind::Platform(_) | TrustKind::Spiffe(_) => true,
        TrustKind::Oidc(oidc) => oidc.subject == Subject::Agent,
        _ => false,
    };
    let somebody = |t: &Trust| login(&t.name) || shows(t) || vouches(t);
    let nobody = !trust.iter().any(somebody) && clients.is_empty() && trust.len() == shape.trust.all.len();
    if nobody {
        let mistake = Mistake::error("`[authorization]` has nobody to issue tokens for");
        let help = "give a `[[trust]]` entry of kind `oidc` a `client_id`, or add a `[[client]]`, or an entry of kind \
                    `aws-role` or `tpm`, or of a platform";
        reading.tell_at("authorization", mistake.help(help));
    }
}

/// People sign in to the console where the authorization server lets them sign in.
fn console(shape: &Shape, reading: &Reading<'_>) {
    let Settings { console, authorization, trust, .. } = &shape.settings;
    let Some(name) = &console.login else { return };
    let is_login =
        |t: &crate::Trust| t.name == *name && matches!(&t.kind, TrustKind::Oidc(oidc) if oidc.client.is_some());
    if !trust.iter().any(is_login) && trust.len() == shape.trust.all.len() {
        let mistake = Mistake::error(format!("people cannot sign in at `{name}`"));
        let help = "name a `[[trust]]` entry of kind `oidc` that has a `client_id`";
        reading.tell_at("console.login", mistake.help(help));
    }
    if authorization.is_none() {
        let mistake = Mistake::error("nobody comes back from the provider");
        let help = "add `[authorization]`: its address is the one that the provider sends browsers back to";
        reading.tell_at("console.login", mistake.help(help));
    }
    if console.roles.is_empty() {
        let mistake = Mistake::warning("whoever signs in to the console has no role there");
        reading.tell_at("console.login", mistake.help("add `[console.roles]`"));
    }
}

/// Agents are vouched for by entries that exist, and what they may do by themselves names what exists.
fn agents(shape: &Shape, reading: &Reading<'_>) {
    let missing = |what: &str, name: &str, known: &Names| {
        let mistake = Mistake::error(format!("there is no {what} `{name}`"));
        mistake.label(match known.all.is_empty() {
            true => format!("write a `[[{what}]]` of this name"),
            false => suggest(name, known.all.iter().map(String::as_str)),
        })
    };
    for (entry, path) in shape.settings.agents.iter().zip(&shape.agents.paths) {
        if let Some(name) = entry.trust.as_ref().filter(|name| !shape.trust.all.contains(*name)) {
            reading.tell_at(&format!("{path}.trust"), missing("trust", name, &shape.trust));
        }
    }
    let mut held: BTreeSet<&str> = BTreeSet::new();
    for (entry, path) in shape.settings.delegations.iter().zip(&shape.delegations.paths) {
        let place = format!("{path}.agent");
        if !shape.agents.all.contains(&entry.agent) {
            reading.tell_at(&place, missing("agent", &entry.agent, &shape.agents));
        }
        if !held.insert(&entry.agent) {
            let mistake = Mistake::error(format!("agent `{}` has a delegation already", entry.agent));
            reading.tell_at(&place, mistake.label("put both into one entry"));
        }
        for name in entry.named().filter(|name| !shape.servers.all.contains(name.as_str())) {
            let key = if entry.servers.contains(name) { "servers" } else { "tools" };
            let mistake = Mistake::error(format!("there is no server `{name}`"));
            reading.tell_at(&format!("{path}.{key}"), mistake.label(known_server(name.as_str(), shape)));
        }
    }
}

fn unused(shape: &Shape, reading: &Reading<'_>) {
    for (credential, path) in shape.settings.credentials.iter().zip(&shape.credentials.paths) {
        let rules = || shape.settings.servers.iter().flat_map(|s| &s.credentials);
        let stands = |name: &str| shape.settings.placeholders.iter().any(|p| p.credential == name);
        let used = |name: &str| rules().any(|rule| rule.name.as_deref() == Some(name)) || stands(name);
        let all_read = shape.settings.servers.len() == shape.servers.all.len();
        if all_read && !used(&credential.name) {
            let mistake = Mistake::warning(format!("no server uses credential `{}`", credential.name));
            reading.tell_at(&format!("{path}.name"), mistake);
        }
        if credential.kind.own_token().is_some() && shape.settings.public_url.is_none() {
            let mistake = Mistake::warning(format!("credential `{}` needs a name of this gateway", credential.name));
            let help =
                "add `public_url`: a token of the gateway names its issuer, and the provider reads its keys there";
            reading.tell_at(&format!("{path}.kind"), mistake.help(help));
        }
        for (key, secret) in credential.kind.secrets() {
            if let Err(e) = secret.read() {
                reading.tell_at(&format!("{path}.{key}"), Mistake::warning(e.to_string()).label("not there now"));
            }
        }
    }
    for (server, path) in shape.settings.servers.iter().zip(&shape.servers.paths) {
        let (key, settings) = match &server.upstream {
            Upstream::Command { env, .. } => ("env", env),
            Upstream::Http { headers, .. } => ("headers", headers),
        };
        for setting in settings.values() {
            let Setting::Secret(secret) = setting else { continue };
            if let Err(e) = secret.read() {
                reading.tell_at(&format!("{path}.{key}"), Mistake::warning(e.to_string()).label("not there now"));
            }
        }
    }
}
