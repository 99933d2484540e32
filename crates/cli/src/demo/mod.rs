//! `doorward demo`: a day of honest work and the classic attacks, played against the real gateway on loopback.
//!
//! | file | story |
//! |---|---|
//! | `book`, `scene`, `outcome` | what is played: the files under `attacks/`, and their language |
//! | `servers` | the MCP servers: child processes, and HTTP servers of both eras |
//! | `stage` | the folder, the configuration and the gateway that they stand behind |
//! | `client` | the agent: an MCP client of both eras that can also misbehave |
//! | `player`, `record` | plays a step, and reads what came of it from all sides |
//! | `tell` | what people see |
//!
//! Nothing outside of this machine is asked, and everything goes away at the end.

mod book;
mod client;
mod outcome;
mod player;
mod record;
mod scene;
mod servers;
mod stage;
mod tell;

use crate::{Done, Failure, Out, log, verbs::serve};
use clap::Parser as _;
use doorward_store::{
    SystemClock,
    trail::{Trust, verify},
};
use doorward_vocab::{CallId, Clock as _, Level};
use player::{Player, ScenePlayed};
use serde_json::json;
use stage::{Folder, Stage};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// See it work: a day of honest work and the classic attacks, played on this machine alone
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The level to play at: watch, guard or lockdown
    #[arg(long, default_value_t = Level::Guard)]
    level: Level,
    /// Leave the gateway, its servers and the console running until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Be a server of the demo, on standard input and output
    #[arg(long, hide = true, requires = "seen")]
    server: Option<String>,
    /// Where that server writes down what it sees
    #[arg(long, hide = true)]
    seen: Option<PathBuf>,
}

/// The scene whose chain of calls is shown at the end.
const CHAIN: &str = "injected-ticket";

pub(crate) fn run(args: Args, out: &Out) -> Done {
    if let (Some(server), Some(seen)) = (&args.server, args.seen) {
        return servers::serve_pipe(server, seen);
    }
    let began = Instant::now();
    let scenes = book::scenes().map_err(Failure::Broken)?;
    serve::runtime()?.block_on(async move {
        let stage = Stage::set(args.level)?;
        let mut signals = serve::Signals::listen()?;
        let played = tokio::select! {
            played = play(&stage, &scenes, out) => played,
            // What was made for the demo goes away also where it is cut short.
            reason = signals.asked_to_stop(|| {}) => Err(Failure::Broken(reason.to_owned())),
        };
        let took = began.elapsed();
        if let (true, Ok(_)) = (args.keep, &played) {
            tell::running(out, &stage);
            signals.asked_to_stop(|| {}).await;
        }
        let folder = stage.close().await;
        conclude(&folder, &played?, took, out)
    })
}

async fn play(stage: &Stage, scenes: &[scene::Scene], out: &Out) -> Result<Vec<ScenePlayed>, Failure> {
    let people = !out.is_json();
    if people {
        out.say(format!(
            "{} Servers, a gateway at level {} and an agent on this machine; nothing leaves it.",
            out.strong("doorward demo:"),
            out.strong(stage.level.as_str())
        ));
    }
    let mut player = Player::new(stage)?;
    if stage.level == Level::Lockdown {
        let approved = player.approve().await?;
        if people {
            out.say(format!("The operator looks at the {approved} tools of the servers and approves them."));
        }
    }
    let mut all = Vec::new();
    for (number, scene) in scenes.iter().enumerate() {
        if people {
            tell::headline(out, number + 1, scene);
        }
        let mut played = ScenePlayed::begun(scene, stage.level);
        for step in &scene.steps {
            let step = player.step(scene, step).await?;
            if people {
                tell::step(out, &step);
            }
            played.add(step);
        }
        if !people {
            out.record(&played);
        }
        all.push(played);
    }
    if people {
        tell::table(out, &all);
    }
    Ok(all)
}

/// The trail, once the gateway closed it: one chain of calls, and the proof that nothing is missing.
fn conclude(folder: &Folder, played: &[ScenePlayed], took: Duration, out: &Out) -> Done {
    let state = folder.state();
    let call = played.iter().filter(|s| s.scene == CHAIN).flat_map(|s| &s.steps).filter_map(|s| s.call).next_back();
    if let (false, Some(call)) = (out.is_json(), call) {
        chain(&state, call, out);
    }
    let report = verify(&state.join("trail"), &Trust { checkpoint: None, key: None }, |_| {});
    let report = report.map_err(|e| Failure::Broken(format!("cannot read the trail: {e}")))?;
    let surprises = played.iter().filter(|s| !s.as_expected).count();
    let root = report.root.map_or_else(|| "none".to_owned(), |r| r.to_string());
    if out.is_json() {
        let stopped = played.iter().filter(|s| s.stopped == Some(true)).count();
        let attacks = played.iter().filter(|s| s.stopped.is_some()).count();
        out.record(&json!({ "kind": "summary", "scenes": played.len(), "attacks": attacks, "stopped": stopped,
            "unexpected": surprises, "trail": { "records": report.records, "root": root, "verified": report.is_good() } }));
    } else {
        let good = if report.is_good() { out.good("trail verified") } else { out.bad("TRAIL NOT GOOD") };
        out.say(format!("\n{good}: {} records, root {root}", report.records));
        out.say(out.faint(&format!("played in {:.1} s", took.as_secs_f32())));
        tell::next(out);
    }
    if surprises == 0 && report.is_good() { Ok(()) } else { Err(Failure::Asked) }
}

/// What `doorward log chain` shows of a call.
fn chain(state: &std::path::Path, call: CallId, out: &Out) {
    out.say(format!("\n{}", out.strong("How it came to that: `doorward log chain`, rebuilt from the trail")));
    let line = ["doorward", "log", "chain", &call.to_string()].map(str::to_owned);
    if let Ok(crate::Cli { verb: crate::Verb::Log(args), .. }) = crate::Cli::try_parse_from(line) {
        log::run(&args, state, SystemClock.now());
    }
}
