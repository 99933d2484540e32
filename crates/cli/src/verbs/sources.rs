use super::approve;
use crate::{Done, Failure, Out};
use doorward_store::{PoisonedSource, State};
use doorward_vocab::Digest;
use serde_json::json;

/// List the sources that handed out texts which give orders, or forget some
///
/// What is read from such a source, and such a text wherever it is read, is treated as poisoned, for all agents.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Forget sources: running gateways notice within a second
    Forget {
        /// What `doorward sources` calls them
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    let broken = |e: doorward_store::StateError| Failure::Broken(e.to_string());
    let state = approve::state()?;
    let kept = state.as_ref().map(State::poisoned).transpose().map_err(broken)?.unwrap_or_default();
    match args.what {
        None => list(&kept, out),
        Some(What::Forget { ids, all }) => {
            let unknown = ids.iter().find(|id| !kept.iter().any(|k| is_called(k, id)));
            if let Some(id) = unknown {
                return Err(Failure::Broken(format!("there is no source `{id}`; `doorward sources` lists them")));
            }
            let gone = kept.iter().filter(|k| all || ids.iter().any(|id| is_called(k, id)));
            let gone: Vec<Digest> = gone.map(|k| k.source).collect();
            let count =
                state.map(|state| state.forget_poisoned(&gone)).transpose().map_err(broken)?.unwrap_or_default();
            if out.is_json() {
                out.record(&json!({ "forgotten": count }));
            } else {
                out.say(format!("forgotten: {count}"));
            }
        }
    }
    Ok(())
}

fn is_called(kept: &PoisonedSource, id: &str) -> bool {
    kept.source.short() == id || kept.source.to_string() == id
}

fn list(kept: &[PoisonedSource], out: &Out) {
    if out.is_json() {
        for k in kept {
            out.record(&json!({
                "source": k.source, "server": k.server, "target": k.target, "call": k.call, "texts": k.texts.len(),
                "quarantined": k.quarantined, "seen": k.seen.to_string(), "until": k.until.to_string(),
            }));
        }
        return;
    }
    if kept.is_empty() {
        return out.say("no source is known to be poisoned");
    }
    for k in kept {
        let target = k.target.as_deref().map(|t| format!("/{t}")).unwrap_or_default();
        let state = if k.quarantined { ", quarantined" } else { "" };
        out.say(format!(
            "{}  {}{target}{state}  {} texts, last in {} at {}, until {}",
            k.source.short(),
            k.server,
            k.texts.len(),
            k.call,
            k.seen,
            k.until
        ));
    }
}
