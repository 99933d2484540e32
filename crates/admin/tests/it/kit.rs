//! What the tests share: a trail with one of everything in it, a console over it, and a browser.

use bytes::Bytes;
use doorward_admin::*;
use doorward_audit::{self as audit, *};
use doorward_store::{Index, Options, OsEntropy, State, SystemClock, Trail};
use doorward_vocab::*;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::{convert::Infallible, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

pub(crate) const KEY: [u8; 32] = [7; 32];

/// `n` seconds after a while ago.
pub(crate) fn at(n: u64) -> Timestamp {
    let now = SystemClock.now().micros();
    Timestamp::from_micros(now - 3_000_000_000 + n * 1_000_000)
}

/// One of everything, in which everybody writes `text`.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) read: CallId,
    pub(crate) sent: CallId,
    pub(crate) conversation: String,
}

fn id(n: u64) -> CallId {
    CallId::mint(at(n), &OsEntropy::default())
}

fn finding(text: &str) -> Finding {
    Finding {
        detector: text.to_owned().into(),
        kind: FindingKind::Injection,
        severity: Severity::High,
        confidence: 0.9,
        channel: Channel::Result,
        span: 0..1,
        note: text.to_owned().into(),
    }
}

pub(crate) fn write(trail: &Trail, text: &str) -> Story {
    // Names of conversations hold no control characters.
    let conversation: String = format!("c {text}").chars().filter(|c| !c.is_control()).take(80).collect();
    let c = audit::Conversation {
        id: ConversationId::new(&conversation).unwrap(),
        basis: Basis::Explicit,
        ambiguous: true,
    };
    let party = |id: &str| Party::new(format!("{id} {text}"), text.to_owned());
    let own = || Text::copy(text);
    let (turn, read, sent) = (TurnId::mint(at(0), &OsEntropy::default()), id(1), id(3));
    let untrusted = Label::new(Integrity::Untrusted, Confidentiality::Internal);
    let ruling = |call, target: &str, effect, decision| Ruling {
        call,
        conversation: c.clone(),
        turn: Some(turn),
        parent: None,
        human: Some(party("ann")),
        agent: party("a-1"),
        assurance: Assurance::LocalProcess,
        attestation: Some(Proof { age_s: Some(3), evidence: Digest::of(b"e"), method: own() }),
        delegations: vec![own()],
        server: Some("mail".parse().unwrap()),
        method: "tools/call".into(),
        target: Some(Text::copy(target)),
        direction: Direction::ToServer,
        definition: Some(Digest::of(b"definition")),
        effects: Effects::just(effect),
        policy: Digest::of(b"policy"),
        authorized_by: AuthorizedBy::Autonomous,
        level: Level::Guard,
        mode: Mode::Enforce,
        decision,
        enforced: true,
        reasons: [Reason {
            code: ReasonCode::FlowRefused,
            text: text.to_owned().into(),
            policy: Some(text.to_owned().into()),
        }]
        .into(),
        arguments: Some(Payload::of(b"{}")),
        labels: Labels { arguments: untrusted, conversation: untrusted },
        values: Vec::new(),
        findings: vec![finding(text)],
        revision: own(),
        session: None,
        trace: Some(own()),
        span: Some(own()),
        rationale: Some(own()),
    };
    let outcome = |call| OutcomeRecord {
        call,
        outcome: Outcome::Completed,
        result: Some(Payload::of(b"result")),
        label: Some(untrusted),
        decision: Decision::Oblige,
        reasons: vec![Reason { code: ReasonCode::SecretRemoved, text: text.to_owned().into(), policy: None }],
        findings: vec![finding(text)],
        credential: Some(Worn { name: own(), account: Some(own()) }),
        redactions: 1,
        duration_us: 1200,
        upstream_us: 1100,
    };
    let value = ValueSource { at: own(), call: Some(read), encoding: Some(own()), label: untrusted, source: own() };
    let first = ruling(read, &format!("read {text}"), Effect::Read, Decision::Allow);
    let last = Ruling {
        parent: Some(read),
        values: vec![value],
        ..ruling(sent, &format!("send {text}"), Effect::Send, Decision::Deny)
    };
    let said = Turn {
        turn,
        conversation: c.clone(),
        human: Some(party("ann")),
        agent: Some(party("a-1")),
        host: own(),
        attested: true,
        text: Payload::of(b"tidy up"),
        mandate: Some(own()),
    };
    let approval = Approval {
        change: ApprovalChange::Approved,
        id: own(),
        call: sent,
        conversation: c.clone(),
        agent: party("a-1"),
        human: Some(party("ann")),
        server: "mail".parse().unwrap(),
        target: own(),
        covers: Digest::of(b"covers"),
        shown: Digest::of(b"shown"),
        way: own(),
        by: Some(party("bob")),
        after_ms: Some(61_000),
        until: at(100),
    };
    let delegated = Delegated {
        change: DelegationChange::Granted,
        id: own(),
        by: Some(party("ann")),
        human: Some(party("ann")),
        groups: Vec::new(),
        agent: Some(party("a-1")),
        owner: Some(own()),
        parent: Some(own()),
        purpose: Some(own()),
        consent: None,
        until: None,
    };
    let credential = Credential {
        change: CredentialChange::Fetched,
        name: own(),
        provider: own(),
        account: Some(own()),
        server: None,
        agent: Some(party("a-1")),
        human: None,
        why: Some(own()),
        scopes: vec![own()],
        until: None,
    };
    let definition = audit::Definition {
        server: "mail".parse().unwrap(),
        kind: DefinitionKind::Tool,
        name: own(),
        change: DefinitionChange::Seen,
        from: None,
        to: None,
        by: Some(party("bob")),
        findings: vec![finding(text)],
    };
    let config = audit::Config { by: party("bob"), what: own(), from: None, to: Digest::of(b"c") };
    let start = Start {
        version: own(),
        level: Level::Guard,
        mode: Mode::Enforce,
        config: Digest::of(b"c"),
        policy: Digest::of(b"p"),
        durability: own(),
    };
    let noticed = Noticed {
        server: None,
        agent: Some(party("a-1")),
        conversation: Some(c.clone()),
        findings: vec![finding(text)],
    };
    let access = Access { by: party("bob"), way: own(), what: own(), of: Some(own()) };
    let all = [
        Event::Start(start),
        Event::Turn(said),
        Event::Ruling(Box::new(first)),
        Event::Outcome(Box::new(outcome(read))),
        Event::Ruling(Box::new(last)),
        Event::Outcome(Box::new(outcome(sent))),
        Event::Approval(Box::new(approval)),
        Event::Delegation(Box::new(delegated)),
        Event::Credential(Box::new(credential)),
        Event::Definition(definition),
        Event::Config(config),
        Event::Finding(noticed),
        Event::Access(access),
        Event::Recovered(Recovered { what: own(), bytes: 1, size: 1 }),
        Event::Stop(Stop { reason: own() }),
    ];
    for (n, event) in (0..).zip(all) {
        trail.append(&Record::new(at(n), event)).unwrap();
    }
    Story { read, sent, conversation }
}

/// What the gateway would say of itself, and what it was told.
pub(crate) struct Desk {
    text: String,
    pub(crate) level: Mutex<Level>,
    pub(crate) told: Mutex<Vec<String>>,
}

impl Approvals for Desk {
    fn open(&self) -> Result<Vec<OpenApproval>, Fault> {
        let own = || self.text.clone();
        let open = OpenApproval {
            id: format!("ask {}", self.text),
            call: None,
            agent: own(),
            human: Some(own()),
            server: "mail".into(),
            tool: own(),
            shown: own(),
            asked: at(1),
            until: at(9000),
        };
        Ok(vec![open])
    }
    fn answer(&self, id: &str, yes: bool, by: &Person) -> Result<Waited, Fault> {
        self.told.lock().push(format!("{} {id} {yes}", by.party.id));
        Ok(if id.starts_with("ask") { Waited::Answered } else { Waited::Over })
    }
}

impl Definitions for Desk {
    fn servers(&self) -> Vec<String> {
        vec!["mail".into()]
    }
    fn list(&self, server: Option<&str>) -> Result<Vec<doorward_admin::Definition>, Fault> {
        let own = || self.text.clone();
        let change = Change {
            place: own(),
            meaning: Some(Meaning { word: own(), severity: "high".into(), why: own() }),
            before: Some(own()),
            after: Some(own()),
        };
        let one = doorward_admin::Definition {
            server: "mail".into(),
            kind: DefinitionKind::Tool,
            name: own(),
            state: "quarantined".into(),
            risk: "high".into(),
            reasons: vec![own()],
            does: Some(own()),
            changes: vec![change],
            approved: Some(Digest::of(b"old")),
            pending: Some(Digest::of(b"new")),
            text: own(),
            first_seen: at(0),
            changed_at: at(1),
            by: Some(own()),
        };
        Ok(if server.is_none_or(|s| s == "mail") { vec![one] } else { Vec::new() })
    }
    fn decide(
        &self,
        which: (&str, DefinitionKind, &str),
        digest: Digest,
        approve: bool,
        by: &Person,
        _: Timestamp,
    ) -> Result<(), Fault> {
        if digest != Digest::of(b"new") {
            return Err(Fault::Changed("it is another one now".into()));
        }
        self.told.lock().push(format!("{} {}/{} {approve}", by.party.id, which.0, which.2));
        Ok(())
    }
}

impl Delegations for Desk {
    fn list(&self) -> Result<Vec<doorward_admin::Delegation>, Fault> {
        let own = || self.text.clone();
        Ok(vec![doorward_admin::Delegation {
            id: own(),
            state: "in force".into(),
            agent: format!("a-1 {}", self.text),
            human: Some(format!("ann {}", self.text)),
            owner: Some(own()),
            purpose: Some(own()),
            reach: own(),
            parent: Some(own()),
            until: None,
            revoked: Some((at(1), own())),
        }])
    }
    fn revoke(&self, id: &str, by: &Person, _: Timestamp) -> Result<Vec<String>, Fault> {
        self.told.lock().push(format!("{} revoked {id}", by.party.id));
        Ok(vec![id.to_owned()])
    }
}

impl Posture for Desk {
    fn stance(&self) -> Stance {
        let level = *self.level.lock();
        Stance {
            level,
            mode: level.mode(),
            config: Digest::of(b"c"),
            policy: Digest::of(b"p"),
            version: self.text.clone(),
            file: Some(self.text.clone()),
        }
    }
    fn change(&self, level: Level, reason: &str, by: &Person) -> Result<(), Fault> {
        *self.level.lock() = level;
        self.told.lock().push(format!("{} level {level}: {reason}", by.party.id));
        Ok(())
    }
}

/// The real trail.
pub(crate) struct Whole {
    pub(crate) trail: Trail,
    dir: PathBuf,
}

impl TrailDoor for Whole {
    fn known(&self) -> Known {
        Known {
            size: self.trail.size(),
            checkpoint: self.trail.checkpoint().to_string(),
            key: self.trail.verifier_key().to_string(),
            failure: None,
        }
    }
    fn note(&self, event: Event) {
        self.trail.append(&Record::new(SystemClock.now(), event)).unwrap();
    }
    fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<Report, Fault> {
        doorward_store::trail::verify(&self.dir, &doorward_store::trail::Trust::default(), progress)
            .map_err(|e| Fault::Broken(e.to_string()))
    }
}

/// A console that listens.
pub(crate) struct Console {
    pub(crate) address: SocketAddr,
    pub(crate) desk: Arc<Desk>,
    pub(crate) whole: Arc<Whole>,
    pub(crate) index: Arc<Index>,
    pub(crate) state: Arc<State>,
    pub(crate) story: Story,
    _dir: tempfile::TempDir,
}

impl Console {
    pub(crate) async fn start(text: &str) -> Self {
        Self::start_with(text, None, Settings::default()).await
    }

    pub(crate) async fn start_with(text: &str, login: Option<Arc<dyn Login>>, settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { sync_every: Duration::ZERO, checkpoint_every: Duration::ZERO, ..Options::default() };
        let trail = Trail::open(dir.path(), &SystemClock, options).unwrap();
        let story = write(&trail, text);
        let index = Arc::new(Index::open(dir.path()).unwrap());
        // What was appended is on disk within milliseconds.
        while index.size().unwrap() < trail.size() {
            std::thread::yield_now();
        }
        let state = Arc::new(State::in_memory().unwrap());
        let poisoned = doorward_store::PoisonedSource {
            source: Digest::of(b"source"),
            server: "mail".parse().unwrap(),
            target: Some(text.to_owned()),
            call: story.read.to_string(),
            texts: vec![(1, Digest::of(b"t"))],
            quarantined: true,
            seen: at(1),
            until: at(90_000),
        };
        state.keep_poisoned(&poisoned, 10).unwrap();
        let desk = Arc::new(Desk { text: text.to_owned(), level: Mutex::new(Level::Guard), told: Mutex::default() });
        let whole = Arc::new(Whole { trail, dir: dir.path().to_owned() });
        let ports = Ports {
            evidence: index.clone(),
            trail: whole.clone(),
            approvals: desk.clone(),
            definitions: desk.clone(),
            delegations: desk.clone(),
            sources: state.clone(),
            posture: desk.clone(),
            login,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy::default()),
        };
        let admin = Admin::new(ports, settings, TicketKey::new(&KEY));
        let address = listen(admin).await;
        Self { address, desk, whole, index, state, story, _dir: dir }
    }

    /// A browser that signed in with a link.
    pub(crate) async fn browser(&self, roles: &[Role]) -> Browser {
        let ticket = Ticket {
            roles: Roles::new(roles.iter().copied()),
            ..Ticket::link(OsEntropy::default().draw(), SystemClock.now())
        };
        let text = ticket.seal(&TicketKey::new(&KEY));
        let browser = Browser { address: self.address, cookie: None, token: String::new() };
        let answer = browser.get(&format!("/sign-in/link?ticket={text}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut browser = Browser { cookie: Some(cookie), ..browser };
        let me: serde_json::Value = serde_json::from_str(&browser.get("/api/v1/me").await.text).unwrap();
        browser.token = me["token"].as_str().unwrap().to_owned();
        browser
    }

    pub(crate) fn stranger(&self) -> Browser {
        Browser { address: self.address, cookie: None, token: String::new() }
    }

    /// The records that the trail holds of a kind.
    pub(crate) fn recorded(&self, kind: &str) -> Vec<Record> {
        while self.index.size().unwrap() < self.whole.trail.size() {
            std::thread::yield_now();
        }
        let filter = doorward_store::Filter { kind: Some(kind.into()), ..Default::default() };
        self.index.query(&filter).unwrap().iter().map(|hit| hit.record().unwrap()).collect()
    }
}

async fn listen(admin: Admin) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let admin = admin.clone();
            let serve = hyper::service::service_fn(move |request: Request<Incoming>| {
                let admin = admin.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let answer = admin.answer(Asked { head, body }).await;
                    let (head, payload) = answer.into_parts();
                    let body = match payload {
                        Content::Whole(bytes) => bytes,
                        // The first event is enough.
                        Content::Live(mut feed) => feed.next().await.unwrap_or_default(),
                    };
                    Ok::<_, Infallible>(Response::from_parts(head, Full::new(body)))
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), serve));
        }
    });
    address
}

#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) address: SocketAddr,
    pub(crate) cookie: Option<String>,
    pub(crate) token: String,
}

#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
}

impl Browser {
    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(http::Method::GET, path, &[], Bytes::new()).await
    }

    /// Sends a form as a page of the console does.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Got {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(form).append_pair("token", &self.token);
        let origin = format!("http://{}", self.address);
        let headers = [("origin", origin.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        self.send(http::Method::POST, path, &headers, text.finish().into()).await
    }

    /// Sends JSON to the API.
    pub(crate) async fn api(&self, path: &str, value: &serde_json::Value) -> Got {
        let headers = [("x-csrf-token", self.token.as_str()), ("content-type", "application/json")];
        self.send(http::Method::POST, path, &headers, value.to_string().into()).await
    }

    pub(crate) async fn send(&self, method: http::Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Got {
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let answer = sender.send_request(request.body(Full::new(body)).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Got { status: head.status, headers: head.headers, text }
    }
}
