use super::{Configured, span::Span};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward_audit::Worn;
use doorward_config::Slot;
use doorward_credential::{Failure, Issued, Material};
use doorward_transport::upstream;
use doorward_vocab::{Digest, Secret, Timestamp};
use std::sync::Arc;

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
}

#[derive(Debug)]
enum Place {
    Request(upstream::Credential),
    Variable(String, Secret<String>),
}

impl Held {
    pub(super) fn new(
        configured: &Configured,
        issued: Issued,
        span: Span,
        delegation: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        Ok(Self {
            name: configured.name.clone(),
            of: configured.digest,
            account: issued.account.or_else(|| configured.account.clone()).map(Into::into),
            delegation: delegation.map(Into::into),
            span,
            fetched: configured.provider.is_fetched().then_some(now),
            place: place(&configured.slot, issued.material)?,
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
            Place::Variable(..) => None,
        }
    }

    /// The secret alone, where it goes into a header and nothing stands before it.
    pub(crate) fn alone(&self) -> Option<Arc<Secret<String>>> {
        match &self.place {
            Place::Request(upstream::Credential::Header { value, .. }) => Some(value.clone()),
            _ => None,
        }
    }

    /// What a command finds in its environment.
    pub(crate) const fn in_environment(&self) -> Option<(&String, &Secret<String>)> {
        match &self.place {
            Place::Request(_) => None,
            Place::Variable(name, secret) => Some((name, secret)),
        }
    }
}

fn place(slot: &Slot, material: Material) -> Result<Place, Failure> {
    let misfit = || Failure::Misconfigured("what the provider gives does not go where it is configured to go".into());
    let text = match material {
        Material::Token(token) => token,
        Material::Basic { user, password } => match slot {
            Slot::Header { .. } => password.reveal(|p| Secret::new(STANDARD.encode(format!("{user}:{p}")))),
            _ => password,
        },
        Material::Aws { .. } => return Err(misfit()),
    };
    let request = |credential| Ok(Place::Request(credential));
    match slot {
        Slot::Header { name, scheme } => {
            let header = name.parse().map_err(|_| misfit())?;
            let value = match scheme {
                Some(scheme) => text.reveal(|t| Secret::new(format!("{scheme} {t}"))),
                None => text,
            };
            request(upstream::Credential::Header { header, value: Arc::new(value) })
        }
        Slot::Query { name } => {
            request(upstream::Credential::Query { name: name.as_str().into(), value: Arc::new(text) })
        }
        Slot::Variable { name } => Ok(Place::Variable(name.clone(), text)),
        Slot::Signature => Err(misfit()),
    }
}
