use super::{
    Context, LogError,
    row::{Row, clean, ending, reasons, time, verdict, what, word},
    show::json_line,
};
use clap::Args;
use doorward_audit::{Basis, Event, OutcomeRecord, Record, Ruling};
use doorward_store::Hit;
use doorward_vocab::{AuthorizedBy, CallId, Decision, Integrity};
use std::{
    collections::HashMap,
    io::{self, Write},
};

#[derive(Debug, Args)]
pub(super) struct ChainArgs {
    /// The call, as `doorward log show --json` or an agent's refusal names it
    call: CallId,
}

pub(super) fn run(args: &ChainArgs, context: &mut Context<'_>) -> Result<bool, LogError> {
    let hits = context.index()?.chain(args.call)?;
    if hits.is_empty() {
        writeln!(context.out, "the trail has no call {}; `doorward log show` lists what it has", args.call)?;
        return Ok(false);
    }
    if context.json {
        for hit in &hits {
            json_line(context.out, hit)?;
        }
        return Ok(true);
    }
    let records: Vec<Record> = hits.iter().filter_map(|h: &Hit| h.record().ok()).collect();
    Timeline::new(&records, args.call).draw(context.out)?;
    Ok(true)
}

/// A chain as people read it: what the human said stands at the left, what the agent did under it, what a call caused
/// under that call.
struct Timeline<'r> {
    records: &'r [Record],
    asked: CallId,
    depth: HashMap<CallId, usize>,
    endings: HashMap<CallId, &'r OutcomeRecord>,
}

impl<'r> Timeline<'r> {
    fn new(records: &'r [Record], asked: CallId) -> Self {
        let (mut depth, mut endings) = (HashMap::new(), HashMap::new());
        for record in records {
            match &record.event {
                // A parent is recorded before what it causes.
                Event::Ruling(r) => {
                    let above = r.parent.and_then(|p| depth.get(&p).copied()).unwrap_or(0_usize);
                    depth.insert(r.call, above + 1);
                }
                Event::Outcome(o) => drop(endings.insert(o.call, &**o)),
                _ => {}
            }
        }
        Self { records, asked, depth, endings }
    }

    fn draw(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut conversation = None;
        for record in self.records {
            let (id, basis) = match &record.event {
                Event::Ruling(r) => (&r.conversation.id, r.conversation.basis),
                Event::Turn(t) => (&t.conversation.id, t.conversation.basis),
                Event::Outcome(_) => continue,
                _ => {
                    let row = Row::of(record);
                    writeln!(out, "{}  {} {} {}", row.time, row.what, row.decision, row.why)?;
                    continue;
                }
            };
            if conversation != Some(id) {
                writeln!(out, "conversation {} ({})", clean(id.as_str()), derived(basis))?;
                conversation = Some(id);
            }
            match &record.event {
                Event::Turn(t) => {
                    let name = t.human.as_ref().map_or("somebody", |h| &h.name);
                    let proof = if t.attested { "attested" } else { "claimed" };
                    let text = format!("HUMAN {name}: {} bytes, {proof} by {}", t.text.bytes, t.host);
                    writeln!(out, "  {}  {}", time(record.time), clean(&text))?;
                    if let Some(mandate) = &t.mandate {
                        writeln!(out, "  {:23}    which gives: {}", "", clean(mandate))?;
                    }
                }
                Event::Ruling(r) => self.call(out, record, r)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn call(&self, out: &mut dyn Write, record: &Record, r: &Ruling) -> io::Result<()> {
        let indent = "  ".repeat(self.depth.get(&r.call).copied().unwrap_or(1).min(20));
        let mark = if r.call == self.asked { "▶" } else { " " };
        let refused = r.enforced && r.decision > Decision::Oblige;
        // Nobody stands behind what was not done.
        let by = if refused { String::new() } else { format!(", {}", authority(r.authorized_by)) };
        let line = clean(&format!("AGENT {} → {}: {}{by}", r.agent.name, what(r), verdict(r)));
        writeln!(out, "{mark} {}  {indent}{line}", time(record.time))?;
        let mut detail = |text: String| writeln!(out, "  {:23}  {indent}  {}", "", clean(&text));
        let why = reasons(&r.reasons, &r.findings);
        if !why.is_empty() {
            detail(format!("because {why}"))?;
        }
        if let Some(rationale) = &r.rationale {
            detail(format!("the agent says: {rationale}"))?;
        }
        for v in &r.values {
            let from = v.call.map_or_else(String::new, |c| format!(", {c}"));
            let trust = if v.label.integrity == Integrity::Untrusted { ", untrusted" } else { "" };
            detail(format!("`{}` came from {}{from}{trust}", v.at, v.source))?;
        }
        match self.endings.get(&r.call) {
            Some(o) => detail(format!("{} {}", word(&o.outcome), ending(o)).trim_end().to_owned()),
            None if refused => detail("it was not forwarded".to_owned()),
            None => detail("no ending is recorded".to_owned()),
        }
    }
}

const fn authority(by: AuthorizedBy) -> &'static str {
    match by {
        AuthorizedBy::HumanLiteral => "the human said just this",
        AuthorizedBy::HumanApproval => "the human approved it",
        AuthorizedBy::Delegation => "the human delegated it",
        AuthorizedBy::StandingPolicy => "a standing policy covers it",
        AuthorizedBy::Autonomous => "nobody asked for it: the agent's own act",
    }
}

const fn derived(basis: Basis) -> &'static str {
    match basis {
        Basis::Explicit => "named by the agent or its host",
        Basis::Host => "reported by the agent's host",
        Basis::Token => "bound to the token",
        Basis::Trace => "from the trace",
        Basis::Session => "from the protocol session",
        Basis::QuietTime => "from the agent and its pauses",
    }
}
