use super::Tokens;
use crate::{SecretRef, section::Section, value::Item};
use serde::Serialize;

/// An OpenID Connect provider whose access tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Oidc {
    /// The `iss` of its tokens, compared byte for byte as the file writes it.
    pub issuer: String,
    /// What holds for its tokens.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// Whom `sub` names.
    pub subject: Subject,
    /// Which claims say what.
    pub claims: Claims,
    /// Who the gateway is there, where humans sign in.
    pub client: Option<RelyingParty>,
}

/// The gateway as a client of a provider (OpenID Connect Core §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RelyingParty {
    /// Its `client_id`.
    pub id: String,
    /// Its secret; absent: a public client, PKCE alone.
    pub secret: Option<SecretRef>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The classes (`acr`) of sign-ins with more than one factor.
    pub stronger: Vec<String>,
}

/// Whom the subject of a token names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A human, unless the token shows that a client acts for itself.
    #[default]
    Auto,
    /// A human, always.
    Human,
    /// An agent, always.
    Agent,
}

/// Which claims of a token say what. A dot goes into an object: `act.sub`; so does a JSON pointer: `/act/sub`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// The human's stable id; `sub`.
    pub human: String,
    /// The human's name; `name`.
    pub name: String,
    /// The human's address; `email`.
    pub email: String,
    /// The human's groups; `groups`.
    pub groups: String,
    /// The risk of the sign-in; none.
    pub risk: Option<String>,
    /// The agent, the first that is present; `act.sub`, `client_id`, `azp`.
    pub agent: Vec<String>,
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            human: "sub".into(),
            name: "name".into(),
            email: "email".into(),
            groups: "groups".into(),
            risk: None,
            agent: vec!["act.sub".into(), "client_id".into(), "azp".into()],
        }
    }
}

impl Oidc {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        // The claim is compared byte for byte, so the URL standard's rewriting must not touch it.
        let issuer = section.need("issuer", "issuer = \"https://idp.example.com\"", issuer);
        let client_id = section.get("client_id", Item::owned);
        let secret = section.get("client_secret", Item::secret);
        let scopes = section.get("login_scopes", Item::one_or_more);
        let stronger = section.get("step_up_acr", Item::one_or_more);
        for key in ["client_secret", "login_scopes", "step_up_acr"] {
            if client_id.is_none() && section.has(key) {
                section.missing("client_id", "client_id = \"doorward\"");
            }
        }
        Some(Self {
            client: client_id.map(|id| RelyingParty {
                id,
                secret,
                stronger: stronger.unwrap_or_default(),
                scopes: scopes.unwrap_or_else(|| ["profile", "email"].map(str::to_owned).into()),
            }),
            tokens: Tokens::read(section),
            subject: section.get("subject", |item| item.choice(&SUBJECTS)).unwrap_or_default(),
            claims: section.table("claims").map(Claims::read).unwrap_or_default(),
            issuer: issuer?,
        })
    }
}

/// An issuer, as its tokens name it.
pub(super) fn issuer(item: &Item<'_>) -> Result<String, crate::Mistake> {
    item.url(|_| false).and_then(|_| item.owned())
}

const SUBJECTS: [(&str, Subject); 3] = [("auto", Subject::Auto), ("human", Subject::Human), ("agent", Subject::Agent)];

impl Claims {
    fn read(section: Section<'_>) -> Self {
        let mut claims = Self::default();
        let claim = |key, into: &mut String| {
            if let Some(name) = section.get(key, Item::owned) {
                *into = name;
            }
        };
        claim("human", &mut claims.human);
        claim("name", &mut claims.name);
        claim("email", &mut claims.email);
        claim("groups", &mut claims.groups);
        claims.risk = section.get("risk", Item::owned);
        if let Some(agent) = section.get("agent", Item::one_or_more) {
            claims.agent = agent;
        }
        section.finish();
        claims
    }
}
