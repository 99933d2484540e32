use super::{ConfigFile, serve};
use crate::{Done, Failure, Out};
use doorward_config::Seal;
use doorward_gateway::{OpenQuestion, Questions};
use doorward_seal::Keyring;
use doorward_store::{KeptDb, SystemClock};
use doorward_vocab::Clock as _;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Show the calls that wait for a person, and approve or decline each
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// List the calls that wait, each with exactly what is approved
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Approve one call, once: a running gateway knows within a second
    Approve {
        /// The id of the question, or the beginning of it
        id: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Decline one call; its agent is told so, and it is not asked again for a while
    Deny {
        /// The id of the question, or the beginning of it
        id: String,
        #[command(flatten)]
        config: ConfigFile,
    },
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    match args.verb {
        Verb::List { config } => list(&config, out),
        Verb::Approve { id, config } => answer(&id, true, &config, out),
        Verb::Deny { id, config } => answer(&id, false, &config, out),
    }
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::Broken(error.to_string())
}

/// The open questions of every gateway that keeps its state here, each with where it waits for the answer.
fn open(config: &ConfigFile) -> Result<Vec<(Arc<Questions>, OpenQuestion)>, Failure> {
    let (_, loaded) = config.load()?;
    let (state, now) = (serve::state()?, SystemClock.now());
    let wrapped = std::fs::read_dir(state.join("wrap")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut wrapped: Vec<PathBuf> = wrapped.collect();
    wrapped.sort();
    let own = questions(&state, loaded.settings.store.seal.as_ref())?;
    let mut all: Vec<Arc<Questions>> = own.into_iter().collect();
    for folder in wrapped {
        all.extend(questions(&folder, None)?);
    }
    let mut found = Vec::new();
    for questions in all {
        for question in questions.open(now).map_err(broken)? {
            found.push((questions.clone(), question));
        }
    }
    Ok(found)
}

fn questions(folder: &Path, seal: Option<&Seal>) -> Result<Option<Arc<Questions>>, Failure> {
    if !folder.join("sessions.db").exists() {
        return Ok(None);
    }
    let outer = super::seal::open(seal, folder)?;
    let keys = Keyring::open(folder, outer, SystemClock.now()).map_err(broken)?;
    Ok(Some(Arc::new(Questions::new(KeptDb::open(folder).map_err(broken)?, Arc::new(keys)))))
}

fn list(config: &ConfigFile, out: &Out) -> Done {
    let found = open(config)?;
    for (_, question) in &found {
        if out.is_json() {
            out.record(question);
            continue;
        }
        let OpenQuestion { id, agent, human, server, tool, shown, until, page, .. } = question;
        let whom = human.as_ref().map(|human| format!(" for {human}")).unwrap_or_default();
        out.say(format!("{}  {server}/{tool} by {agent}{whom}, until {until}", out.strong(id)));
        shown.lines().for_each(|line| out.say(format!("  {line}")));
        if let Some(page) = page {
            out.say(out.faint(&format!("  or on the page {page}")));
        }
    }
    if found.is_empty() && !out.is_json() {
        out.say("no call waits for a person");
    }
    Ok(())
}

fn answer(id: &str, yes: bool, config: &ConfigFile, out: &Out) -> Done {
    let mut found = open(config)?;
    found.retain(|(_, question)| question.id.starts_with(id));
    let (questions, question) = match found.as_slice() {
        [one] => one,
        [] => return Err(broken(format!("no call waits under `{id}`; see `doorward approvals list`"))),
        _ => return Err(broken(format!("several calls wait under `{id}`; write more of it"))),
    };
    let by = serve::user();
    if !questions.answer(question, yes, &by).map_err(broken)? {
        return Err(broken(format!("`{}` was answered already", question.id)));
    }
    let done = if yes { "approved" } else { "declined" };
    if out.is_json() {
        out.record(&json!({ "id": question.id, "answer": done, "by": by }));
    } else {
        out.say(format!(
            "{done} {}: {}/{} by {}",
            out.strong(&question.id),
            question.server,
            question.tool,
            question.agent
        ));
    }
    Ok(())
}
