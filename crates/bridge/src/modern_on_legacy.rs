//! The client speaks 2026-07-28, its server a revision with sessions.

use crate::{
    Client, Filter, Input,
    client::{OURSELVES, implementation, server_capabilities},
    content::fit_answer,
    input::parameters,
    splice::{Draft, Members, SERVER_INFO, error, is_message, object, request as ask, token},
    tools,
};
use bytes::Bytes;
use doorward_mcp::{
    Id, Method, Notice, Notification, Request, Response, Revision, RpcError, Side,
    json::{Value, quote},
    meta,
};

/// The `initialize` that opens a session for `client` (`basic/lifecycle`). It declares what `revision` knows of what the
/// client can do.
pub fn initialize(id: &Id, client: &Client, revision: Revision) -> Bytes {
    let params = [
        ("protocolVersion", quote(revision.as_str())),
        ("capabilities", client.legacy_capabilities(revision)),
        ("clientInfo", client.info.as_deref().unwrap_or(OURSELVES).to_owned()),
    ];
    ask(id, Method::Initialize.as_str(), &object(&params))
}

/// A request as the server gets it: under another id, which is its progress token too where the client gave one, and
/// without what 2026-07-28 puts into each request (`basic`, `basic/patterns/mrtr`).
pub fn request(asked: &Request, id: &Id) -> Bytes {
    let own: Members = token(asked).map(|_| ("progressToken", id.json())).into_iter().collect();
    let goes = |key: &str| matches!(key, "inputResponses" | "requestState");
    Draft::of(&asked.doc).id(id).body("params", Members::new(), goes, &own).done()
}

/// The answer to `asked` as its client gets it: complete, not to be kept (`server/utilities/caching`: the lists of a
/// session may be its own), with the codes of 2026-07-28, and with the name of the server where it is known.
pub fn response(asked: &Request, answer: &Response, server: Option<&str>) -> Bytes {
    let Some(result) = answer.result() else { return refused(asked, answer) };
    let mut draft = Draft::of(&answer.doc).id(&asked.id);
    if asked.method == Method::ToolsList {
        tools::without_tasks(draft.edits(), result);
    }
    draft.body("result", complete(asked.method), half_done, &about(server)).done()
}

/// An error with the codes of 2026-07-28. A server that says which capabilities it misses means what that revision means.
fn refused(asked: &Request, answer: &Response) -> Bytes {
    let names_capabilities = answer.error().and_then(|e| e.get("data")?.get("requiredCapabilities")).is_some();
    error(asked, answer, |old| match i32::try_from(old) {
        Ok(RpcError::MISSING_CAPABILITY) if names_capabilities => None,
        _ => code(old),
    })
}

/// What a server of 2025-11-25 wants the human to open before it goes on: the elicitations of an error -32042
/// (`client/elicitation`, `URLElicitationRequiredError`). `None` for every other answer.
pub fn inputs_of_error(answer: &Response) -> Option<Vec<Input>> {
    let error = answer.error()?;
    if error.get("code")?.as_i64()? != URL_ELICITATION_REQUIRED {
        return None;
    }
    let wanted = error.get("data")?.get("elicitations")?.items().enumerate().map(|(n, wanted)| {
        let url = wanted.get("mode").and_then(Value::as_str).as_deref() == Some("url");
        (wanted.is_object() && url).then(|| Input {
            key: format!("elicitation-{}", n + 1).into(),
            method: Method::Elicit,
            params: parameters(wanted),
        })
    });
    wanted.collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

/// A notification that came while `asked` was open, as the client gets it; `None` where its stream does not carry it.
///
/// Progress goes under the client's own token, and to nobody who gave none (`basic/utilities/progress`). Log lines go to
/// a request that asked for them, from its level on (`server/utilities/logging`). The caller has seen to it that
/// progress is that of this request.
pub fn notification(asked: &Request, told: &Notification) -> Option<Bytes> {
    let mut draft = Draft::of(&told.doc);
    match told.notice {
        Notice::Progress => {
            let token = token(asked)?.raw();
            draft.edits().replace(told.params()?.get("progressToken")?, token);
        }
        Notice::Message => {
            let wanted = severity(asked.meta(meta::LOG_LEVEL))?;
            if severity(told.params()?.get("level"))? < wanted {
                return None;
            }
        }
        _ => return None,
    }
    Some(draft.body("params", Members::new(), |_| false, &Members::new()).done())
}

/// The answer to `server/discover` (`server/discover`), made of what the server said when the session was opened.
pub fn discovered(asked: &Request, initialized: &Response) -> Bytes {
    let Some(result) = initialized.result() else { return error(asked, initialized, code) };
    let mut set = complete(Method::Discover);
    set.push(("supportedVersions", format!("[{}]", quote(Revision::LATEST.as_str()))));
    set.push(("capabilities", server_capabilities(Some(result), Revision::LATEST)));
    let server = result.get("serverInfo").and_then(implementation);
    let goes = |key: &str| half_done(key) || matches!(key, "protocolVersion" | "serverInfo");
    Draft::of(&initialized.doc).id(&asked.id).body("result", set, goes, &about(server.as_deref())).done()
}

/// A request that the server made, as a value of `inputRequests` (`basic/patterns/mrtr`).
pub fn input(request: &Request, key: &str) -> Input {
    let params = request.params().map_or_else(|| "{}".into(), parameters);
    Input { key: key.into(), method: request.method, params }
}

/// The answer that asks the client of `asked` for `inputs` (`basic/patterns/mrtr`, `InputRequiredResult`). Of several
/// with one key the first is asked.
pub fn input_required(asked: &Id, inputs: &[Input], state: &str) -> Bytes {
    let mut requests: Vec<(&str, String)> = Vec::new();
    for input in inputs {
        if !requests.iter().any(|(key, _)| *key == &*input.key) {
            requests.push((&input.key, input.json()));
        }
    }
    let mut result: Members = vec![("resultType", quote("input_required"))];
    if !requests.is_empty() {
        result.push(("inputRequests", object(&requests)));
    }
    result.push(("requestState", quote(state)));
    reply(asked, &object(&result))
}

/// One value of `inputResponses`, as the JSON-RPC response to the server's request `id`. What is no result becomes an
/// error, so that the server does not wait for ever.
pub fn answer(id: &Id, response: Value<'_>) -> Bytes {
    let bytes = reply(id, &fit_answer(response));
    if response.is_object() && is_message(&bytes, Side::Client) {
        return bytes;
    }
    RpcError::new(RpcError::INTERNAL, 200, "the client gave no usable answer").to_message(Some(id))
}

/// What a `subscriptions/listen` wants to be told (`basic/utilities/subscriptions`).
pub fn subscribed(asked: &Request) -> Filter {
    Filter::read(asked.params().and_then(|p| p.get("notifications")))
}

/// The first message of a stream that `asked` opened: what of its filter is honoured.
pub fn acknowledged(asked: &Request, honoured: &Filter) -> Bytes {
    let notice = Notice::Acknowledged.as_str();
    let (filter, own) = (honoured.json(), object(&subscription(asked)));
    format!(r#"{{"jsonrpc":"2.0","method":"{notice}","params":{{"notifications":{filter},"_meta":{own}}}}}"#).into()
}

/// A change that the session heard of, as the stream of `asked` tells it; `None` where `filter` does not want it.
pub fn change(asked: &Request, filter: &Filter, told: &Notification) -> Option<Bytes> {
    let uri = told.params().and_then(|p| p.get("uri")).and_then(Value::as_str);
    filter
        .wants(told.notice, uri.as_deref())
        .then(|| Draft::of(&told.doc).body("params", Members::new(), |_| false, &subscription(asked)).done())
}

/// The answer that ends the stream of `asked` in good order.
pub fn listened(asked: &Request) -> Bytes {
    let result = [("resultType", quote("complete")), ("_meta", object(&subscription(asked)))];
    reply(&asked.id, &object(&result))
}

/// "Open this address first" (2025-11-25, `client/elicitation`). Not to be used from 2026-07-28 on.
const URL_ELICITATION_REQUIRED: i64 = -32042;
/// "No such resource" up to 2025-11-25 (`server/resources`). Not to be used from 2026-07-28 on.
const RESOURCE_NOT_FOUND: i64 = -32002;

/// What a code means in 2026-07-28, where it means something else there (`basic`, error codes): the range that the
/// specification keeps for itself must not hold what some server meant by it.
const fn code(code: i64) -> Option<i32> {
    match code {
        RESOURCE_NOT_FOUND => Some(RpcError::INVALID_PARAMS),
        -32099..=-32020 => Some(RpcError::INTERNAL),
        _ => None,
    }
}

/// The members that 2026-07-28 wants in a complete result of `method` (`basic`, `server/utilities/caching`).
fn complete(method: Method) -> Members {
    let mut set = vec![("resultType", quote("complete"))];
    if method.list_key().is_some() || matches!(method, Method::ResourcesRead | Method::Discover) {
        set.push(("ttlMs", "0".to_owned()));
        set.push(("cacheScope", quote("private")));
    }
    set
}

/// The members with which a result of 2026-07-28 asks for more. A server with sessions cannot mean them.
fn half_done(key: &str) -> bool {
    matches!(key, "inputRequests" | "requestState")
}

/// The `_meta` of a result that names its server.
fn about(server: Option<&str>) -> Members {
    server.map(|s| (SERVER_INFO, s.to_owned())).into_iter().collect()
}

/// The `_meta` that says whose stream a message is on: the id of the request that opened it, of the same JSON type.
fn subscription(asked: &Request) -> Members {
    vec![(meta::SUBSCRIPTION_ID, asked.id.json())]
}

/// How grave a level is (RFC 5424 §6.2.1), from `debug` up.
pub fn severity(level: Option<Value<'_>>) -> Option<usize> {
    const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
    let level = level?.as_str()?;
    LEVELS.iter().position(|l| *l == level)
}

fn reply(id: &Id, result: &str) -> Bytes {
    format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, id.json()).into()
}
