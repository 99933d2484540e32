//! A client with a session: it loses streams and comes back to them, takes calls back, answers what it is asked, and
//! ends its session or forgets it.

use super::{
    dice::Dice,
    exchange::{Event, Exchange, Line},
    journal::Who,
    world::{FOREVER, World},
};
use crate::Endpoint;
use serde_json::{Value, json};
use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, Ordering::Relaxed},
};
use tokio::{task::JoinSet, time::timeout};

#[derive(Debug)]
struct Legacy {
    world: World,
    line: Line,
    who: Who,
    answers: bool,
    id: String,
    version: &'static str,
    /// It ended the session itself.
    over: AtomicBool,
}

/// One call of a session.
#[derive(Debug)]
struct Call {
    id: Value,
    word: String,
    /// The last numbered event.
    last: Option<(u64, u64)>,
    answered: bool,
    taken_back: bool,
}

/// Opens a session, lives, and leaves; sometimes more than once.
pub(super) async fn live(world: World, line: Line, who: Who) {
    let mut dice = world.journal.dice(&format!("client {}", who.client));
    for life in 0..=dice.below(2) {
        dice.idle().await;
        if let Some(me) = open(&world, &line, who, &mut dice).await {
            Arc::new(me).work(life, &mut dice).await;
        }
    }
}

async fn open(world: &World, line: &Line, who: Who, dice: &mut Dice) -> Option<Legacy> {
    let answers = dice.chance(85);
    let version = dice.one_of(&["2025-11-25", "2025-06-18"]);
    let capabilities = if answers { json!({ "elicitation": {} }) } else { json!({}) };
    let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": version, "capabilities": capabilities, "clientInfo": { "name": "c", "version": "1" } } });
    let opening = line.post(&[], &body);
    let exchange = match dice.chance(5).then(|| dice.pause()) {
        Some(after) => timeout(after, opening).await.ok()?,
        None => opening.await,
    };
    let status = exchange.status;
    let Some(id) = exchange.session else {
        world.journal.say(format!("client {} gets no session: {status}", who.client));
        return None;
    };
    let owner = line.caller().await.actor.key();
    if let Some(session) = world.gateway.sessions.find(&id, owner, &line.endpoint, world.gateway.clock.now()) {
        world.sessions.lock().push(Arc::downgrade(&session));
    }
    world.journal.say(format!("client {} opens a session", who.client));
    let over = AtomicBool::new(false);
    let me = Legacy { world: world.clone(), line: line.clone(), who, answers, id, version, over };
    me.post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    Some(me)
}

impl Legacy {
    fn say(&self, what: &str) {
        self.world.journal.say(format!("client {} {what}", self.who.client));
    }
    fn broken(&self, what: &str) {
        self.world.journal.broken(format!("client {} {what}", self.who.client));
    }
    fn headers(&self) -> [(&str, &str); 2] {
        [("mcp-session-id", &self.id), ("mcp-protocol-version", self.version)]
    }
    async fn post(&self, body: &Value) -> Exchange {
        self.line.post(&self.headers(), body).await
    }

    async fn work(self: Arc<Self>, life: u64, dice: &mut Dice) {
        let mut tasks = JoinSet::new();
        let ends = dice.chance(20).then(|| dice.pause());
        for n in 0..=dice.below(5) {
            dice.idle().await;
            let me = self.clone();
            let mut own = self.world.journal.dice(&format!("client {} life {life} task {n}", self.who.client));
            match dice.below(6) {
                0 => tasks.spawn(async move { me.listen(&mut own).await }),
                _ => tasks.spawn(async move { me.call(n, &mut own).await }),
            };
        }
        if let Some(after) = ends {
            tokio::time::sleep(after).await;
            self.end().await;
        }
        tasks.join_all().await;
        if dice.chance(20) {
            // Whatever it left behind has had its time.
            tokio::time::sleep(FOREVER).await;
            for session in self.world.sessions.lock().iter().filter_map(Weak::upgrade).filter(|s| *s.id == *self.id) {
                if session.in_flight() > 0 {
                    self.broken(&format!("has {} requests in flight that nobody waits for", session.in_flight()));
                }
            }
        }
        if dice.chance(50) {
            self.end().await;
        }
        self.over.store(true, Relaxed);
    }

    async fn end(&self) {
        self.over.store(true, Relaxed);
        self.say("ends its session");
        self.line.delete(&self.headers()).await;
    }

    async fn call(self: Arc<Self>, n: u64, dice: &mut Dice) {
        let word = self.world.journal.word(self.who);
        self.say(&format!("calls {word}"));
        let mut call = Call { id: json!(n + 1), word, last: None, answered: false, taken_back: false };
        match timeout(FOREVER, self.talk(&mut call, dice)).await {
            Ok(()) => self.say(&format!("{}: {}", call.word, if call.answered { "answered" } else { "over" })),
            Err(_) => self.broken(&format!("never heard of {} again", call.word)),
        }
    }

    async fn talk(self: &Arc<Self>, call: &mut Call, dice: &mut Dice) {
        let name = if self.line.endpoint == Endpoint::All { "one__say" } else { "say" };
        let params = json!({ "name": name, "arguments": { "word": call.word },
            "_meta": { "progressToken": format!("p {}", call.word) } });
        let body = json!({ "jsonrpc": "2.0", "id": call.id, "method": "tools/call", "params": params });
        let takes_back = dice.chance(15).then(|| dice.pause());
        let me = self.clone();
        let (id, word) = (call.id.clone(), call.word.clone());
        let taking_back = async move {
            let Some(after) = takes_back else { return std::future::pending().await };
            tokio::time::sleep(after).await;
            me.say(&format!("takes {word} back"));
            me.post(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } }))
                .await;
        };
        let mut taking_back = std::pin::pin!(taking_back);
        let hangs_up = dice.chance(10).then(|| dice.pause());
        let hanging_up = async move {
            let Some(after) = hangs_up else { return std::future::pending().await };
            tokio::time::sleep(after).await;
        };
        let mut exchange = tokio::select! {
            biased;
            exchange = self.post(&body) => exchange,
            () = hanging_up => {
                self.say(&format!("hangs up on {} before its answer begins", call.word));
                return;
            }
            // Without a beginning there is nothing to come back to.
            () = &mut taking_back => return,
        };
        loop {
            let event = tokio::select! {
                biased;
                event = exchange.next() => event,
                () = &mut taking_back, if !call.taken_back => {
                    call.taken_back = true;
                    continue;
                }
            };
            let Some(event) = event else { break };
            self.hear(call, event, dice);
            if !call.answered && dice.chance(15) {
                let Some(last) = call.last.filter(|_| dice.chance(80)) else {
                    self.say(&format!("hangs up on {}", call.word));
                    return;
                };
                self.say(&format!("loses {}", call.word));
                let lost = dice.chance(70).then(|| drop(exchange));
                dice.idle().await;
                if lost.is_none() {
                    self.say(&format!("comes back to {} while it still reads", call.word));
                }
                exchange = self.come_back(last).await;
                if exchange.status != 200 {
                    self.say(&format!("cannot come back to {}: {}", call.word, exchange.status));
                    if !self.is_over() && !call.taken_back {
                        self.broken(&format!("cannot come back to {}: {}", call.word, exchange.status));
                    }
                    return;
                }
            }
        }
        if !call.answered && !call.taken_back && !self.is_over() && exchange.status < 400 {
            self.broken(&format!("got no answer on {}, status {}", call.word, exchange.status));
        }
    }

    async fn come_back(&self, (stream, event): (u64, u64)) -> Exchange {
        let last = format!("doorward/{stream}.{event}");
        let [id, version] = self.headers();
        self.line.get(&[id, version, ("last-event-id", &last)]).await
    }

    /// Whether the session is not there any more, for whatever reason.
    fn is_over(&self) -> bool {
        self.over.load(Relaxed) || !self.world.gateway.sessions.has(&self.id)
    }

    fn hear(self: &Arc<Self>, call: &mut Call, event: Event, dice: &mut Dice) {
        if let Some((stream, number)) = event.number {
            let expected = call.last.map_or((stream, 0), |(s, n)| (s, n + 1));
            if (stream, number) != expected {
                self.broken(&format!("got event {stream}.{number} on {} after {:?}", call.word, call.last));
            }
            call.last = Some((stream, number));
        }
        let Some(data) = event.data else { return };
        match data["method"].as_str() {
            Some("notifications/progress") => {
                let (token, message) = (&data["params"]["progressToken"], &data["params"]["message"]);
                if *token != format!("p {}", call.word).as_str() || *message != call.word.as_str() {
                    self.broken(&format!("got progress of another call on {}: {data}", call.word));
                }
            }
            Some(_) => self.hear_server(&data, dice),
            None => {
                if data["id"] != call.id {
                    self.broken(&format!("got the answer to another request on {}: {data}", call.word));
                }
                let text = data["result"]["content"][0]["text"].as_str();
                let refused = data["result"]["isError"] == json!(true);
                if text.is_some_and(|t| t != format!("{} done", call.word)) && !refused {
                    self.broken(&format!("got another answer on {}: {data}", call.word));
                }
                if std::mem::replace(&mut call.answered, true) {
                    self.broken(&format!("got two answers on {}", call.word));
                }
            }
        }
    }

    /// What a server says by itself, or asks.
    fn hear_server(self: &Arc<Self>, data: &Value, dice: &mut Dice) {
        let id = data["id"].clone();
        if id.is_null() {
            return;
        }
        let respond = |mut response: Value| {
            let (me, mut dice) = (self.clone(), self.world.journal.dice(&format!("answer {} {id}", self.who.client)));
            response["jsonrpc"] = json!("2.0");
            response["id"] = id.clone();
            tokio::spawn(async move {
                dice.idle().await;
                let status = me.post(&response).await.status;
                if dice.chance(10) && status < 300 && me.post(&response).await.status < 300 && !me.is_over() {
                    me.broken("could answer twice");
                }
            });
        };
        if data["method"] == "ping" {
            return respond(json!({ "result": {} }));
        }
        let text = data["params"]["message"].as_str().unwrap_or_default();
        self.say(&format!("is asked `{text}`"));
        if self.world.journal.owner(text) != Some(self.who) && text != "nobody" {
            self.broken(&format!("was asked `{text}`, which is not its own"));
        }
        if !self.answers && text != "nobody" {
            self.say("did not declare that it can be asked");
        }
        match dice.below(12) {
            0 | 1 => {}
            2 => respond(json!({ "result": { "action": "decline" } })),
            3 => respond(json!({ "error": { "code": -32601, "message": "no" } })),
            4 => respond(json!({ "result": { "action": "accept", "content": { "word": "wrong" } } })),
            _ => respond(json!({ "result": { "action": "accept", "content": { "word": text } } })),
        }
    }

    /// Hears what belongs to no request, for a while.
    async fn listen(self: Arc<Self>, dice: &mut Dice) {
        self.say("listens");
        let long = dice.pause() + dice.pause();
        let hearing = async {
            let mut exchange = self.line.get(&self.headers()).await;
            if exchange.status != 200 {
                return;
            }
            while let Some(event) = exchange.next().await {
                let Some(data) = event.data else { continue };
                match data["method"].as_str() {
                    Some("notifications/progress") => self.broken(&format!("got progress where it listens: {data}")),
                    Some(_) => self.hear_server(&data, dice),
                    None => self.broken(&format!("got an answer where it listens: {data}")),
                }
            }
        };
        let _ = timeout(long, hearing).await;
        self.say("listens no more");
    }
}
