//! From the settings of the OAuth kinds to their providers.

use super::{anew::Anew, configured::Guarded};
use doorward_config as config;
use doorward_credential::{
    Source,
    providers::{Actor, AuthorizationCode, ClientCredentials, IdJag, JwtBearer, Speaks, TokenExchange},
    wire::{Accepts, Client, PrivateKey, Proof, Resource, SecretIn, Server, Target, Where, token_type},
};
use doorward_detect::KnownSecrets;
use std::sync::Arc;

/// Which secret or file cannot be used, and why.
pub(super) type Bad = String;

pub(super) fn client_credentials(kind: &config::ClientCredentials) -> Result<ClientCredentials, Bad> {
    Ok(ClientCredentials { server: server(&kind.provider)?, target: target(&kind.target) })
}

pub(super) fn token_exchange(kind: &config::TokenExchange) -> Result<TokenExchange, Bad> {
    Ok(TokenExchange {
        server: server(&kind.provider)?,
        target: target(&kind.target),
        subject: match kind.subject {
            config::SubjectFrom::Presented => Some(Source::Presented),
            config::SubjectFrom::Login => Some(Source::Login),
            config::SubjectFrom::Issued => None,
        },
        subject_type: token(kind.subject_type),
        actor: if kind.actor { Actor::Agent } else { Actor::Nobody },
        requested: token(kind.requested),
    })
}

pub(super) fn jwt_bearer(kind: &config::JwtBearer, known: &Arc<KnownSecrets>) -> Result<JwtBearer, Bad> {
    Ok(JwtBearer {
        server: server(&kind.provider)?,
        target: target(&kind.target),
        speaks: match &kind.speaks {
            config::Speaks::Human => Speaks::Human,
            config::Speaks::Email => Speaks::Address,
            config::Speaks::Itself(name) => Speaks::Itself(name.as_str().into()),
            config::Speaks::Platform(stated) => Speaks::Platform(Box::new(Anew::new(stated, known))),
        },
        audience: kind.assertion_audience.as_deref().map(Into::into),
    })
}

pub(super) fn person(kind: &config::PersonOAuth) -> Result<AuthorizationCode, Bad> {
    let client =
        kind.client.as_ref().map(|(id, own)| Ok::<_, Bad>(Client { id: id.as_str().into(), proof: proof(own)? }));
    Ok(AuthorizationCode { client: client.transpose()?, target: target(&kind.target) })
}

pub(super) fn id_jag(kind: &config::IdJag) -> Result<IdJag, Bad> {
    Ok(IdJag {
        provider: server(&kind.identity)?,
        server: server(&kind.provider)?,
        target: target(&kind.target),
        subject_type: token(kind.subject_type),
    })
}

const fn token(kind: config::TokenType) -> &'static str {
    match kind {
        config::TokenType::AccessToken => token_type::ACCESS,
        config::TokenType::IdToken => token_type::ID,
        config::TokenType::RefreshToken => token_type::REFRESH,
        config::TokenType::Jwt => token_type::JWT,
    }
}

/// An authorization server, and who the gateway is there.
pub(super) fn server(provider: &config::OAuthProvider) -> Result<Server, Bad> {
    let at = match (&provider.issuer, &provider.token_endpoint) {
        (Some(issuer), token) => Where::issuer(issuer.as_str().into(), token.clone()),
        (None, Some(token)) => Where::endpoint(token.clone()),
        (None, None) => return Err("neither `issuer` nor `token_endpoint` is there".to_owned()),
    };
    Ok(Server { at, client: Client { id: provider.client_id.as_str().into(), proof: proof(&provider.proof)? } })
}

pub(super) fn proof(proof: &config::OwnProof) -> Result<Proof, Bad> {
    Ok(match proof {
        config::OwnProof::Nothing => Proof::Nothing,
        config::OwnProof::Secret(secret, place) => {
            let place = match place {
                config::SecretPlace::Auto => SecretIn::Either,
                config::SecretPlace::Basic => SecretIn::Header,
                config::SecretPlace::Post => SecretIn::Form,
            };
            Proof::Secret(Box::new(Guarded::read(secret)?), place)
        }
        config::OwnProof::Key { key, id } => {
            let text = key.read().map_err(|e| e.to_string())?;
            let read = PrivateKey::read(&text, id.as_deref()).map_err(|e| format!("{key} {e}"))?;
            Proof::Key(Box::new(read))
        }
        config::OwnProof::Gateway { subject } => Proof::Gateway { subject: subject.as_deref().map(Into::into) },
        config::OwnProof::Certificate { cert, key } => Proof::Certificate(cert.clone(), key.clone()),
    })
}

/// What a token must be for.
pub(super) fn target(target: &config::TokenTarget) -> Target {
    Target {
        resource: match target.resource.as_deref() {
            None => Resource::Server,
            Some("") => Resource::Nothing,
            Some(other) => Resource::Other(other.into()),
        },
        audience: target.audience.as_deref().map(Into::into),
        accepts: match target.token_audience.as_slice() {
            [] => Accepts::Asked,
            [any] if any == "any" => Accepts::Any,
            these => Accepts::These(these.iter().map(|t| t.as_str().into()).collect()),
        },
        life: target.lifetime,
    }
}
