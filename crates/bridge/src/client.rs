use crate::{
    Input,
    splice::{object, one_line, parse},
};
use doorward_mcp::{
    Method, Request, Revision,
    json::{Kind, Value},
    meta,
};

/// What the gateway calls itself where a revision wants a name and nobody gave one.
pub(crate) const OURSELVES: &str = concat!(r#"{"name":"doorward","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#);

/// The extensions that cross a bridge: those that are made of nothing but tools, resources and `_meta`.
const EXTENSIONS: &[&str] = &["io.modelcontextprotocol/ui"];

/// What a client says of itself, however its era says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its capabilities: the text of a JSON object, in the shape of 2026-07-28, without what no bridge can serve.
    pub capabilities: Box<str>,
    /// Its name and version, the text of a JSON object. Self-asserted.
    pub info: Option<Box<str>>,
}

impl Default for Client {
    /// One that says nothing.
    fn default() -> Self {
        Self { capabilities: "{}".into(), info: None }
    }
}

impl Client {
    /// Of any request of 2026-07-28 (`basic`: each one carries both in its `_meta`).
    pub fn of_modern(asked: &Request) -> Self {
        Self {
            capabilities: modern(asked.meta(meta::CLIENT_CAPABILITIES), Revision::LATEST),
            info: asked.meta(meta::CLIENT_INFO).and_then(implementation),
        }
    }
    /// Of an `initialize` (`basic/lifecycle`, all revisions with sessions).
    pub fn of_initialize(asked: &Request) -> Self {
        let params = asked.params();
        let version = params.and_then(|p| p.get("protocolVersion")).and_then(Value::as_str);
        // A newer date than any we know is negotiated down to the newest one.
        let revision = version.and_then(|v| v.parse().ok()).unwrap_or(Revision::LATEST_LEGACY);
        Self {
            capabilities: modern(params.and_then(|p| p.get("capabilities")), revision),
            info: params.and_then(|p| p.get("clientInfo")).and_then(implementation),
        }
    }
    /// The capabilities as a client of `revision` declares them to a server with sessions (`basic/lifecycle`).
    pub(crate) fn legacy_capabilities(&self, revision: Revision) -> String {
        let Some(doc) = parse(&self.capabilities) else { return "{}".to_owned() };
        declared(doc.root(), revision)
    }
    /// Whether it declared that it can answer `input` (2026-07-28, `basic/patterns/mrtr`: a client must not be asked what
    /// its request did not declare). An elicitation without a mode is a form, and so is one declared without modes.
    pub fn answers(&self, input: &Input) -> bool {
        let Some((declared, asked)) = parse(&self.capabilities).zip(parse(&input.params)) else { return false };
        let (declared, asked) = (declared.root(), asked.root());
        match input.method {
            Method::RootsList => declared.get("roots").is_some(),
            Method::Sample => declared.get("sampling").is_some_and(|sampling| {
                let tools = asked.get("tools").is_some() || asked.get("toolChoice").is_some();
                !tools || sampling.get("tools").is_some()
            }),
            Method::Elicit => declared.get("elicitation").is_some_and(|modes| {
                match asked.get("mode").and_then(Value::as_str).as_deref() {
                    None | Some("form") => modes.get("form").is_some() || modes.get("url").is_none(),
                    Some(mode) => modes.get(mode).is_some(),
                }
            }),
            _ => false,
        }
    }
}

/// The capabilities of a client of `revision`, in the shape of 2026-07-28.
fn modern(capabilities: Option<Value<'_>>, revision: Revision) -> Box<str> {
    capabilities.map_or_else(|| "{}".into(), |c| one_line(&declared(c, revision)))
}

/// The capabilities that both eras know, as `revision` knows them: what is declared must be answered.
fn declared(capabilities: Value<'_>, revision: Revision) -> String {
    let mut all = Vec::new();
    let has = |key: &str| capabilities.get(key).filter(|v| v.is_object());
    if has("roots").is_some() {
        // Without `listChanged`: no client of 2026 can tell, and no server of 2026 can be told.
        all.push(("roots", "{}".to_owned()));
    }
    if let Some(sampling) = has("sampling") {
        let known = revision >= Revision::V2025_11_25;
        all.push(("sampling", if known { sampling.raw().to_owned() } else { "{}".to_owned() }));
    }
    if let Some(elicitation) = has("elicitation") {
        // From 2025-11-25 on there are two modes, and an empty object means forms, as it did before.
        let form = elicitation.get("form").is_some() || elicitation.get("url").is_none();
        if revision >= Revision::V2025_11_25 {
            all.push(("elicitation", elicitation.raw().to_owned()));
        } else if revision >= Revision::V2025_06_18 && form {
            all.push(("elicitation", "{}".to_owned()));
        }
    }
    if let Some(experimental) = has("experimental") {
        all.push(("experimental", experimental.raw().to_owned()));
    }
    all.extend(extensions(capabilities, revision).map(|e| ("extensions", e)));
    object(&all)
}

/// The extensions among those of `capabilities` that work across eras. Older revisions have no such member.
fn extensions(capabilities: Value<'_>, revision: Revision) -> Option<String> {
    if revision < Revision::V2025_11_25 {
        return None;
    }
    let declared = capabilities.get("extensions")?;
    let served = EXTENSIONS.iter().filter_map(|name| Some((*name, declared.get(name)?)));
    let served: Vec<_> = served.filter(|(_, v)| v.is_object()).map(|(n, v)| (n, v.raw().to_owned())).collect();
    (!served.is_empty()).then(|| object(&served))
}

/// The capabilities of a server, as the other era declares them to a client of `revision`: what both know, as it came.
pub(crate) fn server_capabilities(result: Option<Value<'_>>, revision: Revision) -> String {
    const KNOWN: [&str; 6] = ["completions", "experimental", "logging", "prompts", "resources", "tools"];
    let Some(capabilities) = result.and_then(|r| r.get("capabilities")) else { return "{}".to_owned() };
    let known = KNOWN.iter().filter_map(|key| Some((*key, capabilities.get(key).filter(|v| v.is_object())?)));
    let mut all: Vec<_> = known.map(|(key, value)| (key, value.raw().to_owned())).collect();
    all.extend(extensions(capabilities, revision).map(|e| ("extensions", e)));
    object(&all)
}

/// The text of an `Implementation` that every revision accepts: it has a name and a version.
pub(crate) fn implementation(value: Value<'_>) -> Option<Box<str>> {
    let string = |key| value.get(key).is_some_and(|v| v.kind() == Kind::String);
    (string("name") && string("version")).then(|| one_line(value.raw()))
}
