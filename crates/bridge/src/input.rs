use crate::splice::{is_message, one_line, request};
use doorward_mcp::{
    Id, Method, Side,
    json::{Edits, Value},
};

/// One request of a server to a client (`elicitation/create`, `sampling/createMessage`, `roots/list`), as both eras
/// carry it: a JSON-RPC request where there are sessions, a value of `inputRequests` in 2026-07-28.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name among the inputs of one answer.
    pub key: Box<str>,
    /// What is asked.
    pub method: Method,
    /// The text of a JSON object, `{}` where there is none.
    pub params: Box<str>,
}

impl Input {
    /// A value of `inputRequests`; `None` where it is none of the three requests, or has parameters that would be
    /// refused in a request of its own.
    pub(crate) fn read(key: &str, value: Value<'_>) -> Option<Self> {
        let method = Method::parse(&value.get("method")?.as_str()?).filter(|m| is_input(*m))?;
        let params = match value.get("params") {
            Some(params) if params.is_object() => parameters(params),
            Some(_) => return None,
            None => "{}".into(),
        };
        is_message(&request(&Id::Int(0), method.as_str(), &params), Side::Server).then(|| Self {
            key: key.into(),
            method,
            params,
        })
    }
    /// Its text as a value of `inputRequests`.
    pub(crate) fn json(&self) -> String {
        format!(r#"{{"method":"{}","params":{}}}"#, self.method.as_str(), self.params)
    }
}

/// Whether a method is one of the three that 2026-07-28 kept as inputs.
pub(crate) const fn is_input(method: Method) -> bool {
    matches!(method, Method::Elicit | Method::Sample | Method::RootsList)
}

/// The parameters of a server's request without what ends at the bridge: a task that would hold the answer, a progress
/// token that nobody on the other side can use, the id of an elicitation by URL, which 2026-07-28 does not have.
pub(crate) fn parameters(params: Value<'_>) -> Box<str> {
    let mut edits = Edits::new();
    if let Some(meta) = params.get("_meta").filter(|m| m.is_object()) {
        edits.reshape(meta, &[], |key| key == "progressToken");
    }
    edits.reshape(params, &[], |key| matches!(key, "task" | "elicitationId"));
    one_line(&edits.within(params))
}
