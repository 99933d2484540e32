//! What crosses the bridge, by the names of the definitions, and what the laws need to look at it.

use crate::{
    make::Choices,
    schema::{schema, schemas},
};
use bytes::Bytes;
use doorward_mcp::{Message, Notification, Request, Response, Revision, Side, decode, json::Limits};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Requests of a client that both eras have, each with its result.
pub(crate) const CALLS: [(&str, &str); 8] = [
    ("ListToolsRequest", "ListToolsResult"),
    ("CallToolRequest", "CallToolResult"),
    ("ListResourcesRequest", "ListResourcesResult"),
    ("ListResourceTemplatesRequest", "ListResourceTemplatesResult"),
    ("ReadResourceRequest", "ReadResourceResult"),
    ("ListPromptsRequest", "ListPromptsResult"),
    ("GetPromptRequest", "GetPromptResult"),
    ("CompleteRequest", "CompleteResult"),
];
/// Requests of a server, each with the result of the client.
pub(crate) const INPUTS: [(&str, &str); 3] = [
    ("CreateMessageRequest", "CreateMessageResult"),
    ("ElicitRequest", "ElicitResult"),
    ("ListRootsRequest", "ListRootsResult"),
];
/// Notifications about one open request.
pub(crate) const TOLD: [&str; 2] = ["ProgressNotification", "LoggingMessageNotification"];
/// Notifications of changes.
pub(crate) const CHANGES: [&str; 4] = [
    "ToolListChangedNotification",
    "PromptListChangedNotification",
    "ResourceListChangedNotification",
    "ResourceUpdatedNotification",
];
/// The beginning, as each era has it, and what became of it in the other.
const OPENING: [&str; 4] = ["InitializeRequest", "InitializeResult", "DiscoverRequest", "DiscoverResult"];
/// The stream of changes, which is made here for clients of the modern era and asked for in the name of the others.
const STREAM: [&str; 3] =
    ["SubscriptionsListenRequest", "SubscriptionsListenResult", "SubscriptionsAcknowledgedNotification"];
/// Errors with their envelope.
pub(crate) const ERRORS: [&str; 6] = [
    "JSONRPCError",
    "JSONRPCErrorResponse",
    "URLElicitationRequiredError",
    "HeaderMismatchError",
    "MissingRequiredClientCapabilityError",
    "UnsupportedProtocolVersionError",
];
/// Errors of 2026-07-28 that are defined without it.
pub(crate) const BARE_ERRORS: [&str; 5] =
    ["ParseError", "InvalidRequestError", "MethodNotFoundError", "InvalidParamsError", "InternalError"];
/// The unfinished result.
const UNFINISHED: &str = "InputRequiredResult";

/// What has no counterpart, and who deals with it.
const STAYS: [(&str, &str); 18] = [
    ("PingRequest", "answered where it arrives"),
    ("SetLevelRequest", "remembered; the level goes with each request"),
    ("SubscribeRequest", "remembered; becomes part of the filter of a stream"),
    ("UnsubscribeRequest", "the same"),
    ("Result", "the empty answer to one of those"),
    ("InitializedNotification", "ends the opening of a session, which the modern era has not"),
    ("CancelledNotification", "names an id, and ids are the caller's"),
    ("RootsListChangedNotification", "no server of the modern era can be told"),
    ("GetTaskRequest", "tasks of 2025-11-25 are declared to nobody"),
    ("GetTaskResult", "tasks"),
    ("GetTaskPayloadRequest", "tasks"),
    ("GetTaskPayloadResult", "tasks"),
    ("CancelTaskRequest", "tasks"),
    ("CancelTaskResult", "tasks"),
    ("ListTasksRequest", "tasks"),
    ("ListTasksResult", "tasks"),
    ("TaskStatusNotification", "tasks"),
    ("ElicitationCompleteNotification", "the modern era has no ids of elicitations; its clients ask again"),
];

#[test]
fn no_message_of_any_revision_is_forgotten() {
    let Some(schemas) = schemas() else { return };
    let pairs = CALLS.iter().chain(&INPUTS).flat_map(|(request, result)| [*request, *result]);
    let single = TOLD.iter().chain(&CHANGES).chain(&OPENING).chain(&STREAM).chain(&ERRORS).chain(&BARE_ERRORS);
    let crosses: BTreeSet<&str> = pairs.chain(single.copied()).chain([UNFINISHED]).collect();
    let stays: BTreeSet<&str> = STAYS.iter().map(|(name, _)| *name).collect();
    assert!(crosses.is_disjoint(&stays));
    let mut known: BTreeSet<&str> = crosses.union(&stays).copied().collect();
    for schema in schemas {
        let messages = schema.messages();
        let forgotten: Vec<_> =
            messages.iter().filter(|m| !crosses.contains(&***m) && !stays.contains(&***m)).collect();
        assert!(forgotten.is_empty(), "{}: {forgotten:?}", schema.revision);
        assert!(messages.len() > 30, "{}: {}", schema.revision, messages.len());
        known.retain(|name| !messages.contains(*name));
    }
    assert!(known.is_empty(), "in no revision: {known:?}");
}

/// An instance of the message `name` of `revision`, with its envelope, which early schemas leave out.
pub(crate) fn message(choices: &mut Choices, revision: Revision, name: &str) -> Value {
    let mut value = choices.instance(schema(revision), name);
    let object = value.as_object_mut().unwrap();
    object.insert("jsonrpc".to_owned(), json!("2.0"));
    if name.ends_with("Request") && !object.contains_key("id") {
        object.insert("id".to_owned(), json!("early"));
    }
    value
}

/// An instance of the result `name` of `revision`, as the response to a request of ours.
pub(crate) fn answer(choices: &mut Choices, revision: Revision, name: &str) -> Value {
    let mut result = choices.instance(schema(revision), name);
    if let Some(kind) = result.get_mut("resultType") {
        *kind = json!(if name == UNFINISHED { "input_required" } else { "complete" });
    }
    json!({"jsonrpc": "2.0", "id": 7, "result": result})
}

pub(crate) fn decoded(value: &Value, from: Side) -> Message {
    decode(value.to_string().into(), &Limits::default(), from).unwrap_or_else(|e| panic!("{e}: {value}"))
}

pub(crate) fn request(value: &Value, from: Side) -> Request {
    let Message::Request(request) = decoded(value, from) else { panic!("{value} is no request") };
    request
}

pub(crate) fn response(value: &Value, from: Side) -> Response {
    let Message::Response(response) = decoded(value, from) else { panic!("{value} is no response") };
    response
}

pub(crate) fn notification(value: &Value) -> Notification {
    let Message::Notification(told) = decoded(value, Side::Server) else { panic!("{value} is no notification") };
    told
}

/// What came over the bridge: accepted by our own reading, and by another parser.
pub(crate) fn crossed(bytes: &Bytes, from: Side) -> Value {
    let read = decode(bytes.clone(), &Limits::default(), from);
    assert!(read.is_ok(), "{}: {read:?}", String::from_utf8_lossy(bytes));
    serde_json::from_slice(bytes).unwrap()
}

/// `value` is a `name` of `revision`.
#[track_caller]
pub(crate) fn assert_is(value: &Value, revision: Revision, name: &str) {
    let errors = schema(revision).errors(name, value);
    assert!(errors.is_empty(), "no {name} of {revision}: {errors:#?}\n{value:#}");
}

/// What has no place behind the bridge, with all that is inside.
const ENDS: [&str; 12] = [
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/serverInfo",
    "inputResponses",
    "inputRequests",
    "task",
    "execution",
    "structuredContent",
    "outputSchema",
    "capabilities",
    "serverInfo",
    "experimental",
];

/// What a schema does not know is on the other side as it was, where it is not inside of something that ends here.
#[track_caller]
pub(crate) fn assert_unknown_survives(before: &Value, after: &Value) {
    match before {
        Value::Object(members) => {
            for (key, value) in members.iter().filter(|(key, _)| !ENDS.contains(&key.as_str())) {
                match after.get(key) {
                    Some(there) if key.contains("unknown") || key.contains("unbekannt") => assert_eq!(value, there),
                    Some(there) => assert_unknown_survives(value, there),
                    None => {
                        assert!(!has_unknown(value) && !key.contains("unknown"), "{key} is lost: {before}\n{after}")
                    }
                }
            }
        }
        Value::Array(items) => {
            let there = after.as_array().map_or(&[][..], Vec::as_slice);
            // A list of tools may have become shorter.
            if there.len() == items.len() {
                items.iter().zip(there).for_each(|(a, b)| assert_unknown_survives(a, b));
            }
        }
        _ => {}
    }
}

fn has_unknown(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            let mut members = members.iter().filter(|(key, _)| !ENDS.contains(&key.as_str()));
            members.any(|(key, value)| key.contains("unknown") || has_unknown(value))
        }
        Value::Array(items) => items.iter().any(has_unknown),
        _ => false,
    }
}
