//! The answers in words.

use super::{Answers, identity::Identity, reach::Server};
use crate::{Out, verbs::delegation};
use doorward_vocab::Decision;

pub(super) fn answers(answers: &Answers, out: &Out) {
    identity(&answers.identity, out);
    out.say(format!("\n{}", out.strong("Which servers and tools it reaches, and which policies decide")));
    if answers.reaches.is_empty() {
        out.say("  there are no servers yet");
    }
    for server in &answers.reaches {
        reach(server, out);
    }
    out.say(format!("\n{}", out.strong("Which controls validate its context")));
    for control in &answers.controls {
        out.say(format!("  {control}"));
    }
}

fn identity(identity: &Identity, out: &Out) {
    out.say(out.strong("Which identity"));
    let line = |what: &str, text: Option<String>| {
        if let Some(text) = text.filter(|t| !t.is_empty()) {
            out.say(format!("  {what:<11} {text}"));
        }
    };
    let joined = |all: &std::collections::BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(", ");
    line("agent", Some(identity.name.clone()));
    line("ids", Some(joined(&identity.ids)));
    if let Some(entry) = &identity.configured {
        line("matches", Some(format!("`{}`", entry.subject)));
        line("class", entry.class.clone());
        line("publisher", entry.publisher.clone());
        line("owner", entry.owner.clone());
    }
    line("vouched for", identity.vouched_by.clone());
    line("proved by", Some(joined(&identity.methods)));
    let assurance = identity.assurance;
    let seen = if identity.last_seen.is_some() { "" } else { ", as a token proves: it was never seen" };
    line("assurance", Some(format!("{} ({}{seen})", u8::from(assurance), assurance.as_str())));
    line("last seen", identity.last_seen.clone());
    line(
        "human",
        Some(
            identity
                .human
                .as_ref()
                .map_or_else(|| "none: it acts for itself".to_owned(), |(id, name)| format!("{name} ({id})")),
        ),
    );
    line("groups", Some(identity.human_groups.join(", ")));
    for held in &identity.delegations {
        let d = &held.delegation;
        let owner = d.owner.as_ref().map_or_else(String::new, |owner| format!(", {owner} answers"));
        line("delegation", Some(format!("{} ({}): {}{owner}", d.id, held.state, delegation::reach(&d.reach))));
    }
}

fn reach(server: &Server, out: &Out) {
    let open = match server.open {
        Decision::Allow | Decision::Oblige => out.good("open"),
        Decision::Challenge => out.doubt("asks first"),
        Decision::Deny => out.bad("closed"),
    };
    out.say(format!("  {}  {open}", out.strong(&server.server)));
    if server.tools.is_empty() {
        out.say("    no tool of it is known yet: nobody has listed them");
    }
    for (decision, word) in [
        (Decision::Allow, "may call"),
        (Decision::Oblige, "may call, cut"),
        (Decision::Challenge, "must ask"),
        (Decision::Deny, "may not"),
    ] {
        let tools: Vec<_> = server.tools.iter().filter(|t| t.decision == decision).collect();
        if decision <= Decision::Oblige && !tools.is_empty() {
            let names: Vec<&str> = tools.iter().map(|t| t.tool.as_str()).collect();
            out.say(format!("    {word:<14} {}", names.join(", ")));
        } else {
            for tool in tools {
                out.say(format!("    {word:<14} {}: {}", tool.tool, tool.why.join("; ")));
            }
        }
    }
    for policy in &server.decided_by {
        out.say(out.faint(&format!("    by {policy}")));
    }
    for control in &server.controls {
        out.say(out.faint(&format!("    {control}")));
    }
}
