//! What other words mean: a correction, or an order to the agent.

use super::{
    Form, Meaning,
    look::Look,
    words::{self, Stems, folded, nothing_in_common, sentences},
};
use crate::{
    Text,
    definition::effects::{of_word, verb},
    reading::is_invisible,
};
use doorward_vocab::{Channel, Effect, Effects, FindingKind, Severity};
use serde_json::Value;
use std::collections::HashSet;
use unicode_security::confusable_detection::skeleton;

/// Compares the texts at one place. Where there was none before, only what is risky in the new one is noted; what is
/// around it says that it is new.
pub(super) fn compare(look: &mut Look<'_>, place: &str, before: Option<&str>, after: &str) {
    if before == Some(after) {
        return;
    }
    let old = before.unwrap_or_default();
    let noted = look.changes.len();
    for (meaning, severity, why) in risks(look, place, old, after) {
        pair(look, meaning, severity, place, before, after, why);
    }
    let Some(before) = before.filter(|_| look.changes.len() == noted) else { return };
    let (meaning, severity, why) = if folded(before) == folded(after) {
        (Meaning::Layout, Severity::Info, "the words are the same")
    } else if nothing_in_common(before, after) {
        (Meaning::Rewritten, Severity::Low, "nothing of what was said before is left")
    } else {
        (Meaning::Wording, Severity::Info, "other words, without orders, addresses or effects that are new")
    };
    pair(look, meaning, severity, place, Some(before), after, why.into());
}

fn pair(
    look: &mut Look<'_>,
    meaning: Meaning,
    severity: Severity,
    place: &str,
    before: Option<&str>,
    after: &str,
    why: String,
) {
    let (before, after) = (before.map(Value::from), Value::from(after));
    look.note(meaning, severity, place, (before.as_ref(), Some(&after)), why);
}

type Risk = (Meaning, Severity, String);

fn risks(look: &Look<'_>, place: &str, old: &str, new: &str) -> Vec<Risk> {
    let mut found = Vec::new();
    found.extend(hidden(old, new));
    found.extend(detected(look, place, old, new));
    if let Some(mark) = MARKUP.iter().find(|m| holds(new, m) && !holds(old, m)) {
        found.push((Meaning::Instruction, Severity::Medium, format!("it holds `{mark}`, which it did not")));
    }
    let pointed: Vec<_> = words::references(new).into_iter().filter(|r| !look.known.contains(r)).collect();
    if let Some(first) = pointed.first() {
        found.push((Meaning::Reference, Severity::Medium, format!("it names `{first}`, which it did not")));
    }
    found.extend(foreign(look, old, new));
    let (was, is) = (sentences(old), sentences(new));
    // What stays is not looked at again; what is new is measured by what went.
    let (before, after): (HashSet<&String>, HashSet<&String>) = (was.iter().collect(), is.iter().collect());
    let gone: Vec<&String> = was.iter().filter(|s| !after.contains(s)).collect();
    let fresh: Vec<&String> = is.iter().filter(|s| !before.contains(s)).collect();
    if gone.len().max(fresh.len()) > words::MOST {
        found.push((Meaning::Rewritten, Severity::Medium, "too many sentences are new to compare them".into()));
        return found;
    }
    let gone: Vec<(Stems, &str)> = gone.iter().map(|s| (Stems::of(s), s.as_str())).collect();
    let (orders, told): (Vec<_>, Vec<_>) =
        fresh.iter().map(|s| (*s, order(s, &gone))).partition(|(_, order)| order.is_some());
    found.extend(orders.into_iter().filter_map(|(_, order)| order).max_by_key(|(_, severity, _)| *severity));
    if look.form() == Form::Tool && place == "/description" {
        let told: Vec<&String> = told.into_iter().map(|(s, _)| s).collect();
        found.extend(effects(look.effects, &was, &told));
    }
    found
}

/// What separates the voices in a conversation, and what hosts may run or load.
const MARKUP: &[&str] = &[
    "<!--",
    "<|",
    "<important",
    "<system",
    "<secret",
    "<instruction",
    "<assistant",
    "<user",
    "[inst",
    "[system",
    "<<sys",
    "<script",
    "<iframe",
    "<svg",
    "<img",
    "javascript:",
    "](http",
    "$(",
    "| sh",
    "|sh",
    "| bash",
    "|bash",
    "\u{1b}",
];

fn holds(text: &str, mark: &str) -> bool {
    text.as_bytes().windows(mark.len()).any(|w| w.eq_ignore_ascii_case(mark.as_bytes()))
}

/// Characters that are not seen, and words of letters that look like others.
fn hidden(old: &str, new: &str) -> Option<Risk> {
    let count = |text: &str| text.chars().filter(|c| is_invisible(*c)).count();
    if count(new) > count(old) {
        return Some((Meaning::HiddenText, Severity::High, "it holds characters that people do not see".into()));
    }
    let before: HashSet<&str> = strange_words(old).collect();
    let disguised = |word: &&str| {
        word.chars().any(|c| c.is_ascii_alphabetic()) && !before.contains(word) && {
            let seen: String = skeleton(word).collect();
            seen.is_ascii()
        }
    };
    let word = strange_words(new).find(disguised)?;
    Some((Meaning::HiddenText, Severity::High, format!("`{word}` holds letters that look like others")))
}

/// The words of a text that hold more than ASCII.
fn strange_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_ascii())
}

/// What the detectors see now and did not see before.
fn detected(look: &Look<'_>, place: &str, old: &str, new: &str) -> Option<Risk> {
    let scan = |text: &str| {
        let text = Text { path: place, text, channel: Channel::Definition };
        let seen = look.scanner.scan_definition(&[text], look.context);
        seen.into_iter().map(|l| l.finding).filter(|f| f.severity >= Severity::Medium).collect::<Vec<_>>()
    };
    let after = scan(new);
    if after.is_empty() {
        return None;
    }
    let before = scan(old);
    let count = |all: &[doorward_vocab::Finding], note: &str| all.iter().filter(|f| f.note == note).count();
    let fresh = after.iter().filter(|f| count(&after, &f.note) > count(&before, &f.note));
    let worst = fresh.max_by_key(|f| f.severity)?;
    let meaning = match worst.kind {
        FindingKind::HiddenText => Meaning::HiddenText,
        FindingKind::Shadowing => Meaning::Reference,
        _ => Meaning::Instruction,
    };
    Some((meaning, worst.severity, worst.note.clone().into_owned()))
}

/// A tool of another server that was not named before.
fn foreign(look: &Look<'_>, old: &str, new: &str) -> Option<Risk> {
    if look.strangers.is_empty() {
        return None;
    }
    let before: HashSet<&str> = named(old).collect();
    let found = named(new).filter(|tool| !before.contains(tool));
    let (tool, server) = found.filter_map(|tool| Some((tool, look.strangers.get(tool)?))).next()?;
    Some((Meaning::Reference, Severity::Medium, format!("it names `{tool}`, a tool of `{server}`, which it did not")))
}

/// The words of a text that may be names of tools; of a joined name (`server__tool`) the tool's own.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')));
    let words = words.map(|w| w.trim_end_matches(['.', '-'])).filter(|w| !w.is_empty());
    words.map(|w| w.rsplit_once("__").map_or(w, |(_, tool)| tool))
}

/// Whether a new sentence tells the agent what to do, beyond what the sentence that it replaces did.
fn order(sentence: &str, gone: &[(Stems, &str)]) -> Option<Risk> {
    let stems = Stems::of(sentence);
    let model = gone.iter().map(|(old, said)| (old.likeness(&stems), *said)).max_by(|a, b| a.0.total_cmp(&b.0));
    let model = model.filter(|(like, _)| *like >= 0.4).map(|(_, said)| said).unwrap_or_default();
    let cues = CUES.iter().filter(|(cue, _)| sentence.contains(cue) && !model.contains(cue));
    let (mut weight, mut heaviest, mut phrase) = (0, 0, "");
    for (cue, grams) in cues {
        weight += grams;
        if *grams > heaviest {
            (heaviest, phrase) = (*grams, cue);
        }
    }
    let severity = match weight {
        0..ENOUGH => return None,
        ENOUGH..5 if heaviest < ENOUGH => Severity::Medium,
        _ => Severity::High,
    };
    Some((Meaning::Instruction, severity, format!("it tells the agent what to do: `{}`", phrase.trim())))
}

/// Verbs in the new text that say that a call does more than it did.
fn effects(approved: Effects, was: &[String], fresh: &[&String]) -> Option<Risk> {
    let before = was.iter().flat_map(|s| does(s)).fold(Effects::NONE, |sum, (effect, _)| sum.with(effect));
    let gone_further = |effect: Effect| {
        let graver =
            !matches!(effect, Effect::Create | Effect::Update) || (approved != Effects::NONE && !approved.is_sink());
        effect.is_sink() && graver && !approved.contains(effect) && !before.contains(effect)
    };
    let (effect, verb) = fresh.iter().flat_map(|s| does(s)).find(|(effect, _)| gone_further(*effect))?;
    Some((Meaning::Effect, Severity::High, format!("it says that it does more: `{verb}` ({effect})")))
}

/// What a sentence says that the tool does: verbs in the third person where verbs stand, and those after `and`, `then`
/// and `also`.
fn does(sentence: &str) -> Vec<(Effect, &str)> {
    let words: Vec<&str> = sentence.split(' ').filter(|w| !w.is_empty()).collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        // After these also without an ending; a bare verb elsewhere is as often an order about how to call it.
        let led = before.is_some_and(|w| LEADS.contains(w));
        let says = led || (at == 0 && (word.ends_with('s') || word.ends_with("ing"))) || VERBS_ALWAYS.contains(word);
        if says
            && !AMBIGUOUS.contains(word)
            && let Some(stem) = verb(word)
        {
            found.extend(of_word(stem).iter().map(|effect| (effect, *word)));
        }
    }
    found
}

const LEADS: &[&str] = &["and", "then", "also", "automatically", "silently", "will", "it", "which", "that", "this"];
/// Forms that are hardly ever nouns.
const VERBS_ALWAYS: &[&str] = &[
    "sends",
    "deletes",
    "erases",
    "transmits",
    "executes",
    "publishes",
    "forwards",
    "destroys",
    "purges",
    "revokes",
    "authorizes",
    "removes",
    "uploads",
];
/// Forms that are as often something else than what a tool does.
#[rustfmt::skip]
const AMBIGUOUS: &[&str] = &[
    "settings", "set", "sets", "orders", "order", "comments", "comment", "messages", "message", "emails", "email", "posts", "post", "labels",
    "label", "tags", "tag", "processes", "process", "processing", "commands", "command", "scripts", "script", "records", "record", "calls", "call",
    "links", "link", "formats", "format", "formatting", "requests", "request", "types", "type", "scales", "scale", "switch", "runs", "run", "running",
    "starts", "start", "starting", "stops", "stop", "changes", "change", "builds", "build", "makes", "make", "trades", "api", "http", "config",
    "configs", "installs", "mails", "sms", "invoices", "invoice", "charges", "deploys", "clear", "process", "reset", "resume", "enable", "enables",
    "marks", "mark", "pins", "pin", "locks", "closes", "close", "opens", "open", "presses", "triggers", "trigger", "react", "drops", "wires", "processes",
    "https", "apis", "deposits", "empty", "news", "submit", "submits", "share", "connect", "connects", "proxy", "setting", "login", "subscribe", "dm", "swap",
];

/// What a sentence weighs that tells an agent what to do.
const ENOUGH: u32 = 3;
/// Phrases of orders, each with what it adds. What an honest description says too weighs little.
#[rustfmt::skip]
const CUES: &[(&str, u32)] = &[
    // Secrecy.
    (" do not tell ", 3), (" don t tell ", 3), (" do not mention ", 3), (" don t mention ", 3), (" do not inform ", 3),
    (" do not reveal ", 3), (" do not disclose ", 3), (" never tell ", 3), (" never mention ", 3), (" never reveal ", 3),
    (" without telling ", 3), (" without asking ", 3), (" without informing ", 3), (" without notifying ", 3),
    (" without mentioning ", 3), (" without the user ", 3), (" without user ", 2), (" without confirmation ", 3), (" without permission ", 3),
    (" no need to ask ", 3), (" no need to mention ", 3), (" no need to tell ", 3), (" do not ask ", 2), (" don t ask ", 2),
    (" silently ", 2), (" secretly ", 3), (" covertly ", 3), (" quietly ", 2), (" discreetly ", 3), (" hide this ", 3),
    (" keep this ", 2), (" confidential ", 1), (" not visible to the user ", 3), (" behind the scenes ", 2), (" transparent to the user ", 2),
    // Authority over the agent.
    (" ignore all ", 3), (" ignore any ", 2), (" ignore previous ", 3), (" ignore the previous ", 3), (" ignore your ", 3),
    (" ignore other ", 3), (" disregard ", 3), (" forget ", 2), (" override ", 1), (" overrides ", 2), (" overriding ", 2), (" supersedes ", 2),
    (" bypass ", 2), (" bypassing ", 2), (" system prompt ", 3), (" system message ", 2), (" system instruction ", 3), (" your instructions ", 3),
    (" previous instructions ", 3), (" new instructions ", 3), (" these instructions ", 2), (" following instructions ", 2), (" instructions ", 1),
    (" you are now ", 3), (" act as ", 2), (" jailbreak ", 3), (" persona ", 2), (" as an ai ", 3), (" ai assistant ", 2), (" assistant must ", 3),
    (" assistant should ", 3), (" model must ", 3), (" model should ", 3), (" agent must ", 3), (" agent should ", 3), (" llm ", 2), (" ai model ", 2),
    (" safety ", 1), (" guardrails ", 3), (" restrictions ", 1), (" pre approved ", 2), (" preapproved ", 2), (" already approved ", 2), (" has approved ", 2),
    (" has authorized ", 2), (" administrator ", 1), (" highest priority ", 2), (" top priority ", 2),
    // What comes before and after other calls.
    (" before using any ", 3), (" before calling any ", 3), (" before any other ", 3), (" before every ", 2), (" before each ", 2),
    (" before using this ", 2), (" before calling this ", 2), (" before you call ", 2), (" before you use ", 2), (" before invoking ", 2), (" before responding ", 3),
    (" before answering ", 3), (" before you answer ", 3), (" before proceeding ", 2), (" before performing ", 1), (" prior to ", 1), (" first read ", 2),
    (" first call ", 1), (" must first ", 2), (" always first ", 2), (" always call ", 2), (" always use ", 1), (" always invoke ", 2), (" always run ", 2), (" always include ", 2), (" always send ", 3),
    (" always pass ", 2), (" always add ", 2), (" must call ", 2), (" must be called ", 2), (" must use ", 2), (" must also ", 2), (" must be run ", 2), (" after every ", 2),
    (" after each ", 1), (" after calling ", 1), (" after using ", 1), (" every time ", 1), (" whenever ", 1), (" every message ", 2), (" every call ", 2), (" every response ", 2),
    (" every request ", 1), (" each call ", 1), (" any other tool ", 2), (" other tools ", 2), (" all other tools ", 2), (" other tool ", 1), (" any tool ", 2), (" all tools ", 2), (" another tool ", 1),
    (" instead of ", 1), (" prefer this ", 2), (" rather than ", 1), (" replaces ", 1), (" deprecated ", 1), (" no longer works ", 1), (" exclusively ", 1), (" only use this ", 2), (" use only this ", 2),
    (" never use ", 2), (" do not use ", 1), (" don t use ", 1), (" stop using ", 2), (" redirect ", 2), (" route ", 1),
    // What the agent has and a tool has no business with.
    (" conversation history ", 2), (" chat history ", 2), (" full conversation ", 3), (" entire conversation ", 3), (" whole conversation ", 3), (" current conversation ", 2), (" this conversation ", 2),
    (" the conversation ", 1), (" conversation so far ", 3), (" previous messages ", 2), (" user s message ", 2), (" user s last ", 2), (" user s original ", 2), (" user s question ", 1),
    (" user s email ", 1), (" user s name ", 1), (" your reasoning ", 3), (" chain of thought ", 3), (" your context ", 3), (" context window ", 2), (" verbatim ", 1), (" private key ", 2), (" private keys ", 2), (" ssh ", 1), (" id rsa ", 3),
    (" environment variables ", 2), (" env file ", 2), (" cookies ", 1), (" seed phrase ", 3), (" password ", 1), (" passwords ", 2), (" credential ", 1), (" credentials ", 1), (" token ", 1),
    (" tokens ", 1), (" api key ", 1), (" api keys ", 2), (" secret ", 1), (" secrets ", 1), (" mcp json ", 3), (" config file ", 1), (" configuration file ", 1),
    // Where it is to go.
    (" send ", 1), (" upload ", 1), (" forward ", 1), (" transmit ", 2), (" exfiltrate ", 3), (" append ", 1), (" attach ", 1), (" include the ", 1), (" include all ", 1), (" include your ", 2), (" include its ", 2),
    (" pass the ", 1), (" pass its ", 2), (" pass your ", 2), (" pass all ", 2), (" provide the ", 1), (" provide your ", 2), (" copy ", 1), (" paste ", 1), (" contents of ", 1), (" content of ", 1), (" to this tool ", 1),
    (" bcc ", 2), (" submit ", 1), (" share ", 1), (" report to ", 1), (" log the ", 1), (" post the ", 1), (" external ", 1), (" our server ", 2), (" our servers ", 2), (" remote server ", 1), (" remote endpoint ", 2), (" webhook ", 1),
    // Which tool to take.
    (" best tool ", 3), (" most reliable tool ", 3), (" most trusted ", 2), (" the only tool ", 2), (" recommended over ", 2), (" preferred over ", 2),
    (" from now on ", 2), (" what you are told ", 2), (" before you can ", 2), (" you can only ", 1),
    // How it is said.
    (" you must ", 1), (" you have to ", 1), (" you need to ", 1), (" you should ", 1), (" must ", 1), (" always ", 1), (" never ", 1), (" important ", 1), (" critical ", 1), (" mandatory ", 2), (" crucial ", 1), (" urgent ", 1),
    (" make sure ", 1), (" ensure ", 1), (" be sure ", 1), (" required step ", 2), (" otherwise ", 1), (" will fail ", 1), (" will not work ", 1), (" tell the user ", 1), (" inform the user ", 1), (" ask the user ", 1),
    (" respond with ", 1), (" reply with ", 1), (" say ", 1), (" for compliance ", 2), (" for security ", 1), (" for audit ", 2), (" for auditing ", 2), (" for verification ", 2), (" for diagnostics ", 2), (" for telemetry ", 2), (" for analytics ", 1), (" for debugging ", 1),
    (" execute ", 1), (" run the ", 1), (" run this ", 1), (" curl ", 2), (" wget ", 2), (" chmod ", 2), (" rm rf ", 3), (" base64 ", 1), (" sudo ", 2), (" read the file ", 1), (" read file ", 1), (" open the file ", 1), (" delete all ", 2),
];
