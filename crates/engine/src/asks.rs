//! What a server asks of the client inside of another message: the inputs that a result requires (2026-07-28,
//! basic/patterns/mrtr; the tasks extension) and the visits that an error requires (2025-11-25, client/elicitation). They are
//! requests of the server in all but the envelope, and are judged like those.

use doorward_mcp::{
    Message, Method,
    json::{Kind, Value},
};
use doorward_policy::Action;

/// One thing that a server asks of the client.
pub(crate) struct Ask<'a> {
    /// The whole of it, for what is found in it.
    pub(crate) asked: Value<'a>,
    /// The right that it needs; `None` where it is nothing that any revision knows.
    pub(crate) action: Option<Action>,
    /// Its parameters.
    pub(crate) params: Option<Value<'a>>,
}

impl Ask<'_> {
    /// Whether somebody has to answer it: the model, the person or the client for them.
    pub(crate) fn is_question(&self) -> bool {
        matches!(self.action, Some(Action::Sample | Action::Elicit | Action::Roots))
    }
}

/// Everything that `message` asks of the client.
pub(crate) fn asks(message: &Message) -> Vec<Ask<'_>> {
    match message {
        Message::Request(request) => {
            let asked = message.doc().root();
            vec![Ask { asked, action: action(request.method), params: request.params() }]
        }
        // `notifications/tasks` says what a task waits for.
        Message::Notification(notification) => notification.params().map(inputs).unwrap_or_default(),
        Message::Response(response) => match (response.result(), response.error()) {
            (Some(result), _) => inputs(result),
            (None, Some(error)) => visits(error),
            (None, None) => Vec::new(),
        },
    }
}

/// The right that a request of a server needs. Every method has its arm: one that has none does not compile.
const fn action(method: Method) -> Option<Action> {
    match method {
        Method::Sample => Some(Action::Sample),
        Method::Elicit => Some(Action::Elicit),
        Method::RootsList => Some(Action::Roots),
        Method::Ping | Method::TasksGet | Method::TasksResult | Method::TasksList | Method::TasksCancel => {
            Some(Action::Session)
        }
        // Requests of clients; `decode` refuses them from a server.
        Method::Initialize
        | Method::Discover
        | Method::ToolsList
        | Method::ToolsCall
        | Method::ResourcesList
        | Method::TemplatesList
        | Method::ResourcesRead
        | Method::DirectoryRead
        | Method::ResourcesSubscribe
        | Method::ResourcesUnsubscribe
        | Method::PromptsList
        | Method::PromptsGet
        | Method::Complete
        | Method::SetLevel
        | Method::Listen
        | Method::TasksUpdate => None,
    }
}

fn inputs(holder: Value<'_>) -> Vec<Ask<'_>> {
    let Some(inputs) = holder.get("inputRequests").filter(|i| i.kind() != Kind::Null) else { return Vec::new() };
    if !inputs.is_object() {
        return vec![Ask { asked: inputs, action: None, params: None }];
    }
    inputs.members().map(|(_, asked)| input(asked)).collect()
}

fn input(asked: Value<'_>) -> Ask<'_> {
    let method = asked.get("method").and_then(Value::as_str).and_then(|method| Method::parse(&method));
    // The rest of what a server may ask in a session is about the session.
    let method = method.filter(|m| matches!(m, Method::Sample | Method::Elicit | Method::RootsList));
    Ask { asked, action: method.and_then(action), params: asked.get("params") }
}

fn visits(error: Value<'_>) -> Vec<Ask<'_>> {
    let visits = error.get("data").and_then(|data| data.get("elicitations"));
    let ask = |visit| Ask { asked: visit, action: Some(Action::Elicit), params: Some(visit) };
    visits.into_iter().flat_map(Value::items).map(ask).collect()
}

/// Whether an elicitation leads a person somewhere that is no page of the web. What other schemes open is a program
/// (security best practices, validation of URLs).
pub(crate) fn leads_astray(params: Value<'_>) -> bool {
    let is_page = |url: &str| {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        scheme.is_some_and(|s| s.eq_ignore_ascii_case("https") || s.eq_ignore_ascii_case("http"))
    };
    params.get("url").is_some_and(|url| !url.as_str().is_some_and(|url| is_page(&url)))
}
