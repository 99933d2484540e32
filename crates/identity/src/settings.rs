use crate::{
    AgentEntry, CertificateRule, ClaimMap, ClaimRule, Method, Must, NameKind, Pattern, attest::is_trust_domain,
    attest::process::ProcessRules, delegation::Book,
};
use doorward_vocab::{Secret, ServerName};
use std::{path::Path, sync::Arc, time::Duration};

/// A signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1). Asymmetric only: there is no word for `none` or `HS*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA with P-256.
    Es256,
    /// ECDSA with P-384.
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Es256,
        Self::Es384,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::EdDsa,
    ];
    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl std::str::FromStr for Algorithm {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|a| a.as_str() == s).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|a| a.as_str()).collect();
            format!("`{s}` is not an accepted signature algorithm; these are: {}", all.join(", "))
        })
    }
}

/// Where the keys of an issuer come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The `jwks_uri` of the issuer's discovery document.
    Discovery,
    /// A key set at this address.
    Url(Arc<str>),
    /// Whoever makes the tokens hands them in, by [`learn`](crate::Authenticator::learn).
    Given,
    /// This key set (RFC 7517 §5), and no other.
    Pinned(Arc<[u8]>),
    /// This file, which may change.
    File(Arc<Path>),
    /// The Workload API of SPIFFE on this socket.
    WorkloadApi(Arc<Path>),
}

/// What `aud` must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AudienceRule {
    /// One of the gateway's own audiences, and nothing else.
    #[default]
    Only,
    /// One of the gateway's own audiences; others may stand beside it. Any of those others can replay the token here.
    Among,
}

/// What `typ` must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TypeRule {
    /// `at+jwt` (RFC 9068 §2.1), `JWT`, or absent, as long as the claims are not those of an identity or logout token.
    #[default]
    Lenient,
    /// `at+jwt` and nothing else.
    AccessToken,
    /// As `Lenient`, and identity tokens too, for platforms that issue nothing else to a workload.
    IdToken,
    /// `JWT`, `JOSE` or absent (JWT-SVID §2.3).
    Svid,
}

/// Whom `sub` names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubjectIs {
    /// A human, unless the token shows that the client acts for itself (RFC 9068 §2.2).
    #[default]
    Auto,
    /// A human, always.
    Human,
    /// The agent: workload tokens of a platform.
    Agent,
}

/// When an address in a token is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmailRule {
    /// Where `email_verified` is true.
    #[default]
    Verified,
    /// Always: the issuer lets nobody choose their own address.
    Always,
}

/// Whether a token must be bound to a key that its bearer shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyRule {
    /// A token that is bound needs the key; one that is not opens what it opens, with less assurance.
    #[default]
    Optional,
    /// A token that is not bound is refused.
    Required,
}

/// Whether proofs of a key must hold a nonce of ours (RFC 9449 §9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NonceRule {
    /// A proof is good for its time.
    #[default]
    Optional,
    /// A proof that was made ahead of time, for a later theft of the means to sign, is refused.
    Required,
}

/// An issuer whose tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSettings {
    /// `iss`, compared exactly.
    pub issuer: Arc<str>,
    /// The gateway's own names at this issuer.
    pub audiences: Box<[Arc<str>]>,
    /// What else `aud` may hold.
    pub audience_rule: AudienceRule,
    /// The accepted algorithms.
    pub algorithms: Box<[Algorithm]>,
    /// Which tokens are accepted.
    pub types: TypeRule,
    /// Whom `sub` names.
    pub subject: SubjectIs,
    /// When `email` is believed.
    pub email: EmailRule,
    /// Which claims say what.
    pub claims: ClaimMap,
    /// Claims that must be there.
    pub required: Box<[ClaimRule]>,
    /// Scopes without which a token opens nothing here.
    pub required_scopes: Box<[Arc<str>]>,
    /// The scope that makes a token the credential of a host, which may report turns.
    pub host_scope: Option<Arc<str>>,
    /// Whether tokens must be bound to a key.
    pub key_rule: KeyRule,
    /// Whether proofs of a key must hold a nonce.
    pub nonces: NonceRule,
    /// How a token of it attests an agent.
    pub method: Method,
    /// What its certificates prove; none where it signs none.
    pub certificates: Option<CertificateRule>,
    /// Whether it is this gateway: `att` says how the agent was proved, and `dlg` names a delegation of
    /// [`Settings::book`].
    pub attests: bool,
    /// Where the keys come from.
    pub keys: KeySource,
}

impl IssuerSettings {
    /// The trust domain `spiffe://name` (SPIFFE-ID §2.1): its tokens and its certificates name agents. Takes no name that
    /// is none.
    pub fn trust_domain(name: &str, names: Box<[Pattern]>) -> Option<Self> {
        let domain = is_trust_domain(name).then(|| format!("spiffe://{name}"))?;
        let mut settings = Self::new(domain, "");
        let must = if names.is_empty() { Must::BePresent } else { Must::Be(names.clone()) };
        // An actor chain in a workload's own token would name an agent that the trust domain does not vouch for.
        let no_actor = ClaimRule { claim: "act".into(), must: Must::BeAbsent };
        settings.required = Box::new([ClaimRule { claim: "sub".into(), must }, no_actor]);
        settings.subject = SubjectIs::Agent;
        settings.types = TypeRule::Svid;
        settings.algorithms = Box::new(Algorithm::ALL);
        settings.method = Method::JwtSvid;
        settings.certificates = Some(CertificateRule { kind: NameKind::Spiffe, names });
        Some(settings)
    }

    /// An authority that signs certificates alone, by the name that the operator gives it.
    pub fn authority(name: &str, rule: CertificateRule) -> Self {
        let mut settings = Self::new(name, "");
        settings.certificates = Some(rule);
        settings.method = Method::Mtls;
        settings
    }

    /// Whether tokens of it are looked at.
    pub(crate) fn signs_tokens(&self) -> bool {
        self.method != Method::Mtls
    }

    /// An issuer with safe defaults: ES256, RS256, PS256 and EdDSA, `aud` alone, keys by discovery.
    pub fn new(issuer: impl Into<Arc<str>>, audience: impl Into<Arc<str>>) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: Box::new([audience.into()]),
            audience_rule: AudienceRule::default(),
            algorithms: Box::new([Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::EdDsa]),
            types: TypeRule::default(),
            subject: SubjectIs::default(),
            email: EmailRule::default(),
            claims: ClaimMap::default(),
            required: Box::default(),
            required_scopes: Box::default(),
            host_scope: None,
            key_rule: KeyRule::default(),
            nonces: NonceRule::default(),
            method: Method::Oidc,
            certificates: None,
            attests: false,
            keys: KeySource::Discovery,
        }
    }
}

/// Who may attest a principal.
#[derive(Debug)]
pub struct Settings {
    /// The issuers of tokens.
    pub issuers: Vec<IssuerSettings>,
    /// Servers that anybody may use without a credential, through the server's own endpoint.
    pub anonymous: Vec<ServerName>,
    /// The name of the operating-system user, who is the human of every request from loopback without a credential.
    /// `None` as soon as a trust entry exists.
    pub local_user: Option<Arc<str>>,
    /// The token of the hosts on this machine, accepted from loopback only.
    pub host_token: Option<Secret<String>>,
    /// How far clocks may differ; at most 60 s is used.
    pub skew: Duration,
    /// How old a key set may be before [`due`](crate::Authenticator::due) names its issuer.
    pub keys_fresh: Duration,
    /// How much longer it is used when it cannot be renewed; at most 1 h is used.
    pub keys_stale: Duration,
    /// The least time between two fetches of one key set that unknown keys cause.
    pub keys_refetch: Duration,
    /// How many verified tokens are remembered.
    pub cached_tokens: u64,
    /// The addresses of this gateway, without a slash at the end: what proofs of a key name the target by.
    pub own: Box<[Arc<str>]>,
    /// How many proofs of keys are remembered, against showing one twice.
    pub remembered_proofs: usize,
    /// Which processes of this machine are let in without a credential.
    pub processes: Vec<ProcessRules>,
    /// What the operator says of agents; the first that fits one counts.
    pub agents: Vec<AgentEntry>,
    /// The delegations that are in force.
    pub book: Arc<Book>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            anonymous: Vec::new(),
            local_user: None,
            host_token: None,
            skew: Duration::from_secs(30),
            keys_fresh: Duration::from_secs(600),
            keys_stale: Duration::from_secs(3600),
            keys_refetch: Duration::from_secs(30),
            cached_tokens: 10_000,
            own: Box::default(),
            remembered_proofs: 1_000_000,
            processes: Vec::new(),
            agents: Vec::new(),
            book: Arc::default(),
        }
    }
}

/// What is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not the name of a trust domain.
    #[error("`{0}` is not the name of a trust domain: lower-case letters, digits, `.`, `-` and `_`")]
    TrustDomain(Arc<str>),
    /// Two entries for one issuer.
    #[error("the issuer `{0}` stands there twice; put its audiences into one entry")]
    DuplicateIssuer(Arc<str>),
    /// An issuer without an audience.
    #[error("the issuer `{0}` has no audience; name the gateway's own")]
    NoAudience(Arc<str>),
    /// An issuer without an algorithm.
    #[error("the issuer `{0}` has no algorithm; name those that it signs with, for example `ES256`")]
    NoAlgorithm(Arc<str>),
    /// A pinned key set that cannot be used.
    #[error("the pinned keys of `{issuer}` cannot be used: {error}")]
    Keys {
        /// The issuer.
        issuer: Arc<str>,
        /// Why.
        error: crate::KeySetError,
    },
    /// Nonces without a secret to make them from.
    #[error("the issuer `{0}` wants nonces in proofs, and there is no host token to make them from")]
    Nonces(Arc<str>),
    /// A host token that can be guessed.
    #[error("the host token has fewer than 32 bytes; let the gateway make one")]
    HostToken,
}
