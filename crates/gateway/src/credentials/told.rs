//! A credential, as gateways that share a store tell each other of it.

use super::wanted::Wanted;
use doorward_credential::{Issued, Material};
use doorward_vocab::{Secret, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// A credential, as other gateways find it.
#[derive(Serialize, Deserialize)]
pub(super) struct Told {
    /// The operator's name for it.
    pub(super) name: Box<str>,
    /// The server that it is for.
    pub(super) server: Box<str>,
    kind: Kind,
    secrets: Vec<String>,
    pub(super) fetched: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) account: Option<Box<str>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Kind {
    Token,
    Aws,
}

impl Drop for Told {
    fn drop(&mut self) {
        self.secrets.zeroize();
    }
}

impl Told {
    /// What is told of a credential that ends by itself; others are not worth it.
    pub(super) fn of(wanted: &Wanted, issued: &Issued, fetched: Timestamp) -> Option<Self> {
        // What one gateway ends, no other one may hold.
        if issued.end.is_some() {
            return None;
        }
        let text = |secret: &Secret<String>| secret.reveal(String::clone);
        let (kind, secrets) = match &issued.material {
            Material::Token(token) => (Kind::Token, vec![text(token)]),
            Material::Aws { id, key, session } => {
                (Kind::Aws, [id.to_string(), text(key)].into_iter().chain(session.as_ref().map(text)).collect())
            }
            Material::Basic { .. } => return None,
        };
        let (name, server) = (wanted.configured.name.as_ref().into(), wanted.server.as_str().into());
        let (expires, account) = (issued.expires?, issued.account.clone());
        Some(Self { name, server, kind, secrets, fetched, expires, account })
    }

    pub(super) fn serves(&self, now: Timestamp) -> bool {
        let span = super::span::Span::new(self.fetched, Some(self.expires), None);
        span.serves(now) && !span.is_due(now)
    }

    pub(super) fn issued(mut self) -> Option<Issued> {
        let mut secrets = std::mem::take(&mut self.secrets).into_iter();
        let material = match self.kind {
            Kind::Token => Material::Token(Secret::new(secrets.next()?)),
            Kind::Aws => {
                let (id, key) = (secrets.next()?.into(), Secret::new(secrets.next()?));
                Material::Aws { id, key, session: secrets.next().map(Secret::new) }
            }
        };
        Some(Issued { expires: Some(self.expires), account: self.account.take(), ..Issued::new(material) })
    }
}
