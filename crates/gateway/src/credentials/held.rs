use super::{Configured, end::End, span::Span};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward_audit::Worn;
use doorward_config::{Part, Slot};
use doorward_credential::{Failure, Issued, Material, Signable, Sigv4};
use doorward_seal::Shielded;
use doorward_transport::{
    egress::Egress,
    upstream::{self, Sign, Unsigned},
};
use doorward_vocab::{Clock, Digest, Secret, Timestamp};
use http::HeaderName;
use std::{fmt, sync::Arc};

/// A credential that is ready to be used.
#[derive(Debug)]
pub(crate) struct Held {
    /// The operator's name for it.
    pub(crate) name: Arc<str>,
    /// The digest of what was configured.
    pub(crate) of: Digest,
    /// Whose account it is at the server, for people.
    pub(crate) account: Option<Arc<str>>,
    /// The delegation that it was fetched under; it ends with that.
    pub(crate) delegation: Option<Box<str>>,
    pub(crate) span: Span,
    /// When it was fetched; none where it is the operator's own.
    pub(crate) fetched: Option<Timestamp>,
    place: Place,
    /// Ends it at its provider, where it does not only end by itself.
    _end: Option<End>,
}

#[derive(Debug)]
enum Place {
    Request(upstream::Credential),
    Variables(Vec<(String, Shielded)>),
}

impl Held {
    pub(super) fn new(
        configured: &Configured,
        issued: Issued,
        span: Span,
        delegation: Option<&str>,
        now: Timestamp,
        (clock, egress): (&Arc<dyn Clock>, &Arc<Egress>),
    ) -> Result<Self, Failure> {
        // It ends, too, where it does not go where it is to go.
        let end = issued.end.and_then(|request| End::new(request, egress.clone()));
        Ok(Self {
            name: configured.name.clone(),
            of: configured.digest,
            account: issued.account.or_else(|| configured.account.clone()).map(Into::into),
            delegation: delegation.map(Into::into),
            span,
            fetched: configured.provider.is_fetched().then_some(now),
            place: place(&configured.slot, issued.material, clock)?,
            _end: end,
        })
    }

    /// How the trail calls it.
    pub(crate) fn record(&self) -> Worn {
        Worn { name: self.name.clone().into(), account: self.account.clone().map(Into::into) }
    }

    /// What a request to an HTTP server carries.
    pub(crate) const fn on_request(&self) -> Option<&upstream::Credential> {
        match &self.place {
            Place::Request(credential) => Some(credential),
            Place::Variables(_) => None,
        }
    }

    /// The secret alone, where it goes into a header and nothing stands before it.
    pub(crate) fn alone(&self) -> Option<Secret<String>> {
        match &self.place {
            Place::Request(upstream::Credential::Header { value, .. }) => text(value),
            _ => None,
        }
    }

    /// What a command finds in its environment.
    pub(crate) fn in_environment(&self) -> Vec<(String, Secret<String>)> {
        let Place::Variables(all) = &self.place else { return Vec::new() };
        all.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
    }
}

/// Signs what is sent to a server of AWS, at the moment when it is sent.
struct Signing {
    id: Box<str>,
    region: Box<str>,
    service: Box<str>,
    key: Shielded,
    session: Option<Shielded>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signing({} in {})", self.service, self.region)
    }
}

impl Sign for Signing {
    fn sign(&self, request: &Unsigned<'_>) -> Result<Vec<(HeaderName, Secret<String>)>, Box<str>> {
        let Unsigned { method, url, headers, body } = *request;
        let text = |value: &Shielded| text(value).ok_or_else(|| Box::<str>::from("authorization"));
        let keys = Sigv4 {
            id: self.id.clone(),
            key: text(&self.key)?,
            session: self.session.as_ref().map(text).transpose()?,
            region: self.region.clone(),
            service: self.service.clone(),
        };
        keys.sign(Signable { method, url, headers, body }, self.clock.now())
    }
}

fn text(value: &Shielded) -> Option<Secret<String>> {
    value.reveal(|bytes| String::from_utf8(bytes.to_vec()).ok()).ok().flatten().map(Secret::new)
}

fn shielded(secret: &Secret<String>) -> Result<Shielded, Failure> {
    Shielded::text(secret).map_err(|_| Failure::Unavailable("it cannot be held".into()))
}

fn place(slot: &Slot, material: Material, clock: &Arc<dyn Clock>) -> Result<Place, Failure> {
    let misfit = || Failure::Misconfigured("what the provider gives does not go where it is configured to go".into());
    let request = |credential| Ok(Place::Request(credential));
    let text = match (slot, material) {
        (Slot::Signature { region, service }, Material::Aws { id, key, session }) => {
            let signing = Signing {
                id,
                region: region.as_str().into(),
                service: service.as_str().into(),
                key: shielded(&key)?,
                session: session.as_ref().map(shielded).transpose()?,
                clock: clock.clone(),
            };
            return request(upstream::Credential::Signature(Arc::new(signing)));
        }
        (Slot::Variables(all), material) => {
            let parts = parts(all, material).ok_or_else(misfit)?;
            let shielded = parts.iter().map(|(name, secret)| Ok((name.clone(), shielded(secret)?)));
            return shielded.collect::<Result<_, Failure>>().map(Place::Variables);
        }
        (_, Material::Token(token)) => token,
        (Slot::Header { .. }, Material::Basic { user, password }) => {
            password.reveal(|p| Secret::new(STANDARD.encode(format!("{user}:{p}"))))
        }
        (_, Material::Basic { password, .. }) => password,
        (_, Material::Aws { .. }) => return Err(misfit()),
    };
    match slot {
        Slot::Header { name, scheme } => {
            let header = name.parse().map_err(|_| misfit())?;
            let value = match scheme {
                Some(scheme) => text.reveal(|t| Secret::new(format!("{scheme} {t}"))),
                None => text,
            };
            request(upstream::Credential::Header { header, value: Arc::new(shielded(&value)?) })
        }
        Slot::Query { name } => {
            request(upstream::Credential::Query { name: name.as_str().into(), value: Arc::new(shielded(&text)?) })
        }
        Slot::Variable { name } => Ok(Place::Variables(vec![(name.clone(), shielded(&text)?)])),
        Slot::Variables(_) | Slot::Signature { .. } => Err(misfit()),
    }
}

/// The variables for each part. A session token may be left out; every other part must be there.
fn parts(all: &[(Part, String)], material: Material) -> Option<Vec<(String, Secret<String>)>> {
    let mut have: Vec<(Part, Secret<String>)> = match material {
        Material::Token(_) => return None,
        Material::Basic { user, password } => {
            vec![(Part::User, Secret::new(user.into())), (Part::Password, password)]
        }
        Material::Aws { id, key, session } => {
            [(Part::AccessKeyId, Secret::new(id.into())), (Part::SecretAccessKey, key)]
                .into_iter()
                .chain(session.map(|session| (Part::SessionToken, session)))
                .collect()
        }
    };
    let mut variables = Vec::new();
    for (part, variable) in all {
        match have.iter().position(|(had, _)| had == part) {
            Some(at) => variables.push((variable.clone(), have.swap_remove(at).1)),
            None if *part == Part::SessionToken => {}
            None => return None,
        }
    }
    Some(variables)
}
