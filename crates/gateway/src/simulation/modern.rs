//! A client without a session: its requests stand alone, and hanging up takes one back.

use super::{
    dice::Dice,
    exchange::Line,
    journal::Who,
    world::{FOREVER, World},
};
use crate::Endpoint;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::timeout};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

#[derive(Debug)]
struct Modern {
    world: World,
    line: Line,
    who: Who,
    /// Whether it declares that it can be asked.
    answers: bool,
}

/// What a call comes to.
struct Said {
    result: Value,
    error: Value,
}

/// Lives, and leaves.
pub(super) async fn live(world: World, line: Line, who: Who) {
    let mut dice = world.journal.dice(&format!("client {}", who.client));
    let me = Arc::new(Modern { world, line, who, answers: dice.chance(85) });
    let mut tasks = JoinSet::new();
    for n in 0..=dice.below(4) {
        dice.idle().await;
        let (me, mut own) = (me.clone(), me.world.journal.dice(&format!("client {} task {n}", who.client)));
        match dice.below(6) {
            0 => tasks.spawn(async move { me.listen(n, &mut own).await }),
            _ => tasks.spawn(async move { me.call(n, &mut own).await }),
        };
    }
    tasks.join_all().await;
}

impl Modern {
    fn say(&self, what: &str) {
        self.world.journal.say(format!("client {} {what}", self.who.client));
    }
    fn broken(&self, what: &str) {
        self.world.journal.broken(format!("client {} {what}", self.who.client));
    }

    fn meta(&self) -> Value {
        let capabilities = if self.answers { json!({ "elicitation": {} }) } else { json!({}) };
        json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "c", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": capabilities })
    }

    async fn call(self: Arc<Self>, n: u64, dice: &mut Dice) {
        let word = self.world.journal.word(self.who);
        // All clients use the same ids.
        let hangs_up = dice.chance(25).then(|| dice.pause());
        self.say(&format!("calls {word}"));
        let talk = self.talk(n, &word, dice);
        match hangs_up {
            Some(after) => match timeout(after, talk).await {
                Ok(()) => {}
                Err(_) => self.say(&format!("hangs up on {word}")),
            },
            None => {
                if timeout(FOREVER, talk).await.is_err() {
                    self.broken(&format!("never heard of {word} again"));
                }
            }
        }
    }

    async fn talk(&self, n: u64, word: &str, dice: &mut Dice) {
        let mut more = json!({});
        for round in 0..60 {
            let id = json!(n * 100 + round * 3);
            let said = self.ask(&self.line, &id, word, &more).await;
            let Some(said) = said else { return };
            if said.result["resultType"] != "input_required" {
                self.say(&format!("{word}: {}", if said.error.is_null() { "result" } else { "error" }));
                return;
            }
            let Some(next) = self.answer(word, &said.result, (n, round), dice).await else { return };
            more = next;
        }
        self.broken(&format!("is asked without end about {word}"));
    }

    /// Sends the call and hears it to its end: one answer, that is this call's.
    async fn ask(&self, line: &Line, id: &Value, word: &str, more: &Value) -> Option<Said> {
        let mut meta = self.meta();
        meta["progressToken"] = json!(format!("p {word}"));
        let name = if line.endpoint == Endpoint::All { "one__say" } else { "say" };
        let mut params = json!({ "name": name, "arguments": { "word": word }, "_meta": meta });
        for (key, value) in more.as_object().unwrap() {
            params[key] = value.clone();
        }
        let mut exchange =
            line.post(&[], &json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })).await;
        let mut said = None;
        while let Some(event) = exchange.next().await {
            let Some(data) = event.data else { continue };
            if data["method"] == "notifications/progress" {
                let params = &data["params"];
                if params["progressToken"] != format!("p {word}").as_str() || params["message"] != word {
                    self.broken(&format!("got progress of another call on {word}: {data}"));
                }
            } else if data["method"].is_null() {
                if data["id"] != *id {
                    self.broken(&format!("got the answer to another request on {word}: {data}"));
                }
                let text = data["result"]["content"][0]["text"].as_str();
                let refused = data["result"]["isError"] == json!(true);
                if text.is_some_and(|t| t != format!("{word} done")) && !refused {
                    self.broken(&format!("got another answer on {word}: {data}"));
                }
                if said.replace(Said { result: data["result"].clone(), error: data["error"].clone() }).is_some() {
                    self.broken(&format!("got two answers on {word}"));
                }
            } else {
                self.broken(&format!("got what it did not ask for on {word}: {data}"));
            }
        }
        if said.is_none() {
            self.broken(&format!("got no answer on {word}, status {}", exchange.status));
        }
        said
    }

    /// What the next try carries; `None` where there is none.
    async fn answer(&self, word: &str, result: &Value, (n, round): (u64, u64), dice: &mut Dice) -> Option<Value> {
        let (key, input) = result["inputRequests"].as_object()?.iter().next()?;
        let text = input["params"]["message"].as_str().unwrap_or_default();
        self.say(&format!("{word}: asked `{text}`"));
        let owner = self.world.journal.owner(text);
        // A pipe does not say which of a session's calls a question is about: the session is this principal's alone.
        if owner.is_none_or(|o| o.principal != self.who.principal) && text != "nobody" {
            self.broken(&format!("was asked `{text}`, which is not its own"));
        }
        if !self.answers {
            self.broken(&format!("was asked `{text}`, though it declared nothing"));
        }
        let state = result["requestState"].as_str().unwrap_or_default().to_owned();
        let parked = state.starts_with("doorward1.");
        let right = json!({ "requestState": state,
            "inputResponses": { key: { "action": "accept", "content": { "word": text } } } });
        dice.idle().await;
        match dice.below(20) {
            0 | 1 => {
                self.say(&format!("{word}: leaves it"));
                return None;
            }
            2 => tokio::time::sleep(Duration::from_secs(11 * 60)).await,
            3 => return Some(json!({ "requestState": state, "inputResponses": { key: { "action": "decline" } } })),
            4 => {
                return Some(json!({ "requestState": state,
                    "inputResponses": { key: { "action": "accept", "content": { "word": "wrong" } } } }));
            }
            5 if parked => return Some(json!({ "requestState": state })),
            6 if parked => return Some(json!({ "requestState": state, "inputResponses": { key: "no object" } })),
            7 | 8 if parked => {
                let thief = Line { principal: 1 - self.who.principal, ..self.line.clone() };
                self.must_fail(&thief, word, &right, "somebody else's").await;
            }
            9 if parked => self.must_fail(&self.line, "changed", &right, "another request's").await,
            10..13 => {
                let (first, second) = (json!(n * 100 + round * 3 + 1), json!(n * 100 + round * 3 + 2));
                let (first, second) = tokio::join!(
                    self.ask(&self.line, &first, word, &right),
                    self.ask(&self.line, &second, word, &right),
                );
                let (first, second) = (first?, second?);
                if parked && first.error.is_null() && second.error.is_null() {
                    self.broken(&format!("used one state of {word} twice"));
                }
                self.say(&format!("{word}: came back twice"));
                return None;
            }
            _ => {}
        }
        Some(right)
    }

    async fn must_fail(&self, line: &Line, word: &str, more: &Value, whose: &str) {
        self.say(&format!("tries {whose} state with {word}"));
        if let Some(said) = self.ask(line, &json!("thief"), word, more).await
            && said.error.is_null()
        {
            self.broken(&format!("could use {whose} state with {word}"));
        }
    }

    /// Hears of changes for a while.
    async fn listen(self: Arc<Self>, n: u64, dice: &mut Dice) {
        let id = json!(format!("listen {n}"));
        let wanted = json!({ "toolsListChanged": true, "resourceSubscriptions": ["sim://a"] });
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": "subscriptions/listen",
            "params": { "notifications": wanted, "_meta": self.meta() } });
        self.say("listens");
        let hearing = async {
            let mut exchange = self.line.post(&[], &body).await;
            while let Some(event) = exchange.next().await {
                let Some(data) = event.data.filter(|d| d["error"].is_null()) else { continue };
                let meta = if data["method"].is_null() { &data["result"]["_meta"] } else { &data["params"]["_meta"] };
                if meta[SUBSCRIPTION] != id {
                    self.broken(&format!("heard what another listens to: {data}"));
                }
            }
        };
        let long = dice.pause() + dice.pause();
        let _ = timeout(long, hearing).await;
        self.say("listens no more");
    }
}
