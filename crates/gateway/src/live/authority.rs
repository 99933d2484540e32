//! From `[authorization]` and `[[client]]` to what the authorization server works with.

use super::{Surroundings, attesting::Attesting, trust};
use doorward_config::{self as config, ClientGrant, ClientProof, Registration, SecretError, SecretRef, Settings};
use doorward_identity::{PublicUrlError, Resource};
use doorward_oauth::{Client, Lifetimes, Origin, Proof, Realm, metadata::grant};
use doorward_vocab::{Digest, ServerName};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The gateway as an authorization server.
#[derive(Debug)]
pub(crate) struct Authority {
    /// What it stands for.
    pub(crate) realm: Realm,
    /// The clients that the operator knows, by id.
    pub(crate) clients: BTreeMap<Arc<str>, Arc<Client>>,
    /// Where humans sign in, in the order of the file.
    pub(crate) providers: Vec<Provider>,
    /// The hosts whose documents are read; empty: any.
    pub(crate) document_hosts: Vec<String>,
    /// Whose evidence is taken for a token.
    pub(crate) attesting: Attesting,
}

/// A provider at which humans sign in.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    /// What the operator calls it.
    pub(crate) name: String,
    /// Its `iss`.
    pub(crate) issuer: String,
    /// Who the gateway is there.
    pub(crate) client: String,
    /// Its secret.
    pub(crate) secret: Option<SecretRef>,
    /// What is asked for.
    pub(crate) scope: String,
    /// The classes of sign-ins with more than one factor, asked for where one is needed.
    pub(crate) stronger: Vec<Arc<str>>,
}

/// Why there can be no authorization server.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A secret cannot be read.
    #[error("the secret of client `{0}` cannot be read: {1}")]
    Secret(String, #[source] SecretError),
    /// A key file cannot be read.
    #[error("cannot read the keys of client `{0}`: {1}")]
    Keys(String, #[source] std::io::Error),
    /// A redirect address that nobody can be sent to.
    #[error("client `{0}` cannot be sent to `{1}`: {2}")]
    Redirect(String, String, &'static str),
    /// The authorities of endorsement keys cannot be read.
    #[error("cannot read the `authorities` of `{0}`: {1}")]
    Endorsement(String, String),
    /// The public address cannot name resources.
    #[error(transparent)]
    PublicUrl(#[from] PublicUrlError),
}

impl Authority {
    pub(super) fn of(settings: &Settings, around: &Surroundings) -> Result<Option<Self>, AuthorityError> {
        let Some(authorization) = &settings.authorization else { return Ok(None) };
        let attesting = Attesting::of(settings, around)?;
        let clients = settings.clients.iter().map(|c| Ok((c.name.as_str().into(), Arc::new(client(c)?))));
        Ok(Some(Self {
            realm: Realm { attests: !attesting.is_empty(), ..realm(settings, authorization, around)? },
            clients: clients.collect::<Result<_, AuthorityError>>()?,
            providers: providers(settings, authorization),
            document_hosts: authorization.document_hosts.clone(),
            attesting,
        }))
    }
}

fn realm(
    settings: &Settings,
    authorization: &config::Authorization,
    around: &Surroundings,
) -> Result<Realm, AuthorityError> {
    let names = trust::resources(settings, around, Vec::new())?;
    let all: BTreeSet<ServerName> = settings.servers.iter().map(|s| s.name.clone()).collect();
    let mut resources: BTreeMap<Arc<str>, BTreeSet<ServerName>> = BTreeMap::new();
    let mut add = |resource: Resource<'_>, servers: &BTreeSet<ServerName>| {
        resources.insert(names.identifier(resource).into(), servers.clone());
    };
    add(Resource::All, &all);
    add(Resource::AllSse, &all);
    for name in &all {
        let alone = BTreeSet::from([name.clone()]);
        add(Resource::Server(name), &alone);
        add(Resource::ServerSse(name), &alone);
    }
    for entry in &settings.virtuals {
        let shown = |server: &&ServerName| {
            let patterns = entry.tools.iter().chain(&entry.prompts).chain(&entry.resources);
            patterns.into_iter().any(|p| p.server.matches(server.as_str()))
        };
        let some: BTreeSet<ServerName> = all.iter().filter(shown).cloned().collect();
        add(Resource::Server(&entry.name), &some);
        add(Resource::ServerSse(&entry.name), &some);
    }
    let kinds = &authorization.registration;
    Ok(Realm {
        issuer: trust::public(settings, around).into(),
        usual: names.identifier(Resource::All).into(),
        resources,
        registers: kinds.contains(&Registration::Dynamic),
        documents: kinds.contains(&Registration::Document),
        attests: false,
        lifetimes: Lifetimes { access: authorization.access_token, grant: authorization.grant, ..Lifetimes::default() },
        hand_overs: authorization.hand_overs,
    })
}

fn client(client: &config::Client) -> Result<Client, AuthorityError> {
    let name = || client.name.clone();
    for uri in &client.redirect_uris {
        doorward_oauth::redirect::place(uri).map_err(|why| AuthorityError::Redirect(name(), uri.clone(), why))?;
    }
    let proof = match &client.proof {
        ClientProof::Nothing => Proof::Nothing,
        ClientProof::Secret(secret) => {
            let secret = secret.read().map_err(|e| AuthorityError::Secret(name(), e))?;
            Proof::Secret(secret.reveal(|s| Digest::of(s.as_bytes())))
        }
        ClientProof::KeyFile(path) => {
            Proof::Keys(std::fs::read_to_string(path).map_err(|e| AuthorityError::Keys(name(), e))?)
        }
        ClientProof::KeyUrl(url) => Proof::KeysAt(url.to_string()),
    };
    let grants = client.grants.iter().flat_map(|grant| match grant {
        ClientGrant::AuthorizationCode => vec![grant::CODE, grant::REFRESH],
        ClientGrant::ClientCredentials => vec![grant::CLIENT],
        ClientGrant::JwtBearer => vec![grant::ASSERTION],
        ClientGrant::TokenExchange => vec![grant::EXCHANGE],
    });
    Ok(Client {
        id: client.name.as_str().into(),
        origin: Origin::Configured,
        name: Some(client.name.clone()),
        redirects: client.redirect_uris.clone(),
        grants: grants.map(str::to_owned).collect(),
        proof,
        owner: client.owner.as_deref().map(Arc::from),
        class: client.class.as_deref().map(Arc::from),
        servers: client.servers.as_ref().map(|s| s.iter().cloned().collect()),
    })
}

fn providers(settings: &Settings, authorization: &config::Authorization) -> Vec<Provider> {
    let named = |name: &String| authorization.login.is_empty() || authorization.login.contains(name);
    let provider = |entry: &config::Trust| {
        let config::TrustKind::Oidc(oidc) = &entry.kind else { return None };
        let client = oidc.client.as_ref().filter(|_| named(&entry.name))?;
        let scope =
            std::iter::once("openid").chain(client.scopes.iter().map(String::as_str).filter(|s| *s != "openid"));
        Some(Provider {
            name: entry.name.clone(),
            issuer: oidc.issuer.clone(),
            client: client.id.clone(),
            secret: client.secret.clone(),
            scope: scope.collect::<Vec<_>>().join(" "),
            stronger: client.stronger.iter().map(|class| class.as_str().into()).collect(),
        })
    };
    settings.trust.iter().filter_map(provider).collect()
}
