//! What the gateway does for a provider: it signs, sends, and goes on with the answer.

use doorward_credential::{
    Agent, Alg, Answer, Body, Call, Failure, Human, Issued, Order, Provider, Request, Signer, Step,
};
use doorward_oauth::{Ring, Signing, Turnover, keys};
use doorward_testkit::peers::http::Http;
use doorward_vocab::{Secret, Timestamp};
use serde_json::Value;

pub(crate) const ISSUER: &str = "https://gw.example.com";

/// An issuer with keys, at a moment.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) ring: Ring,
    pub(crate) now: Timestamp,
}

pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap())
}

impl Own {
    pub(crate) fn new() -> Self {
        let ring = Ring::default().with(&keys::draw().unwrap(), Turnover::default(), now()).unwrap();
        Self { ring, now: now() }
    }

    pub(crate) fn jwks(&self) -> Value {
        serde_json::from_str(&self.ring.jwks()).unwrap()
    }

    /// Agent `etl` calls server `files` for Alice.
    pub(crate) fn order<'a>(&'a self, tool: Option<&'a str>) -> Order<'a> {
        let call = Call {
            server: "files",
            resource: "https://files.example/mcp",
            tool,
            scopes: &[],
            agent: Agent { id: "etl", issuer: Some("https://idp.example") },
            human: Some(Human { id: "alice", issuer: "https://idp.example", email: Some("alice@example.com") }),
            delegation: Some("d-81"),
            before: &[],
            conversation: None,
        };
        Order { call, subject: None, grant: None, signer: self, now: self.now, fresh: "jti-1" }
    }
}

impl Signer for Own {
    fn issuer(&self) -> &str {
        ISSUER
    }
    fn sign(&self, alg: Alg, typ: &str, claims: &Value) -> Result<Secret<String>, Failure> {
        let by = match alg {
            Alg::Es256 => Signing::Es256,
            Alg::Rs256 => Signing::Rs256,
        };
        Ok(Secret::new(self.ring.sign(by, typ, claims, self.now).unwrap()))
    }
}

/// Does what the provider wants done.
pub(crate) async fn run(provider: &dyn Provider, order: &Order<'_>) -> Result<Issued, Failure> {
    let mut step = provider.begin(order)?;
    loop {
        match step {
            Step::Have(issued) => return Ok(issued),
            Step::Svid(..) => panic!("nobody asks a Workload API here"),
            Step::Ask(request, then) => {
                let reply = Http::default().send(plain(&request)).await.unwrap();
                let status = http::StatusCode::from_u16(reply.status).unwrap();
                step = then(&Answer { status, body: reply.body.as_bytes() })?;
            }
        }
    }
}

fn plain(request: &Request) -> http::Request<String> {
    let text = |secret: &Secret<String>| secret.reveal(String::clone);
    let (method, kind, body) = match &request.body {
        Body::Nothing => ("GET", None, String::new()),
        Body::Form(form) => ("POST", Some("application/x-www-form-urlencoded"), text(form)),
        Body::Json(json) => ("POST", Some("application/json"), text(json)),
    };
    let mut built = http::Request::builder().method(method).uri(request.url.as_str());
    if let Some(kind) = kind {
        built = built.header("content-type", kind);
    }
    for (name, value) in &request.headers {
        built = built.header(name, text(value));
    }
    built.body(body).unwrap()
}
