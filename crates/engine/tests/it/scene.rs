//! The local user's agent, one server, and what each says to the other.

use doorward_audit::{Basis, Conversation};
use doorward_detect::{KnownSecrets, Scanner, Settings};
use doorward_engine::{
    Actor, Approval, Clearance, Correlation, Definition, Handling, History, Judgement, Outbound, OutboundKind, Ruling,
    ServerProfile, Snapshot, Subject, Target, clear, rule,
};
use doorward_identity::{Authenticator, Presented};
use doorward_mcp::{
    DecodeError, Era, Message, Revision, Side, decode,
    json::{Edits, Limits},
};
use doorward_policy::{Base, Policies, ServerFacts, Source, Transport};
use doorward_vocab::{CallId, ConversationId, Digest, Label, Level, Mode, Tainted, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
/// A secret that the gateway handles.
pub(crate) const SECRET: &str = "crm-6f1d0c8e27b94ab5";

fn secrets() -> Arc<KnownSecrets> {
    let known = KnownSecrets::new(&[7; 32]);
    known.add("crm", SECRET.as_bytes()).unwrap();
    Arc::new(known)
}

pub(crate) struct Scene {
    pub(crate) view: Snapshot,
    pub(crate) server: ServerProfile,
    /// What was before.
    pub(crate) history: History,
    /// The resource that the next message is about, where it is one.
    pub(crate) resource: Option<&'static str>,
    /// The tool that the next message calls, where it is one.
    pub(crate) tool: Option<Definition>,
    /// The number of the next message.
    pub(crate) number: u128,
    /// What a person approved.
    pub(crate) approval: Option<Approval>,
    actor: Actor,
    correlation: Correlation,
}

impl Scene {
    /// A scene at `level`, with these policies beside those of the level.
    pub(crate) fn new(level: Level, mode: Mode, policies: &str) -> Self {
        let party = ServerFacts {
            name: &"crm".parse().unwrap(),
            transport: Transport::Http,
            attested: false,
            assurance: doorward_vocab::Assurance::Asserted,
        };
        let sources = [Source { name: "own.cedar".to_owned(), text: policies.to_owned() }];
        let settings = doorward_identity::Settings { local_user: Some("ada".into()), ..Default::default() };
        let here = Presented { loopback: true, ..Presented::default() };
        let conversation = ConversationId::new("c-1").unwrap();
        Self {
            view: Snapshot {
                version: Digest::of(b"scene"),
                level,
                policies: Arc::new(Policies::compile(&sources, Base::Level(level)).unwrap()),
                scanner: Scanner::new(&Settings::default()).unwrap(),
                marks: doorward_engine::Marks::new(doorward_credential::Marker::new(&[7; 32]), Vec::new()),
                handling: Handling::new(level, Vec::new()),
                poisons: Arc::default(),
                secrets: secrets(),
                flow: doorward_engine::Flow::new([7; 16]),
            },
            server: ServerProfile::new("crm".parse().unwrap(), mode, Label::OUTSIDE, party.prepare()),
            history: History::default(),
            resource: None,
            tool: None,
            number: "call_0123456789abcdefghjkmnpqrs".parse::<CallId>().unwrap().bits(),
            approval: None,
            actor: Actor::new(Authenticator::new(settings).unwrap().authenticate(here, NOW).unwrap()),
            correlation: Correlation::new(Conversation { id: conversation, basis: Basis::Explicit, ambiguous: false }),
        }
    }

    /// What becomes of `said`, which the server sends to do with a request of `method`.
    pub(crate) fn clear(&self, method: &str, revision: Revision, said: &Value) -> Result<Clearance, DecodeError> {
        let asked = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": {} });
        let asked = Tainted::new(message(&asked, Side::Client).unwrap(), Label::OUTSIDE);
        let said = message(said, Side::Server)?;
        let subject = self.subject(&asked, revision);
        Ok(clear(&self.view, &self.history, &subject, &said, Edits::new(), NOW))
    }

    /// How `said` of the client is judged.
    pub(crate) fn rule(&self, said: &Value) -> Judgement {
        let said = Tainted::new(message(said, Side::Client).unwrap(), Label::OUTSIDE);
        let outbound = Outbound {
            bytes: bytes::Bytes::new(),
            kind: OutboundKind::Notification,
            method: "",
            headers: Arc::default(),
        };
        let subject = self.subject(&said, Revision::LATEST);
        match rule(&self.view, &self.history, &subject, outbound, NOW) {
            Ruling::Go(_, judgement) | Ruling::Stop(judgement) => judgement,
        }
    }

    pub(crate) fn subject<'a>(&'a self, message: &'a Tainted<Message>, revision: Revision) -> Subject<'a> {
        Subject {
            call: CallId::from_bits(self.number),
            actor: &self.actor,
            server: &self.server,
            message,
            target: match &self.tool {
                Some(tool) => Target::Tool(tool),
                None => self.resource.map_or(Target::Server, Target::Resource),
            },
            revision,
            local: true,
            credential: "",
            correlation: &self.correlation,
            approval: self.approval.as_ref(),
        }
    }
}

pub(crate) fn message(value: &Value, from: Side) -> Result<Message, DecodeError> {
    decode(value.to_string().into(), &Limits::default(), from)
}

/// The answer to a request, as its server sends it.
pub(crate) fn answer(result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "result": result })
}

/// What a client gets of a message.
pub(crate) fn gets(clearance: &Clearance) -> Option<Value> {
    clearance.cleared.as_ref().map(|cleared| serde_json::from_slice(cleared.bytes()).unwrap())
}

/// Whether servers of `revision` make requests.
pub(crate) fn asks(revision: Revision) -> bool {
    revision.era() == Era::Legacy
}
