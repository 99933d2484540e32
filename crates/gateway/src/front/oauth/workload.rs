//! A workload that brings a statement of its platform, or of another issuer that is trusted, as a grant (RFC 7523 §2.1). It
//! acts as the agent that it is stated to be, for itself: there is no human, and it is no client of anybody.

use super::{
    Call,
    exchange::{MAX_LIFE, not_good},
    token::silent,
};
use doorward_identity::{KeyBinding, Refusal, Workload, assertion};
use doorward_oauth::{Client, Code, Fault, Form, attested::Admitted, exchange, metadata::grant};
use http::header;
use std::sync::Arc;

/// What the statement is called in the request.
const ASSERTION: &str = "assertion";

/// Whether a JWT bearer grant is about a workload: what is of no other kind. The word of a provider for a human says that it
/// is one.
pub(super) fn is_meant(form: &Form) -> bool {
    let kind = form.get(ASSERTION).and_then(assertion::kind);
    kind.as_deref() != Some(exchange::ASSERTION_TYPE)
}

impl Call<'_> {
    /// A token for whom the assertion states to be a workload here and now.
    pub(super) async fn by_workload(&self, form: &Form, key: Option<KeyBinding>) -> Result<String, Fault> {
        let text = form.need(ASSERTION)?;
        let client = self.beside(form).await?;
        let Workload { agent, attestation, issuer, id, until } = self.workload(text).await?;
        if attestation.key.is_some() && attestation.key != key {
            return Err(Fault::new(Code::InvalidGrant, "the assertion is bound to a key; show a proof of it"));
        }
        let admitted = Admitted {
            name: Some(agent.name).filter(|name| *name != agent.id),
            agent: agent.id,
            trust: issuer.clone(),
            attestation: Arc::unwrap_or_clone(attestation),
            key,
        };
        let resource = admitted.resource(form, &self.authority.realm)?;
        let behind = self.authority.realm.servers(&resource);
        if let Some(limit) = client.as_ref().and_then(|client| client.servers.as_ref())
            && !behind.is_subset(limit)
        {
            return Err(Fault::new(Code::InvalidTarget, "this client is for other servers; name one of its own"));
        }
        // Last, so that a request that fails for another reason can be made again.
        if let Some(id) = id {
            let once = format!("assertion\n{issuer}\n{id}");
            if !self.gateway.first_time(&once, until).await.map_err(silent)? {
                return Err(Fault::new(Code::InvalidGrant, "the assertion was used before"));
            }
        }
        self.admitted(&admitted, &resource).await
    }

    async fn workload(&self, text: &str) -> Result<Workload, Fault> {
        let (names, now) = (self.names(), self.gateway.clock.now());
        let audiences = names.each_ref().map(String::as_str);
        let ask = || self.live.authenticator.workload(text, &audiences, MAX_LIFE, now);
        let stated = match ask() {
            Err(Refusal::KeysNeeded { issuer }) => {
                Box::pin(crate::keys::fetch(self.gateway, self.live, &issuer, now)).await;
                ask()
            }
            other => other,
        };
        stated.map_err(|refusal| not_good(ASSERTION, &refusal))
    }

    /// The client that proves itself beside the assertion. There need not be one, and a name alone says nothing; but a proof
    /// that is shown must hold (RFC 7523 §3.1).
    async fn beside(&self, form: &Form) -> Result<Option<Arc<Client>>, Fault> {
        let shown = ["client_secret", "client_assertion"].iter().any(|name| form.get(name).is_some());
        if !shown && !self.head.headers.contains_key(header::AUTHORIZATION) {
            return Ok(None);
        }
        let client = self.proved(form).await?;
        client.may(grant::ASSERTION)?;
        Ok(Some(client))
    }
}
