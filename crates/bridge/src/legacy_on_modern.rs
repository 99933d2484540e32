//! The client has a session, its server speaks 2026-07-28.

use crate::{
    Client, Filter, Input,
    client::{OURSELVES, implementation, server_capabilities},
    content,
    input::is_input,
    splice::{Draft, Members, SERVER_INFO, error, is_message, object, one_line, request as ask_for, token, unsayable},
    tools,
};
use bytes::Bytes;
use doorward_mcp::{
    Id, Method, Notice, Notification, Request, Response, Revision, RpcError, Side,
    json::{Edits, Kind, Value, quote, same_but_case},
    meta,
};

/// A `server/discover` in the name of `client` (`server/discover`).
pub fn discover(id: &Id, client: &Client) -> Bytes {
    let params = [("_meta", object(&envelope(client)))];
    ask_for(id, Method::Discover.as_str(), &object(&params))
}

/// The answer to an `initialize` (`basic/lifecycle`), made of what the server said when it was discovered.
pub fn initialized(asked: &Request, discovered: &Response, revision: Revision) -> Bytes {
    let Some(result) = discovered.result() else { return error(asked, discovered, |c| code(c, asked)) };
    let server = result.get("_meta").and_then(|m| m.get(SERVER_INFO)).and_then(implementation);
    let set = vec![
        ("protocolVersion", quote(revision.as_str())),
        ("capabilities", server_capabilities(Some(result), revision)),
        ("serverInfo", server.as_deref().unwrap_or(OURSELVES).to_owned()),
    ];
    let goes = |key: &str| modern_only(key) || key == "supportedVersions";
    Draft::of(&discovered.doc).id(&asked.id).body("result", set, goes, &Members::new()).done()
}

/// What a client answered to the inputs that a server had asked for.
#[derive(Clone, Copy, Debug)]
pub struct Retry<'a> {
    /// The key of each input with the JSON text of the client's result.
    pub inputs: &'a [(Box<str>, Box<str>)],
    /// The state to hand back, byte for byte.
    pub state: Option<&'a str>,
}

/// A request as the server gets it: under another id, which is its progress token too where the client gave one, with
/// the `_meta` that 2026-07-28 wants in each request (`basic`), and, on a retry, with the answers to what the server had
/// asked (`basic/patterns/mrtr`).
pub fn request(asked: &Request, id: &Id, client: &Client, level: Option<&str>, retry: Option<&Retry<'_>>) -> Bytes {
    let mut own = envelope(client);
    own.extend(level.map(|l| (meta::LOG_LEVEL, quote(l))));
    own.extend(token(asked).map(|_| ("progressToken", id.json())));
    let mut set = Members::new();
    if let Some(retry) = retry {
        let mut inputs: Vec<(&str, String)> = Vec::new();
        for (key, json) in retry.inputs {
            if !inputs.iter().any(|(k, _)| same_but_case(k, key)) {
                inputs.push((key, json.as_ref().to_owned()));
            }
        }
        if !inputs.is_empty() {
            set.push(("inputResponses", object(&inputs)));
        }
        set.extend(retry.state.map(|s| ("requestState", quote(s))));
    }
    let goes = |key: &str| matches!(key, "task" | "inputResponses" | "requestState");
    Draft::of(&asked.doc).id(id).body("params", set, goes, &own).done()
}

/// The answer to `asked` as a client of `revision` gets it: without what is about this era's caching and inputs, with
/// the codes, the schemas and the kinds of content that the revision has.
///
/// A result that is not complete has no shape there; where [`required`] finds nothing in it, it becomes an error.
pub fn response(asked: &Request, answer: &Response, revision: Revision) -> Bytes {
    let Some(result) = answer.result() else { return error(asked, answer, |c| code(c, asked)) };
    if result_type(result).is_some_and(|t| t != "complete") {
        return unsayable(&asked.id, "the server's answer cannot be passed on to a client of this revision");
    }
    let mut draft = Draft::of(&answer.doc).id(&asked.id);
    let mut set = Members::new();
    let mut unstructured = false;
    match asked.method {
        Method::ToolsList => tools::fit(draft.edits(), result.get("tools")),
        Method::ToolsCall => {
            content::fit_all(draft.edits(), result.get("content"), revision);
            if let Some(value) = result.get("structuredContent").filter(|v| !v.is_object()) {
                unstructured = true;
                set.extend(content::instead_of(value, result.get("content")));
            }
        }
        Method::PromptsGet => {
            for message in result.get("messages").into_iter().flat_map(Value::items) {
                content::fit(draft.edits(), message.get("content"), revision);
            }
        }
        _ => {}
    }
    let goes = |key: &str| modern_only(key) || unstructured && key == "structuredContent";
    draft.body("result", set, goes, &Members::new()).done()
}

/// A notification that came while `asked` was open, as the client gets it; `None` where it may not be told. Progress
/// goes under the client's own token, and to nobody who gave none (`basic/utilities/progress`). The caller has seen to
/// it that progress is that of this request.
pub fn notification(asked: &Request, told: &Notification) -> Option<Bytes> {
    let mut draft = Draft::of(&told.doc);
    match told.notice {
        Notice::Progress => {
            let token = token(asked)?.raw();
            draft.edits().replace(told.params()?.get("progressToken")?, token);
        }
        Notice::Message => {}
        _ => return change(told),
    }
    Some(draft.body("params", Members::new(), |_| false, &Members::new()).done())
}

/// What a server wants to know before it goes on (2026-07-28, `basic/patterns/mrtr`, `InputRequiredResult`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// What to ask the client. None means: ask again with the state.
    pub inputs: Vec<Input>,
    /// What to hand back with the answers, byte for byte.
    pub state: Option<Box<str>>,
}

/// What an unfinished answer asks for; `None` where it is finished, or not as the specification says: then it has neither
/// inputs nor a state, an input that is none of the three kinds, or keys that differ in case only.
pub fn required(answer: &Response) -> Option<Required> {
    let result = answer.result().filter(|r| result_type(*r).is_some_and(|t| t == "input_required"))?;
    let state = match result.get("requestState") {
        Some(state) => Some(state.as_str()?.into()),
        None => None,
    };
    let mut inputs: Vec<Input> = Vec::new();
    if let Some(requests) = result.get("inputRequests") {
        if !requests.is_object() {
            return None;
        }
        for (key, value) in requests.members() {
            if inputs.iter().any(|i| same_but_case(&i.key, &key)) {
                return None;
            }
            inputs.push(Input::read(&key, value)?);
        }
    }
    (!inputs.is_empty() || state.is_some()).then_some(Required { inputs, state })
}

/// One input as a request of the server's own, under `id`; `None` where a client of `revision` cannot be asked that:
/// before 2025-06-18 there is no elicitation, before 2025-11-25 none by URL and none with several choices, and no
/// sampling with tools.
pub fn ask(id: &Id, input: &Input, revision: Revision) -> Option<Bytes> {
    if !is_input(input.method) {
        return None;
    }
    let doc = crate::splice::parse(&input.params)?;
    let params = doc.root();
    let mut edits = Edits::new();
    match input.method {
        Method::Elicit if revision < Revision::V2025_06_18 => return None,
        Method::Elicit => {
            if params.get("mode").and_then(Value::as_str).as_deref() == Some("url") {
                if revision < Revision::V2025_11_25 {
                    return None;
                }
                // Required there; as unique in the session as the id of the request.
                let own = match id {
                    Id::Str(own) => quote(own),
                    Id::Int(n) => quote(&n.to_string()),
                };
                edits.reshape(params, &[("elicitationId", own)], |_| false);
            } else if !content::form_fits(params, revision) {
                return None;
            }
        }
        Method::Sample => content::fit_sampling(&mut edits, params, revision)?,
        _ => {}
    }
    let bytes = ask_for(id, input.method.as_str(), &edits.within(params));
    is_message(&bytes, Side::Server).then_some(bytes)
}

/// The JSON text of the client's result, for `inputResponses`; `None` where it refused with an error.
pub fn answered(response: &Response) -> Option<Box<str>> {
    response.result().map(|r| one_line(r.raw()))
}

/// A `subscriptions/listen` in the name of `client` (`basic/utilities/subscriptions`).
pub fn listen(id: &Id, client: &Client, filter: &Filter) -> Bytes {
    let params = [("notifications", filter.json()), ("_meta", object(&envelope(client)))];
    ask_for(id, Method::Listen.as_str(), &object(&params))
}

/// A message of a listen stream as a session tells it; `None` where it is about the stream alone.
pub fn change(told: &Notification) -> Option<Bytes> {
    match told.notice {
        Notice::ToolsChanged | Notice::PromptsChanged | Notice::ResourcesChanged | Notice::ResourceUpdated => {
            Some(Draft::of(&told.doc).body("params", Members::new(), |_| false, &Members::new()).done())
        }
        _ => None,
    }
}

/// The `_meta` of every request of 2026-07-28 (`basic`).
fn envelope(client: &Client) -> Members {
    let mut own = vec![
        (meta::PROTOCOL_VERSION, quote(Revision::LATEST.as_str())),
        (meta::CLIENT_CAPABILITIES, client.capabilities.as_ref().to_owned()),
    ];
    own.extend(client.info.as_ref().map(|i| (meta::CLIENT_INFO, i.as_ref().to_owned())));
    own
}

/// The members of results that came with 2026-07-28.
fn modern_only(key: &str) -> bool {
    matches!(key, "resultType" | "ttlMs" | "cacheScope" | "inputRequests" | "requestState")
}

/// What kind of result it is; something that is no string is a kind that nobody knows.
fn result_type(result: Value<'_>) -> Option<std::borrow::Cow<'_, str>> {
    result.get("resultType").map(|t| if t.kind() == Kind::String { t.as_str().unwrap_or_default() } else { "".into() })
}

/// What a code of 2026-07-28 is with sessions (`basic`, error codes; `server/resources`). The range that the
/// specification keeps for itself says nothing there, or, as -32042, something else.
fn code(code: i64, asked: &Request) -> Option<i32> {
    match i32::try_from(code).ok()? {
        RpcError::INVALID_PARAMS if asked.method == Method::ResourcesRead && asked.target().is_some() => Some(-32002),
        RpcError::HEADER_MISMATCH | RpcError::MISSING_CAPABILITY => Some(RpcError::INVALID_REQUEST),
        RpcError::UNSUPPORTED_VERSION => Some(RpcError::INVALID_PARAMS),
        -32099..=-32020 => Some(RpcError::INTERNAL),
        _ => None,
    }
}
