//! A provider and what it would hear, for tests: a signer without a key, a call, and a talk of requests and answers.

use crate::{Agent, Alg, Answer, Body, Call, Failure, Human, Issued, Order, Provider, Request, Signer, Step, Then};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeySize,
    signature::RsaKeyPair,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use doorward_vocab::{Secret, Timestamp};
use http::StatusCode;
use serde_json::{Value, json};
use url::form_urlencoded;

/// The moment of all tests: 2026-11-21T20:00:00Z.
pub(crate) fn now() -> Timestamp {
    crate::time::read("2026-11-21T20:00:00Z").unwrap()
}

/// An RSA key as an operator would write it down.
pub(crate) fn key() -> Secret<String> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let text = STANDARD.encode(der.as_ref());
    Secret::new(format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"))
}

/// Signs nothing: what stands in the place of a signature is a word.
#[derive(Debug, Default)]
pub(crate) struct Scene {
    scopes: Vec<Box<str>>,
}

impl Signer for Scene {
    fn issuer(&self) -> &str {
        "https://gw.example"
    }
    fn sign(&self, alg: Alg, typ: &str, claims: &Value) -> Result<Secret<String>, Failure> {
        let alg = match alg {
            Alg::Es256 => "ES256",
            Alg::Rs256 => "RS256",
        };
        let header = json!({ "alg": alg, "typ": typ });
        let [header, claims] = [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        Ok(Secret::new(format!("{header}.{claims}.unsigned")))
    }
}

impl Scene {
    pub(crate) fn scoped(scopes: &[&str]) -> Self {
        Self { scopes: scopes.iter().map(|s| (*s).into()).collect() }
    }

    /// Agent `etl` calls server `crm` for Alice, under the delegation `d-81`.
    pub(crate) fn order<'a>(&'a self, tool: Option<&'a str>) -> Order<'a> {
        let call = Call {
            server: "crm",
            resource: "https://crm.example/mcp",
            tool,
            scopes: &self.scopes,
            agent: Agent { id: "etl", issuer: Some("https://idp.example") },
            human: Some(Human { id: "alice", issuer: "https://idp.example", email: Some("alice@example.com") }),
            delegation: Some("d-81"),
            before: &[],
            conversation: None,
        };
        Order { call, subject: None, grant: None, signer: self, now: now(), fresh: "jti-1" }
    }

    pub(crate) fn talk<'a>(&self, provider: &'a dyn Provider, order: &'a Order<'a>) -> Talk<'a> {
        Talk(Some(provider.begin(order).unwrap()))
    }
}

/// What a provider does next.
#[derive(Debug)]
pub(crate) struct Talk<'a>(Option<Step<'a>>);

/// What it asked.
pub(crate) struct Asked {
    pub(crate) url: String,
    pub(crate) body: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl<'a> Talk<'a> {
    pub(crate) fn asked(&self) -> Asked {
        let Some(Step::Ask(request, _)) = &self.0 else { panic!("it does not ask: {:?}", self.0) };
        let Request { url, body, headers, .. } = &**request;
        let text = |secret: &Secret<String>| secret.reveal(String::clone);
        let body = match body {
            Body::Nothing => String::new(),
            Body::Form(body) | Body::Json(body) => text(body),
        };
        let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Asked { url: url.to_string(), body, headers }
    }

    /// The provider hears an answer.
    pub(crate) fn hear(&mut self, status: u16, body: &str) -> Result<Self, Failure> {
        let Some(Step::Ask(_, then)) = self.0.take() else { panic!("it does not ask") };
        let then: Then<'a> = then;
        let answer = Answer { status: StatusCode::from_u16(status).unwrap(), body: body.as_bytes() };
        then(&answer).map(|step| Talk(Some(step)))
    }

    pub(crate) fn issued(self) -> Issued {
        let Some(Step::Have(issued)) = self.0 else { panic!("it is not there: {:?}", self.0) };
        issued
    }

    /// The token that was given.
    pub(crate) fn token(self) -> (String, Option<Timestamp>) {
        let issued = self.issued();
        let crate::Material::Token(token) = &issued.material else { panic!("{issued:?}") };
        (token.reveal(String::clone), issued.expires)
    }
}

impl Asked {
    /// A field of a form.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.body.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// The header and the claims of a token in a field of a form, as one object.
    pub(crate) fn claims(&self, name: &str) -> Value {
        claims(&self.form(name).unwrap())
    }
}

/// The header and the claims of a token, as one object.
pub(crate) fn claims(token: &str) -> Value {
    let part = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let mut parts = token.split('.').map(str::to_owned);
    let (mut header, claims) = (part(&parts.next().unwrap()), part(&parts.next().unwrap()));
    header.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    header
}
