//! From the `[[trust]]` entries to what the identity room works with.

use super::{LiveError, Surroundings};
use doorward_config::{self as config, Settings};
use doorward_identity as identity;
use doorward_vocab::{Secret, ServerName};
use std::{sync::Arc, time::Duration};

/// The `[[trust]]` entries as the identity room wants them. Without any, the user of this machine is trusted on loopback.
pub(super) fn settings(settings: &Settings, around: &Surroundings) -> Result<identity::Settings, LiveError> {
    let mut out = identity::Settings {
        host_token: Some(around.host_token.reveal(|t| Secret::new(t.clone()))),
        local_user: settings.trust.is_empty().then(|| around.user.as_str().into()),
        ..identity::Settings::default()
    };
    let own = identifiers(settings, around)?;
    let mut skew = None;
    for entry in &settings.trust {
        match &entry.kind {
            config::TrustKind::Anonymous { servers } => out.anonymous.extend(servers.iter().cloned()),
            config::TrustKind::Oidc(oidc) => {
                out.skew = skew.map_or(oidc.clock_skew, |s: Duration| s.max(oidc.clock_skew));
                skew = Some(out.skew);
                out.issuers.push(issuer(oidc, &own)?);
            }
        }
    }
    Ok(out)
}

/// The names of the endpoints below `/mcp/`: those of servers and of virtual ones.
pub(super) fn endpoints(settings: &Settings) -> impl Iterator<Item = &ServerName> {
    settings.servers.iter().map(|s| &s.name).chain(settings.virtuals.iter().map(|v| &v.name))
}

/// What tokens may name as their audience where a trust entry does not say it: the public URL, or else the address that is
/// listened on, and each endpoint under it
/// (RFC 8707 §2).
fn identifiers(settings: &Settings, around: &Surroundings) -> Result<Vec<Arc<str>>, LiveError> {
    let url = settings.public_url.as_ref().map_or_else(|| format!("http://{}", around.listen), ToString::to_string);
    let resources = identity::ProtectedResources::new(&url, Vec::new(), Vec::new())?;
    let servers = endpoints(settings).map(identity::Resource::Server);
    let endpoints = std::iter::once(identity::Resource::All).chain(servers).map(|r| resources.identifier(r));
    let whole = url.trim_end_matches('/').to_owned();
    Ok([whole.clone(), format!("{whole}/")].into_iter().chain(endpoints).map(Into::into).collect())
}

/// A claim's place as the configuration writes it: a dot goes into an object, unless the whole is an address.
fn place(claim: &str) -> Arc<str> {
    if !claim.contains('.') || claim.contains("://") {
        return claim.into();
    }
    claim.split('.').fold(String::new(), |path, key| path + "/" + &key.replace('~', "~0")).into()
}

fn issuer(oidc: &config::Oidc, own: &[Arc<str>]) -> Result<identity::IssuerSettings, LiveError> {
    let named: Vec<Arc<str>> = oidc.audience.iter().map(|a| a.as_str().into()).collect();
    let audiences: Box<[Arc<str>]> = if named.is_empty() { own.into() } else { named.into() };
    let keys = match &oidc.keys {
        config::Keys::Discover => identity::KeySource::Discovery,
        config::Keys::Url(url) => identity::KeySource::Url(url.as_str().into()),
        config::Keys::File(path) => {
            let bad = |source| LiveError::KeyFile { path: path.display().to_string(), source };
            identity::KeySource::Pinned(std::fs::read(path).map_err(bad)?.into())
        }
    };
    let usual = config::Claims::default();
    let claims = identity::ClaimMap {
        name: place(&oidc.claims.name),
        email: place(&oidc.claims.email),
        groups: place(&oidc.claims.groups),
        // The usual ones are tried anyway, after the one that the operator names.
        agent: oidc.claims.agent.iter().find(|c| !usual.agent.contains(c)).map(|c| place(c)),
        ..identity::ClaimMap::default()
    };
    Ok(identity::IssuerSettings {
        audiences,
        algorithms: oidc.algorithms.iter().filter_map(|a| format!("{a:?}").parse().ok()).collect(),
        keys,
        claims,
        ..identity::IssuerSettings::new(oidc.issuer.as_str(), "")
    })
}
