//! Recorded runs of real models as events. One JSON object in a line, compressed; what the columns are says the README beside them.

use doorward_behave::{
    Key,
    event::{Answer, Arguments, Asked, Call, Gist, Origin, Outcome, Polling},
};
use doorward_detect::definition::{Annotations, infer_effects};
use doorward_intent::{Intent, Stance, Tool};
use doorward_mcp::json::{Document, Limits, Strictness};
use doorward_vocab::{Timestamp, TurnId};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{collections::BTreeMap, fs, path::Path};

/// One recorded conversation.
pub struct Run {
    pub id: String,
    pub file: &'static str,
    pub model: String,
    pub suite: String,
    /// The suite and the user's task: what a split goes by.
    pub task: String,
    /// The attacker's goal, where there is an attack.
    pub goal: Option<String>,
    /// Whether the attacker's goal was reached.
    pub hijacked: bool,
    /// Whether the user's goal was reached.
    pub useful: bool,
    pub steps: Vec<Step>,
}

/// One call with its answer.
pub struct Step {
    pub call: Call,
    pub answer: Answer,
    /// It was made after the injected text had been read.
    pub after: bool,
    /// A value of it stands in the injected text.
    pub planted: bool,
    /// The text of its result is part of the recording.
    pub told: bool,
}

impl Run {
    /// Whether nobody attacked.
    pub fn honest(&self) -> bool {
        self.goal.is_none()
    }
    /// Whether what the user is said to ask for is an attacker's goal: such a run is nobody's honest work.
    pub fn odd(&self) -> bool {
        self.task.contains("injection_task")
    }
    /// The calls before anything injected was read.
    pub fn untouched(&self) -> &[Step] {
        let until = self.steps.iter().position(|step| step.after).unwrap_or(self.steps.len());
        &self.steps[..until]
    }
}

/// All runs of the files that are there.
pub fn read(folder: &Path, key: &Key) -> Result<Vec<Run>, String> {
    let prompts = prompts(folder)?;
    let files = [
        "agentdojo_v1_with_outputs.jsonl.gz",
        "agentdyn_undefended.jsonl.gz",
        "agentdyn_defended.jsonl.gz",
        "drift_gpt4o_mini.jsonl.gz",
    ];
    let mut runs = Vec::new();
    for file in files {
        let path = folder.join(file);
        let packed = fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        let text = unpacked(&packed).ok_or_else(|| format!("`{}` is not a gzip file", path.display()))?;
        for line in text.lines() {
            let row: Row<'_> = serde_json::from_str(line).map_err(|error| format!("`{}`: {error}", path.display()))?;
            runs.push(run(row, file, &prompts, key));
        }
    }
    Ok(runs)
}

#[derive(Deserialize)]
struct Row<'a> {
    id: String,
    model: String,
    suite: String,
    user_task: String,
    injection_task: Option<String>,
    attack: Option<String>,
    attack_success: Option<bool>,
    utility: Option<bool>,
    #[serde(borrow)]
    calls: Vec<Made<'a>>,
}

#[derive(Deserialize)]
struct Made<'a> {
    t: u32,
    name: String,
    #[serde(borrow)]
    args: &'a RawValue,
    #[serde(default)]
    prov: BTreeMap<String, String>,
    #[serde(default)]
    after_inj: bool,
    out_len: Option<u32>,
    out: Option<String>,
    err: Option<String>,
}

fn run(row: Row<'_>, file: &'static str, prompts: &BTreeMap<(String, String), String>, key: &Key) -> Run {
    let prompt = prompts.get(&(row.suite.clone(), row.user_task.clone())).cloned().unwrap_or_default();
    let mut intent = Intent::new(doorward_flow::Settings::new([1; 16]));
    intent.turn(TurnId::from_bits(1), &prompt);
    let mut steps: Vec<Step> = Vec::new();
    let (mut turn, mut batch) = (None, 0);
    for (n, made) in (0_u64..).zip(row.calls) {
        batch = if turn == Some(made.t) { batch + 1 } else { 0 };
        turn = Some(made.t);
        steps.push(step(made, &row.suite, &intent, n, batch, key));
    }
    Run {
        id: row.id,
        file,
        model: row.model,
        task: format!("{}/{}", row.suite, row.user_task),
        goal: row.attack.and(row.injection_task).map(|goal| format!("{}/{goal}", row.suite)),
        suite: row.suite,
        hijacked: row.attack_success == Some(true),
        useful: row.utility == Some(true),
        steps,
    }
}

fn step(made: Made<'_>, server: &str, intent: &Intent, n: u64, batch: u16, key: &Key) -> Step {
    let raw = made.args.get().to_owned();
    let document = Document::parse(raw.into(), &Limits::default(), Strictness::Result).ok();
    let mut arguments = Arguments::of(key, document.as_ref().map(Document::root));
    let named = document.iter().flat_map(|d| d.root().members().map(|(name, _)| name.into_owned()).collect::<Vec<_>>());
    let names: Vec<String> = named.take(Arguments::MOST).collect();
    for (argument, name) in arguments.list.iter_mut().zip(&names) {
        argument.origin = origin(made.prov.get(name).map_or("", String::as_str));
    }
    let call = Call {
        at: Timestamp::from_micros(n * 1_000_000),
        server: key.sum(server),
        tool: key.tool(server, &made.name),
        effects: infer_effects(&made.name, "", Annotations::default(), ""),
        arguments,
        batch,
        polling: Polling::Never,
        asked: asked(intent, &made.name, &names, document.as_ref()),
    };
    let told = made.out.is_some();
    let opaque = format!("{:?}{:?}", made.out_len, made.err);
    let gist = made.out.as_ref().map_or_else(|| Gist::opaque(key.sum(&opaque)), |out| Gist::of(key, out));
    let outcome = match made.err.as_deref() {
        None => Outcome::Success,
        Some(error) if error.starts_with("ValidationError") => Outcome::Invalid,
        Some(_) => Outcome::Failed,
    };
    let answer = Answer { at: call.at, outcome, bytes: made.out_len.unwrap_or_default(), gist };
    let planted = made.after_inj && made.prov.values().any(|p| p.to_lowercase() == "i");
    Step { call, answer, after: made.after_inj, planted, told }
}

/// How a call stands to the prompt, as the rules of intent say from the prompt alone.
fn asked(intent: &Intent, name: &str, names: &[String], arguments: Option<&Document>) -> Asked {
    let mut leaves: Vec<(String, String)> = Vec::new();
    if let Some(document) = arguments {
        document.root().leaves(&mut |pointer, value| {
            let text = value.as_str().map_or_else(|| value.raw().to_owned(), |text| text.into_owned());
            leaves.push((pointer.to_owned(), text));
        });
    }
    let leaves: Vec<(&str, &str)> = leaves.iter().map(|(p, v)| (p.as_str(), v.as_str())).collect();
    let effects = infer_effects(name, "", Annotations::default(), "");
    let tool = Tool::new(name, effects, "", names.iter().map(String::as_str));
    match intent.judge(&tool, &leaves).stance {
        Stance::Within | Stance::Delegated => Asked::Within,
        Stance::Harmless => Asked::Aside,
        Stance::Ask | Stance::Outside | Stance::Misled => Asked::Outside,
    }
}

/// What a gateway knows of the letters in the recording: injected text is to it a result like any other.
fn origin(letters: &str) -> Origin {
    let letters = letters.to_lowercase();
    match (letters.contains('u'), letters.contains(['o', 'i']), letters.contains('n')) {
        (true, true, _) => Origin::Both,
        (true, false, _) => Origin::Human,
        (false, true, _) => Origin::Result,
        (false, false, true) => Origin::Nowhere,
        (false, false, false) => Origin::Untold,
    }
}

fn prompts(folder: &Path) -> Result<BTreeMap<(String, String), String>, String> {
    #[derive(Deserialize)]
    struct Task {
        suite: String,
        user_task: String,
        prompt: String,
    }
    let path = folder.join("tasks.jsonl");
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    let tasks = text.lines().map(|line| {
        let task: Task = serde_json::from_str(line).map_err(|error| format!("`{}`: {error}", path.display()))?;
        Ok(((task.suite, task.user_task), task.prompt))
    });
    tasks.collect()
}

/// The text of a gzip file (RFC 1952) of one member, with a name or without.
fn unpacked(packed: &[u8]) -> Option<String> {
    let flags = *packed.get(3)?;
    let mut rest = packed.get(10..)?;
    if flags & 8 != 0 {
        rest = rest.get(rest.iter().position(|byte| *byte == 0)? + 1..)?;
    }
    String::from_utf8(miniz_oxide::inflate::decompress_to_vec(rest).ok()?).ok()
}
