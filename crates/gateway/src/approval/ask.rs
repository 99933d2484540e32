//! In which way a person is asked, and what the client gets for it.

use super::{
    KEY, Waiting,
    book::{Asked, Ceilings, Question},
    shown, state,
};
use crate::{
    Gateway, Live,
    admit::Arrival,
    front::oauth::APPROVE,
    passage::Passage,
    refusal::Refusal,
    reply::{Flow, Reply},
    road::Scope,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_audit::{self as audit, ApprovalChange, Event, Party};
use doorward_config::Ask;
use doorward_engine::{Awaited, Cleared, Judgement, Outbound, human_party};
use doorward_mcp::{
    Message, Request, Revision,
    json::{Value, quote},
    meta,
};
use doorward_vocab::{Assurance, Digest, Effect, Effects, ReasonCode};
use std::fmt::Write as _;

/// In which way a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The client shows a form.
    Form,
    /// The client opens a page of the gateway.
    Url,
    /// On a page of the gateway, or by an operator's command.
    Page,
    /// Not at all.
    Never,
}

impl Way {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Url => "url",
            Self::Page => "page",
            Self::Never => "never",
        }
    }
}

/// What the agent is told who waits for a person that it cannot reach itself.
pub(super) const WAIT: &str = "A person must approve this first, and was asked outside of this conversation. Tell the user \
                               what you want to do and why. Once it is approved, call again with exactly the same \
                               arguments.";
pub(super) const DECLINED: &str =
    "The user declined this. Do not call it again; choose another way or ask the user what to do.";
pub(super) const UNANSWERED: &str =
    "A person must approve this, and nobody answered. Tell the user what you want to do and why.";

impl Gateway {
    /// What the client gets for a call that was stopped because a person has to approve it first: the question, where that
    /// is all that is missing and the person can be asked. Every other refusal stays what it is.
    pub(crate) fn challenged(
        &self,
        arrival: &Arrival,
        scope: Scope,
        outbound: Outbound,
        refusal: Refusal,
    ) -> Result<Reply, Refusal> {
        let (call, judgement, pause) = match refusal {
            Refusal::Ruled(call, judgement) => (call, judgement, None),
            Refusal::Paused(call, judgement, pause) => (call, judgement, Some(pause)),
            refusal => return Err(refusal),
        };
        let paused = pause.is_some();
        let ruled = |judgement| {
            Err(match pause {
                None => Refusal::Ruled(call, judgement),
                Some(pause) => Refusal::Paused(call, judgement, pause),
            })
        };
        let Some(awaited) = judgement.awaits else { return ruled(judgement) };
        let passage = &scope.passage;
        let way = self.way_to_ask(arrival, passage, awaited.proven);
        if way == Way::Never {
            return ruled(judgement);
        }
        let told = |told: &'static str| Err(Refusal::Unapproved(call, told.into()));
        let (question, is_new) = match self.ask_person(passage, &judgement, awaited, way) {
            Asked::New(question) => (question, true),
            Asked::Open(question) => (question, false),
            Asked::Declined => return told(DECLINED),
            // Why it has to wait says more.
            Asked::TooMany(_) if paused => return ruled(judgement),
            Asked::TooMany(why) => return told(why),
        };
        let Message::Request(request) = passage.message.inspect() else { return ruled(judgement) };
        // Who goes in circles is told so first, and finds another way. The person is asked by who insists.
        if is_new && judgement.reasons.iter().any(|reason| reason.code == ReasonCode::Loop) {
            return ruled(judgement);
        }
        match (way, &scope.session) {
            (Way::Form | Way::Url, Some(session)) => {
                let session = session.clone();
                let page = (way == Way::Url).then(|| self.page_of(&passage.live, &question));
                let waiting = Waiting::new(self, &session, &question, is_new || paused, page, outbound);
                Ok(Reply::Stream(Flow::waiting(self.stoppable(scope, &session), waiting)))
            }
            (Way::Form | Way::Url, None) => {
                let whose = (question.owner, &passage.server.profile.name, request);
                let sealed = state::seal(self.parking.sealer(), whose, &question.number, question.until);
                let Some(sealed) = sealed else { return ruled(judgement) };
                let params = match way {
                    Way::Url => opened(&self.page_of(&passage.live, &question), None),
                    _ => elicitation(&question, Revision::LATEST),
                };
                let body = input_required(request, &params, &sealed).into_bytes();
                Ok(Reply::Message { status: 200, body, session: None })
            }
            // It says itself what is to be done.
            (Way::Page, _) if paused => ruled(judgement),
            // Whoever opens the page has to sign in as the right person. An address that needs no more than itself is not for
            // agents.
            (Way::Page, _) if signs_in(passage) => {
                let page = self.page_of(&passage.live, &question);
                Err(Refusal::Unapproved(call, format!("{WAIT} The page is {page} .").into()))
            }
            (Way::Page | Way::Never, _) => told(WAIT),
        }
    }

    /// Asks, unless it is asked already or must not be.
    pub(super) fn ask_person(&self, passage: &Passage, judgement: &Judgement, call: Awaited, way: Way) -> Asked {
        let Awaited { covers, proven } = call;
        let now = self.clock.now();
        let limits = &passage.live.settings.limits;
        let ceilings = Ceilings { open: limits.approvals_open, an_hour: limits.approvals_an_hour };
        let principal = passage.caller.actor.principal();
        let owner = passage.caller.actor.key();
        let asked = self.approvals.ask((owner, covers), way == Way::Form, ceilings, now, || {
            let number = self.entropy.draw();
            let shown = shown::question(passage, judgement);
            let record = audit::Approval {
                change: ApprovalChange::Asked,
                id: name(&number).into(),
                call: passage.call,
                conversation: passage.correlation.conversation.clone(),
                agent: Party::new(principal.agent.id.clone(), principal.agent.name.clone()),
                human: principal.human.as_ref().map(human_party),
                server: passage.server.profile.name.clone(),
                target: passage.subject().target.name().unwrap_or_default().to_owned().into(),
                covers,
                shown: Digest::of(shown.as_bytes()),
                way: way.as_str().into(),
                by: None,
                after_ms: None,
                until: now.plus(limits.approval_for),
            };
            let human = principal.human.as_ref().map(|human| (human.issuer.clone(), human.id.clone()));
            let key = URL_SAFE_NO_PAD.encode([self.entropy.draw(), self.entropy.draw()].concat());
            Question::new(number, owner, shown.into(), record, (human, key.into()), (proven, now))
        });
        if let Asked::New(question) = &asked {
            self.note(Event::Approval(Box::new(question.told(ApprovalChange::Asked, None, now))));
            let page = self.page_for_operators(passage, question);
            let record = &question.record;
            tracing::info!(
                approval = %record.id, server = %record.server, tool = %*record.target, page = page.as_deref(),
                "a person has to approve a call; see `doorward approvals`"
            );
            if way == Way::Page {
                let signed_in = page.clone().filter(|_| signs_in(passage));
                self.tell_webhook(&passage.live, question, signed_in);
            }
            self.put_on_desk(question, page);
        }
        asked
    }

    /// Where a question is answered.
    pub(crate) fn page_of(&self, live: &Live, question: &Question) -> String {
        format!("{}{APPROVE}{}", self.public(live), question.record.id)
    }

    /// The same for whoever reads the log of a gateway where nobody can sign in: it is good for whoever has it.
    fn page_for_operators(&self, passage: &Passage, question: &Question) -> Option<String> {
        let page = (self.surroundings.listen.port() != 0).then(|| self.page_of(&passage.live, question))?;
        match signs_in(passage) {
            true => Some(page),
            false => question.is_local().then(|| format!("{page}?key={}", question.key)),
        }
    }

    /// The way that fits the client, the person and the call. For a sign-in there is one: a page that the client opens.
    pub(super) fn way_to_ask(&self, arrival: &Arrival, passage: &Passage, proven: Option<Assurance>) -> Way {
        if proven.is_some() {
            let asks = passage.live.settings.approval.ask != Some(Ask::Never);
            return if asks && Shows::of(arrival).pages && signs_in(passage) { Way::Url } else { Way::Never };
        }
        let human = passage.caller.actor.principal().human.as_ref();
        // Where nobody sits before the client, nobody answers its forms.
        let can = Shows::of(arrival);
        let form = if human.is_some() && can.forms { Way::Form } else { Way::Page };
        let page = if can.pages && signs_in(passage) { Way::Url } else { Way::Page };
        match passage.live.settings.approval.ask {
            Some(Ask::Never) => Way::Never,
            Some(Ask::Form) => form,
            Some(Ask::Url) => page,
            Some(Ask::Page | Ask::Webhook) => Way::Page,
            // A form goes through the agent's host. Who can sign in here is asked here about what cannot be undone.
            None if is_risky(passage) && signs_in(passage) => page,
            None if form == Way::Page => page,
            None => form,
        }
    }
}

/// What people call a question by. It opens nothing.
fn name(number: &[u8; 16]) -> String {
    number.iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a call may do what cannot be undone, as far as anybody knows.
fn is_risky(passage: &Passage) -> bool {
    let effects = passage.subject().target.definition().map_or(Effects::NONE, |definition| definition.effects);
    effects == Effects::NONE
        || [Effect::Pay, Effect::Grant, Effect::Execute, Effect::Delete].into_iter().any(|e| effects.contains(e))
}

/// Whether the person can sign in at the gateway's pages.
fn signs_in(passage: &Passage) -> bool {
    let (Some(authority), Some(human)) = (&passage.live.authority, &passage.caller.actor.principal().human) else {
        return false;
    };
    authority.providers.iter().any(|p| *p.issuer == *human.issuer)
}

/// What a client declares that it shows its person (2025-11-25 and 2026-07-28, client/elicitation: without a mode, forms it
/// is).
#[derive(Clone, Copy, Default)]
struct Shows {
    forms: bool,
    pages: bool,
}

impl Shows {
    fn of(arrival: &Arrival) -> Self {
        let shows = |elicitation: Value<'_>| Self {
            forms: elicitation.is_object() && (elicitation.get("form").is_some() || elicitation.get("url").is_none()),
            pages: elicitation.get("url").is_some(),
        };
        let declared = match &arrival.session {
            None => {
                let asked = arrival.asked.as_ref().and_then(|asked| asked.meta(meta::CLIENT_CAPABILITIES));
                asked.and_then(|c| c.get("elicitation")).map(shows)
            }
            Some(session) => session.links().iter().find_map(|(_, opened)| match opened.by.message.inspect() {
                Message::Request(initialize) => {
                    let params = initialize.params();
                    params.and_then(|p| p.get("capabilities")?.get("elicitation")).map(shows)
                }
                Message::Notification(_) | Message::Response(_) => None,
            }),
        };
        declared.unwrap_or_default()
    }
}

/// The parameters of `elicitation/create`: nothing is to be filled in, to accept is to approve.
pub(super) fn elicitation(question: &Question, revision: Revision) -> String {
    // Older revisions know one mode, and no word for it.
    let mode = if revision >= Revision::V2025_11_25 { "\"mode\":\"form\"," } else { "" };
    format!(
        "{{{mode}\"message\":{},\"requestedSchema\":{{\"type\":\"object\",\"properties\":{{}}}}}}",
        quote(&question.shown)
    )
}

/// The same for a page that the client opens; 2025-11-25 gives it a name.
pub(super) fn opened(page: &str, name: Option<&str>) -> String {
    let name = name.map(|name| format!("\"elicitationId\":{},", quote(name))).unwrap_or_default();
    format!(
        "{{\"mode\":\"url\",{name}\"url\":{},\"message\":{}}}",
        quote(page),
        quote("Look at one call and approve it, so that it can go on.")
    )
}

/// The answer that asks the client of `request` (2026-07-28, basic/patterns/mrtr).
fn input_required(request: &Request, params: &str, state: &str) -> Cleared {
    Cleared::own(
        &request.id,
        &format!(
            "{{\"resultType\":\"input_required\",\"inputRequests\":{{\"{KEY}\":{{\"method\":\"elicitation/create\",\
             \"params\":{params}}}}},\"requestState\":{}}}",
            quote(state)
        ),
    )
}
