//! A person is asked to connect their own account at a server: an address that is good for them alone, for a while.

use super::Configured;
use crate::{Gateway, Live, live, passage::Passage};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_config::CredentialKind;
use doorward_mcp::{Request, meta};
use doorward_store::KeptKind;
use doorward_vocab::Digest;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where a person begins, below the public address.
pub(crate) const CONNECT: &str = "/oauth/connect";
/// Where authorization servers send browsers back to.
pub(crate) const CONNECTED: &str = "/oauth/connected";
/// What the gateway says of itself as a client (draft-ietf-oauth-client-id-metadata-document).
pub(crate) const DOCUMENT: &str = "/oauth/client.json";

/// How long an address is good.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long the same one is given again.
pub(super) const AGAIN: Duration = Duration::from_secs(5 * 60);

/// Who is to connect what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// The operator's name for the credential.
    pub(crate) credential: Box<str>,
    /// The server that was called.
    pub(crate) server: Box<str>,
    /// Who vouches for the person.
    pub(crate) issuer: Box<str>,
    /// The person's id there.
    pub(crate) person: Box<str>,
    /// What is asked for.
    pub(crate) scopes: Vec<Box<str>>,
}

/// Where a person is asked.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    /// The address, good for one person.
    pub(crate) address: String,
    /// Whether their account is connected, and has to allow more.
    pub(crate) more: bool,
    /// Whether their client opens addresses (2026-07-28, client/elicitation: URL mode).
    pub(crate) opens: bool,
}

/// Whether the client of a request opens addresses for its human.
pub(crate) fn opens(request: &Request) -> bool {
    request.meta(meta::CLIENT_CAPABILITIES).and_then(|c| c.get("elicitation")?.get("url")).is_some()
}

impl Gateway {
    /// Where the person of a call connects their account; none where that cannot be done here.
    pub(super) async fn invite(
        &self,
        passage: &Passage,
        configured: &Configured,
        more: &[Box<str>],
    ) -> Option<Invitation> {
        let credentials = &passage.live.settings.credentials;
        let asks = credentials.iter().any(|c| c.name == *configured.name && matches!(c.kind, CredentialKind::OAuth(_)));
        let human = passage.caller.actor.principal().human.as_ref().filter(|_| asks)?;
        let mut scopes = configured.scopes.all();
        scopes.extend(more.iter().cloned());
        if !more.is_empty() {
            // 2026-07-28, basic/authorization: what was granted before is asked for again, or it would be lost.
            scopes.extend(self.granted_scopes(&configured.name, human).await);
        }
        scopes.sort_unstable();
        scopes.dedup();
        let ticket = Ticket {
            credential: configured.name.as_ref().into(),
            server: passage.server.profile.name.as_str().into(),
            issuer: human.issuer.as_ref().into(),
            person: human.id.as_ref().into(),
            scopes,
        };
        let key = Digest::of(format!("{ticket:?}").as_bytes());
        let handle = match self.desk.invited(&key) {
            Some(handle) => handle,
            None => {
                let handle = URL_SAFE_NO_PAD.encode([self.entropy.draw(), self.entropy.draw()].concat());
                let until = self.clock.now().plus(PATIENCE);
                self.hold(KeptKind::Login, &handle, until, &ticket).await.ok()?;
                self.desk.invite(key, handle.clone());
                handle
            }
        };
        let address = format!("{}{CONNECT}?ticket={handle}", self.public(&passage.live));
        Some(Invitation { address, more: !more.is_empty(), opens: passage.opens })
    }

    /// The address that people and servers know the gateway by.
    pub(crate) fn public(&self, live: &Live) -> String {
        live::public(&live.settings, &self.surroundings)
    }
}
