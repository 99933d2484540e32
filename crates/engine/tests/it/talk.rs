//! A conversation with several servers, in which what was read and what left is remembered.

use crate::scene::{NOW, Scene, message};
use doorward_audit::{Party, Ruling as Record};
use doorward_engine::{Approval, Definition, History, Judgement, ServerProfile};
use doorward_intent::Tool;
use doorward_mcp::{Message, Revision, Side};
use doorward_policy::{DefinitionState, ServerFacts, Target, ToolFacts, Transport};
use doorward_vocab::{Assurance, Decision, Digest, Effect, Label, Level, Mode, Tainted, TurnId};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// What a tool is called, whose it is and what it does.
pub(crate) type Use = (&'static str, &'static str, &'static [Effect]);

pub(crate) struct Talk {
    pub(crate) scene: Scene,
    asked: Option<Tainted<Message>>,
}

impl Talk {
    pub(crate) fn new(level: Level, policies: &str) -> Self {
        Self { scene: Scene::new(level, Mode::Enforce, policies), asked: None }
    }

    /// Another conversation of the same gateway begins.
    pub(crate) fn anew(&mut self) {
        self.scene.history = History::default();
    }

    /// The host reports a turn.
    pub(crate) fn said(&mut self, text: &str) {
        self.scene.number += 1;
        let turn = TurnId::from_bits(self.scene.number);
        self.scene.history.turn(turn, text, NOW, || [9; 16]);
    }

    /// A call is judged, and leaves where it may.
    pub(crate) fn calls(&mut self, used: Use, arguments: &Value) -> Judgement {
        self.judged(used, arguments, false)
    }

    /// The same, and it leaves in any case: what came before an attempt is what it is measured by.
    pub(crate) fn attempts(&mut self, used: Use, arguments: &Value) -> Judgement {
        self.judged(used, arguments, true)
    }

    fn judged(&mut self, (server, tool, effects): Use, arguments: &Value, leaves: bool) -> Judgement {
        let (name, effects) = (server.parse().unwrap(), effects.iter().copied().collect());
        let facts =
            ServerFacts { name: &name, transport: Transport::Http, attested: false, assurance: Assurance::Asserted };
        self.scene.number += 1;
        self.scene.server = ServerProfile::new(name.clone(), Mode::Enforce, Label::OUTSIDE, facts.prepare());
        let state = DefinitionState::Approved;
        let (read_only, destructive, open_world) = (None, None, None);
        let facts = ToolFacts { name: tool, effects, read_only, destructive, open_world, state };
        let names: Vec<&str> = arguments.as_object().unwrap().keys().map(String::as_str).collect();
        self.scene.tool = Some(Definition {
            name: tool.into(),
            digest: Digest::of(tool.as_bytes()),
            effects,
            state,
            findings: Vec::new(),
            target: Target::tool(self.scene.server.party(), &facts),
            tool: Arc::new(Tool::new(tool, effects, "", names.into_iter())),
            schema: Arc::default(),
            parameters: Arc::default(),
            approved: None,
        });
        let params = json!({ "name": tool, "arguments": arguments });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let judgement = self.scene.rule(&call);
        let asked = Tainted::new(message(&call, Side::Client).unwrap(), Label::OUTSIDE);
        if leaves || judgement.decision == Decision::Allow {
            let mut history = std::mem::take(&mut self.scene.history);
            let subject = self.scene.subject(&asked, Revision::LATEST);
            history.forwarded(subject.call, judgement.sink, NOW);
            history.left(&self.scene.view, &subject, &judgement, NOW);
            self.scene.history = history;
        }
        self.asked = Some(asked);
        judgement
    }

    /// A person approves what was asked for, and it is called again.
    pub(crate) fn approved(&mut self, used: Use, arguments: &Value) -> Judgement {
        let call = self.calls(used, arguments).awaits.unwrap();
        let (by, proven) = (Party::new("u-1", "Ada"), call.proven);
        let until = NOW.plus(Duration::from_secs(600));
        self.scene.approval = Some(Approval { id: "a1".into(), covers: call.covers, by, proven, at: NOW, until });
        let judgement = self.calls(used, arguments);
        self.scene.approval = None;
        judgement
    }

    /// The last call is answered with this text.
    pub(crate) fn hears(&mut self, text: &str) {
        let result = json!({ "content": [{ "type": "text", "text": text }] });
        self.answered(&json!({ "jsonrpc": "2.0", "id": 1, "result": result }));
    }

    /// The last call is answered.
    pub(crate) fn answered(&mut self, answer: &Value) {
        let answer = message(answer, Side::Server).unwrap();
        let asked = self.asked.take().unwrap();
        let mut history = std::mem::take(&mut self.scene.history);
        let subject = self.scene.subject(&asked, Revision::LATEST);
        history.brought(&self.scene.view, &subject, &answer, Some(Label::OUTSIDE), || [9; 16]);
        self.scene.history = history;
    }

    /// A call that is allowed, and its answer.
    pub(crate) fn reads(&mut self, used: Use, arguments: &Value, text: &str) {
        let judgement = self.calls(used, arguments);
        assert_eq!(judgement.decision, Decision::Allow, "{judgement:?}");
        self.hears(text);
    }

    /// What the trail keeps of a judgement of the last call.
    pub(crate) fn record(&self, judgement: &Judgement) -> Record {
        judgement.record(&self.scene.subject(self.asked.as_ref().unwrap(), Revision::LATEST))
    }
}
