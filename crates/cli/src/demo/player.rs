//! Plays scenes: the agent acts, and what came of it is read from three sides: what the agent got, what the server
//! saw, and what the gateway recorded.

use super::{
    client::{Broken, Client, Reply},
    outcome::Outcome,
    record::{Because, Recorded, Recorder},
    scene::{Scene, Step},
    stage::{SECRET, Stage},
};
use crate::Failure;
use doorward_mcp::meta;
use doorward_vocab::{CallId, Level};
use serde::Serialize;
use serde_json::Value;

/// What came of a step.
#[derive(Clone, Debug, Serialize)]
pub(super) struct StepPlayed {
    pub(super) tells: String,
    pub(super) attack: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expected: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) observed: Option<Outcome>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) because: Vec<Because>,
    /// The server that it was meant for, and how many calls of this step it got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reached: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) call: Option<CallId>,
    /// What the three sides do not agree about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contradiction: Option<String>,
}

impl StepPlayed {
    pub(super) fn is_as_expected(&self) -> bool {
        self.expected == self.observed && self.contradiction.is_none()
    }
}

/// What came of a scene.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ScenePlayed {
    pub(super) kind: &'static str,
    pub(super) scene: String,
    pub(super) title: String,
    pub(super) level: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) incident: Option<String>,
    /// Of an attack: whether every step that attacks was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stopped: Option<bool>,
    pub(super) as_expected: bool,
    pub(super) steps: Vec<StepPlayed>,
}

impl ScenePlayed {
    pub(super) fn begun(scene: &Scene, level: Level) -> Self {
        Self {
            kind: "scene",
            scene: scene.name.clone(),
            title: scene.title.clone(),
            level,
            incident: scene.incident.clone(),
            stopped: None,
            as_expected: true,
            steps: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, step: StepPlayed) {
        self.as_expected &= step.is_as_expected();
        if let (true, Some(observed)) = (step.attack, step.observed) {
            self.stopped = Some(self.stopped.unwrap_or(true) && observed.stops());
        }
        self.steps.push(step);
    }

    /// The steps that the table speaks of: those that attack; in an honest scene all.
    pub(super) fn telling(&self) -> impl Iterator<Item = &StepPlayed> {
        let attack = self.incident.is_some();
        self.steps.iter().filter(move |s| s.observed.is_some() && (s.attack || !attack))
    }
}

/// The agent with its host, the operator, and whoever attacks.
pub(super) struct Player<'s> {
    stage: &'s Stage,
    client: Client,
    recorder: Recorder,
}

impl<'s> Player<'s> {
    pub(super) fn new(stage: &'s Stage) -> Result<Self, Failure> {
        let client = Client::new(stage.address(), stage.host_token()?);
        Ok(Self { stage, client, recorder: Recorder::open(&stage.state())? })
    }

    /// At level `lockdown` nothing may be used that nobody looked at: the operator approves what the servers of the
    /// morning declare. Gives how many definitions there were.
    pub(super) async fn approve(&mut self) -> Result<usize, Failure> {
        self.client.list("/mcp", false).await.map_err(broken)?;
        let approved = self.stage.approve()?;
        self.client.list("/mcp", false).await.map_err(broken)?;
        Ok(approved)
    }

    pub(super) async fn step(&mut self, scene: &Scene, step: &Step) -> Result<StepPlayed, Failure> {
        let server = step.server().map(str::to_owned);
        let before = server.as_deref().map(|s| self.stage.calls(s));
        let mut played = StepPlayed {
            tells: step.tells.clone(),
            attack: step.attack,
            expected: step.expected(self.stage.level),
            observed: None,
            because: Vec::new(),
            server: None,
            reached: None,
            call: None,
            contradiction: None,
        };
        if let Some(text) = &step.turn {
            let reply = self.client.turn(scene.conversation(), text).await.map_err(broken)?;
            if reply.status != 200 {
                played.contradiction = Some(format!("the turn was not taken: {}", reply.text));
            }
        } else if let Some(names) = &step.install {
            self.stage.install(names)?;
            // An agent sees new servers when it connects anew.
            self.client.forget();
        } else if let Some(at) = &step.open {
            let reply = self.client.open(at).await.map_err(broken)?;
            let outcome = outcome(step, &reply);
            played.because = self.recorder.session(outcome).await?;
            played.observed = Some(outcome);
            played.contradiction = contradiction(step, outcome, None, &reply);
        } else if let Some(tool) = &step.list {
            let reply = self.client.list(&step.at, step.modern).await.map_err(broken)?;
            let outcome = listed(&reply, tool, step.hides.as_deref());
            let (server, name) = match step.at.strip_prefix("/mcp/") {
                Some(server) => (server, tool.as_str()),
                None => tool.split_once("__").unwrap_or(("", tool)),
            };
            played.because = match outcome {
                Outcome::Hidden | Outcome::Restored => self.recorder.definition(server, name, true).await?,
                _ => self.recorder.definition(server, name, false).await.map(|_| Vec::new())?,
            };
            played.observed = Some(outcome);
        } else {
            let reply = self.send(scene, step).await.map_err(broken)?;
            let outcome = outcome(step, &reply);
            let Recorded { call, because } = self.recorder.call(outcome).await?;
            played.because = because;
            if outcome == Outcome::Refused || outcome == Outcome::Failed {
                played.because.push(Because::text(refusal(&reply)));
            }
            played.call = call;
            played.observed = Some(outcome);
            played.reached = server.as_deref().zip(before).map(|(s, n)| self.stage.calls(s).saturating_sub(n));
            played.server = server;
            played.contradiction = contradiction(step, outcome, played.reached, &reply);
        }
        Ok(played)
    }

    async fn send(&mut self, scene: &Scene, step: &Step) -> Result<Reply, Broken> {
        if let Some(body) = &step.post {
            let headers = step.headers.iter().map(|(n, v)| (n.to_ascii_lowercase(), v.clone())).collect();
            return self.client.raw(&step.at, body.clone(), headers, step.session.as_deref(), step.as_host).await;
        }
        let tool = step.call.as_deref().unwrap_or_default();
        let mut arguments = step.arguments.clone();
        for value in arguments.values_mut() {
            if let Some(text) = value.as_str().filter(|t| t.contains("{secret}")) {
                *value = text.replace("{secret}", SECRET).into();
            }
        }
        let conversation = step.conversation.as_deref().unwrap_or(scene.conversation());
        self.client.call(&step.at, (tool, &arguments), step.modern, conversation).await
    }
}

fn broken(error: Broken) -> Failure {
    Failure::Broken(format!("the demo's agent cannot speak to the gateway: {error}"))
}

/// Whether a tool is in the list, and where the step says what its server puts into it by now: whether that is there.
fn listed(reply: &Reply, tool: &str, hides: Option<&str>) -> Outcome {
    let tools = reply.answer.as_ref().and_then(|a| a.pointer("/result/tools")).and_then(Value::as_array);
    match tools {
        None => Outcome::Failed,
        Some(tools) => match tools.iter().find(|t| t.get("name").is_some_and(|n| n == tool)) {
            Some(found) if hides.is_none_or(|text| found.to_string().contains(text)) => Outcome::Shown,
            Some(_) => Outcome::Restored,
            None => Outcome::Hidden,
        },
    }
}

/// What the agent got.
fn outcome(step: &Step, reply: &Reply) -> Outcome {
    let answer = reply.answer.as_ref();
    let result = answer.and_then(|a| a.get("result"));
    let ruling = result.and_then(|r| r.get("_meta")).and_then(|m| m.get(meta::RULING)).and_then(|r| r.get("effect"));
    match ruling.and_then(Value::as_str) {
        Some("challenge") => return Outcome::Challenged,
        Some(_) => return Outcome::Denied,
        None => {}
    }
    let got = everything(reply);
    if got.contains("[withheld by Doorward") {
        return Outcome::Withheld;
    }
    if got.contains("[secret removed by Doorward") || got.contains(" characters removed by Doorward") {
        return Outcome::Redacted;
    }
    let Some(result) = result else {
        let code = answer.and_then(|a| a.pointer("/error/code")).and_then(Value::as_i64);
        // What the gateway says of a server that it cannot reach is no refusal.
        let refused = reply.status >= 400 || code.is_some_and(|c| matches!(c, -32700 | -32600 | -32602 | 4030));
        return if refused && reply.status < 500 { Outcome::Refused } else { Outcome::Failed };
    };
    if step.asks {
        // Of many questions the one counts that must not arrive.
        let counts = |question: &Value| step.hides.as_ref().is_none_or(|text| question.to_string().contains(text));
        return if reply.questions.iter().any(counts) { Outcome::Asked } else { Outcome::Declined };
    }
    if result.get("isError").and_then(Value::as_bool) == Some(true) { Outcome::Failed } else { Outcome::Allowed }
}

/// All that came back, as one text.
fn everything(reply: &Reply) -> String {
    let messages = reply.answer.iter().chain(&reply.told).chain(&reply.questions);
    messages.map(Value::to_string).chain([reply.text.clone()]).collect::<Vec<_>>().join("\n")
}

/// What the gateway said instead of an answer.
fn refusal(reply: &Reply) -> String {
    let error = reply.answer.as_ref().and_then(|a| a.get("error"));
    let code = error.and_then(|e| e.get("code")).map_or_else(String::new, |c| format!(", error {c}"));
    let message = error.and_then(|e| e.get("message")).and_then(Value::as_str).unwrap_or(&reply.text);
    format!("{message} (HTTP {}{code})", reply.status)
}

/// What the sides do not agree about: a stop that the server felt, a pass that it did not, a text that was to be taken out
/// and is there, or one that was to stay and is not.
fn contradiction(step: &Step, outcome: Outcome, reached: Option<usize>, reply: &Reply) -> Option<String> {
    match (outcome.reaches(), reached) {
        (Some(false), Some(n)) if n > 0 => return Some(format!("the server got {n} calls all the same")),
        (Some(true), Some(0)) => return Some("the server got no call".into()),
        _ => {}
    }
    if let (Outcome::Redacted, Some(keeps)) = (outcome, &step.keeps)
        && !everything(reply).contains(keeps)
    {
        return Some("more was cut out than had to go".into());
    }
    let hides = step.hides.as_deref()?.replace("{secret}", SECRET);
    (outcome.stops() && everything(reply).contains(&hides)).then(|| "the agent got to see it all the same".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn step(more: &str) -> Step {
        let text = format!("title = 't'\nstory = 's'\n[[step]]\ntells = 'x'\ncall = 'a__b'\nexpect = 'denied'\n{more}");
        Scene::parse("test", &text).unwrap().steps.remove(0)
    }

    fn reply(status: u16, answer: Value) -> Reply {
        Reply { status, answer: Some(answer), ..Reply::default() }
    }

    #[test]
    fn what_the_agent_got_is_named() {
        let ruling = |effect: &str| json!({ "result": { "isError": true, "_meta": { "dev.doorward/ruling": { "effect": effect } } } });
        let text = |text: &str| json!({ "result": { "content": [{ "type": "text", "text": text }] } });
        for (status, answer, more, expect) in [
            (200, text("fine"), "", Outcome::Allowed),
            (200, ruling("deny"), "", Outcome::Denied),
            (200, ruling("challenge"), "", Outcome::Challenged),
            (200, text("a [secret removed by Doorward] b"), "", Outcome::Redacted),
            (200, text("a [9 characters removed by Doorward: …] b"), "", Outcome::Redacted),
            (200, text("[withheld by Doorward: …]"), "", Outcome::Withheld),
            (
                200,
                json!({ "error": { "code": -32000, "message": "[withheld by Doorward: …]" } }),
                "",
                Outcome::Withheld,
            ),
            (200, json!({ "error": { "code": -32000, "message": "broken" } }), "", Outcome::Failed),
            (400, json!({ "error": { "code": -32020, "message": "header" } }), "", Outcome::Refused),
            (503, json!({ "error": { "code": -32603, "message": "no trail" } }), "", Outcome::Failed),
            (200, text("fine"), "asks = true", Outcome::Declined),
        ] {
            assert_eq!(outcome(&step(more), &reply(status, answer.clone())), expect, "{status} {answer}");
        }
    }

    #[test]
    fn sides_that_disagree_are_a_failure() {
        let refused = reply(200, json!({ "result": {} }));
        let told =
            |outcome, reached, more: &str| contradiction(&step(more), outcome, Some(reached), &refused).is_some();
        assert!(told(Outcome::Denied, 1, ""), "a refused call reached its server");
        assert!(told(Outcome::Allowed, 0, ""), "an allowed call did not");
        assert!(told(Outcome::Redacted, 1, "hides = 'result'"), "the text is still there");
        assert!(!told(Outcome::Redacted, 1, "hides = '{secret}'"));
        assert!(told(Outcome::Redacted, 1, "keeps = 'the rest'"), "too much was cut out");
        assert!(!told(Outcome::Redacted, 1, "keeps = 'result'"));
        assert!(!told(Outcome::Denied, 0, ""));

        let mut scene = ScenePlayed::begun(&Scene::parse("s", "title='t'\nstory='s'\nstep=[]").unwrap(), Level::Guard);
        let played = StepPlayed {
            tells: String::new(),
            attack: true,
            expected: Some(Outcome::Denied),
            observed: Some(Outcome::Allowed),
            because: Vec::new(),
            server: None,
            reached: None,
            call: None,
            contradiction: None,
        };
        scene.add(StepPlayed { observed: Some(Outcome::Denied), ..played.clone() });
        assert_eq!((scene.as_expected, scene.stopped), (true, Some(true)));
        scene.add(played);
        assert_eq!((scene.as_expected, scene.stopped), (false, Some(false)));
    }
}
