use super::{ConfigFile, serve};
use crate::{Done, Failure, Out};
use doorward_config::{CredentialKind, Server, Settings, Slot, Upstream};
use doorward_engine::Marks;
use doorward_gateway::{Entry, EntryKind, Ledger, Trial, TrialError, Tried};
use doorward_seal::Keyring;
use doorward_store::{KeptDb, SystemClock, Trail, trail};
use doorward_vocab::{Clock as _, Timestamp};
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc};

/// Show the credentials that servers are called with, try them, and take back what is held
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// List the credentials of the configuration, what people granted, and what is held now
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Take back what people granted, and what is held: a running gateway forgets it within a second
    Revoke {
        /// The names of credentials
        #[arg(required_unless_present_any = ["human", "all"])]
        names: Vec<String>,
        /// What this person granted, by the id at the identity provider
        #[arg(long)]
        human: Option<String>,
        /// Everything
        #[arg(long, conflicts_with_all = ["names", "human"])]
        all: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Print the text that an agent holds in the place of a secret; it opens nothing, and is exchanged on one way only
    Placeholder {
        /// The name of the `[[placeholder]]`
        name: String,
        /// The id of the agent
        #[arg(long)]
        agent: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Print a text that looks like a secret, to be put where thieves look; whoever sends or shows it is stopped
    Canary {
        /// The agent whose surroundings it is put into, by its id
        #[arg(long, required_unless_present = "server", conflicts_with = "server")]
        agent: Option<String>,
        /// The server whose surroundings it is put into
        #[arg(long)]
        server: Option<String>,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Fetch a credential as for a call, and say what came of it; the secret is not shown
    Test {
        /// Its name
        name: String,
        /// The server that it is for; without it, the first one that uses it
        #[arg(long)]
        server: Option<String>,
        /// The tool that is to be called: scopes may depend on it
        #[arg(long)]
        tool: Option<String>,
        /// The id of the agent
        #[arg(long)]
        agent: Option<String>,
        /// The person, by the id at the identity provider; without `--issuer`, the user of this machine
        #[arg(long)]
        human: Option<String>,
        /// Who vouches for the person
        #[arg(long, requires = "human")]
        issuer: Option<String>,
        #[command(flatten)]
        config: ConfigFile,
    },
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    match args.verb {
        Verb::List { config } => list(&config, out),
        Verb::Placeholder { name, agent, config } => {
            let text = marks(&config)?.placeholder(&name, &agent);
            let missing =
                || broken(format!("there is no placeholder `{name}`; write a `[[placeholder]]` of this name"));
            mark(&text.ok_or_else(missing)?, out)
        }
        Verb::Canary { agent, server, config } => {
            let whom = agent.map(|id| format!("agent:{id}")).or(server.map(|name| format!("server:{name}")));
            mark(&marks(&config)?.canary(&whom.unwrap_or_default()), out)
        }
        Verb::Revoke { names, human, all, config } => revoke(&names, human.as_deref(), all, &config, out),
        Verb::Test { name, server, tool, agent, human, issuer, config } => {
            let human = human.map(|id| (issuer.unwrap_or_else(|| "local".to_owned()), id));
            test(&Trial { credential: name, server, tool, agent, human }, &config, out)
        }
    }
}

fn marks(config: &ConfigFile) -> Result<Marks, Failure> {
    let (_, loaded) = config.load()?;
    let key = doorward_store::mark_key(&serve::state()?).map_err(broken)?;
    Ok(doorward_gateway::marks(&loaded.settings, &key))
}

fn mark(text: &str, out: &Out) -> Done {
    if out.is_json() {
        out.record(&json!({ "text": text }))
    } else {
        out.say(text)
    }
    Ok(())
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::Broken(error.to_string())
}

/// What is kept, where there is anything.
fn ledger(settings: &Settings) -> Result<Option<Ledger>, Failure> {
    let dir = serve::state()?;
    if !dir.join("sessions.db").exists() {
        return Ok(None);
    }
    let outer = super::seal::open(settings.store.seal.as_ref(), &dir)?;
    let keys = Keyring::open(&dir, outer, SystemClock.now()).map_err(broken)?;
    Ok(Some(Ledger::new(KeptDb::open(&dir).map_err(broken)?, Arc::new(keys))))
}

fn entries(ledger: Option<&Ledger>, now: Timestamp) -> Result<Vec<Entry>, Failure> {
    ledger.map(|ledger| ledger.entries(now).map_err(broken)).transpose().map(Option::unwrap_or_default)
}

fn list(config: &ConfigFile, out: &Out) -> Done {
    let (_, loaded) = config.load()?;
    let settings = loaded.settings;
    let held = entries(ledger(&settings)?.as_ref(), SystemClock.now())?;
    if out.is_json() {
        for credential in &settings.credentials {
            let of = |entry: &&Entry| *entry.credential == *credential.name;
            let missing: Vec<_> = missing(&credential.kind).into_iter().map(|(key, _)| key).collect();
            out.record(&json!({
                "credential": credential,
                "servers": servers(&settings, &credential.name).iter().map(|s| &s.name).collect::<Vec<_>>(),
                "missing": missing,
                "held": held.iter().filter(of).map(record).collect::<Vec<_>>(),
            }));
        }
        return Ok(());
    }
    if settings.credentials.is_empty() {
        out.say("no credentials are configured; write a `[[credential]]`, and name it in a server");
    }
    for credential in &settings.credentials {
        let servers: Vec<String> =
            servers(&settings, &credential.name).iter().map(|s| format!("{} ({})", s.name, address(s))).collect();
        let servers = if servers.is_empty() { "no server".to_owned() } else { servers.join(", ") };
        out.say(format!(
            "{}  {}, {} → {servers}",
            out.strong(&credential.name),
            word(&credential.kind),
            place(&credential.slot)
        ));
        for (key, why) in missing(&credential.kind) {
            out.say(out.bad(&format!("  {key}: {why}")));
        }
        for entry in held.iter().filter(|entry| *entry.credential == *credential.name) {
            out.say(out.faint(&format!("  {}", shown(entry))));
        }
    }
    let known = |entry: &&Entry| settings.credential(&entry.credential).is_none();
    for entry in held.iter().filter(known) {
        out.say(format!(
            "{}  {}",
            out.strong(&entry.credential),
            out.faint(&format!("not configured any more; {}", shown(entry)))
        ));
    }
    Ok(())
}

fn revoke(names: &[String], human: Option<&str>, all: bool, config: &ConfigFile, out: &Out) -> Done {
    let (_, loaded) = config.load()?;
    let (ledger, now) = (ledger(&loaded.settings)?, SystemClock.now());
    let wanted = |entry: &Entry| {
        let person = matches!(&entry.kind, EntryKind::Grant { person, .. } if human == Some(&**person));
        let named = names.iter().any(|name| **name == *entry.credential);
        all || match human {
            // Of these names, that person's.
            Some(_) => person && (names.is_empty() || named),
            None => named,
        }
    };
    let mut gone = entries(ledger.as_ref(), now)?;
    gone.retain(wanted);
    // Gateways may hold in memory what is not kept.
    if let Some(ledger) = &ledger {
        ledger.revoke(&gone, now).map_err(broken)?;
    }
    if out.is_json() {
        out.record(&json!({ "revoked": gone.iter().map(record).collect::<Vec<_>>() }));
        return Ok(());
    }
    for entry in &gone {
        out.say(format!("revoked {}: {}", out.strong(&entry.credential), shown(entry)));
    }
    if gone.is_empty() {
        out.say("nothing is kept of that; what gateways hold in memory is fetched again");
    }
    Ok(())
}

fn test(trial: &Trial, config: &ConfigFile, out: &Out) -> Done {
    let (_, loaded) = config.load()?;
    let runtime = serve::runtime()?;
    let tried = runtime.block_on(async {
        // A gateway without a door; what it records is not part of the trail.
        let scratch = Scratch::new()?;
        let clock = SystemClock;
        let trail = Trail::open(&scratch.0, &clock, trail::Options::default()).map_err(broken)?;
        let dir = serve::state()?;
        let listen: SocketAddr = loaded.settings.listen.mcp;
        let opened = serve::open_with(&dir, loaded.settings.clone(), listen, trail)?;
        let tried = opened.gateway.try_credential(trial).await;
        opened.gateway.stop("tried").await;
        Ok::<_, Failure>(tried)
    })?;
    let name = &trial.credential;
    match tried {
        Ok(Tried { kind, account, expires, scopes, remark }) => {
            if out.is_json() {
                let expires = expires.map(|at| at.to_string());
                out.record(&json!({ "credential": name, "ok": true, "kind": kind, "account": account, "expires": expires, "scopes": scopes, "remark": remark }));
                return Ok(());
            }
            out.say(format!("{}  {}", out.strong(name), out.good("works")));
            let line = |what: &str, text: Option<String>| {
                if let Some(text) = text {
                    out.say(format!("  {what:<8} {text}"));
                }
            };
            line("kind", Some(kind.to_owned()));
            line("account", account.map(String::from));
            line("until", expires.map(|at| at.to_string()));
            line("scopes", scopes.map(|scopes| scopes.join(" ")));
            line("note", remark.map(String::from));
            Ok(())
        }
        Err(TrialError::Failed(why)) => {
            if out.is_json() {
                out.record(&json!({ "credential": name, "ok": false, "why": why.to_string() }));
                return Err(Failure::Asked);
            }
            Err(broken(format!("credential `{name}`: {why}")))
        }
        Err(error) => Err(broken(error)),
    }
}

/// A folder that is gone with the value.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failure> {
        let name = format!("doorward-test-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map_err(|e| broken(format!("cannot make `{}`: {e}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn servers<'a>(settings: &'a Settings, credential: &str) -> Vec<&'a Server> {
    let uses = |server: &&Server| server.credentials.iter().any(|rule| rule.name.as_deref() == Some(credential));
    settings.servers.iter().filter(uses).collect()
}

fn address(server: &Server) -> String {
    match &server.upstream {
        Upstream::Command { program, .. } => program.clone(),
        Upstream::Http { url, .. } => url.host_str().unwrap_or_default().to_owned(),
    }
}

/// The secrets of the operator that are not there.
fn missing(kind: &CredentialKind) -> Vec<(&'static str, String)> {
    let read = |(key, secret): (_, &doorward_config::SecretRef)| Some((key, secret.read().err()?.to_string()));
    kind.secrets().into_iter().filter_map(read).collect()
}

/// The word for a kind in the configuration.
fn word(kind: &CredentialKind) -> String {
    serde_json::to_value(kind).ok().and_then(|v| v.get("kind")?.as_str().map(str::to_owned)).unwrap_or_default()
}

fn place(slot: &Slot) -> String {
    match slot {
        Slot::Header { name, .. } => format!("in `{name}`"),
        Slot::Query { name } => format!("in the query, as `{name}`"),
        Slot::Variable { name } => format!("in the variable `{name}`"),
        Slot::Variables(all) => {
            let names: Vec<String> = all.iter().map(|(_, name)| format!("`{name}`")).collect();
            format!("in the variables {}", names.join(", "))
        }
        Slot::Signature { service, region } => format!("as a signature for `{service}` in `{region}`"),
    }
}

fn shown(entry: &Entry) -> String {
    let account = entry.account.as_ref().map_or_else(String::new, |account| format!(", the account {account}"));
    match &entry.kind {
        EntryKind::Grant { issuer, person, since } => format!("granted by {person} at {issuer} on {since}{account}"),
        EntryKind::Fetched { server } => format!("held for {server} until {}{account}", entry.until),
    }
}

fn record(entry: &Entry) -> Value {
    let Entry { kind, credential, account, until, .. } = entry;
    let until = until.to_string();
    match kind {
        EntryKind::Grant { issuer, person, since } => {
            json!({ "credential": credential, "what": "grant", "issuer": issuer, "human": person, "since": since.to_string(), "until": until, "account": account })
        }
        EntryKind::Fetched { server } => {
            json!({ "credential": credential, "what": "fetched", "server": server, "until": until, "account": account })
        }
    }
}
