//! Who the gateway is at an authorization server at which nobody configured it.

use super::{
    consent::{CONNECTED, DOCUMENT},
    fetch,
    granting::{bad, unusable},
};
use crate::{Gateway, Live};
use doorward_credential::{
    Answer, Failure, Named, Request,
    wire::{Client, Metadata, Proof, SecretIn},
};
use doorward_store::KeptKind;
use doorward_vocab::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use url::Url;
use zeroize::Zeroize;

/// How long a registration is kept that does not say when it ends.
const REGISTERED: Duration = Duration::from_secs(300 * 24 * 3600);

/// As whom the gateway registered itself.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Registered {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    post: bool,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Registered {
    pub(super) fn client(&self) -> Client {
        let place = if self.post { SecretIn::Form } else { SecretIn::Header };
        let proof =
            self.secret.clone().map_or(Proof::Nothing, |secret| Proof::Secret(Box::new(Secret::new(secret)), place));
        Client { id: self.id.as_str().into(), proof }
    }
}

impl Gateway {
    /// Who the gateway is at a server that nobody configured: described by a document where it reads them, else registered.
    pub(super) async fn known_there(&self, live: &Arc<Live>, metadata: &Metadata) -> Result<Registered, Failure> {
        let public = self.public(live);
        if metadata.reads_documents && public.starts_with("https://") {
            return Ok(Registered { id: format!("{public}{DOCUMENT}"), secret: None, post: false });
        }
        let silent = |_| Failure::Unavailable("the store does not answer".into());
        let name = format!("registration\n{}\n{public}", metadata.name());
        if let Some(known) = self.find::<Registered>(KeptKind::Registration, &name).await.map_err(silent)? {
            return Ok(known);
        }
        let at = metadata.register.clone();
        let at = at.ok_or_else(|| bad("its authorization server registers nobody: write `client_id`".to_owned()))?;
        let body = Secret::new(self.client_document(live, false).to_string());
        let named = match Url::parse(metadata.name()).is_ok_and(|issuer| issuer.host() == at.host()) {
            true => metadata.named,
            false => Named::Document,
        };
        let answered = fetch::ask(live, Request::json(at, body).named(named)).await?;
        let map = Answer { status: answered.status, body: &answered.body }.object()?;
        let text = |name: &str| map.get(name).and_then(Value::as_str).map(str::to_owned);
        let id = text("client_id").ok_or_else(|| unusable("the registration gave no `client_id`"))?;
        let post = text("token_endpoint_auth_method").as_deref() == Some("client_secret_post");
        let public_client = text("token_endpoint_auth_method").as_deref() == Some("none");
        let registered = Registered { id, secret: text("client_secret").filter(|_| !public_client), post };
        let now = self.clock.now();
        // RFC 7591 §3.2.1: in seconds, 0 for never.
        let ends = map.get("client_secret_expires_at").and_then(Value::as_u64).filter(|at| *at > 0);
        let until = ends.map_or_else(
            || now.plus(REGISTERED),
            |s| doorward_vocab::Timestamp::from_micros(s.saturating_mul(1_000_000)),
        );
        self.hold(KeptKind::Registration, &name, until, &registered).await.map_err(silent)?;
        tracing::info!(issuer = metadata.name(), "the gateway registered itself");
        Ok(registered)
    }

    /// What the gateway says of itself as a client (RFC 7591 §2).
    pub(crate) fn client_document(&self, live: &Live, with_id: bool) -> Value {
        let public = self.public(live);
        let mut document = json!({
            "client_name": "Doorward",
            "client_uri": public,
            "redirect_uris": [format!("{public}{CONNECTED}")],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": if public.starts_with("https://") { "web" } else { "native" },
        });
        if let (true, Value::Object(map)) = (with_id, &mut document) {
            map.insert("client_id".to_owned(), format!("{public}{DOCUMENT}").into());
        }
        document
    }
}
