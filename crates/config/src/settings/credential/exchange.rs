use super::{OAuthProvider, TokenTarget};
use crate::{Mistake, SecretRef, section::Section, value::Item};
use serde::Serialize;

/// An exchange of a token about a human for one that opens the server (RFC 8693).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenExchange {
    /// Who exchanges it.
    pub provider: OAuthProvider,
    /// What it is for.
    pub target: TokenTarget,
    /// Where the token about the human comes from.
    pub subject: SubjectFrom,
    /// What it is.
    pub subject_type: TokenType,
    /// Whether the gateway says who acts.
    pub actor: bool,
    /// What is wanted.
    pub requested: TokenType,
}

/// Where a token about a human comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectFrom {
    /// The agent presented it.
    Presented,
    /// The provider gave it at which the human signed in.
    Login,
    /// The gateway says who it is.
    Issued,
}

/// A type of token (RFC 8693 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenType {
    /// An access token.
    AccessToken,
    /// An ID token.
    IdToken,
    /// A refresh token.
    RefreshToken,
    /// A JWT.
    Jwt,
}

const SUBJECTS: [(&str, SubjectFrom); 3] =
    [("presented", SubjectFrom::Presented), ("login", SubjectFrom::Login), ("issued", SubjectFrom::Issued)];
const TYPES: [(&str, TokenType); 4] = [
    ("access-token", TokenType::AccessToken),
    ("id-token", TokenType::IdToken),
    ("refresh-token", TokenType::RefreshToken),
    ("jwt", TokenType::Jwt),
];
const ACTORS: [(&str, bool); 2] = [("gateway", true), ("none", false)];

impl TokenExchange {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let (provider, target) = (OAuthProvider::read(section), TokenTarget::read(section));
        let subject = section.need("subject", "subject = \"presented\"", |item| item.choice(&SUBJECTS));
        let subject_type = section.get("subject_type", subject_type);
        let actor = section.get("actor", |item| item.choice(&ACTORS)).unwrap_or(true);
        let requested = section.get("requested_type", |item| item.choice(&TYPES)).unwrap_or(TokenType::AccessToken);
        let subject = subject?;
        let usual = match subject {
            SubjectFrom::Presented => TokenType::AccessToken,
            SubjectFrom::Login => TokenType::IdToken,
            SubjectFrom::Issued => TokenType::Jwt,
        };
        let subject_type = subject_type.unwrap_or(usual);
        if subject_type == TokenType::RefreshToken && subject != SubjectFrom::Login {
            let mistake = Mistake::error("a refresh token is there only with `subject = \"login\"`");
            section.reading.tell(section.spot("subject_type"), mistake);
        }
        Some(Self { provider: provider?, target, subject, subject_type, actor, requested })
    }
}

pub(super) fn subject_type(item: &Item<'_>) -> Result<TokenType, Mistake> {
    item.choice(&TYPES)
}

/// A statement as a grant (RFC 7523 §2.1): of the gateway, or of the platform that it runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JwtBearer {
    /// Who believes it.
    pub provider: OAuthProvider,
    /// What the token is for.
    pub target: TokenTarget,
    /// For whom the gateway speaks.
    pub speaks: Speaks,
    /// What the statement names as `aud`, where that is not the server.
    pub assertion_audience: Option<String>,
}

/// For whom the gateway speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speaks {
    /// For the human, by the id.
    Human,
    /// For the human, by the verified address.
    Email,
    /// For itself, under this name.
    Itself(String),
    /// It says nothing: its platform speaks for it, in a statement that is read anew each time.
    Platform(SecretRef),
}

impl JwtBearer {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let (provider, target) = (OAuthProvider::read(section), TokenTarget::read(section));
        let stated = section.get("assertion", Item::secret).map(Speaks::Platform);
        if section.has("assertion") {
            for key in ["subject", "assertion_audience"].into_iter().filter(|key| section.has(key)) {
                let mistake = Mistake::error(format!("`{key}` and `assertion` exclude each other"));
                let why = "what is signed already says whom it is about, and for whom";
                section.reading.tell(section.spot(key), mistake.label(why));
            }
        }
        let subject = |item: &Item<'_>| {
            Ok(match item.text()? {
                "human" => Speaks::Human,
                "email" => Speaks::Email,
                name => Speaks::Itself(name.to_owned()),
            })
        };
        let speaks = match section.has("assertion") {
            true => section.get("subject", subject).and(None).or(stated),
            false => section.need("subject", "subject = \"human\"", subject),
        };
        let assertion_audience = section.get("assertion_audience", Item::owned);
        Some(Self { provider: provider?, target, speaks: speaks?, assertion_audience })
    }
}

impl JwtBearer {
    /// The secrets of the operator that it needs, with their keys.
    pub fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        let stated = match &self.speaks {
            Speaks::Platform(stated) => Some(("assertion", stated)),
            Speaks::Human | Speaks::Email | Speaks::Itself(_) => None,
        };
        self.provider.secrets().into_iter().chain(stated).collect()
    }
}

/// A grant of the identity provider for the authorization server of the resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdJag {
    /// The authorization server of the resource.
    pub provider: OAuthProvider,
    /// What the token is for.
    pub target: TokenTarget,
    /// The provider at which the human signs in.
    pub identity: OAuthProvider,
    /// What is shown there.
    pub subject_type: TokenType,
}

impl IdJag {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let (provider, target) = (OAuthProvider::read(section), TokenTarget::read(section));
        if !section.has("issuer") {
            section.missing("issuer", "issuer = \"https://auth.example.com\"");
        }
        let identity = match section.table("identity") {
            Some(table) => {
                let identity = OAuthProvider::read(&table);
                table.finish();
                identity
            }
            None => {
                section.missing(
                    "identity",
                    "identity = { issuer = \"https://idp.example.com\", client_id = \"doorward\" }",
                );
                None
            }
        };
        let subject_type = section.get("subject_type", subject_type).unwrap_or(TokenType::IdToken);
        Some(Self { provider: provider?, target, identity: identity?, subject_type })
    }
}
