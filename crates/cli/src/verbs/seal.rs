use super::{ConfigFile, serve};
use crate::{Done, Failure, Out};
use doorward_config::{Known, Seal, Settings};
use doorward_seal::{KeyId, Outer, Source, Token, Tpm, status, turn, turn_outer};
use doorward_store::{KeptDb, SystemClock};
use doorward_vocab::{Clock as _, Timestamp};
use serde_json::json;
use std::path::Path;

/// Show and turn the keys that kept state is sealed with
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Show where the outer key is, and the data keys under it
    Status {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Put a new data key in force: a running gateway takes it within a second, and old ones open what they sealed
    Rotate {
        #[command(flatten)]
        config: ConfigFile,
        /// Make a new outer key instead, and wrap the data keys under it
        #[arg(long)]
        outer: bool,
        /// Wrap the data keys under the outer key of the configuration, and take them from here: a value of `store.seal`
        #[arg(long, value_name = "PLACE", conflicts_with = "outer")]
        from: Option<String>,
    },
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    let state = serve::state()?;
    match args.verb {
        Verb::Status { config } => show(&state, &outer(&config, &state)?, out),
        Verb::Rotate { config, outer: false, from: None } => rotate(&state, &outer(&config, &state)?, out),
        Verb::Rotate { config, from, .. } => {
            let former = from.map(|text| open(Some(&named(&text)?), &state)).transpose()?;
            let outer = outer(&config, &state)?;
            let id = turn_outer(&state, &outer, former.as_ref()).map_err(broken)?;
            if out.is_json() {
                out.record(&json!({ "outer": id, "from": outer.to_string() }));
            } else {
                out.say(format!("the data keys are under {}, outer key {}", outer, out.strong(&id.to_string())));
            }
            Ok(())
        }
    }
}

/// The outer key that a configuration names.
pub(crate) fn open(seal: Option<&Seal>, state: &Path) -> Result<Outer, Failure> {
    let source = match seal {
        None => Source::File(state.join("seal.key")),
        Some(Seal::File(path)) => Source::File(path.clone()),
        Some(Seal::Fd(number)) => Source::Descriptor(*number),
        Some(Seal::Pkcs11 { module, token, label, pin }) => Source::Token(Token {
            module: module.clone(),
            token: token.clone(),
            label: label.clone(),
            pin: pin.read().map_err(|error| Failure::Broken(format!("the PIN of `{token}`: {error}")))?,
        }),
        Some(Seal::Tpm { device, pcrs }) => Source::Tpm(Tpm { device: device.clone(), pcrs: pcrs.clone() }),
    };
    Outer::open(source).map_err(broken)
}

/// How many things in a store are sealed with a key. One that cannot be asked counts as having some: no key is dropped.
pub(crate) fn sealed_in(store: &KeptDb) -> impl Fn(KeyId) -> u64 {
    |id| store.beginning_with(&id.0).unwrap_or(u64::MAX)
}

fn outer(config: &ConfigFile, state: &Path) -> Result<Outer, Failure> {
    let (_, loaded) = config.load()?;
    open(loaded.settings.store.seal.as_ref(), state)
}

/// A place as the configuration would say it.
fn named(text: &str) -> Result<Seal, Failure> {
    let loaded = Settings::parse("--from", &format!("[store]\nseal = {text}\n"), &Known::default())?;
    loaded.settings.store.seal.ok_or_else(|| Failure::usage("`--from` names no place", "as in `{ file = \"…\" }`"))
}

fn show(state: &Path, outer: &Outer, out: &Out) -> Done {
    let store = store(state)?;
    let status = status(state, outer, sealed_in(&store)).map_err(broken)?;
    if out.is_json() {
        out.record(&status);
        return Ok(());
    }
    let ids: Vec<String> = status.outer.iter().map(ToString::to_string).collect();
    out.say(format!("under {}, outer key {}", status.from, out.strong(&ids.join(" and "))));
    for key in &status.keys {
        let time = |at| Timestamp::from_micros(at).to_string();
        let state = match key.retired {
            None => out.good("in use"),
            Some(at) => format!("replaced {}", time(at)),
        };
        out.say(format!(
            "  {}  {state}, made {}, seals {}",
            out.strong(&key.id.to_string()),
            time(key.made),
            things(key.sealed)
        ));
    }
    Ok(())
}

fn rotate(state: &Path, outer: &Outer, out: &Out) -> Done {
    let store = store(state)?;
    let moved = turn(state, outer, sealed_in(&store), SystemClock.now()).map_err(broken)?;
    if out.is_json() {
        out.record(&moved);
        return Ok(());
    }
    out.say(format!("sealing with data key {} from now on", out.strong(&moved.current.to_string())));
    for id in &moved.dropped {
        out.say(format!("dropped {id}: nothing is sealed with it any more"));
    }
    Ok(())
}

fn things(count: u64) -> String {
    if count == 1 { "1 thing".to_owned() } else { format!("{count} things") }
}

fn store(state: &Path) -> Result<KeptDb, Failure> {
    KeptDb::open(state).map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::Broken(error.to_string())
}
