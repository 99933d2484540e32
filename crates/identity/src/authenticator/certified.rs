//! Agents that a client certificate names, alone or beside a human's token.

use super::{Authenticator, Seen, issuer::Issuer};
use crate::{
    Agent, Attestation, CertificateFlaw, Chain, Delegation, Flaw, KeyBinding, Method, NameKind, PartyId, Principal,
    Refusal, Verified, Via,
    attest::{Claimed, Proved, Shown},
    delegation::Bound,
};
use doorward_vocab::{Assurance, Digest, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

/// A chain of certificates that was judged before.
pub(super) struct Certified {
    /// The agent without a human.
    pub(super) alone: Arc<Verified<Principal>>,
    bound: Bound,
    issuer: Arc<Issuer>,
    generation: u64,
    until: Timestamp,
}

/// A human's token beside a certificate that was seen before.
pub(super) struct Blended {
    principal: Arc<Verified<Principal>>,
    seen: Arc<Seen>,
    certified: Arc<Certified>,
}

impl Authenticator {
    /// The agent that `chain` names. Judged once, not for each request or connection; its end is looked at each time, so a
    /// connection that is kept, or taken up again, does not outlive the certificate that opened it.
    pub(super) fn certified(&self, chain: Chain<'_>, now: Timestamp) -> Result<Arc<Certified>, Refusal> {
        if let Some(known) = self.chains.get(chain.whole) {
            let current = || known.issuer.generation.load(Ordering::Acquire) == known.generation;
            if now < known.until && current() && self.binding.still(&known.bound, now) {
                return Ok(known);
            }
            self.chains.invalidate(chain.whole);
        }
        let certified = Arc::new(self.judge(chain, now)?);
        self.chains.insert(*chain.whole, certified.clone());
        Ok(certified)
    }

    fn judge(&self, chain: Chain<'_>, now: Timestamp) -> Result<Certified, Refusal> {
        let shown = Shown::read(chain)?;
        let (issuer, claimed) = self.voucher(&shown, now)?;
        let generation = issuer.generation.load(Ordering::Acquire);
        let (proved, usable_until) = issuer.check_certificates(&shown, issuer.ages(self.ages), now)?;
        let rule = issuer.settings.certificates.as_ref();
        if !rule.is_some_and(|rule| rule.allows(&claimed.subject)) {
            return Err(Refusal::Certificate(CertificateFlaw::Subject));
        }
        let until = proved.ends.min(usable_until);
        let agent = agent(&issuer, &claimed);
        let (alone, bound) = self.binding.bind(alone(agent, &issuer, chain, &proved), false, now)?;
        Ok(Certified { alone: Arc::new(Verified::attest(alone)), bound, issuer, generation, until })
    }

    /// Whose certificate it is: that of the trust domain that it names, or else of the first authority that it leads to.
    fn voucher(&self, shown: &Shown<'_>, now: Timestamp) -> Result<(Arc<Issuer>, Claimed), Refusal> {
        let spiffe = shown.claims(NameKind::Spiffe);
        if let Ok(claimed) = &spiffe
            && let Some(issuer) = claimed.domain.as_ref().and_then(|domain| self.issuers.get(domain))
            && issuer.settings.certificates.as_ref().is_some_and(|rule| rule.kind == NameKind::Spiffe)
        {
            return Ok((issuer.clone(), spiffe.map_err(Refusal::Certificate)?));
        }
        let mut refusal = Refusal::Certificate(spiffe.err().unwrap_or(CertificateFlaw::Domain));
        for issuer in &self.authorities {
            let Some(rule) = &issuer.settings.certificates else { continue };
            let claimed = match shown.claims(rule.kind) {
                Ok(claimed) => claimed,
                Err(flaw) => {
                    refusal = Refusal::Certificate(flaw);
                    continue;
                }
            };
            match issuer.check_certificates(shown, issuer.ages(self.ages), now) {
                Ok(_) => return Ok((issuer.clone(), claimed)),
                Err(needed @ Refusal::KeysNeeded { .. }) => return Err(needed),
                Err(other) => refusal = other,
            }
        }
        Err(refusal)
    }

    /// The agent of the certificate, for the human of the token; as well proven as the weaker of both.
    pub(super) fn blended(
        &self,
        token: &Digest,
        seen: &Arc<Seen>,
        chain: Chain<'_>,
        certified: &Arc<Certified>,
    ) -> Result<Arc<Verified<Principal>>, Refusal> {
        let mut both = [0; 64];
        for (to, from) in both.iter_mut().zip(token.as_bytes().iter().chain(chain.whole.as_bytes())) {
            *to = *from;
        }
        let name = Digest::of(&both);
        if let Some(known) = self.blends.get(&name)
            && Arc::ptr_eq(&known.seen, seen)
            && Arc::ptr_eq(&known.certified, certified)
        {
            return Ok(known.principal.clone());
        }
        let bound = seen.key() == Some(&KeyBinding::X5t(*chain.leaf));
        let principal = blend(&seen.principal, seen, bound, &certified.alone).map_err(Refusal::Invalid)?;
        let principal = Arc::new(Verified::attest(principal));
        let blended = Blended { principal: principal.clone(), seen: seen.clone(), certified: certified.clone() };
        self.blends.insert(name, Arc::new(blended));
        Ok(principal)
    }
}

fn agent(issuer: &Issuer, claimed: &Claimed) -> Agent {
    // For people, the part of a SPIFFE ID that tells workloads of one trust domain apart.
    let path = claimed.domain.as_ref().and_then(|domain| claimed.subject.strip_prefix(&**domain));
    let name = path.map_or(&*claimed.subject, |path| path.trim_start_matches('/'));
    Agent {
        id: claimed.subject.clone(),
        name: name.into(),
        issuer: Some(issuer.settings.issuer.clone()),
        class: None,
        publisher: None,
        owner: None,
    }
}

fn alone(agent: Agent, issuer: &Issuer, chain: Chain<'_>, proved: &Proved) -> Principal {
    let method = if issuer.settings.method == Method::Mtls { Method::Mtls } else { Method::X509Svid };
    let attestation = Attestation {
        subject: agent.id.clone(),
        method,
        assurance: Assurance::KeyBound,
        issuer: agent.issuer.clone(),
        evidence: *chain.whole,
        measured: BTreeMap::new(),
        posture: BTreeMap::new(),
        key: Some(KeyBinding::X5t(*chain.leaf)),
        at: proved.begins,
        expires: Some(proved.ends),
    };
    Principal {
        key: Principal::key_of(Via::Certificate, &agent, None, None),
        agent,
        human: None,
        delegations: Arc::default(),
        assurance: attestation.assurance,
        attestation: Arc::new(attestation),
        via: Via::Certificate,
        expires: Some(proved.ends),
        conversation_hint: None,
        audiences: Arc::default(),
        host: false,
    }
}

/// A token that names an agent of its own must name this one: by `act` (RFC 8693 §4.1), by `may_act` (§4.4), or, where it
/// has no human, by being bound to this very certificate. A client id alone says by whom the human signed in.
fn blend(token: &Principal, seen: &Seen, bound: bool, certified: &Principal) -> Result<Principal, Flaw> {
    let named = |id: &str, issuer: Option<&str>| {
        *id == *certified.agent.id && issuer.is_none_or(|issuer| certified.agent.issuer.as_deref() == Some(issuer))
    };
    let allowed = seen.actors.iter().all(|actor| named(&actor.id, actor.issuer.as_deref()));
    let Some(human) = token.human.clone() else {
        return if bound || named(&token.agent.id, None) { Ok(token.clone()) } else { Err(Flaw::OtherAgent) };
    };
    if !allowed {
        return Err(Flaw::OtherAgent);
    }
    let agent = certified.agent.clone();
    let holder = PartyId { issuer: agent.issuer.clone(), id: agent.id.clone() };
    let delegations: Vec<_> = token
        .delegations
        .iter()
        .map(|delegation| {
            let key = certified.attestation.key;
            Arc::new(Delegation { agent: holder.clone(), key, ..(**delegation).clone() })
        })
        .collect();
    Ok(Principal {
        key: Principal::key_of(Via::CertificateAndToken, &agent, Some(&human), seen.delegation.as_deref()),
        agent,
        human: Some(human),
        delegations: delegations.into(),
        attestation: certified.attestation.clone(),
        assurance: token.assurance.min(certified.assurance),
        via: Via::CertificateAndToken,
        expires: token.expires.min(certified.expires),
        conversation_hint: token.conversation_hint.clone(),
        audiences: token.audiences.clone(),
        host: false,
    })
}
