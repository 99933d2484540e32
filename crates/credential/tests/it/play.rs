//! A provider that answers from a list, and an order.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_credential::{
    Agent, Alg, Answer, Body, Call, Failure, Granted, Human, Issued, Order, Provider, Signer, Step, Subject,
};
use doorward_vocab::{Secret, Timestamp};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const SERVER: &str = "https://mcp.example/mcp";

/// A request as it was asked.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) url: String,
    pub(crate) form: BTreeMap<String, String>,
    pub(crate) authorization: Option<String>,
}

/// A gateway that signs by writing down what it would sign.
#[derive(Debug)]
pub(crate) struct Writes;

impl Signer for Writes {
    fn issuer(&self) -> &str {
        "https://gw.example"
    }
    fn sign(&self, _: Alg, typ: &str, claims: &Value) -> Result<Secret<String>, Failure> {
        Ok(Secret::new(jwt(typ, claims)))
    }
}

/// A token that says this; nobody signed it.
pub(crate) fn jwt(typ: &str, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(&json!({ "alg": "ES256", "typ": typ })), part(claims), URL_SAFE_NO_PAD.encode("signature"))
}

pub(crate) fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

pub(crate) fn text(secret: &Secret<String>) -> String {
    secret.reveal(String::clone)
}

/// What an order brings beside the call.
#[derive(Default)]
pub(crate) struct With<'a> {
    pub(crate) subject: Option<&'a Secret<String>>,
    pub(crate) grant: Option<Granted<'a>>,
    pub(crate) nobody: bool,
}

/// Plays `provider` against `answers`; what was asked, and what came of it.
pub(crate) fn play(
    provider: &dyn Provider,
    with: With<'_>,
    answers: &[(u16, Value)],
) -> (Vec<Asked>, Result<Issued, Failure>) {
    let scopes: [Box<str>; 2] = ["read".into(), "write".into()];
    let before = [Agent { id: "planner", issuer: Some("https://gw.example") }];
    let human = Human { id: "u1", issuer: "https://idp.example", email: Some("alice@corp.example") };
    let call = Call {
        server: "files",
        resource: SERVER,
        tool: Some("read"),
        scopes: &scopes,
        agent: Agent { id: "agent-7", issuer: Some("https://gw.example") },
        before: &before,
        human: (!with.nobody).then_some(human),
        delegation: Some("d1"),
        conversation: None,
    };
    let subject = with.subject.map(|token| Subject { token, kind: provider.subject_type() });
    let now = Timestamp::from_micros(NOW * 1_000_000);
    let order = Order { call, subject, grant: with.grant, signer: &Writes, now, fresh: "n1" };
    let mut asked = Vec::new();
    let mut step = match provider.begin(&order) {
        Ok(step) => step,
        Err(failure) => return (asked, Err(failure)),
    };
    let mut answers = answers.iter();
    loop {
        match step {
            Step::Have(issued) => {
                assert!(answers.next().is_none(), "an answer is left");
                return (asked, Ok(issued));
            }
            Step::Svid(..) => panic!("nobody asks a Workload API here"),
            Step::Ask(request, then) => {
                let form = match &request.body {
                    Body::Form(form) => {
                        form.reveal(|f| url::form_urlencoded::parse(f.as_bytes()).into_owned().collect())
                    }
                    _ => BTreeMap::new(),
                };
                let header = request.headers.iter().find(|(name, _)| name == http::header::AUTHORIZATION);
                asked.push(Asked { url: request.url.to_string(), form, authorization: header.map(|(_, v)| text(v)) });
                let (status, body) = answers.next().unwrap_or_else(|| panic!("no answer for {:?}", asked.last()));
                let body = body.to_string();
                let answer = Answer { status: StatusCode::from_u16(*status).unwrap(), body: body.as_bytes() };
                match then(&answer) {
                    Ok(next) => step = next,
                    Err(failure) => return (asked, Err(failure)),
                }
            }
        }
    }
}
