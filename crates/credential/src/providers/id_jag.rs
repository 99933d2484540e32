//! Access across applications that one identity provider decides about (draft-ietf-oauth-identity-assertion-authz-grant; MCP
//! enterprise-managed authorization): the provider at which the human signs in gives a grant for the authorization server of
//! the resource, and that gives the token.

use super::jwt_bearer::redeem;
use crate::{
    Failure, Needs, Order, PerWhom, Provider, Source, Step,
    wire::{Form, Server, Target, Token, grant, jwt, token_type},
};
use serde_json::Value;

/// The identity provider lets the human's agents in elsewhere.
#[derive(Debug)]
pub struct IdJag {
    /// The provider at which the human signs in, and who the gateway is there.
    pub provider: Server,
    /// The authorization server of the resource, and who the gateway is there.
    pub server: Server,
    /// What the token is for.
    pub target: Target,
    /// What is shown to the provider (RFC 8693 §3).
    pub subject_type: &'static str,
}

impl Provider for IdJag {
    fn kind(&self) -> &'static str {
        "id-jag"
    }
    fn per(&self) -> PerWhom {
        PerWhom::Both
    }
    fn subject_type(&self) -> &'static str {
        self.subject_type
    }
    fn needs(&self) -> Needs {
        let own = self.provider.client.needs_signature() || self.server.client.needs_signature();
        Needs { signature: own, subject: Some(Source::Login), ..Needs::default() }
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        order.call.human.ok_or(Failure::NoHuman)?;
        // The grant names the server that it is for, so that is found first.
        self.server.at.found(order.now, move |server| {
            let audience = server.issuer.clone().ok_or_else(|| Failure::Misconfigured("it needs `issuer`".into()))?;
            let subject = order.subject.ok_or_else(|| Failure::NoSubject("nobody signed in here".into()))?;
            let mut form = Form::of(grant::EXCHANGE);
            form.add("requested_token_type", token_type::ID_JAG).add("audience", &audience);
            form.maybe("resource", self.target.resource(&order.call)).scopes(order.call.scopes);
            form.secret("subject_token", subject.token).add("subject_token_type", self.subject_type);
            self.provider.ask(order, form, move |token| {
                is_grant(&token, &audience)?;
                redeem(order, &self.server.client, &server, &self.target, &token.access)
            })
        })
    }
}

/// The answer is a grant for this server, and no token that opens anything (§4.3.3 of the draft).
fn is_grant(token: &Token, audience: &str) -> Result<(), Failure> {
    let bad = |why: &str| Failure::Unusable(why.into());
    token.is_of(token_type::ID_JAG)?;
    if !token.token_type.eq_ignore_ascii_case("N_A") {
        return Err(bad("the grant of the identity provider says that it is a token"));
    }
    let claims = jwt::claims(&token.access).ok_or_else(|| bad("the grant of the identity provider is no JWT"))?;
    match claims.get("aud") {
        Some(Value::String(aud)) if aud == audience => Ok(()),
        Some(Value::Array(all)) if matches!(all.as_slice(), [Value::String(aud)] if aud == audience) => Ok(()),
        _ => Err(bad("the grant of the identity provider is for another server")),
    }
}
