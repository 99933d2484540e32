//! `doorward whoami`: what the gateway makes of an agent, in four answers. From the configuration, and from what the
//! trail and the store of definitions have seen.

mod identity;
mod reach;
mod tell;

use crate::{Done, Out, policy::set, verbs::ConfigFile};
use identity::Identity;
use serde::Serialize;

/// Tell who an agent is, what it reaches, which policies decide, and what checks its context
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The agent: a name of the configuration, or a name or id that was seen
    #[arg(long)]
    agent: String,
    /// The person it acts for, by id, name or address; without, it acts for itself
    #[arg(long)]
    human: Option<String>,
    /// A group of the person. May be given several times
    #[arg(long = "human-group", value_name = "GROUP", requires = "human")]
    human_groups: Vec<String>,
    /// Only this server
    #[arg(long)]
    server: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

/// The four answers.
#[derive(Serialize)]
struct Answers {
    identity: Identity,
    reaches: Vec<reach::Server>,
    controls: Vec<String>,
}

pub(crate) fn run(args: &Args, out: &Out) -> Done {
    let (_, loaded) = args.config.load()?;
    let settings = &loaded.settings;
    let policies = set::of(settings)?;
    let identity = Identity::find(args, settings)?;
    let servers = reach::servers(args, settings, &policies, &identity)?;
    let controls = reach::controls(settings, &identity);
    let answers = Answers { identity, reaches: servers, controls };
    if out.is_json() {
        out.record(&answers);
    } else {
        tell::answers(&answers, out);
    }
    Ok(())
}
