use super::{ConfigFile, serve};
use crate::{Done, Failure, Out, console};
use doorward_admin::{Role, Roles, Ticket};
use doorward_store::{OsEntropy, SystemClock};
use doorward_vocab::{Clock as _, Entropy as _};
use serde_json::json;
use std::time::Duration;

/// Print a link to the console of the gateway that runs here, good once; or a token for its API
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A token for programs instead: `Authorization: Bearer …` at /api/v1
    #[arg(long)]
    token: bool,
    /// What the token may do: viewer, responder, approver, policy-author or admin; several times for several
    #[arg(long, value_name = "ROLE", requires = "token", default_value = "viewer")]
    role: Vec<Role>,
    /// How long the token is good, in hours
    #[arg(long, value_name = "HOURS", requires = "token", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=720))]
    hours: u64,
    #[command(flatten)]
    config: ConfigFile,
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    let state = serve::state()?;
    if args.token {
        let until = SystemClock.now().plus(Duration::from_secs(args.hours * 3600));
        let ticket = Ticket::token(OsEntropy::default().draw(), Roles::new(args.role), until);
        let (name, text) = (format!("token:{}", ticket.name()), ticket.seal(&console::key(&state)?));
        match out.is_json() {
            true => out.record(&json!({ "token": text, "name": name, "until": until.to_string() })),
            false => out.say(text),
        }
        return Ok(());
    }
    let address = match console::told(&state) {
        Some(address) => address,
        None => args.config.load()?.1.settings.listen.console,
    };
    let link = console::link(&state, address)?.ok_or_else(|| {
        Failure::Broken("this console is not on loopback: people sign in at the identity provider".into())
    })?;
    match out.is_json() {
        true => out.record(&json!({ "sign_in": link })),
        false => out.say(link),
    }
    Ok(())
}
