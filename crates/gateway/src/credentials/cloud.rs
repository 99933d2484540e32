//! Kinds of the cloud: from what is configured to their providers.

use super::oauth::Bad;
use doorward_config as config;
use doorward_credential::{
    Alg, OwnToken, Provider,
    providers::{self, Audience, Fields, SigningKey},
    wire::PrivateKey,
};
use doorward_vocab::Template;
use std::convert::Infallible;

const fn alg(algorithm: config::TokenAlgorithm) -> Alg {
    match algorithm {
        config::TokenAlgorithm::RS256 => Alg::Rs256,
        config::TokenAlgorithm::ES256 => Alg::Es256,
    }
}

/// The gateway's own token; `usual` is for whom it is where the operator does not say.
fn own(own: &config::OwnToken, usual: &str) -> OwnToken {
    OwnToken {
        audience: own.audience.as_deref().unwrap_or(usual).into(),
        subject: own.subject.clone(),
        alg: alg(own.algorithm),
    }
}

pub(super) fn aws_sts(aws: &config::AwsSts) -> providers::AwsSts {
    let Ok(session_policy) = aws.session_policy.try_map(|policy| Ok::<_, Infallible>(policy.as_str().into()));
    providers::AwsSts {
        endpoint: aws.endpoint.clone(),
        role_arn: aws.role_arn.as_str().into(),
        duration: aws.duration,
        session_policy,
        policy_arns: aws.policy_arns.iter().map(|arn| arn.as_str().into()).collect(),
        own: own(&aws.own, "sts.amazonaws.com"),
    }
}

pub(super) fn gcp_sts(gcp: &config::GcpSts) -> providers::GcpSts {
    let Ok(boundary) = gcp.boundary.try_map(|boundary| Ok::<_, Infallible>(boundary.as_str().into()));
    providers::GcpSts {
        endpoint: gcp.endpoint.clone(),
        impersonation: gcp.impersonation.clone(),
        provider: gcp.provider.as_str().into(),
        service_account: gcp.service_account.as_deref().map(Into::into),
        lifetime: gcp.lifetime,
        boundary,
        // What a provider takes where nothing else is configured there.
        own: own(&gcp.own, &format!("https:{}", gcp.provider)),
    }
}

pub(super) fn azure(azure: &config::Azure) -> providers::Azure {
    providers::Azure {
        endpoint: azure.endpoint.clone(),
        client: azure.client_id.as_str().into(),
        agent_identity: azure.agent_identity.as_deref().map(Into::into),
        own: own(&azure.own, "api://AzureADTokenExchange"),
    }
}

pub(super) fn github_app(app: &config::GithubApp) -> Result<providers::GithubApp, Bad> {
    let key = key(&app.key, None)?;
    if key.alg() != Alg::Rs256 {
        return Err(format!("{} is no RSA key", app.key));
    }
    let Ok(repositories) = app
        .repositories
        .try_map(|all| Ok::<_, Infallible>(all.iter().map(|name| name.as_str().into()).collect::<Box<[Box<str>]>>()));
    let Ok(permissions) = app.permissions.try_map(|all| {
        Ok::<_, Infallible>(all.iter().map(|(name, level)| (name.as_str().into(), level.as_str().into())).collect())
    });
    Ok(providers::GithubApp {
        endpoint: app.endpoint.clone(),
        app: app.app.as_str().into(),
        installation: app.installation,
        key,
        repositories,
        permissions,
    })
}

pub(super) fn vault(vault: &config::Vault) -> providers::Vault {
    providers::Vault {
        url: vault.url.clone(),
        mount: vault.mount.as_str().into(),
        role: vault.role.as_str().into(),
        namespace: vault.namespace.as_deref().map(Into::into),
        path: vault.path.as_str().into(),
        fields: match &vault.fields {
            config::VaultFields::One(field) => Fields::Token(field.as_str().into()),
            config::VaultFields::Basic(user, password) => {
                Fields::Basic { user: user.as_str().into(), password: password.as_str().into() }
            }
            config::VaultFields::Aws => Fields::Aws,
        },
        own: own(&vault.own, &vault.url.origin().ascii_serialization()),
    }
}

pub(super) fn databricks(databricks: &config::Databricks) -> providers::Databricks {
    providers::Databricks {
        endpoint: databricks.endpoint.clone(),
        client: databricks.client_id.as_deref().map(Into::into),
        own: own(&databricks.own, "databricks"),
    }
}

pub(super) fn jwt_svid(svid: &config::JwtSvid) -> Result<Box<dyn Provider>, Bad> {
    Ok(match svid {
        config::JwtSvid::Workload { socket, id, audience } => Box::new(providers::WorkloadSvid {
            socket: socket.clone(),
            id: id.as_deref().map(Into::into),
            audience: audience.as_deref().map(Into::into),
        }),
        config::JwtSvid::Own(jwt) => {
            let signed = signed_jwt(jwt)?;
            let audience = match signed.audience {
                Audience::Nobody => Audience::Server,
                named => named,
            };
            Box::new(providers::SignedJwt { kind: "jwt-svid", audience, ..signed })
        }
    })
}

pub(super) fn signed_jwt(jwt: &config::SignedJwt) -> Result<providers::SignedJwt, Bad> {
    let signing = match &jwt.key {
        Some(reference) => SigningKey::Operator(key(reference, jwt.key_id.as_deref())?),
        None => SigningKey::Gateway(alg(jwt.algorithm)),
    };
    let (issuer, subject) = match (&jwt.names, &signing) {
        (config::JwtNames::Said { issuer, subject }, _) => (issuer.clone(), subject.clone()),
        (config::JwtNames::Snowflake { account, user }, SigningKey::Operator(key)) => {
            let (issuer, name) = providers::snowflake(account, user, key).map_err(|e| e.to_string())?;
            let plain = |text: &str| Template::parse(text, &[]).map_err(|e| e.to_string());
            (Some(plain(&issuer)?), plain(&name)?)
        }
        (config::JwtNames::Snowflake { .. }, SigningKey::Gateway(_)) => {
            return Err("Snowflake wants a `key`".to_owned());
        }
    };
    let audience = jwt.audience.as_deref().map_or(Audience::Nobody, |name| match name {
        "server" => Audience::Server,
        name => Audience::Named(name.into()),
    });
    let claims = jwt.claims.iter().map(|(name, text)| (name.as_str().into(), text.clone())).collect();
    Ok(providers::SignedJwt {
        kind: "signed-jwt",
        key: signing,
        issuer,
        subject,
        audience,
        lifetime: jwt.lifetime,
        claims,
    })
}

fn key(reference: &config::SecretRef, id: Option<&str>) -> Result<PrivateKey, Bad> {
    let text = reference.read().map_err(|e| e.to_string())?;
    PrivateKey::read(&text, id).map_err(|e| format!("{reference} {e}"))
}
