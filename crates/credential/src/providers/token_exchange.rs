//! A token about the human is exchanged for one that opens the server, and the gateway says which agent acts
//! (RFC 8693: delegation, on behalf of).

use crate::{
    Call, Failure, Issued, Needs, Order, PerWhom, Provider, Source, Step,
    wire::{Form, Metadata, Server, Target, Token, grant, jwt, statement, token_type},
};
use doorward_vocab::Secret;
use serde_json::{Map, Value};

/// A token about the human becomes one for the server.
#[derive(Debug)]
pub struct TokenExchange {
    /// Who exchanges it, and who the gateway is there.
    pub server: Server,
    /// What the result is for.
    pub target: Target,
    /// Where the token about the human comes from; none: the gateway says who it is.
    pub subject: Option<Source>,
    /// What that is (RFC 8693 §3).
    pub subject_type: &'static str,
    /// Whether the gateway says who acts.
    pub actor: Actor,
    /// What is wanted (RFC 8693 §2.1).
    pub requested: &'static str,
}

/// Who is said to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The agent, by a statement of the gateway.
    Agent,
    /// Nobody: for providers that take no actor.
    Nobody,
}

impl Provider for TokenExchange {
    fn kind(&self) -> &'static str {
        "token-exchange"
    }
    fn per(&self) -> PerWhom {
        PerWhom::Both
    }
    fn subject_type(&self) -> &'static str {
        self.subject_type
    }
    fn needs(&self) -> Needs {
        let own = self.subject.is_none() || self.actor == Actor::Agent || self.server.client.needs_signature();
        Needs { signature: own, subject: self.subject, ..Needs::default() }
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        order.call.human.ok_or(Failure::NoHuman)?;
        self.server.at.found(order.now, move |server| {
            let subject = self.subject_token(order, &server)?;
            let form = self.form(order, &server, &subject)?;
            let about = jwt::claims(&subject);
            let request = self.server.client.request(form, &server, order)?;
            Ok(request.then(move |answer| {
                let token = Token::read(answer, order.now)?;
                token.is_of(self.requested)?;
                let (issued, claims) = self.target.issued(token, order)?;
                self.looked_at(issued, claims.as_ref(), about.as_ref(), &order.call).map(Step::Have)
            }))
        })
    }
}

impl TokenExchange {
    fn subject_token<'a>(&self, order: &'a Order<'a>, server: &Metadata) -> Result<Shown<'a>, Failure> {
        match self.subject {
            None => statement::of_human(order, server.name(), Map::new()).map(Shown::Own),
            Some(_) => match order.subject {
                Some(subject) => Ok(Shown::Theirs(subject.token)),
                None => Err(Failure::NoSubject("nobody presented one".into())),
            },
        }
    }

    fn form(&self, order: &Order<'_>, server: &Metadata, subject: &Secret<String>) -> Result<Form, Failure> {
        let mut form = Form::of(grant::EXCHANGE);
        form.secret("subject_token", subject).add("subject_token_type", self.subject_type);
        if self.actor == Actor::Agent {
            let actor = statement::of_agent(order, server.name())?;
            form.secret("actor_token", &actor).add("actor_token_type", token_type::JWT);
        }
        form.add("requested_token_type", self.requested);
        self.target.ask(&mut form, &order.call);
        Ok(form)
    }

    /// Whether the result is about the same human, and names the agent.
    fn looked_at(
        &self,
        mut issued: Issued,
        claims: Option<&Map<String, Value>>,
        about: Option<&Map<String, Value>>,
        call: &Call<'_>,
    ) -> Result<Issued, Failure> {
        issued.grant = None;
        let Some(claims) = claims else { return Ok(issued) };
        // Another issuer may have other names for people.
        if let Some(about) = about
            && about.get("iss") == claims.get("iss")
            && about.get("sub") != claims.get("sub")
        {
            return Err(Failure::Unusable("the token is about another person".into()));
        }
        if self.actor == Actor::Agent {
            match claims.get("act") {
                None => add(&mut issued, "the provider left out who acts"),
                Some(act) if act.get("sub").and_then(Value::as_str) == Some(call.agent.id) => {}
                Some(_) => return Err(Failure::Unusable("the token says that somebody else acts".into())),
            }
        }
        Ok(issued)
    }
}

fn add(issued: &mut Issued, remark: &str) {
    issued.remark = Some(match issued.remark.take() {
        Some(first) => format!("{first}; {remark}").into(),
        None => remark.into(),
    });
}

/// A token of ours or of somebody else.
enum Shown<'a> {
    Own(Secret<String>),
    Theirs(&'a Secret<String>),
}

impl std::ops::Deref for Shown<'_> {
    type Target = Secret<String>;
    fn deref(&self) -> &Secret<String> {
        match self {
            Self::Own(own) => own,
            Self::Theirs(theirs) => theirs,
        }
    }
}
