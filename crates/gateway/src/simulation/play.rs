//! What a server does with a request: at once or later, with progress and questions on the way, heeding or ignoring that
//! it is taken back, and at times not as it should.

use super::{dice::Dice, server::Incarnation};
use doorward_mcp::Era;
use serde_json::{Value, json};
use std::future::pending;
use tokio_util::sync::CancellationToken;

/// Whether a request is over for its server.
pub(super) enum Answer {
    Given,
    None,
}

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// Serves one request.
pub(super) async fn serve(me: &Incarnation, message: &Value, taken_back: &CancellationToken) -> Answer {
    let (id, method, params) = (&message["id"], message["method"].as_str().unwrap_or_default(), &message["params"]);
    let mut dice = me.dice(&format!("{id}{}", params["arguments"]["word"]));
    if method != "tools/call" {
        dice.idle().await;
    }
    match (method, me.era) {
        ("tools/call", era) => return call(me, id, params, era, dice, taken_back).await,
        ("subscriptions/listen", Era::Modern) => return listen(me, id, params, dice, taken_back).await,
        ("server/discover", Era::Legacy) if dice.chance(10) => return Answer::None,
        (_, _) if dice.chance(1) => me.death.cancel(),
        ("initialize", Era::Legacy) => {
            me.answer(
                id,
                &json!({ "protocolVersion": params["protocolVersion"], "serverInfo": { "name": "s", "version": "1" },
                    "capabilities": { "tools": { "listChanged": true }, "resources": { "subscribe": true } } }),
            );
            chat(me, dice).await;
        }
        ("server/discover", Era::Modern) => me.answer(
            id,
            &json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"], "ttlMs": 0, "cacheScope": "private",
                "serverInfo": { "name": "s", "version": "1" },
                "capabilities": { "tools": { "listChanged": true }, "resources": { "subscribe": true } } }),
        ),
        ("tools/list", _) => {
            let tool = json!({ "name": "say", "inputSchema": { "type": "object" },
                "annotations": { "readOnlyHint": true, "openWorldHint": false } });
            let mut result = json!({ "tools": [tool] });
            if me.era == Era::Modern {
                result["resultType"] = json!("complete");
                result["ttlMs"] = json!(0);
                result["cacheScope"] = json!("private");
            }
            me.answer(id, &result);
        }
        ("ping" | "resources/subscribe" | "resources/unsubscribe", Era::Legacy) => me.answer(id, &json!({})),
        _ => me.fail(id, -32601, "Method not found"),
    }
    Answer::Given
}

/// What a server with sessions says by itself.
async fn chat(me: &Incarnation, mut dice: Dice) {
    for _ in 0..dice.below(4) {
        dice.idle().await;
        match dice.below(4) {
            0 => drop(me.ask("ping", &json!({}))),
            1 => me.send(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" })),
            2 => drop(me.ask("elicitation/create", &question("nobody"))),
            _ => me.send(&json!({ "jsonrpc": "2.0", "method": "notifications/resources/updated",
                "params": { "uri": "sim://a" } })),
        }
    }
}

fn question(text: &str) -> Value {
    json!({ "message": text, "requestedSchema": { "type": "object", "properties": { "word": { "type": "string" } } } })
}

/// What a client that accepted gave must belong to what it was asked.
fn check(me: &Incarnation, asked: &str, result: &Value) {
    if result["action"] == "accept" {
        let word = result["content"]["word"].as_str().unwrap_or_default();
        if word != asked && word != "wrong" {
            me.journal.broken(format!("{} asked `{asked}` and was answered `{word}`", me.name));
        }
    }
}

async fn call(
    me: &Incarnation,
    id: &Value,
    params: &Value,
    era: Era,
    mut dice: Dice,
    taken_back: &CancellationToken,
) -> Answer {
    let word = params["arguments"]["word"].as_str().unwrap_or_default();
    let state = params["requestState"].as_str();
    me.journal.say(format!("{} gets {word} as {id} {}", me.name, state.unwrap_or_default()));
    let mut plan = me.journal.dice(&format!("plan of {word}"));
    let declared = !params["_meta"]["io.modelcontextprotocol/clientCapabilities"]["elicitation"].is_null();
    let rounds = if era == Era::Modern && !declared { 0 } else { plan.below(3) };
    let round = match (era, state) {
        (Era::Modern, Some(state)) => {
            let round = state.strip_prefix(word).and_then(|n| n.strip_prefix('#')?.parse::<u64>().ok());
            let Some(round) = round else {
                me.fail(id, -32602, "no such state");
                return Answer::Given;
            };
            check(me, &format!("{word} r{}", round - 1), &params["inputResponses"]["k"]);
            round
        }
        (_, Some(_)) => {
            me.journal.broken(format!("{} got a state that it cannot know", me.name));
            0
        }
        (_, None) => {
            me.journal.executed(word);
            0
        }
    };
    let heeds = plan.chance(70);
    let working = work(me, id, word, &params["_meta"]["progressToken"], (round, rounds), &mut dice);
    let answered = match heeds {
        true => taken_back.run_until_cancelled(working).await.unwrap_or(Answer::None),
        false => working.await,
    };
    me.journal.say(format!("{} is done with {word}", me.name));
    answered
}

async fn work(
    me: &Incarnation,
    id: &Value,
    word: &str,
    token: &Value,
    (round, rounds): (u64, u64),
    dice: &mut Dice,
) -> Answer {
    for n in 0..dice.below(5) {
        dice.idle().await;
        if !token.is_null() {
            me.send(&json!({ "jsonrpc": "2.0", "method": "notifications/progress",
                "params": { "progressToken": token, "progress": n, "message": word } }));
        }
    }
    if me.era == Era::Legacy {
        for n in 0..rounds {
            dice.idle().await;
            let text = format!("{word} r{n}");
            if let Ok(response) = me.ask("elicitation/create", &question(&text)).await {
                check(me, &text, &response["result"]);
            }
        }
    }
    dice.idle().await;
    let text = format!("{word} done");
    let complete = |text: &str| match me.era {
        Era::Modern => json!({ "resultType": "complete", "content": [{ "type": "text", "text": text }] }),
        _ => json!({ "content": [{ "type": "text", "text": text }] }),
    };
    if me.era == Era::Modern && round < rounds {
        let mut asks = question(&format!("{word} r{round}"));
        asks["mode"] = json!("form");
        me.answer(
            id,
            &json!({ "resultType": "input_required", "requestState": format!("{word}#{}", round + 1),
                "inputRequests": { "k": { "method": "elicitation/create", "params": asks } } }),
        );
        return Answer::Given;
    }
    match dice.below(100) {
        0..6 => me.fail(id, -32000, word),
        6..12 => pending().await,
        12..15 => me.death.cancel(),
        // An id that nobody gave, and then the right one.
        15..20 => {
            me.answer(&json!(424_242), &complete("nobody"));
            me.answer(&json!("doorward/x"), &complete("nobody"));
            dice.idle().await;
            me.answer(id, &complete(&text));
        }
        20..26 => {
            me.answer(id, &complete(&text));
            dice.idle().await;
            me.answer(id, &complete(&text));
        }
        _ => me.answer(id, &complete(&text)),
    }
    Answer::Given
}

/// A stream of changes.
async fn listen(
    me: &Incarnation,
    id: &Value,
    params: &Value,
    mut dice: Dice,
    taken_back: &CancellationToken,
) -> Answer {
    let own = json!({ SUBSCRIPTION: id });
    me.send(&json!({ "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
        "params": { "notifications": params["notifications"], "_meta": own } }));
    let telling = async {
        loop {
            dice.idle().await;
            tokio::time::sleep(std::time::Duration::from_millis(1 + dice.below(20_000))).await;
            me.send(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed",
                "params": { "_meta": own } }));
            if dice.chance(10) {
                break;
            }
        }
    };
    match taken_back.run_until_cancelled(telling).await {
        Some(()) => {
            me.answer(id, &json!({ "resultType": "complete", "_meta": own }));
            Answer::Given
        }
        None => Answer::None,
    }
}
