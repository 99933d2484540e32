//! A request of a session, at a server that has none and answers that it needs input. The client is asked as servers of
//! its era ask, and the request is sent again with what it answered (2026-07-28, basic/patterns/mrtr).

use super::Lifted;
use crate::{
    Gateway,
    admit::outbound,
    link::{Answer, Incoming, Incomings, Link},
    passage::{Away, Passage},
    refusal::Refusal,
    reply::Out,
    road::{Delivery, Scope},
};
use doorward_bridge::{Input, legacy_on_modern};
use doorward_engine::Cleared;
use doorward_mcp::{Id, Message, Method, Request, Response, RpcError, Side, decode};
use doorward_vocab::{CallId, Outcome};
use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::oneshot;

/// How long the client, and the human behind it, may take to answer.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How often a server may ask for input before it is taken to have no end.
const ROUNDS: u32 = 32;

/// What is under way between a server that needs input and its client.
#[derive(Debug)]
pub(crate) struct Asking {
    /// Questions that the client did not get yet.
    questions: VecDeque<Out>,
    waiting: VecDeque<(Input, oneshot::Receiver<Response>)>,
    given: Vec<(Box<str>, Box<str>)>,
    state: Option<Box<str>>,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    /// A question, to be delivered.
    Question(Out),
    /// The request was sent again; what follows comes from here.
    Again(Incomings),
    /// The answer comes with everything else that the server says.
    Elsewhere,
    /// It cannot go on.
    Failed(Refusal),
}

impl Gateway {
    /// Begins to ask the client what `answer` requires. `None` where it requires nothing.
    pub(crate) async fn begin_asking(&self, scope: &Scope, lifted: &Lifted, answer: &Response) -> Option<Asking> {
        let required = legacy_on_modern::required(answer)?;
        self.ended(&scope.passage, Outcome::Completed, Some(answer.doc.bytes()), None);
        let mut asking =
            Asking { questions: VecDeque::new(), waiting: VecDeque::new(), given: Vec::new(), state: required.state };
        for input in required.inputs {
            match self.question(scope, lifted, &input) {
                Ok((out, answer)) => {
                    asking.questions.push_back(out);
                    asking.waiting.push_back((input, answer));
                }
                // It cannot be asked, or may not be: as if the human had closed the question.
                Err(()) => asking.given.extend(closed(&input)),
            }
        }
        Some(asking)
    }

    fn question(
        &self,
        scope: &Scope,
        lifted: &Lifted,
        input: &Input,
    ) -> Result<(Out, oneshot::Receiver<Response>), ()> {
        let (id, answer) = lifted.ask();
        let bytes = legacy_on_modern::ask(&id, input, lifted.revision).ok_or(())?;
        let message = decode(bytes, &scope.passage.live.limits, Side::Server).map_err(drop)?;
        let Delivery { message, .. } = self.deliver(scope, Incoming { message: Some(message), event: None });
        Ok((Out::message(message.ok_or(())?), answer))
    }

    /// The next step of `asking`. `scope` goes on with the request that is sent again.
    pub(crate) async fn go_on_asking(&self, scope: &mut Scope, asking: &mut Asking, round: u32) -> Next {
        if let Some(question) = asking.questions.pop_front() {
            return Next::Question(question);
        }
        while let Some((input, answer)) = asking.waiting.front_mut() {
            let given = match tokio::time::timeout(PATIENCE, answer).await {
                Ok(Ok(response)) => legacy_on_modern::answered(&response).map(|given| (input.key.clone(), given)),
                Ok(Err(_)) | Err(_) => None,
            };
            let Some(given) = given.or_else(|| closed(input)) else {
                let what = input.method.as_str();
                return Next::Failed(RpcError::upstream(format!("The client did not answer `{what}`.")).into());
            };
            asking.given.push(given);
            asking.waiting.pop_front();
        }
        if round >= ROUNDS {
            return Next::Failed(RpcError::upstream("The server asks for input without end.").into());
        }
        match self.send_again(scope, asking).await {
            Ok(incomings) => Next::Again(incomings),
            Err(refusal) => Next::Failed(refusal),
        }
    }

    async fn send_again(&self, scope: &mut Scope, asking: &Asking) -> Result<Incomings, Refusal> {
        let (Link::Lifted(lifted), Message::Request(asked)) = (&scope.link, scope.passage.message.inspect()) else {
            return Err(Refusal::Trail);
        };
        let now = self.clock.now();
        let mut passage = Passage {
            call: CallId::mint(now, &*self.entropy),
            alias: scope.link.alias(),
            began: now,
            worn: OnceLock::new(),
            away: Away::default(),
            ..scope.passage.as_ref().clone()
        };
        passage.correlation.parent = Some(scope.passage.call);
        let passage = Arc::new(passage);
        let sent = as_sent(&scope.passage, asked);
        let retry = legacy_on_modern::Retry { inputs: &asking.given, state: asking.state.as_deref() };
        let id = passage.alias.clone().unwrap_or_else(|| asked.id.clone());
        let bytes = legacy_on_modern::request(&sent, &id, &lifted.client, lifted.level().as_deref(), Some(&retry));
        let mut out = outbound(&passage, sent.doc.bytes().clone(), &scope.link);
        out.bytes = if scope.link.one_line() { crate::admit::on_one_line(bytes) } else { bytes };
        if let Some(session) = &scope.session {
            session.replace(&asked.id, &passage);
        }
        let link = scope.link.clone();
        scope.passage = passage.clone();
        match self.forward(&passage, &link, out).await? {
            Answer::Stream(incomings) => Ok(incomings),
            Answer::Message(_, message) => Ok(Incomings::Once(Some(message))),
            Answer::Accepted | Answer::Status(_) => {
                self.ended(&passage, Outcome::Failed, None, None);
                Err(RpcError::upstream("The server did not answer the request that was sent again.").into())
            }
        }
    }

    /// The error that ends a request, for its client.
    pub(crate) fn failed(&self, scope: &Scope, refusal: &Refusal, method: Method, id: &Id) -> Out {
        let era = scope.passage.revision.era();
        Out::answer(refusal.told(Some(id), Some(method), era).message)
    }
}

/// The request as the server knows it: under its own name, where several share an endpoint.
fn as_sent(passage: &Passage, asked: &Request) -> Request {
    use crate::passage::About;
    use doorward_mcp::json::{Edits, Limits, quote};
    let name = match &passage.about {
        About::Tool(definition) => &*definition.name,
        About::Prompt(name) => name,
        About::Resource(_) | About::Server | About::Unknown(_) => return asked.clone(),
    };
    let Some(value) = asked.params().and_then(|p| p.get("name")).filter(|v| v.as_str().as_deref() != Some(name)) else {
        return asked.clone();
    };
    let mut edits = Edits::new();
    edits.replace(value, quote(name));
    match decode(edits.apply(&asked.doc), &Limits::default(), Side::Client) {
        Ok(Message::Request(renamed)) => renamed,
        _ => asked.clone(),
    }
}

/// What a human who closes a question says; there is no such answer but to an elicitation.
fn closed(input: &Input) -> Option<(Box<str>, Box<str>)> {
    (input.method == Method::Elicit).then(|| (input.key.clone(), r#"{"action":"cancel"}"#.into()))
}

impl Out {
    /// A message on its way, that ends nothing.
    pub(crate) fn message(message: Cleared) -> Self {
        Self { last: false, ..Self::answer(message) }
    }
    /// The answer.
    pub(crate) fn answer(message: Cleared) -> Self {
        let message = message.into_bytes();
        let event = doorward_transport::sse::encode(Some("message"), None, &message);
        Self { event, message: Some(message), last: true, status: 200 }
    }
}
