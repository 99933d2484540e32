use crate::{
    Agent, Attestation, Flaw, Human, IssuerSettings, KeySetError, KeySource, Method, Principal, Refusal, Settings,
    SettingsError, Verified, Via, claims,
    keys::{self, Absent, Ages, KeySet},
    token::{self, Token},
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use doorward_vocab::{Assurance, Digest, ServerName, Timestamp};
use moka::sync::Cache;
use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasherDefault, Hasher},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// What a request showed of itself.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The value of the `Authorization` header; a request with two of them must be refused before.
    pub authorization: Option<&'a str>,
    /// Whether the peer is this machine.
    pub loopback: bool,
    /// The server whose own endpoint was asked; `None` at the endpoint of all servers.
    pub server: Option<&'a ServerName>,
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
    seen: Cache<Digest, Arc<Seen>, BuildHasherDefault<Uniform>>,
}

struct Issuer {
    settings: IssuerSettings,
    keys: RwLock<KeySet>,
    /// Counts the key sets: what was verified by an older one is verified again.
    generation: AtomicU64,
}

/// A token that was verified before.
struct Seen {
    principal: Arc<Verified<Principal>>,
    issuer: Arc<Issuer>,
    generation: u64,
    until: Timestamp,
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
        for s in settings.issuers {
            let name = s.issuer.clone();
            if issuers.insert(name.clone(), Arc::new(Issuer::new(s)?)).is_some() {
                return Err(SettingsError::DuplicateIssuer(name));
            }
        }
        let host = match settings.host_token {
            Some(token) => Some(
                token.reveal(|t| (t.len() >= 32).then(|| Digest::of(t.as_bytes())).ok_or(SettingsError::HostToken))?,
            ),
            None => None,
        };
        let user = settings.local_user;
        Ok(Self {
            issuers,
            anonymous: (!settings.anonymous.is_empty()).then(|| (settings.anonymous, anonymous())),
            host: host.map(|digest| (digest, local(Via::HostToken, "host", user.clone()))),
            local: user.map(|user| local(Via::LocalUser, "local", Some(user))),
            skew: settings.skew.min(Duration::from_secs(60)),
            ages: Ages {
                fresh: settings.keys_fresh,
                stale: settings.keys_stale.min(Duration::from_secs(3600)),
                refetch: settings.keys_refetch,
            },
            seen: Cache::builder()
                .max_capacity(settings.cached_tokens)
                .build_with_hasher(BuildHasherDefault::default()),
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
        let Some(header) = presented.authorization else { return self.without_credential(presented) };
        let Some(text) = bearer(header)? else { return Err(Refusal::Missing) };
        let digest = Digest::of(text.as_bytes());
        if presented.loopback
            && let Some((host, principal)) = &self.host
            // Digests of equal length are compared, so the time tells nothing about the token.
            && verify_slices_are_equal(host.as_bytes(), digest.as_bytes()).is_ok()
        {
            return Ok(principal.clone());
        }
        if let Some(principal) = self.seen(&digest, now) {
            return Ok(principal);
        }
        self.verify(text, digest, now)
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

    fn seen(&self, digest: &Digest, now: Timestamp) -> Option<Arc<Verified<Principal>>> {
        let seen = self.seen.get(digest)?;
        if now < seen.until && seen.issuer.generation.load(Ordering::Acquire) == seen.generation {
            return Some(seen.principal.clone());
        }
        self.seen.invalidate(digest);
        None
    }

    fn verify(&self, text: &str, digest: Digest, now: Timestamp) -> Result<Arc<Verified<Principal>>, Refusal> {
        let token = Token::parse(text).map_err(Refusal::Invalid)?;
        let issuer = token.text("iss").and_then(|iss| self.issuers.get(iss)).ok_or(Refusal::Invalid(Flaw::Issuer))?;
        if !issuer.settings.algorithms.contains(&token.algorithm) {
            return Err(Refusal::Invalid(Flaw::Algorithm));
        }
        // Read before the signature is checked: a set that arrives meanwhile makes the entry old, never the reverse.
        let generation = issuer.generation.load(Ordering::Acquire);
        let usable_until = issuer.check_signature(&token, self.ages, now)?;
        let principal = claims::judge(&token, text, &issuer.settings, self.skew, now)?;
        let until = principal.expires.map_or(usable_until, |e| e.plus(self.skew).min(usable_until));
        let principal = Arc::new(Verified::attest(principal));
        let seen = Seen { principal: principal.clone(), issuer: issuer.clone(), generation, until };
        self.seen.insert(digest, Arc::new(seen));
        Ok(principal)
    }

    /// Takes in the key set of `issuer` as it was fetched at `now`. What an older set verified is verified again.
    ///
    /// # Errors
    /// [`KeySetError`] when the set cannot be used; the keys that were known stay until they are too old.
    pub fn learn(&self, issuer: &str, jwks: &[u8], now: Timestamp) -> Result<(), KeySetError> {
        let issuer = self.issuers.get(issuer).ok_or(KeySetError::UnknownIssuer)?;
        let parsed = keys::parse(jwks, &issuer.settings.algorithms);
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
        let due = |i: &&Arc<Issuer>| i.keys.write().unwrap_or_else(PoisonError::into_inner).due(self.ages, now);
        self.issuers.values().filter(due).map(|i| (i.settings.issuer.clone(), i.settings.keys.clone())).collect()
    }

    /// Where the keys of `issuer` come from.
    pub fn key_source(&self, issuer: &str) -> Option<&KeySource> {
        self.issuers.get(issuer).map(|i| &i.settings.keys)
    }

    /// The configured issuers, for the protected-resource metadata; sorted.
    pub fn issuers(&self) -> Vec<Arc<str>> {
        let mut all: Vec<_> = self.issuers.keys().cloned().collect();
        all.sort_unstable();
        all
    }
}

impl Issuer {
    fn new(settings: IssuerSettings) -> Result<Self, SettingsError> {
        let name = settings.issuer.clone();
        if settings.audiences.is_empty() || settings.audiences.iter().any(|a| a.is_empty()) {
            return Err(SettingsError::NoAudience(name));
        }
        if settings.algorithms.is_empty() {
            return Err(SettingsError::NoAlgorithm(name));
        }
        let keys = match &settings.keys {
            KeySource::Pinned(bytes) => KeySet::pinned(
                keys::parse(bytes, &settings.algorithms)
                    .map_err(|error| SettingsError::Keys { issuer: name, error })?,
            ),
            KeySource::Discovery | KeySource::Url(_) => KeySet::default(),
        };
        Ok(Self { settings, keys: RwLock::new(keys), generation: AtomicU64::new(0) })
    }

    /// Until when the keys that verified `token` may be used.
    fn check_signature(&self, token: &Token<'_>, ages: Ages, now: Timestamp) -> Result<Timestamp, Refusal> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.key(&token.kid, ages, now) {
            return if key.verify(token.algorithm, token.signed, token.signature) {
                Ok(keys.usable_until(ages))
            } else {
                Err(Refusal::Invalid(Flaw::Signature))
            };
        }
        drop(keys);
        let issuer = self.settings.issuer.clone();
        Err(match self.keys.write().unwrap_or_else(PoisonError::into_inner).absent(ages, now) {
            Absent::Fetch => Refusal::KeysNeeded { issuer },
            Absent::Wait => Refusal::KeysUnavailable { issuer },
            Absent::Unknown => Refusal::Invalid(Flaw::KeyUnknown),
        })
    }
}

/// The token of a `Bearer` credential (RFC 6750 §2.1); `None` for another scheme.
fn bearer(header: &str) -> Result<Option<&str>, Refusal> {
    let header = header.trim_matches([' ', '\t']);
    let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        return if !scheme.is_empty() && scheme.chars().all(token) { Ok(None) } else { Err(Refusal::Malformed) };
    }
    let text = rest.trim_start_matches(' ');
    let body = text.trim_end_matches('=');
    let b64token = |c: u8| c.is_ascii_alphanumeric() || b"-._~+/".contains(&c);
    if body.is_empty() || text.len() > token::MAX || !body.bytes().all(b64token) {
        return Err(Refusal::Malformed);
    }
    Ok(Some(text))
}

fn anonymous() -> Arc<Verified<Principal>> {
    unproven(Via::Anonymous, "anonymous", None, Method::Asserted, Assurance::Asserted)
}

/// The single user of this machine, with an agent that nobody proved.
fn local(via: Via, agent: &str, user: Option<Arc<str>>) -> Arc<Verified<Principal>> {
    let human = user.map(|user| Human {
        id: user.clone(),
        name: user,
        email: None,
        groups: Arc::default(),
        issuer: "local".into(),
        entitlements: Arc::default(),
        login: None,
    });
    // The token proves a process that can read the user's files; a bare request from loopback proves nothing more
    // than that it came from this machine.
    unproven(via, agent, human, Method::LocalProcess, Assurance::LocalProcess)
}

fn unproven(
    via: Via,
    agent: &str,
    human: Option<Human>,
    method: Method,
    assurance: Assurance,
) -> Arc<Verified<Principal>> {
    let agent = Agent { id: agent.into(), name: agent.into(), issuer: None, class: None, publisher: None, owner: None };
    let attestation = Attestation {
        subject: agent.id.clone(),
        method,
        assurance,
        issuer: None,
        evidence: Digest::of(via.as_str().as_bytes()),
        measured: BTreeMap::new(),
        posture: BTreeMap::new(),
        key: None,
        at: Timestamp::default(),
        expires: None,
    };
    Arc::new(Verified::attest(Principal {
        key: Principal::key_of(via, &agent, human.as_ref(), None),
        agent,
        human,
        delegations: Arc::default(),
        attestation: Arc::new(attestation),
        assurance,
        via,
        expires: None,
        conversation_hint: None,
        host: via == Via::HostToken,
    }))
}
