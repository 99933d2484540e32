//! A call of the tool `echo` by the local user's agent, with everything looked up that its ruling needs.

use bytes::Bytes;
use doorward_audit::{Basis, Conversation};
use doorward_benches::policies;
use doorward_detect::{KnownSecrets, Scanner, Settings};
use doorward_engine::{
    Actor, Correlation, Definition, History, Outbound, OutboundKind, Ruling, ServerProfile, Snapshot, Subject, Target,
    rule,
};
use doorward_identity::{Authenticator, Presented};
use doorward_intent::Tool;
use doorward_mcp::{Message, Revision, Side, decode, json::Limits};
use doorward_policy::{
    Base, DefinitionState, Policies, ServerFacts, Source, Target as PolicyTarget, ToolFacts, Transport,
};
use doorward_vocab::{
    Assurance, CallId, ConversationId, Digest, Effect, Effects, Label, Level, Mode, Tainted, Timestamp, TurnId,
};
use std::sync::Arc;

use crate::texts;

/// When everything happens.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

/// How many teams have policies of their own.
#[derive(Clone, Copy)]
pub(crate) enum Estate {
    /// No policies but those of the level.
    Bare,
    Teams(usize),
}

pub(crate) struct Scene {
    pub(crate) view: Snapshot,
    pub(crate) history: History,
    pub(crate) actor: Actor,
    pub(crate) server: ServerProfile,
    call: CallId,
    tool: Definition,
    message: Tainted<Message>,
    correlation: Correlation,
    bytes: Bytes,
}

impl Scene {
    /// The scene at level `guard`; its call is allowed.
    pub(crate) fn new(estate: Estate) -> Self {
        let party = ServerFacts {
            name: &"bench".parse().expect("a name of a server"),
            transport: Transport::Http,
            attested: false,
            assurance: Assurance::Asserted,
        }
        .prepare();
        let server =
            ServerProfile::new("bench".parse().expect("a name of a server"), Mode::Enforce, Label::OUTSIDE, party);
        let bytes = Bytes::from_static(texts::CALL.as_bytes());
        let message = decode(bytes.clone(), &Limits::default(), Side::Client).expect("a call");
        let conversation = ConversationId::new("bench-1").expect("a name of a conversation");
        let scene = Self {
            view: Snapshot {
                version: Digest::of(b"bench"),
                level: Level::Guard,
                policies: Arc::new(compile(estate)),
                scanner: Scanner::new(&Settings::default()).expect("settings without names"),
                handling: doorward_engine::Handling::new(Level::Guard, Vec::new()),
                poisons: Arc::default(),
                marks: doorward_engine::Marks::new(doorward_credential::Marker::new(&[7; 32]), Vec::new()),
                secrets: secrets(),
                flow: doorward_engine::Flow::new([7; 16]),
            },
            history: History::default(),
            actor: actor(),
            call: "call_0123456789abcdefghjkmnpqrs".parse().expect("an id"),
            tool: tool(&server, "echo", Effect::Read),
            message: Tainted::new(message, Label::OUTSIDE),
            correlation: Correlation::new(Conversation { id: conversation, basis: Basis::Explicit, ambiguous: false }),
            server,
            bytes,
        };
        assert!(matches!(scene.rule(), Ruling::Go(..)), "a refusal costs something else than what is measured");
        scene
    }

    /// A conversation of 200 results, of which the host reports turns if `turn`, under a policy of the operator's own; and in
    /// it a mail to whom the human named.
    pub(crate) fn mailing(turn: bool, own: &str) -> Self {
        let mut scene = Self::new(Estate::Bare);
        let sources = [Source { name: "own.cedar".to_owned(), text: own.to_owned() }];
        scene.view.policies =
            Arc::new(Policies::compile(&sources, Base::Level(Level::Guard)).expect("policies without a mistake"));
        if turn {
            let text = "Please read the notes, and mail ann.miller@example.org when the parcel left.";
            scene.history.turn(TurnId::from_bits(1), text, NOW, || [7; 16]);
        }
        for (n, text) in (0..200_u128).zip([texts::lines(8), texts::prose(8), texts::result(8)].iter().cycle()) {
            scene.call = CallId::from_bits(n + 2);
            scene.hear(&text.replace('a', &format!("o{n}")));
        }
        scene.tool = tool(&scene.server, "send_mail", Effect::Send);
        scene.bytes = Bytes::from_static(texts::MAIL.as_bytes());
        let message = decode(scene.bytes.clone(), &Limits::default(), Side::Client).expect("a call");
        scene.message = Tainted::new(message, Label::OUTSIDE);
        scene
    }

    /// The call is answered with this text.
    pub(crate) fn hear(&mut self, text: &str) {
        let answer = decode(Bytes::from(texts::answer(text)), &Limits::default(), Side::Server).expect("a result");
        let mut history = std::mem::take(&mut self.history);
        history.brought(&self.view, &self.subject(), &answer, Some(Label::OUTSIDE), || [7; 16]);
        self.history = history;
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            call: self.call,
            actor: &self.actor,
            server: &self.server,
            message: &self.message,
            target: Target::Tool(&self.tool),
            revision: Revision::LATEST,
            local: true,
            credential: "",
            correlation: &self.correlation,
            approval: None,
        }
    }

    pub(crate) fn rule(&self) -> Ruling {
        let outbound = Outbound {
            bytes: self.bytes.clone(),
            kind: OutboundKind::Request { id: "41".into() },
            method: "tools/call",
            headers: Arc::default(),
        };
        rule(&self.view, &self.history, &self.subject(), outbound, NOW)
    }
}

/// The policies of level `guard` and those of `estate`.
pub(crate) fn compile(estate: Estate) -> Policies {
    let sources = match estate {
        Estate::Bare => Vec::new(),
        Estate::Teams(teams) => vec![Source { name: "bench.cedar".to_owned(), text: policies(teams) }],
    };
    Policies::compile(&sources, Base::Level(Level::Guard)).expect("policies without a mistake")
}

/// The authenticator of a gateway without a `[[trust]]` entry.
pub(crate) fn door() -> Authenticator {
    let settings = doorward_identity::Settings { local_user: Some("ada".into()), ..Default::default() };
    Authenticator::new(settings).expect("settings without an issuer")
}

/// A request from this machine without a credential.
pub(crate) const HERE: Presented<'_> =
    Presented { authorization: None, loopback: true, server: None, request: None, certificates: None };

fn actor() -> Actor {
    Actor::new(door().authenticate(HERE, NOW).expect("the local user"))
}

/// A tool as policies know it.
pub(crate) fn target(server: &ServerProfile, name: &str, effect: Effect) -> PolicyTarget {
    let facts = ToolFacts {
        name,
        effects: Effects::just(effect),
        read_only: Some(effect == Effect::Read),
        destructive: None,
        open_world: None,
        state: DefinitionState::Approved,
    };
    PolicyTarget::tool(server.party(), &facts)
}

fn tool(server: &ServerProfile, name: &str, effect: Effect) -> Definition {
    let arguments = ["to", "body"].into_iter().filter(|_| effect == Effect::Send);
    Definition {
        name: name.into(),
        digest: Digest::of(name.as_bytes()),
        effects: Effects::just(effect),
        state: DefinitionState::Approved,
        findings: Vec::new(),
        target: target(server, name, effect),
        tool: Arc::new(Tool::new(name, Effects::just(effect), "", arguments)),
        schema: Arc::default(),
        parameters: Arc::default(),
        approved: None,
    }
}

/// Three credentials, as a gateway handles a few.
pub(crate) fn secrets() -> Arc<KnownSecrets> {
    let known = KnownSecrets::new(&[7; 32]);
    for secret in ["crm-6f1d0c8e27b94ab5", "mail-93ac51de0b7f4268", "files-2be70d914c6f8a35"] {
        known.add("a credential", secret.as_bytes()).expect("long enough");
    }
    Arc::new(known)
}
