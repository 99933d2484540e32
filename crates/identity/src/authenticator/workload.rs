//! A statement about a workload that is brought for a token (RFC 7523 §2.1), instead of being one itself.

use super::Authenticator;
use crate::{Agent, Attestation, Flaw, IssuerSettings, Method, Refusal, claims, claims::Judged, token::Token};
use doorward_vocab::Timestamp;
use std::{sync::Arc, time::Duration};

/// A workload that somebody who is trusted vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Who it is: the agent that it would be with this statement as its access token.
    pub agent: Agent,
    /// What was proved of it. A key in it must be shown by whoever brings the statement.
    pub attestation: Arc<Attestation>,
    /// Whose statement it is.
    pub issuer: Arc<str>,
    /// What the statement is called (`jti`), where it has a name: then it is good once.
    pub id: Option<Arc<str>>,
    /// Until when it is good, the difference of clocks included.
    pub until: Timestamp,
}

impl Authenticator {
    /// Whom `text` states to be a workload, for one of `audiences` alone and for at most `longest` from now. It is judged as a
    /// token of its issuer is that opens something here: signature, type, times, rules of the operator, what was revoked.
    ///
    /// # Errors
    /// A [`Refusal`]; [`Refusal::KeysNeeded`] as for [`Self::authenticate`]. [`Flaw::Issuer`] for statements of the gateway
    /// itself, [`Flaw::Type`] for an access token, [`Flaw::Subject`] for one about a human, [`Flaw::ActorChain`] for one that
    /// names somebody else who acts.
    pub fn workload(
        &self,
        text: &str,
        audiences: &[&str],
        longest: Duration,
        now: Timestamp,
    ) -> Result<Workload, Refusal> {
        let bad = |flaw| Err(Refusal::Invalid(flaw));
        let token = Token::parse(text).map_err(Refusal::Invalid)?;
        let issuer = self.issuer_of(&token)?;
        let settings = &issuer.settings;
        if settings.attests || settings.method == Method::Mtls {
            return bad(Flaw::Issuer);
        }
        if !settings.algorithms.contains(&token.algorithm) {
            return bad(Flaw::Algorithm);
        }
        // What was given for some scopes would come back without them.
        let is_access = token.plain_typ().as_deref() == Some("at+jwt");
        if is_access || ["scope", "scp"].iter().any(|claim| token.claims.contains_key(*claim)) {
            return bad(Flaw::Type);
        }
        issuer.check_signature(&token, issuer.ages(self.ages), now)?;
        // For this server as one that gives tokens; what opens an endpoint is no statement for it, and the reverse.
        let audiences = audiences.iter().map(|name| Arc::from(*name)).collect();
        let for_us = IssuerSettings { audiences, ..settings.as_ref().clone() };
        let Judged { principal, actors, .. } = claims::judge(&token, text, &for_us, self.skew, now)?;
        if !actors.is_empty() {
            return bad(Flaw::ActorChain);
        }
        if principal.human.is_some() {
            return bad(Flaw::Subject);
        }
        let until = principal.expires.ok_or(Refusal::Invalid(Flaw::Time))?.plus(self.skew);
        if until > now.plus(longest).plus(self.skew * 2) {
            return bad(Flaw::Time);
        }
        let (principal, _) = self.binding.bind(principal, false, now)?;
        Ok(Workload {
            agent: principal.agent,
            attestation: principal.attestation,
            issuer: settings.issuer.clone(),
            id: token.text("jti").filter(|id| !id.is_empty()).map(Arc::from),
            until,
        })
    }
}
