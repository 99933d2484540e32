//! The gateway's own account at an authorization server (RFC 6749 §4.4): one token for all that it serves.

use crate::{
    Failure, Needs, Order, PerWhom, Provider, Step,
    wire::{Form, Server, Target, grant},
};

/// The gateway asks for itself.
#[derive(Debug)]
pub struct ClientCredentials {
    /// Who gives it, and who the gateway is there.
    pub server: Server,
    /// What it is for.
    pub target: Target,
}

impl Provider for ClientCredentials {
    fn kind(&self) -> &'static str {
        "client-credentials"
    }
    fn per(&self) -> PerWhom {
        PerWhom::Everybody
    }
    fn needs(&self) -> Needs {
        Needs { signature: self.server.client.needs_signature(), ..Needs::default() }
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        let mut form = Form::of(grant::CLIENT);
        self.target.ask(&mut form, &order.call);
        self.server.ask(order, form, move |token| {
            let (mut issued, _) = self.target.issued(token, order)?;
            // RFC 6749 §4.4.3: there should be none, and nobody to keep it for.
            issued.grant = None;
            Ok(Step::Have(issued))
        })
    }
}
