//! The demo as people read it.

use super::{
    outcome::Outcome,
    player::{ScenePlayed, StepPlayed},
    scene::Scene,
    stage::Stage,
};
use crate::Out;

const WIDTH: usize = 100;

/// The headline of a scene, and its story.
pub(super) fn headline(out: &Out, number: usize, scene: &Scene) {
    let kind = if scene.is_attack() { "attack" } else { "honest work" };
    out.say(format!("\n{} {}", out.strong(&format!("{number:>2}  {}", scene.title)), out.faint(&format!("— {kind}"))));
    for line in wrapped(&scene.story, WIDTH - 4) {
        out.say(format!("    {line}"));
    }
    if let Some(incident) = &scene.incident {
        for line in wrapped(&format!("seen in: {incident}"), WIDTH - 4) {
            out.say(format!("    {}", out.faint(&line)));
        }
    }
}

/// What came of a step.
pub(super) fn step(out: &Out, step: &StepPlayed) {
    for (n, line) in wrapped(&step.tells, WIDTH - 6).enumerate() {
        out.say(format!("    {} {line}", if n == 0 { "›" } else { " " }));
    }
    let Some(observed) = step.observed else {
        if let Some(why) = &step.contradiction {
            out.say(format!("      {}", out.bad(why)));
        }
        return;
    };
    let word = format!("{:<10}", observed.as_str().to_uppercase());
    let word = match (step.is_as_expected(), step.attack, observed.stops()) {
        (false, ..) => out.bad(&word),
        (true, true, false) => out.doubt(&word),
        (true, ..) => out.good(&word),
    };
    let mut details: Vec<String> = step
        .because
        .iter()
        .map(|b| match &b.policy {
            Some(policy) => format!("{} — policy {policy}", b.text),
            None => b.text.clone(),
        })
        .collect();
    match observed {
        Outcome::Shown => details.push("it is in the list".into()),
        Outcome::Hidden => details.push("it is not in the list".into()),
        _ => {}
    }
    if let (Some(server), Some(reached)) = (&step.server, step.reached) {
        details.push(match reached {
            0 => format!("the server `{server}` saw nothing of it"),
            1 => format!("the server `{server}` got the call"),
            n => format!("the server `{server}` got {n} calls"),
        });
    }
    if let (false, Some(expected)) = (step.expected == step.observed, step.expected) {
        details.push(out.bad(&format!("expected was: {}", expected.as_str())));
    }
    details.extend(step.contradiction.iter().map(|why| out.bad(why)));
    let mut lines = details.iter().flat_map(|d| wrapped(d, WIDTH - 17));
    out.say(format!("      {word} {}", lines.next().unwrap_or_default()));
    lines.for_each(|line| out.say(format!("      {:10} {}", "", out.faint(&line))));
}

/// Every scene in a line: what was to come of it, and what came.
pub(super) fn table(out: &Out, played: &[ScenePlayed]) {
    let list = |outcomes: Vec<Outcome>| {
        let mut words: Vec<&str> = outcomes.into_iter().map(Outcome::as_str).collect();
        words.dedup();
        words.join(", ")
    };
    for (attacks, title) in [(false, "honest work"), (true, "attack")] {
        out.say(format!("\n  {}", out.strong(&format!("  {title:<48} {:<24} {}", "expected", "observed"))));
        for scene in played.iter().filter(|s| s.incident.is_some() == attacks) {
            let expected = list(scene.telling().filter_map(|s| s.expected).collect());
            let observed = list(scene.telling().filter_map(|s| s.observed).collect());
            let line = format!("{:<48} {expected:<24} {observed}", scene.title);
            out.say(match (scene.as_expected, scene.stopped) {
                (false, _) => format!("  {} {line}", out.bad("✗")),
                (true, Some(false)) => format!("  {} {line}", out.doubt("!")),
                (true, _) => format!("  {} {line}", out.good("✓")),
            });
        }
    }
    let attacks = played.iter().filter(|s| s.stopped.is_some()).count();
    let stopped = played.iter().filter(|s| s.stopped == Some(true)).count();
    let honest = played.iter().filter(|s| s.incident.is_none()).count();
    let worked = played.iter().filter(|s| s.incident.is_none() && s.as_expected).count();
    let surprises = played.iter().filter(|s| !s.as_expected).count();
    out.say(format!(
        "\n    {stopped} of {attacks} attacks stopped, {worked} of {honest} pieces of honest work as expected"
    ));
    if stopped < attacks {
        out.say(format!(
            "    {} marks what this level does not stop; the demo says so rather than leave it out",
            out.doubt("!")
        ));
    }
    if surprises > 0 {
        out.say(format!("    {}", out.bad(&format!("{surprises} scenes did not end as expected"))));
    }
}

/// Where to connect while everything keeps running.
pub(super) fn running(out: &Out, stage: &Stage) {
    let (mcp, console) = (stage.address(), stage.console());
    // Without a link the console tells how to get one.
    let link = crate::console::link(&stage.state(), console).ok().flatten();
    if out.is_json() {
        out.record(&serde_json::json!({ "kind": "running", "mcp": format!("http://{mcp}/mcp"),
            "console": format!("http://{console}"), "sign_in": link, "state": stage.state() }));
        return;
    }
    out.say(format!("\n{}", out.strong("The gateway and its servers keep running until Ctrl-C")));
    out.say(format!("    all servers   http://{mcp}/mcp"));
    for server in stage.gateway.settings().servers {
        out.say(format!("    {:<13} http://{mcp}/mcp/{}", server.name.as_str(), server.name));
    }
    out.say(format!("    console       {}", link.unwrap_or_else(|| format!("http://{console}"))));
    out.say("\n    connect a client, for example:");
    out.say(format!("      claude mcp add --transport http doorward http://{mcp}/mcp"));
    out.say(format!("      npx @modelcontextprotocol/inspector --cli http://{mcp}/mcp --method tools/list"));
    out.say("\n    and look on:");
    for verb in ["log follow", "log show --decision deny", "approve"] {
        out.say(format!("      DOORWARD_STATE={} doorward {verb}", stage.state().display()));
    }
}

/// What to do next.
pub(super) fn next(out: &Out) {
    out.say(format!("\n{}", out.strong("Next")));
    out.say("    doorward demo --keep              the same, and leave it running to connect your own client");
    out.say("    doorward demo --level lockdown    the same at another level: watch, guard or lockdown");
    out.say("    doorward wrap -- CMD ARGS…        put the gateway in front of one server you use, without a file");
    out.say("    doorward add NAME -- CMD ARGS…    put servers behind a gateway of your own; then doorward run");
    out.say("    attacks/                          every scene as a file: read them, and add yours");
}

/// The lines of `text`, broken between words.
fn wrapped(text: &str, width: usize) -> impl Iterator<Item = String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.into_iter()
}
