//! A client with a session is asked on the stream of its call, as servers of its era ask, and the call waits for the answer.

use super::{
    Said,
    ask::{DECLINED, UNANSWERED, WAIT, Way, elicitation, opened},
    book::{Asked, Question},
};
use crate::{
    Gateway,
    bridge::Next,
    link::{Answer, Incomings, Link},
    passage::{About, Away, Passage},
    refusal::Refusal,
    reply::Out,
    road::Scope,
    session::Session,
};
use doorward_engine::{Awaited, Cleared, Definition, Outbound};
use doorward_mcp::{Message, Response, RpcError, json::Value};
use doorward_vocab::{CallId, Outcome};
use std::{
    borrow::Cow,
    sync::{Arc, OnceLock, Weak},
};
use tokio::sync::oneshot;

/// How often one call asks: another one may use what was approved for both.
const ROUNDS: u32 = 4;

/// A call that waits for a person.
#[derive(Debug)]
pub(crate) struct Waiting {
    question: Arc<Question>,
    /// The question as the client gets it, while it did not.
    out: Option<Out>,
    answer: Option<oneshot::Receiver<Response>>,
    /// The question goes with the one who asked it.
    asked_here: Option<AskedHere>,
    outbound: Outbound,
    rounds: u32,
    /// The page that the client opens, where it does not show a form.
    page: Option<String>,
}

/// Takes the question back that nobody can answer any more, because its call is gone.
#[derive(Debug)]
struct AskedHere {
    gateway: Weak<Gateway>,
    question: Arc<Question>,
}

impl Drop for AskedHere {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.upgrade() {
            gateway.withdraw_approval(&self.question);
        }
    }
}

/// How the waiting ended.
enum Ended {
    /// The client answers.
    Said(Option<Said>),
    /// It was answered elsewhere, or whoever asked is gone.
    Elsewhere,
    /// Nobody answered in time.
    Late,
}

impl Waiting {
    pub(super) fn new(
        gateway: &Gateway,
        session: &Session,
        question: &Arc<Question>,
        is_new: bool,
        page: Option<String>,
        outbound: Outbound,
    ) -> Self {
        let (question, out, answer, asked_here) = (question.clone(), None, None, None);
        let mut waiting = Self { question, out, answer, asked_here, outbound, rounds: 0, page };
        if is_new {
            waiting.ask(gateway, session);
        }
        waiting
    }

    /// Puts the question to the client.
    fn ask(&mut self, gateway: &Gateway, session: &Session) {
        let (id, answer) = session.ask_in_own_name(gateway.entropy.draw());
        let params = match &self.page {
            Some(page) => opened(page, Some(&self.question.record.id)),
            None => elicitation(&self.question, session.revision()),
        };
        let text = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"elicitation/create\",\"params\":{params}}}",
            id.json()
        );
        self.out = Some(Out::message(Cleared::own_message(text.into())));
        self.answer = Some(answer);
        self.asked_here = Some(AskedHere { gateway: gateway.me.clone(), question: self.question.clone() });
    }

    async fn ends(&mut self, gateway: &Gateway) -> Ended {
        let left = self.question.until.since(gateway.clock.now());
        let question = self.question.clone();
        let said = async {
            match &mut self.answer {
                Some(answer) => answer.await.ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            response = said => Ended::Said(response.as_ref().and_then(said_in)),
            () = question.settled() => Ended::Elsewhere,
            () = tokio::time::sleep(left) => Ended::Late,
        }
    }
}

/// What a person said, where the client could ask (2025-11-25, client/elicitation: response actions).
fn said_in(response: &Response) -> Option<Said> {
    let action = response.result().and_then(|r| r.get("action")).and_then(Value::as_str)?;
    Some(if action == "accept" { Said::Yes } else { Said::No })
}

impl Gateway {
    /// The scope of a call that waits here: its client can take it back, and its server hears nothing of it.
    pub(super) fn stoppable(&self, scope: Scope, session: &Session) -> Scope {
        let stop = scope.passage.stop.clone().unwrap_or_default();
        let passage = Arc::new(Passage { stop: Some(stop), ..scope.passage.as_ref().clone() });
        if let Message::Request(asked) = passage.message.inspect() {
            session.replace(&asked.id, &passage);
        }
        Scope { passage, ..scope }
    }

    /// The next step of a call that waits for a person. `scope` goes on with the call that is sent.
    pub(crate) async fn go_on_waiting(&self, scope: &mut Scope, waiting: &mut Waiting) -> Next {
        loop {
            if let Some(out) = waiting.out.take() {
                return Next::Question(out);
            }
            let ended = waiting.ends(self).await;
            let call = scope.passage.call;
            let failed = |told| Next::Failed(Refusal::Unapproved(call, Cow::Borrowed(told)));
            match ended {
                // The page was opened. What counts is said there.
                Ended::Said(Some(Said::Yes)) if waiting.page.is_some() => {
                    waiting.answer = None;
                    continue;
                }
                Ended::Said(Some(Said::No)) if waiting.page.is_some() => return failed(DECLINED),
                Ended::Said(Some(said)) => {
                    if self.form_answered(&waiting.question.number, &scope.passage.caller, said) && said == Said::No {
                        return failed(DECLINED);
                    }
                }
                Ended::Said(None) => {
                    // The client cannot ask after all; elsewhere it can be answered still.
                    if let Some(mut here) = waiting.asked_here.take() {
                        here.gateway = Weak::new();
                    }
                    return failed(WAIT);
                }
                Ended::Elsewhere => {}
                Ended::Late => {
                    self.sweep_approvals();
                    return failed(UNANSWERED);
                }
            }
            waiting.asked_here = None;
            let refusal = match self.send_approved(scope, waiting.outbound.clone()).await {
                Ok(Some(incomings)) => return Next::Again(incomings),
                Ok(None) => return Next::Elsewhere,
                Err(refusal) => refusal,
            };
            waiting.rounds += 1;
            if let Err(refusal) = self.ask_once_more(scope, waiting, refusal) {
                return Next::Failed(refusal);
            }
        }
    }

    /// The call goes on with what was approved. `None` where its answer comes with everything else that its server says.
    async fn send_approved(&self, scope: &mut Scope, outbound: Outbound) -> Result<Option<Incomings>, Refusal> {
        let Message::Request(asked) = scope.passage.message.inspect() else { return Err(Refusal::Trail) };
        let now = self.clock.now();
        // Elsewhere the server hears of it when its client takes the call back.
        let stop = scope.passage.stop.clone().filter(|_| matches!(scope.link, Link::Lifted(_)));
        // A person may have taken minutes: what is in force now counts.
        let renewed = self.renewed(&scope.passage);
        let about = self.about_now(&renewed);
        let mut passage = Passage {
            about,
            call: CallId::mint(now, &*self.entropy),
            began: now,
            stop,
            worn: OnceLock::new(),
            approval: OnceLock::new(),
            away: Away::default(),
            ..renewed.as_ref().clone()
        };
        passage.correlation.parent = Some(scope.passage.call);
        let passage = Arc::new(passage);
        let known_as = |passage| {
            if let Some(session) = &scope.session {
                session.replace(&asked.id, passage);
            }
        };
        known_as(&passage);
        let answer = match self.forward(&passage, &scope.link, outbound).await {
            Ok(answer) => answer,
            Err(refusal) => {
                known_as(&scope.passage);
                return Err(refusal);
            }
        };
        scope.passage = passage;
        match answer {
            Answer::Stream(incomings) => Ok(Some(incomings)),
            Answer::Message(_, message) => Ok(Some(Incomings::Once(Some(message)))),
            Answer::Accepted if scope.link.pipe().is_some() => Ok(None),
            Answer::Accepted | Answer::Status(_) => {
                self.ended(&scope.passage, Outcome::Failed, None, None);
                Err(RpcError::upstream("The server did not answer the call that was approved.").into())
            }
        }
    }

    /// What a call is about by the definitions that are known now.
    fn about_now(&self, passage: &Passage) -> About {
        let About::Tool(before) = &passage.about else { return passage.about.clone() };
        let Some(known) = passage.server.catalog.tool(&before.name) else {
            return About::Unknown((&*before.name).into());
        };
        let arguments = match passage.message.inspect() {
            Message::Request(request) => request.params().and_then(|p| p.get("arguments")),
            Message::Notification(_) | Message::Response(_) => None,
        };
        About::Tool(Definition::for_call(&known, arguments, passage.live.snapshot.level))
    }

    /// What was approved is not what stopped the call, or another call used it: the person is asked anew, so often.
    fn ask_once_more(&self, scope: &Scope, waiting: &mut Waiting, refusal: Refusal) -> Result<(), Refusal> {
        let (Refusal::Ruled(call, judgement), Some(session)) = (&refusal, &scope.session) else { return Err(refusal) };
        // Whoever is shown a form cannot sign in with it.
        let fits = |call: &Awaited| waiting.rounds < ROUNDS && (call.proven.is_none() || waiting.page.is_some());
        let Some(call_for) = judgement.awaits.filter(fits) else { return Err(refusal) };
        (waiting.answer, waiting.out) = (None, None);
        let way = if waiting.page.is_some() { Way::Url } else { Way::Form };
        match self.ask_person(&scope.passage, judgement, call_for, way) {
            Asked::New(question) => {
                waiting.page = waiting.page.as_ref().map(|_| self.page_of(&scope.passage.live, &question));
                waiting.question = question;
                waiting.ask(self, session);
            }
            Asked::Open(question) => waiting.question = question,
            Asked::Declined => return Err(Refusal::Unapproved(*call, DECLINED.into())),
            Asked::TooMany(why) => return Err(Refusal::Unapproved(*call, why.into())),
        }
        Ok(())
    }
}
