//! From the `[[trust]]` entries to what the identity room works with.

use super::{LiveError, Surroundings};
use doorward_config::{self as config, Settings};
use doorward_identity::{
    self as identity, Delegation, PartyId,
    attest::process::{ProcessRules, ProgramRule},
    delegation::{Limits, Reach, Tools},
};
use doorward_vocab::{Secret, ServerName};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// The `[[trust]]` entries as the identity room wants them. Without any, the user of this machine is trusted on loopback.
pub(super) fn settings(settings: &Settings, around: &Surroundings) -> Result<identity::Settings, LiveError> {
    let mut out = identity::Settings {
        host_token: Some(around.host_token.reveal(|t| Secret::new(t.clone()))),
        local_user: (settings.trust.is_empty() && settings.authorization.is_none())
            .then(|| around.user.as_str().into()),
        book: around.delegations.book().clone(),
        ..identity::Settings::default()
    };
    let own = identifiers(settings, around)?;
    let mut skew: Option<Duration> = None;
    let mut issuers: BTreeMap<&str, Vec<Arc<str>>> = BTreeMap::new();
    for entry in &settings.trust {
        let before = out.issuers.len();
        let name = entry.name.as_str();
        match &entry.kind {
            config::TrustKind::Anonymous { servers } => out.anonymous.extend(servers.iter().cloned()),
            config::TrustKind::Process(entry) => out.processes.push(processes(name, entry)),
            config::TrustKind::Oidc(entry) => {
                skew = skew.max(Some(entry.tokens.clock_skew));
                out.issuers.push(oidc(entry, &own)?);
            }
            config::TrustKind::Platform(entry) => {
                skew = skew.max(Some(entry.tokens.clock_skew));
                out.issuers.extend(platform(entry, &own)?);
            }
            config::TrustKind::Spiffe(entry) => {
                skew = skew.max(Some(entry.tokens.clock_skew));
                out.issuers.push(spiffe(entry, &own)?);
            }
            config::TrustKind::Mtls(mtls) => out.issuers.push(authority(&entry.name, mtls)?),
            // Their agents come with tokens of the gateway's own, which say which entry vouches.
            config::TrustKind::AwsRole(_) | config::TrustKind::Tpm(_) => {}
        }
        let mut vouching: Vec<_> = out.issuers.iter().skip(before).map(|issuer| issuer.issuer.clone()).collect();
        let by_name = |kind: &config::TrustKind| {
            matches!(kind, config::TrustKind::Process(_) | config::TrustKind::AwsRole(_) | config::TrustKind::Tpm(_))
        };
        if by_name(&entry.kind) {
            vouching.push(name.into());
        }
        issuers.insert(name, vouching);
    }
    out.agents = settings.agents.iter().map(|entry| agent(entry, &issuers)).collect();
    out.skew = skew.unwrap_or(out.skew);
    out.own = addresses(settings, around).into_iter().map(Into::into).collect();
    if settings.authorization.is_some() {
        out.issuers.push(own_issuer(settings, around, own));
    }
    Ok(out)
}

/// The gateway's own tokens: for its endpoints, with what it saw of agents and humans itself.
fn own_issuer(settings: &Settings, around: &Surroundings, own: Vec<Arc<str>>) -> identity::IssuerSettings {
    identity::IssuerSettings {
        audiences: own.into(),
        algorithms: Box::new([identity::Algorithm::Es256]),
        types: identity::TypeRule::AccessToken,
        claims: identity::ClaimMap {
            human: "/idp/sub".into(),
            human_issuer: Some("/idp/iss".into()),
            risk: Some(doorward_oauth::issue::RISK.into()),
            ..identity::ClaimMap::default()
        },
        attests: true,
        nonces: match settings.authorization.as_ref().is_some_and(|authorization| authorization.dpop_nonce) {
            true => identity::NonceRule::Required,
            false => identity::NonceRule::Optional,
        },
        keys: identity::KeySource::Given,
        ..identity::IssuerSettings::new(public(settings, around), "")
    }
}

/// The address that clients use, without a slash at the end: the public one, or else where the gateway listens.
pub(crate) fn public(settings: &Settings, around: &Surroundings) -> String {
    let url = settings.public_url.as_ref().map_or_else(|| format!("http://{}", around.listen), ToString::to_string);
    url.trim_end_matches('/').to_owned()
}

/// The documents about this gateway's resources.
pub(super) fn resources(
    settings: &Settings,
    around: &Surroundings,
    issuers: Vec<Arc<str>>,
) -> Result<identity::ProtectedResources, identity::PublicUrlError> {
    identity::ProtectedResources::new(&public(settings, around), issuers, Vec::new())
}

/// The programs of this machine that one entry knows.
fn processes(name: &str, entry: &config::Process) -> ProcessRules {
    let rule = |e: &config::Executable| ProgramRule {
        name: e.name.as_str().into(),
        sha256: e.sha256,
        path: e.path.as_deref().map(Into::into),
        script: e.script,
    };
    let own = rustix::process::getuid().as_raw();
    ProcessRules {
        issuer: name.into(),
        programs: entry.executables.iter().map(rule).collect(),
        users: if entry.uids.is_empty() { vec![own] } else { entry.uids.clone() },
        for_user: entry.human,
    }
}

/// An `[[agent]]` entry as the identity room wants it; `issuers` are those of each trust entry.
fn agent(entry: &config::AgentEntry, issuers: &BTreeMap<&str, Vec<Arc<str>>>) -> identity::AgentEntry {
    let text = |text: &Option<String>| text.as_deref().map(Arc::from);
    // An entry that vouches for nobody fits nobody.
    let of = |trust: &String| issuers.get(trust.as_str()).cloned().unwrap_or_default().into();
    identity::AgentEntry {
        name: entry.name.as_str().into(),
        issuers: entry.trust.as_ref().map(of),
        subject: entry.subject.clone(),
        class: text(&entry.class),
        publisher: text(&entry.publisher),
        owner: text(&entry.owner),
    }
}

/// The `[[delegation]]` entries: what agents may do for themselves.
pub fn standing(settings: &Settings) -> impl Iterator<Item = Delegation> {
    settings.delegations.iter().map(|entry| {
        let mut reach: BTreeMap<ServerName, Tools> =
            entry.servers.iter().map(|name| (name.clone(), Tools::All)).collect();
        for (server, tool) in &entry.tools {
            if let Tools::Only(tools) = reach.entry(server.clone()).or_insert_with(|| Tools::Only(BTreeSet::new())) {
                tools.insert(tool.as_str().into());
            }
        }
        let name = PartyId { issuer: None, id: entry.agent.as_str().into() };
        Delegation {
            owner: Some(entry.owner.as_str().into()),
            purpose: entry.purpose.as_deref().map(Into::into),
            reach: Reach::Only(reach),
            scopes: entry.scopes.iter().map(|scope| scope.as_str().into()).collect(),
            limits: Limits { effects: entry.effects.clone(), amount: entry.amount, sinks: entry.sinks },
            depth: entry.depth,
            expires: entry.expires,
            ..Delegation::new(entry.id.as_str(), name)
        }
    })
}

/// The names of the endpoints below `/mcp/`: those of servers and of virtual ones.
pub(super) fn endpoints(settings: &Settings) -> impl Iterator<Item = &ServerName> {
    settings.servers.iter().map(|s| &s.name).chain(settings.virtuals.iter().map(|v| &v.name))
}

/// What tokens may name as their audience where a trust entry does not say it: the public URL, or else the address that is
/// listened on, and each endpoint under it
/// (RFC 8707 §2).
fn identifiers(settings: &Settings, around: &Surroundings) -> Result<Vec<Arc<str>>, LiveError> {
    let whole = public(settings, around);
    let resources = resources(settings, around, Vec::new())?;
    let servers = endpoints(settings).flat_map(|s| [identity::Resource::Server(s), identity::Resource::ServerSse(s)]);
    let all = [identity::Resource::All, identity::Resource::AllSse];
    let endpoints = all.into_iter().chain(servers).map(|r| resources.identifier(r));
    Ok([whole.clone(), format!("{whole}/")].into_iter().chain(endpoints).map(Into::into).collect())
}

/// What the endpoints of single servers are called in tokens.
pub(super) fn narrow(
    settings: &Settings,
    around: &Surroundings,
) -> Result<HashMap<Arc<str>, ServerName>, identity::PublicUrlError> {
    let names = resources(settings, around, Vec::new())?;
    let both = |name| [identity::Resource::Server(name), identity::Resource::ServerSse(name)];
    let named = |name| both(name).map(|r| (names.identifier(r).into(), ServerName::clone(name)));
    Ok(endpoints(settings).flat_map(named).collect())
}

/// What the gateway is called in the address of a request: the public URL, or else the addresses that are listened on.
fn addresses(settings: &Settings, around: &Surroundings) -> Vec<String> {
    if let Some(url) = &settings.public_url {
        return vec![url.as_str().trim_end_matches('/').to_owned()];
    }
    let scheme = if settings.listen.tls.is_some() { "https" } else { "http" };
    let mut all = vec![format!("{scheme}://{}", around.listen)];
    if around.listen.ip().is_loopback() {
        all.push(format!("{scheme}://localhost:{}", around.listen.port()));
    }
    all
}

/// A claim's place as the configuration writes it: a JSON pointer, or a dot goes into an object, unless the whole is an
/// address.
fn place(claim: &str) -> Arc<str> {
    if claim.starts_with('/') || !claim.contains('.') || claim.contains("://") {
        return claim.into();
    }
    claim.split('.').fold(String::new(), |path, key| path + "/" + &key.replace('~', "~0")).into()
}

/// What holds for tokens of any issuer, put into `settings`.
fn tokens(
    tokens: &config::Tokens,
    own: &[Arc<str>],
    settings: identity::IssuerSettings,
    claim: impl Fn(&str) -> Arc<str>,
) -> Result<identity::IssuerSettings, LiveError> {
    let named: Vec<Arc<str>> = tokens.audience.iter().map(|a| a.as_str().into()).collect();
    let facts = |known: Box<[(Arc<str>, Arc<str>)]>, more: &BTreeMap<String, String>| {
        let more = more.iter().map(|(name, claim)| (name.as_str().into(), place(claim)));
        known.into_iter().chain(more).collect()
    };
    let rules = tokens.require.0.iter().map(|(name, must)| rule(claim(name), must));
    Ok(identity::IssuerSettings {
        audiences: if named.is_empty() { own.into() } else { named.into() },
        algorithms: tokens.algorithms.iter().filter_map(|a| format!("{a:?}").parse().ok()).collect(),
        required: settings.required.into_iter().chain(rules).collect(),
        key_rule: if tokens.key_bound { identity::KeyRule::Required } else { identity::KeyRule::Optional },
        nonces: if tokens.dpop_nonce { identity::NonceRule::Required } else { identity::NonceRule::Optional },
        keys: match &tokens.keys {
            config::Keys::Discover => identity::KeySource::Discovery,
            config::Keys::Url(url) => identity::KeySource::Url(url.as_str().into()),
            config::Keys::File(path) => {
                let bad = |source| LiveError::KeyFile { path: path.display().to_string(), source };
                identity::KeySource::Pinned(std::fs::read(path).map_err(bad)?.into())
            }
        },
        claims: identity::ClaimMap {
            posture: facts(settings.claims.posture, &tokens.posture),
            measured: facts(settings.claims.measured, &tokens.measured),
            ..settings.claims
        },
        ..settings
    })
}

fn oidc(oidc: &config::Oidc, own: &[Arc<str>]) -> Result<identity::IssuerSettings, LiveError> {
    let usual = config::Claims::default();
    let claims = identity::ClaimMap {
        human: place(&oidc.claims.human),
        name: place(&oidc.claims.name),
        email: place(&oidc.claims.email),
        groups: place(&oidc.claims.groups),
        risk: oidc.claims.risk.as_deref().map(place),
        // The usual ones are tried anyway, after the one that the operator names.
        agent: oidc.claims.agent.iter().find(|c| !usual.agent.contains(c)).map(|c| place(c)),
        ..identity::ClaimMap::default()
    };
    let (subject, types) = match oidc.subject {
        config::Subject::Auto => (identity::SubjectIs::Auto, identity::TypeRule::Lenient),
        config::Subject::Human => (identity::SubjectIs::Human, identity::TypeRule::Lenient),
        // Platforms issue identity tokens to workloads.
        config::Subject::Agent => (identity::SubjectIs::Agent, identity::TypeRule::IdToken),
    };
    let settings =
        identity::IssuerSettings { claims, subject, types, ..identity::IssuerSettings::new(oidc.issuer.as_str(), "") };
    tokens(&oidc.tokens, own, settings, place)
}

fn platform(entry: &config::Platform, own: &[Arc<str>]) -> Result<Vec<identity::IssuerSettings>, LiveError> {
    let which = match entry.which {
        config::PlatformKind::Kubernetes => identity::Platform::Kubernetes,
        config::PlatformKind::GithubActions => identity::Platform::GithubActions,
        config::PlatformKind::Gitlab => identity::Platform::Gitlab,
        config::PlatformKind::Gcp => identity::Platform::Gcp,
        config::PlatformKind::Azure => identity::Platform::Azure,
        config::PlatformKind::Aws => identity::Platform::Aws,
        config::PlatformKind::Terraform => identity::Platform::Terraform,
    };
    // A rule may name a claim, or a fact by the name that policy uses.
    let claim = |name: &str| which.claim(name).unwrap_or_else(|| place(name));
    entry.issuers.iter().map(|issuer| tokens(&entry.tokens, own, which.issuer(issuer.as_str()), claim)).collect()
}

fn spiffe(entry: &config::Spiffe, own: &[Arc<str>]) -> Result<identity::IssuerSettings, LiveError> {
    let names = entry.ids.iter().filter_map(pattern).collect();
    let domain = identity::IssuerSettings::trust_domain(&entry.trust_domain, names)
        .ok_or_else(|| identity::SettingsError::TrustDomain(entry.trust_domain.as_str().into()))?;
    let keys = match &entry.bundle {
        config::Bundle::File(path) => identity::KeySource::File(path.as_path().into()),
        config::Bundle::Url(url) => identity::KeySource::Url(url.as_str().into()),
        config::Bundle::WorkloadApi(path) => identity::KeySource::WorkloadApi(path.as_path().into()),
    };
    Ok(identity::IssuerSettings { keys, ..tokens(&entry.tokens, own, domain, place)? })
}

fn authority(name: &str, mtls: &config::Mtls) -> Result<identity::IssuerSettings, LiveError> {
    let kind = match mtls.subject {
        config::CertificateName::Uri => identity::NameKind::Uri,
        config::CertificateName::Dns => identity::NameKind::Dns,
        config::CertificateName::Email => identity::NameKind::Email,
    };
    let names = mtls.names.iter().filter_map(pattern).collect();
    let keys = identity::KeySource::File(mtls.authorities.as_path().into());
    let rule = identity::CertificateRule { kind, names };
    Ok(identity::IssuerSettings { keys, ..identity::IssuerSettings::authority(name, rule) })
}

fn rule(claim: Arc<str>, must: &config::Must) -> identity::ClaimRule {
    let must = match must {
        config::Must::Present(true) => identity::Must::BePresent,
        config::Must::Present(false) => identity::Must::BeAbsent,
        config::Must::Be(wanted) => identity::Must::Be(wanted.iter().filter_map(pattern).collect()),
    };
    identity::ClaimRule { claim, must }
}

/// A shape that the configuration took and this room does not would be left out, and so fit nothing.
fn pattern(wanted: &config::Wanted) -> Option<identity::Pattern> {
    match wanted {
        config::Wanted::Exact(text) => Some(identity::Pattern::Exact(text.as_str().into())),
        config::Wanted::Glob(text) => text.parse().ok().map(identity::Pattern::Glob),
    }
}
