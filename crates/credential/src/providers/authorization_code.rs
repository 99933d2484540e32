//! The person's own account at the server: they granted it once in a browser, and the refresh token of that grant gives access
//! tokens (RFC 6749 §4.1 and §6).

use crate::{
    Failure, Needs, Order, PerWhom, Provider, Step,
    wire::{Client, Form, Target, Token, grant},
};

/// What a person granted is used.
#[derive(Debug)]
pub struct AuthorizationCode {
    /// Who the gateway is there; none: as whom it was granted.
    pub client: Option<Client>,
    /// What the token is for.
    pub target: Target,
}

impl Provider for AuthorizationCode {
    fn kind(&self) -> &'static str {
        "oauth"
    }
    fn per(&self) -> PerWhom {
        PerWhom::Human
    }
    /// A grant is what it is: a refresh token that is turned over for each set of scopes would be turned over at once by many.
    fn narrows(&self) -> bool {
        false
    }
    fn needs(&self) -> Needs {
        let signature = self.client.as_ref().is_some_and(Client::needs_signature);
        Needs { grant: true, signature, ..Needs::default() }
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        order.call.human.ok_or(Failure::NoHuman)?;
        let granted = order.grant.ok_or(Failure::Consent)?;
        let client = self.client.as_ref().or(granted.client).ok_or(Failure::Consent)?;
        let target = Target { resource: granted.resource.clone(), ..self.target.clone() };
        let mut form = Form::of(grant::REFRESH);
        form.secret("refresh_token", granted.refresh).maybe("resource", target.resource(&order.call));
        let request = client.request(form, granted.server, order)?;
        Ok(request.then(move |answer| {
            let token = Token::read(answer, order.now).map_err(over)?;
            target.issued(token, order).map(|(issued, _)| Step::Have(issued))
        }))
    }
}

/// RFC 6749 §5.2: a refresh token that is revoked, used before or expired, and a client that is not known any more, which may
/// have registered itself. The person has to grant it again.
fn over(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(why) if why.ends_with(" invalid_grant") => Failure::Consent,
        other => other,
    }
}
