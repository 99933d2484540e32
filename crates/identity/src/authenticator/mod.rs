mod certified;
mod credential;
mod issuer;
mod local;
mod process;
mod workload;

use self::{
    certified::{Blended, Certified},
    credential::{Scheme, credential},
    issuer::Issuer,
    local::{anonymous, local},
    process::Running,
};
use crate::{
    Asked, Chain, Flaw, IssuerSettings, KeyBinding, KeySetError, KeySource, Method, NonceRule, PartyId, Principal,
    ProofFlaw, Refusal, Settings, SettingsError, SpiffeId, SubjectIs, Verified, Via,
    assertion::{self, Expected, Opened},
    attest::{AGE, Nonces, Proof, ProofFor, Replay, Replays, process::ProcessRules},
    claims::{self, Judged},
    delegation::{Binding, Bound},
    keys::Ages,
    token::Token,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use doorward_vocab::{Digest, ServerName, Timestamp};
use moka::sync::Cache;
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

pub use workload::Workload;

/// What a request showed of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Presented<'a> {
    /// The value of the `Authorization` header; a request with two of them must be refused before.
    pub authorization: Option<&'a str>,
    /// Whether the peer is this machine.
    pub loopback: bool,
    /// The server whose own endpoint was asked; `None` at the endpoint of all servers.
    pub server: Option<&'a ServerName>,
    /// The request, as a proof of a key names it; `None` where what speaks is no HTTP.
    pub request: Option<Asked<'a>>,
    /// The certificates whose key the peer proved to have when it connected.
    pub certificates: Option<Chain<'a>>,
}

/// Establishes principals. Shared by all requests; takes no lock but a short shared one.
pub struct Authenticator {
    issuers: HashMap<Arc<str>, Arc<Issuer>>,
    anonymous: Option<(Vec<ServerName>, Arc<Verified<Principal>>)>,
    local: Option<Arc<Verified<Principal>>>,
    /// The digest of the host token, and who bears it.
    host: Option<(Digest, Arc<Verified<Principal>>)>,
    skew: Duration,
    ages: Ages,
    binding: Binding,
    seen: Cache<Digest, Arc<Seen>, BuildHasherDefault<Uniform>>,
    /// Those of the issuers that sign certificates alone, in the order of the settings.
    authorities: Vec<Arc<Issuer>>,
    /// Chains of certificates that were judged, by the digest of the whole.
    chains: Cache<Digest, Arc<Certified>>,
    /// Tokens beside certificates, by the digest of both.
    blends: Cache<Digest, Arc<Blended>>,
    processes: Vec<ProcessRules>,
    /// Processes that were recognized, by the digest of what was seen of them.
    running: Cache<Digest, Arc<Running>>,
    /// What proofs name this gateway by.
    own: Box<[Arc<str>]>,
    judges_certificates: bool,
    nonces: Option<Nonces>,
    replays: Replays,
}

/// A token that was verified before.
struct Seen {
    principal: Arc<Verified<Principal>>,
    /// The agents that the token names as the ones who act by it.
    actors: Box<[PartyId]>,
    /// The name of the delegation, where the token gives one.
    delegation: Option<Arc<str>>,
    bound: Bound,
    issuer: Arc<Issuer>,
    generation: u64,
    until: Timestamp,
}

impl Seen {
    /// The key that the token is bound to.
    fn key(&self) -> Option<&KeyBinding> {
        self.principal.attestation.key.as_ref()
    }
}

/// Hashes a digest, which is uniform already: its last eight bytes. Nobody chooses them: only tokens that an issuer
/// signed are remembered.
#[derive(Default)]
struct Uniform(u64);

impl Hasher for Uniform {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_ne_bytes(*last);
        }
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

impl Authenticator {
    /// An authenticator; pinned keys are learned at once.
    ///
    /// # Errors
    /// [`SettingsError`] names the first setting that cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let mut issuers = HashMap::new();
        let mut authorities = Vec::new();
        for s in settings.issuers {
            let name = s.issuer.clone();
            let issuer = Arc::new(Issuer::new(s)?);
            if !issuer.settings.signs_tokens() {
                authorities.push(issuer.clone());
            }
            if issuers.insert(name.clone(), issuer).is_some() {
                return Err(SettingsError::DuplicateIssuer(name));
            }
        }
        let judges_certificates = issuers.values().any(|i| i.settings.certificates.is_some());
        let host = match &settings.host_token {
            Some(token) => Some(
                token.reveal(|t| (t.len() >= 32).then(|| Digest::of(t.as_bytes())).ok_or(SettingsError::HostToken))?,
            ),
            None => None,
        };
        let nonces = settings.host_token.as_ref().map(Nonces::new);
        let wants_nonces = issuers.values().find(|i: &&Arc<Issuer>| i.settings.nonces == NonceRule::Required);
        if let (Some(issuer), None) = (wants_nonces, &nonces) {
            return Err(SettingsError::Nonces(issuer.settings.issuer.clone()));
        }
        let skew = settings.skew.min(Duration::from_secs(60));
        let user = settings.local_user;
        Ok(Self {
            issuers,
            anonymous: (!settings.anonymous.is_empty()).then(|| (settings.anonymous, anonymous())),
            host: host.map(|digest| (digest, local(Via::HostToken, "host", user.clone()))),
            local: user.map(|user| local(Via::LocalUser, "local", Some(user))),
            skew,
            ages: Ages {
                fresh: settings.keys_fresh,
                stale: settings.keys_stale.min(Duration::from_secs(3600)),
                refetch: settings.keys_refetch,
            },
            binding: Binding::new(settings.agents.into(), settings.book),
            seen: Cache::builder()
                .max_capacity(settings.cached_tokens)
                .build_with_hasher(BuildHasherDefault::default()),
            own: settings.own,
            judges_certificates,
            authorities,
            chains: Cache::new(settings.cached_tokens),
            blends: Cache::new(settings.cached_tokens),
            processes: settings.processes,
            running: Cache::new(settings.cached_tokens),
            nonces,
            // A proof is good for its age, and for the difference of clocks on both sides of it.
            replays: Replays::new(AGE + skew * 2, settings.remembered_proofs / 2),
        })
    }

    /// Who is acting, at `now`.
    ///
    /// A credential that was presented must be good: there is no falling back to the local user or to anonymous.
    ///
    /// # Errors
    /// A [`Refusal`]. After [`Refusal::KeysNeeded`] the caller fetches the keys, calls [`Self::learn`] or
    /// [`Self::missed`], and asks again.
    pub fn authenticate(&self, presented: Presented<'_>, now: Timestamp) -> Result<Arc<Verified<Principal>>, Refusal> {
        let chain = presented.certificates.filter(|_| self.judges_certificates);
        let Some(header) = presented.authorization else {
            return match chain {
                Some(chain) => self.certified(chain, now).map(|certified| certified.alone.clone()),
                None => self.without_credential(presented),
            };
        };
        let Some((scheme, text)) = credential(header)? else { return Err(Refusal::Missing) };
        let digest = Digest::of(text.as_bytes());
        if presented.loopback
            && scheme == Scheme::Bearer
            && let Some((host, principal)) = &self.host
            // Digests of equal length are compared, so the time tells nothing about the token.
            && verify_slices_are_equal(host.as_bytes(), digest.as_bytes()).is_ok()
        {
            return Ok(principal.clone());
        }
        // What costs little goes first: a proof that does not speak of this request, then the token, which is looked
        // up, and only then the signature of the proof.
        let proof = match scheme {
            Scheme::Bearer => None,
            Scheme::Dpop => Some(self.proof(presented, &digest, now)?),
        };
        let seen = match self.seen(&digest, now) {
            Some(seen) => seen,
            None => self.verify(text, digest, now)?,
        };
        self.check_key(&seen, proof.as_ref(), presented.certificates, now)?;
        let Some(chain) = chain else { return Ok(seen.principal.clone()) };
        match self.certified(chain, now) {
            Ok(certified) => self.blended(&digest, &seen, chain, &certified),
            // Then it is a key, and nobody's name (RFC 8705 §2.2).
            Err(Refusal::Certificate(_)) if seen.key() == Some(&KeyBinding::X5t(*chain.leaf)) => {
                Ok(seen.principal.clone())
            }
            Err(refusal) => Err(refusal),
        }
    }

    fn proof<'a>(&'a self, presented: Presented<'a>, token: &'a Digest, now: Timestamp) -> Result<Proof<'a>, Refusal> {
        let asked = presented.request.ok_or(Refusal::Proof(ProofFlaw::Missing))?;
        Proof::read(&ProofFor { asked, own: &self.own, token: Some(token), skew: self.skew, now })
            .map_err(Refusal::Proof)
    }

    /// The key that a request for a token proves, where it shows one (RFC 9449 §5, RFC 8705 §3): what is given is bound to it.
    ///
    /// # Errors
    /// [`Refusal::Proof`] where a proof is shown that does not hold; as [`Self::nonce`]; [`Refusal::Crowded`].
    pub fn key(&self, presented: Presented<'_>, now: Timestamp) -> Result<Option<KeyBinding>, Refusal> {
        let Some(proof) = self.proof_for_token(presented, now)? else {
            return Ok(presented.certificates.map(|chain| KeyBinding::X5t(*chain.leaf)));
        };
        proof.check_signature().map_err(Refusal::Proof)?;
        match self.replays.show(&proof.thumbprint, &proof.id, now) {
            Replay::Fresh => Ok(Some(KeyBinding::Jkt(proof.thumbprint))),
            Replay::Seen => Err(Refusal::Proof(ProofFlaw::Replayed)),
            Replay::Full => Err(Refusal::Crowded),
        }
    }

    /// Whether the proof in a request for a token, if there is one, holds the nonce that it must (RFC 9449 §8). Asked first:
    /// who has to make the proof again has used nothing up.
    ///
    /// # Errors
    /// [`Refusal::NonceNeeded`]; [`Refusal::Proof`] where the proof does not speak of this request.
    pub fn nonce(&self, presented: Presented<'_>, now: Timestamp) -> Result<(), Refusal> {
        self.proof_for_token(presented, now).map(drop)
    }

    fn proof_for_token<'a>(&'a self, presented: Presented<'a>, now: Timestamp) -> Result<Option<Proof<'a>>, Refusal> {
        let Some(asked) = presented.request.filter(|asked| asked.proof.is_some()) else { return Ok(None) };
        let wanted = ProofFor { asked, own: &self.own, token: None, skew: self.skew, now };
        let proof = Proof::read(&wanted).map_err(Refusal::Proof)?;
        // What is given must be used with nonces, so the proof for it is no exception.
        if let Some(own) = self.issuers.values().find(|issuer| issuer.settings.attests) {
            self.check_nonce(&own.settings, &proof, now)?;
        }
        Ok(Some(proof))
    }

    /// Whether who shows the token has the key that it is bound to. A token that is bound is never taken as a bearer's,
    /// and one that is not never as bound (RFC 9449 §7.1, RFC 8705 §3).
    fn check_key(
        &self,
        seen: &Seen,
        proof: Option<&Proof<'_>>,
        certificates: Option<Chain<'_>>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match (seen.key(), proof) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(Refusal::Invalid(Flaw::Unbound)),
            (Some(KeyBinding::Jkt(key)), Some(proof)) => self.check_proof(seen, key, proof, now),
            (Some(KeyBinding::X5t(leaf)), None) if certificates.is_some_and(|c| c.leaf == leaf) => Ok(()),
            (Some(_), _) => Err(Refusal::Invalid(Flaw::ProofMissing)),
        }
    }

    fn check_proof(&self, seen: &Seen, key: &Digest, proof: &Proof<'_>, now: Timestamp) -> Result<(), Refusal> {
        if proof.thumbprint != *key {
            return Err(Refusal::Proof(ProofFlaw::OtherKey));
        }
        proof.check_signature().map_err(Refusal::Proof)?;
        self.check_nonce(&seen.issuer.settings, proof, now)?;
        // Last, so that only proofs by the keys of good tokens are remembered.
        match self.replays.show(key, &proof.id, now) {
            Replay::Fresh => Ok(()),
            Replay::Seen => Err(Refusal::Proof(ProofFlaw::Replayed)),
            Replay::Full => Err(Refusal::Crowded),
        }
    }

    /// Whether a proof holds a nonce of ours, where the issuer's tokens are used with one (RFC 9449 §8, §9).
    fn check_nonce(&self, issuer: &IssuerSettings, proof: &Proof<'_>, now: Timestamp) -> Result<(), Refusal> {
        match (issuer.nonces, &self.nonces) {
            (NonceRule::Required, Some(nonces))
                if !proof.nonce.as_ref().is_some_and(|nonce| nonces.is_ours(nonce, now)) =>
            {
                Err(Refusal::NonceNeeded { nonce: nonces.current(now).into() })
            }
            _ => Ok(()),
        }
    }

    fn without_credential(&self, presented: Presented<'_>) -> Result<Arc<Verified<Principal>>, Refusal> {
        if presented.loopback
            && let Some(local) = &self.local
        {
            return Ok(local.clone());
        }
        match (&self.anonymous, presented.server) {
            (Some((servers, principal)), Some(server)) if servers.contains(server) => Ok(principal.clone()),
            _ => Err(Refusal::Missing),
        }
    }

    fn seen(&self, digest: &Digest, now: Timestamp) -> Option<Arc<Seen>> {
        let seen = self.seen.get(digest)?;
        let current = || seen.issuer.generation.load(Ordering::Acquire) == seen.generation;
        if now < seen.until && current() && self.binding.still(&seen.bound, now) {
            return Some(seen);
        }
        self.seen.invalidate(digest);
        None
    }

    fn verify(&self, text: &str, digest: Digest, now: Timestamp) -> Result<Arc<Seen>, Refusal> {
        let token = Token::parse(text).map_err(Refusal::Invalid)?;
        let issuer = self.issuer_of(&token)?;
        if !issuer.settings.algorithms.contains(&token.algorithm) {
            return Err(Refusal::Invalid(Flaw::Algorithm));
        }
        // Read before the signature is checked: a set that arrives meanwhile makes the entry old, never the reverse.
        let generation = issuer.generation.load(Ordering::Acquire);
        let usable_until = issuer.check_signature(&token, issuer.ages(self.ages), now)?;
        let Judged { principal, actors, delegation } = claims::judge(&token, text, &issuer.settings, self.skew, now)?;
        let (principal, bound) = self.binding.bind(principal, issuer.settings.attests, now)?;
        let until = principal.expires.map_or(usable_until, |e| e.plus(self.skew).min(usable_until));
        let principal = Arc::new(Verified::attest(principal));
        let seen = Arc::new(Seen { principal, actors, delegation, bound, issuer: issuer.clone(), generation, until });
        self.seen.insert(digest, seen.clone());
        Ok(seen)
    }

    /// Whose keys must have signed: by `iss`, or, where that is nobody here, by the trust domain of a SPIFFE ID in `sub`, which
    /// needs no `iss` (JWT-SVID §3). The subject of a trust domain's token must be its own.
    fn issuer_of(&self, token: &Token<'_>) -> Result<&Arc<Issuer>, Refusal> {
        let signs = |i: &&Arc<Issuer>| i.settings.signs_tokens();
        let subject = token.text("sub").and_then(SpiffeId::parse).filter(|id| !id.path().is_empty());
        let by_name = token.text("iss").and_then(|iss| self.issuers.get(iss)).filter(signs);
        let by_domain = || subject.as_ref().and_then(|id| self.issuers.get(id.trust_domain())).filter(signs);
        let issuer = by_name.or_else(by_domain).ok_or(Refusal::Invalid(Flaw::Issuer))?;
        let is_domain = issuer.settings.method == Method::JwtSvid;
        if is_domain && subject.is_none_or(|id| *id.trust_domain() != *issuer.settings.issuer) {
            return Err(Refusal::Invalid(Flaw::Subject));
        }
        Ok(issuer)
    }

    /// What a statement of a trusted issuer says, if it is what is expected. Its keys are those of the issuer's access tokens.
    ///
    /// # Errors
    /// A [`Refusal`]; [`Refusal::KeysNeeded`] as for [`Self::authenticate`].
    pub fn open(&self, text: &str, expected: &Expected<'_>, now: Timestamp) -> Result<Opened, Refusal> {
        let token = Token::parse(text).map_err(Refusal::Invalid)?;
        let issuer = self
            .issuers
            .get(expected.issuer)
            .filter(|i| i.settings.signs_tokens())
            .ok_or(Refusal::Invalid(Flaw::Issuer))?;
        if !issuer.settings.algorithms.contains(&token.algorithm) {
            return Err(Refusal::Invalid(Flaw::Algorithm));
        }
        issuer.check_signature(&token, issuer.ages(self.ages), now)?;
        assertion::check(token, expected, now).map(|opened| opened.of(issuer.settings.clone()))
    }

    /// Takes in the key set of `issuer` as it was fetched at `now`. What an older set verified is verified again.
    ///
    /// # Errors
    /// [`KeySetError`] when the set cannot be used; the keys that were known stay until they are too old.
    pub fn learn(&self, issuer: &str, jwks: &[u8], now: Timestamp) -> Result<(), KeySetError> {
        let issuer = self.issuers.get(issuer).ok_or(KeySetError::UnknownIssuer)?;
        let parsed = issuer.read(jwks);
        let mut keys = issuer.keys.write().unwrap_or_else(PoisonError::into_inner);
        match parsed {
            Ok(parsed) => {
                keys.learn(parsed, now);
                issuer.generation.fetch_add(1, Ordering::AcqRel);
                Ok(())
            }
            Err(e) => {
                keys.missed();
                Err(e)
            }
        }
    }

    /// Says that the keys of `issuer` could not be fetched.
    pub fn missed(&self, issuer: &str) {
        if let Some(issuer) = self.issuers.get(issuer) {
            issuer.keys.write().unwrap_or_else(PoisonError::into_inner).missed();
        }
    }

    /// The issuers whose keys should be fetched now, each with where they come from. Each is named to one caller per
    /// refetch interval.
    pub fn due(&self, now: Timestamp) -> Vec<(Arc<str>, KeySource)> {
        let due = |i: &&Arc<Issuer>| i.keys.write().unwrap_or_else(PoisonError::into_inner).due(i.ages(self.ages), now);
        self.issuers.values().filter(due).map(|i| (i.settings.issuer.clone(), i.settings.keys.clone())).collect()
    }

    /// Where the keys of `issuer` come from.
    pub fn key_source(&self, issuer: &str) -> Option<&KeySource> {
        self.issuers.get(issuer).map(|i| &i.settings.keys)
    }

    /// The issuers that clients can ask for a token, for the protected-resource metadata; sorted. Platforms and trust domains
    /// give tokens to what runs on them, not to who asks.
    pub fn issuers(&self) -> Vec<Arc<str>> {
        let asked = |i: &&Arc<Issuer>| i.settings.subject != SubjectIs::Agent && i.settings.signs_tokens();
        let mut all: Vec<_> = self.issuers.values().filter(asked).map(|i| i.settings.issuer.clone()).collect();
        all.sort_unstable();
        all
    }
}
