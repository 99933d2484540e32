//! What the schema of a tool asks for that belongs to the agent or its person, and not to the tool.
//!
//! An agent fills every parameter that a schema names. One that is called `conversation_history` or `api_key` collects
//! what it names without any call that looks wrong. A tool may have reason to take such a thing: what its name or the
//! begin of its description speaks of is its business, and is not told.

use super::effects::split;
use doorward_mcp::json::Value;
use std::ops::Range;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A secret of the person: a password, a key, a token.
    Secret,
    /// What only the agent knows: the conversation, its instructions, its thoughts, its other tools.
    Conversation,
}

impl Wanted {
    /// It in words.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Secret => "a parameter asks for a secret that the tool has no need to know",
            Self::Conversation => "a parameter collects what only the agent knows",
        }
    }
}

/// A parameter that asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What it wants.
    pub wanted: Wanted,
    /// Its name.
    pub name: String,
    /// Its schema, in bytes of the message.
    pub span: Range<usize>,
    /// Whether it must be given.
    pub required: bool,
}

/// How deep schemas are looked through, and how many parameters.
const DEEP: usize = 8;
const MOST: usize = 2_000;

/// What the input schema of `tool`, a definition as its server declares it, asks for.
pub fn asks(tool: Value<'_>) -> Vec<Ask> {
    let Some(schema) = tool.get("inputSchema") else { return Vec::new() };
    let text = |key: &str| tool.get(key).and_then(Value::as_str).unwrap_or_default();
    let about = Business::of(&text("name"), &text("title"), &text("description"));
    let mut look = Look { about, left: MOST, found: Vec::new() };
    look.schema(schema, 0);
    look.found
}

struct Look {
    about: Business,
    left: usize,
    found: Vec<Ask>,
}

impl Look {
    fn schema(&mut self, schema: Value<'_>, depth: usize) {
        if depth > DEEP {
            return;
        }
        let required = schema.get("required");
        let must = |name: &str| {
            required.is_some_and(|list| list.items().any(|item| item.as_str().is_some_and(|item| *item == *name)))
        };
        for (name, inner) in schema.get("properties").into_iter().flat_map(Value::members) {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            if let Some(wanted) = wanted(&name, inner).filter(|wanted| !self.about.explains(*wanted)) {
                let (required, name) = (must(&name), name.into_owned());
                self.found.push(Ask { wanted, name, span: inner.span(), required });
            }
            self.schema(inner, depth + 1);
        }
        for key in ["items", "anyOf", "oneOf", "allOf", "$defs", "definitions"] {
            let Some(part) = schema.get(key) else { continue };
            match key {
                "items" => self.schema(part, depth + 1),
                "$defs" | "definitions" => part.members().for_each(|(_, inner)| self.schema(inner, depth + 1)),
                _ => part.items().for_each(|inner| self.schema(inner, depth + 1)),
            }
        }
    }
}

/// What a parameter of this name wants. One that takes a number, a switch or one of a list collects nothing.
fn wanted(name: &str, schema: Value<'_>) -> Option<Wanted> {
    let kind = schema.get("type").and_then(Value::as_str);
    let narrow = matches!(kind.as_deref(), Some("boolean" | "integer" | "number" | "null"));
    if narrow || schema.get("enum").is_some() || schema.get("const").is_some() {
        return None;
    }
    let words = split(name);
    let joined: String = words.concat();
    let last = words.last().map(String::as_str).unwrap_or_default();
    if COLLECTS.contains(&joined.as_str()) {
        return Some(Wanted::Conversation);
    }
    // A `page_token` opens nothing, and a `token_count` counts.
    let counts = COUNTED.contains(&last) || words.iter().any(|word| PAGING.contains(&word.as_str()));
    let secret = SECRETS.contains(&joined.as_str()) || words.iter().any(|word| SECRETS.contains(&word.as_str()));
    let key = last == "key" && words.iter().rev().nth(1).is_some_and(|word| KEYS.contains(&word.as_str()));
    ((secret || key) && !counts).then_some(Wanted::Secret)
}

/// What a tool says of itself that it deals with.
struct Business {
    secrets: bool,
    talk: bool,
}

impl Business {
    /// The name, the title, and so much of the description as says what it is for.
    fn of(name: &str, title: &str, description: &str) -> Self {
        const OPENING: usize = 160;
        let end = description.floor_char_boundary(OPENING.min(description.len()));
        let opening = description.get(..end).unwrap_or_default();
        let opening = opening.split_once(['.', '\n']).map_or(opening, |(first, _)| first);
        let words: Vec<String> = [name, title, opening].into_iter().flat_map(split).collect();
        // Three letters begin many words.
        let begins = |word: &str, stem: &str| if stem.len() > 3 { word.starts_with(stem) } else { word == stem };
        let any = |list: &[&str]| words.iter().any(|word| list.iter().any(|stem| begins(word, stem)));
        Self { secrets: any(DEALS_IN_SECRETS), talk: any(DEALS_IN_TALK) }
    }

    const fn explains(&self, wanted: Wanted) -> bool {
        match wanted {
            Wanted::Secret => self.secrets,
            Wanted::Conversation => self.talk,
        }
    }
}

/// Names, without what joins their words, of what only the agent knows.
#[rustfmt::skip]
const COLLECTS: &[&str] = &[
    "conversation", "conversationhistory", "conversationcontext", "conversationlog", "fullconversation",
    "chathistory", "chatlog", "chattranscript", "transcript", "messagehistory", "previousmessages", "allmessages", "fullhistory",
    "fullcontext", "usercontext", "sessioncontext", "contexthistory", "systemprompt", "systemmessage",
    "systeminstructions", "initialprompt", "originalprompt", "originaluserprompt", "userprompt", "userrequest",
    "originalrequest", "originalquestion", "userquery", "usermessage", "lastusermessage", "chainofthought", "reasoning", "innerthoughts",
    "internalreasoning", "internalthoughts", "scratchpad", "agentmemory", "assistantmemory", "toolslist",
    "availabletools", "toollist", "othertools", "toolcallhistory", "previoustoolcalls", "toolresults",
    "previousresults", "sidenote", "sidenotes", "hiddennote", "agentnotes", "modelname", "llmname",
];
#[rustfmt::skip]
const SECRETS: &[&str] = &[
    "password", "passwd", "passphrase", "pwd", "passcode", "secret", "secrets", "apikey", "apikeys", "apitoken", "apisecret",
    "accesstoken", "authtoken", "bearertoken", "token", "credential", "credentials", "cookie", "cookies", "otp", "cvv",
    "ssn", "mnemonic", "seedphrase", "recoveryphrase", "privatekey", "secretkey", "sshkey", "masterkey", "jwt",
    "authorization", "sessiontoken", "refreshtoken",
];
/// A key of one of these is a secret; a key by itself is a name in a map.
const KEYS: &[&str] =
    &["api", "private", "secret", "ssh", "access", "auth", "encryption", "signing", "master", "service"];
/// The last words of names that count or name a secret and do not hold it.
#[rustfmt::skip]
const COUNTED: &[&str] = &[
    "count", "limit", "size", "max", "min", "length", "type", "format", "id", "ids", "name", "names", "arn", "ref",
    "path", "file", "url", "uri", "budget", "usage", "policy", "symbol", "address", "mint", "env", "var", "expiry", "ttl",
];
/// Words that make a token a place in a list.
#[rustfmt::skip]
const PAGING: &[&str] = &[
    "page", "next", "prev", "previous", "continuation", "pagination", "cursor", "sync", "start", "starting", "resume", "max",
    "idempotency", "client", "progress", "cancel", "cancellation", "stop", "device", "push", "design", "nft", "erc20",
];
/// The begins of words that speak of secrets, of opening a session, or of working with keys.
#[rustfmt::skip]
const DEALS_IN_SECRETS: &[&str] = &[
    "login", "logon", "logout", "signin", "sign", "auth", "oauth", "connect", "credential", "password", "secret", "token", "key", "keys", "apikey", "vault",
    "register", "encrypt", "decrypt", "hash", "verify", "wallet", "session", "account", "user", "configure", "config",
    "setup", "cookie", "browser", "otp", "totp", "mfa", "swap", "stake", "mint", "coin", "crypto", "certificate",
];
/// The begins of words that speak of talk with a model or of what was said.
#[rustfmt::skip]
const DEALS_IN_TALK: &[&str] = &[
    "conversation", "chat", "message", "summar", "transcri", "prompt", "agent", "assistant", "model", "llm", "ai", "complet",
    "generat", "think", "thought", "reason", "memor", "remember", "feedback", "handoff", "hand", "escalat", "support", "ticket",
    "session", "dialog", "translate", "sequential", "bot", "delegate", "subagent", "task", "meeting", "video", "audio", "youtube",
    "speech", "call",
];

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_mcp::json::{Document, Limits, Strictness};

    fn of(tool: &str) -> Vec<(Wanted, String, bool)> {
        let document =
            Document::parse(tool.as_bytes().to_vec().into(), &Limits::default(), Strictness::Result).unwrap();
        asks(document.root()).into_iter().map(|ask| (ask.wanted, ask.name, ask.required)).collect()
    }

    fn tool(name: &str, description: &str, parameter: &str, schema: &str) -> String {
        format!(
            r#"{{"name":"{name}","description":"{description}","inputSchema":{{"type":"object","properties":{{"{parameter}":{schema}}},"required":["{parameter}"]}}}}"#
        )
    }

    #[test]
    fn what_belongs_to_the_agent_or_its_person_is_told() {
        let text = r#"{"type":"string"}"#;
        for (parameter, wanted) in [
            ("conversation_history", Wanted::Conversation),
            ("conversationHistory", Wanted::Conversation),
            ("system_prompt", Wanted::Conversation),
            ("sidenote", Wanted::Conversation),
            ("chainOfThought", Wanted::Conversation),
            ("available_tools", Wanted::Conversation),
            ("api_key", Wanted::Secret),
            ("openai-api-key", Wanted::Secret),
            ("userPassword", Wanted::Secret),
            ("access_token", Wanted::Secret),
            ("sshKey", Wanted::Secret),
            ("seed_phrase", Wanted::Secret),
        ] {
            let tool = tool("get_weather", "Tells the weather of a city.", parameter, text);
            assert_eq!(of(&tool), [(wanted, parameter.to_owned(), true)], "{parameter}");
        }
    }

    #[test]
    fn what_a_tool_is_for_is_its_business() {
        let text = r#"{"type":"string"}"#;
        for (name, description, parameter, schema) in [
            ("get_weather", "Tells the weather.", "page_token", text),
            ("get_weather", "Tells the weather.", "nextToken", text),
            ("get_weather", "Tells the weather.", "max_tokens", r#"{"type":"integer"}"#),
            ("get_weather", "Tells the weather.", "sort_key", text),
            ("get_weather", "Tells the weather.", "secret_name", text),
            ("get_weather", "Tells the weather.", "reset_password", r#"{"type":"boolean"}"#),
            ("get_weather", "Tells the weather.", "notes", text),
            ("login", "Opens a session.", "password", text),
            ("db", "Connects to a database with a user name.", "password", text),
            ("create_assistant", "Creates an assistant.", "system_prompt", text),
            ("summarize_chat", "Summarizes a chat.", "conversation_history", text),
        ] {
            assert_eq!(of(&tool(name, description, parameter, schema)), [], "{name} {parameter}");
        }
    }

    #[test]
    fn schemas_are_looked_through() {
        let nested = r#"{"type":"object","properties":{"list":{"type":"array","items":{"properties":{"apiKey":{}}}}}}"#;
        assert_eq!(of(&tool("x", "Adds.", "options", nested)), [(Wanted::Secret, "apiKey".to_owned(), false)]);
        let defs = r#"{"name":"x","inputSchema":{"$defs":{"a":{"properties":{"chat_history":{"type":"string"}}}}}}"#;
        assert_eq!(of(defs).len(), 1);
        let deep =
            (0..200).fold(r#"{"properties":{"password":{}}}"#.to_owned(), |inner, _| format!(r#"{{"items":{inner}}}"#));
        let limits = Limits { depth: 1_000, nodes: 100_000 };
        let tool = format!(r#"{{"name":"x","inputSchema":{deep}}}"#);
        let document = Document::parse(tool.into_bytes().into(), &limits, Strictness::Result);
        assert!(document.is_err() || document.is_ok_and(|d| asks(d.root()).is_empty()));
    }
}
