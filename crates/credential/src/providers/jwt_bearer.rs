//! A statement as a grant (RFC 7523 §2.1): of the gateway, that it acts for the human or for itself, or of the platform that
//! the gateway runs on, about the gateway.

use crate::{
    Failure, Keeper, Needs, Order, PerWhom, Provider, Step,
    wire::{Client, Form, Server, Target, grant, statement},
};
use serde_json::{Map, Value};

/// The gateway says who it is for, and the server believes it.
#[derive(Debug)]
pub struct JwtBearer {
    /// Who believes it, and who the gateway is there.
    pub server: Server,
    /// What the token is for.
    pub target: Target,
    /// For whom.
    pub speaks: Speaks,
    /// What is named as `aud`, where that is not the server.
    pub audience: Option<Box<str>>,
}

/// For whom the gateway speaks.
#[derive(Debug)]
pub enum Speaks {
    /// For the human of the call, named by the id at its provider.
    Human,
    /// For the human, named by the verified address.
    Address,
    /// For itself, under this name.
    Itself(Box<str>),
    /// It says nothing: its platform does, in a statement that this shows as it is now.
    Platform(Box<dyn Keeper>),
}

impl Provider for JwtBearer {
    fn kind(&self) -> &'static str {
        "jwt-bearer"
    }
    fn per(&self) -> PerWhom {
        match self.speaks {
            Speaks::Human | Speaks::Address => PerWhom::Both,
            Speaks::Itself(_) | Speaks::Platform(_) => PerWhom::Everybody,
        }
    }
    fn needs(&self) -> Needs {
        Needs { signature: !matches!(self.speaks, Speaks::Platform(_)), ..Needs::default() }
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        self.server.at.found(order.now, move |server| {
            let audience = self.audience.as_deref().unwrap_or_else(|| server.name());
            let acting = || Map::from_iter([("act".to_owned(), statement::acting(order))]);
            let assertion = match &self.speaks {
                Speaks::Human => statement::of_human(order, audience, acting())?,
                Speaks::Address => {
                    let email = order.call.human.ok_or(Failure::NoHuman)?.email;
                    let email =
                        email.ok_or_else(|| Failure::NoSubject("no address of the person is verified".into()))?;
                    let mut more = acting();
                    more.insert("sub".to_owned(), Value::from(email));
                    statement::of_human(order, audience, more)?
                }
                Speaks::Itself(name) => statement::of_itself(order, name, audience, Map::new())?,
                Speaks::Platform(stated) => stated.show()?,
            };
            redeem(order, &self.server.client, &server, &self.target, &assertion)
        })
    }
}

/// Turns an assertion into a token (RFC 7523 §2.1).
pub(super) fn redeem<'a>(
    order: &'a Order<'a>,
    client: &Client,
    server: &crate::wire::Metadata,
    target: &'a Target,
    assertion: &doorward_vocab::Secret<String>,
) -> Result<Step<'a>, Failure> {
    let mut form = Form::of(grant::JWT);
    form.secret("assertion", assertion);
    target.ask(&mut form, &order.call);
    let request = client.request(form, server, order)?;
    Ok(request.then(move |answer| {
        let token = crate::wire::Token::read(answer, order.now)?;
        let (mut issued, _) = target.issued(token, order)?;
        // Asked for anew each time: whoever speaks for a person is asked whether that still holds.
        issued.grant = None;
        Ok(Step::Have(issued))
    }))
}
