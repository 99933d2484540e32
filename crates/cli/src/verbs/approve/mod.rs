pub(crate) mod ask;
pub(crate) mod review;
pub(crate) mod visible;

use crate::{Done, Failure, Out};
use ask::Answer;
use doorward_store::{Pin, PinState, Pins, State, SystemClock, state_dir};
use doorward_vocab::Clock;
use review::Review;
use serde_json::json;

/// Approve or reject servers that are not what was approved, and definitions that are new or have changed
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only what this server declares
    server: Option<String>,
    /// Only the definition of this name
    #[arg(requires = "server")]
    tool: Option<String>,
    /// What all servers declare
    #[arg(long, conflicts_with = "server")]
    all: bool,
    /// Reject instead: what is rejected stays withheld from agents
    #[arg(long)]
    reject: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    if args.yes && args.server.is_none() && !args.all {
        return Err(Failure::usage("`--yes` would decide about everything", "name a server, or say `--all`"));
    }
    let Some(state) = state()? else {
        if !out.is_json() {
            out.say("nothing waits for approval");
        }
        return Ok(());
    };
    let mut found = select(&args, &state)?;
    found.sort_by(|(a, x), (b, y)| (y.risk, &a.key).cmp(&(x.risk, &b.key)));
    if found.is_empty() && !out.is_json() {
        out.say("nothing waits for approval");
    }
    let mut open = 0;
    for (pin, review) in &found {
        if !out.is_json() {
            show(pin, review, out);
        }
        let answer = match (args.yes, out.is_json()) {
            (true, _) => Answer::Yes,
            (false, false) if ask::can_ask() => {
                ask::ask(if args.reject { "reject this definition?" } else { "approve this definition?" })
            }
            _ => Answer::No,
        };
        match answer {
            Answer::Yes => decide(&args, &state, pin, review, out)?,
            Answer::No if out.is_json() => out.record(&record(pin, review)),
            Answer::No => {}
            Answer::Quit => return Err(Failure::Asked),
        }
        open += usize::from(answer != Answer::Yes);
    }
    if open == 0 {
        return Ok(());
    }
    if !out.is_json() && !ask::can_ask() {
        out.say("nothing was decided; add `--yes`, or run it on a terminal to be asked");
    }
    Err(Failure::Asked)
}

/// The state of the gateway; none where it has never run.
pub(crate) fn state() -> Result<Option<State>, Failure> {
    let folder = state_dir().map_err(|e| Failure::Broken(e.to_string()))?;
    if !folder.join("state.db").exists() {
        return Ok(None);
    }
    State::open(&folder).map(Some).map_err(|e| Failure::Broken(e.to_string()))
}

/// What the arguments name: what waits, or just that definition whatever its state.
fn select(args: &Args, state: &State) -> Result<Vec<(Pin, Review)>, Failure> {
    let mut pins = state.list(None).map_err(|e| Failure::Broken(e.to_string()))?;
    if let Some(server) = &args.server {
        let names: Vec<String> = pins.iter().map(|p| p.key.server.to_string()).collect();
        pins.retain(|p| p.key.server.as_str() == server);
        if pins.is_empty() {
            return Err(unknown(&format!("server `{server}` has declared nothing yet"), server, &names));
        }
    }
    match &args.tool {
        Some(tool) => {
            let names: Vec<String> = pins.iter().map(|p| p.key.name.clone()).collect();
            pins.retain(|p| p.key.name == *tool);
            if pins.is_empty() {
                return Err(unknown(&format!("there is no definition `{tool}`"), tool, &names));
            }
            let wanted = if args.reject { PinState::Rejected } else { PinState::Approved };
            pins.retain(|p| p.state != wanted);
        }
        None => pins.retain(|p| matches!(p.state, PinState::Pending | PinState::Quarantined)),
    }
    Ok(pins.into_iter().map(with_review).collect())
}

fn with_review(pin: Pin) -> (Pin, Review) {
    let review = Review::of(&pin);
    (pin, review)
}

fn unknown(what: &str, name: &str, names: &[String]) -> Failure {
    match doorward_config::nearest(name, names.iter().map(String::as_str)) {
        Some(near) => Failure::usage(what, format!("did you mean `{near}`?")),
        None => Failure::usage(what, "`doorward list` shows the servers"),
    }
}

/// Decides about the bytes that were shown; where the server declares others by now, nothing happens.
fn decide(args: &Args, state: &State, pin: &Pin, review: &Review, out: &Out) -> Done {
    let Some(digest) = pin.pending_digest().or(pin.approved_digest()) else { return Ok(()) };
    let (by, now) = (person(), SystemClock.now());
    let decided =
        if args.reject { state.reject(&pin.key, digest, &by, now) } else { state.approve(&pin.key, digest, &by, now) };
    let pin = decided.map_err(|e| Failure::Broken(e.to_string()))?;
    if out.is_json() {
        out.record(&record(&pin, review));
    } else {
        let name = visible::visible(&pin.key.name);
        out.say(format!("{} {} · {name}\n", out.good(pin.state.as_str()), pin.key.server));
    }
    Ok(())
}

fn show(pin: &Pin, review: &Review, out: &Out) {
    let stands = match pin.state {
        PinState::Pending => "new",
        PinState::Quarantined => "changed since it was approved",
        PinState::Rejected => "rejected",
        PinState::Approved => "approved",
    };
    let name = out.strong(&format!("{} · {}", pin.key.server, visible::visible(&pin.key.name)));
    out.say(format!("{name}  {}, {}, risk {}", review::kind(pin.key.kind), stands, review.risk.as_str()));
    for reason in &review.reasons {
        out.say(format!("  {reason}"));
    }
    if let Some(does) = review.does() {
        out.say(format!("  it does: {does}"));
    }
    if let Some(data) = review.data() {
        out.say(format!("  it deals with: {data}"));
    }
    out.say("");
    for line in review.lines() {
        out.say(line);
    }
    out.say("");
}

fn record(pin: &Pin, review: &Review) -> serde_json::Value {
    json!({
        "server": pin.key.server,
        "kind": review::kind(pin.key.kind),
        "name": pin.key.name,
        "state": pin.state.as_str(),
        "risk": review.risk.as_str(),
        "reasons": review.reasons,
        "effects": review.does(),
        "data": review.data(),
        "changes": review.record(),
        "approved": pin.approved_digest(),
        "pending": pin.pending_digest(),
        "changed_at": pin.changed_at.to_string(),
        "by": pin.by,
    })
}

/// Who sits here, as the system knows it: the name is a courtesy, the number is what the kernel says.
fn person() -> String {
    let uid = rustix::process::getuid().as_raw();
    match std::env::var("USER") {
        Ok(name) if !name.is_empty() => format!("{name} (uid {uid})"),
        _ => format!("uid {uid}"),
    }
}
