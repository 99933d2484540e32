//! Who asks: a client of the operator, one that a document describes, or one that registered itself.

use super::{Call, Silence};
use crate::fetching::{self, Whence};
use doorward_oauth::{Client, Code, Fault, Proof, client};
use doorward_store::KeptKind;
use std::sync::Arc;
use url::Url;

impl Call<'_> {
    /// The client called `id`.
    ///
    /// # Errors
    /// `invalid_client`; `temporarily_unavailable` where its document cannot be had.
    pub(super) async fn client(&self, id: &str) -> Result<Arc<Client>, Fault> {
        if let Some(client) = self.authority.clients.get(id) {
            return Ok(client.clone());
        }
        let realm = &self.authority.realm;
        if let Some(address) = client::document_address(id, realm.is_local()) {
            return Box::pin(self.documented(&address)).await;
        }
        let unknown = || Fault::new(Code::InvalidClient, "there is no such client; register again");
        if !realm.registers || id.len() > 64 {
            return Err(unknown());
        }
        match self.gateway.find::<Client>(KeptKind::Client, id).await {
            Ok(Some(client)) => Ok(Arc::new(client)),
            Ok(None) => Err(unknown()),
            Err(Silence) => Err(unavailable("the gateway cannot look the client up")),
        }
    }

    async fn documented(&self, address: &Url) -> Result<Arc<Client>, Fault> {
        let refused = |why: &'static str| Fault::new(Code::InvalidClient, why);
        if !self.authority.realm.documents {
            return Err(refused("clients are not described by documents here"));
        }
        let hosts = &self.authority.document_hosts;
        if !hosts.is_empty() && !hosts.iter().any(|host| Some(host.as_str()) == address.host_str()) {
            return Err(refused("documents of this host are not read here"));
        }
        if let Some(known) = self.gateway.issuing.documents.get(address.as_str()) {
            return Ok(known);
        }
        // A stranger who asks again and again must not make the gateway ask again and again.
        let failed = || unavailable("the document of the client cannot be fetched");
        if self.gateway.issuing.unreadable.contains_key(address.as_str()) {
            return Err(failed());
        }
        let fetched = fetching::get(self.live, address, Whence::Stranger, client::MAX_DOCUMENT).await;
        let body = fetched.map_err(|why| {
            tracing::info!("the document of a client cannot be fetched: {why}");
            self.gateway.issuing.unreadable.insert(address.to_string(), ());
            failed()
        })?;
        let described = Client::document(address.as_str(), &body)
            .map_err(|fault| Fault::new(Code::InvalidClient, fault.why))
            .map(Arc::new)?;
        self.gateway.issuing.documents.insert(address.to_string(), described.clone());
        Ok(described)
    }

    /// The key set of a client whose keys are elsewhere.
    pub(super) async fn keys_of(&self, client: &Client) -> Option<Arc<str>> {
        let Proof::KeysAt(at) = &client.proof else { return None };
        if let Some(known) = self.gateway.issuing.key_sets.get(at) {
            return Some(known);
        }
        let whence = match client.origin {
            doorward_oauth::Origin::Configured => Whence::Operator,
            _ => Whence::Stranger,
        };
        let body = match fetching::get(self.live, &Url::parse(at).ok()?, whence, client::MAX_DOCUMENT).await {
            Ok(body) => body,
            Err(why) => {
                tracing::info!("the keys of client `{}` cannot be fetched: {why}", client.id);
                return None;
            }
        };
        let set: Arc<str> = String::from_utf8(body).ok()?.into();
        self.gateway.issuing.key_sets.insert(at.clone(), set.clone());
        Some(set)
    }
}

fn unavailable(why: &'static str) -> Fault {
    Fault::new(Code::TemporarilyUnavailable, why)
}
