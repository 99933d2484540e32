//! The human is asked, and answers. An answer counts once, from the browser that was asked, for what it was shown.

use super::{Call, Silence, go, page, refuse};
use bytes::Bytes;
use doorward_identity::Human;
use doorward_oauth::{
    Actor, Asked, Choice, Client, Code, Fault, Form, Granted, Proved, Shown, authorize, code, consent::NoChoice,
};
use doorward_store::KeptKind;
use doorward_transport::serve::Body;
use doorward_vocab::Digest;
use http::Response;
use serde::{Deserialize, Serialize};

/// A human who is being asked.
#[derive(Serialize, Deserialize)]
pub(super) struct Asking {
    pub(super) asked: Asked,
    pub(super) client: Client,
    pub(super) human: Human,
    pub(super) shown: Shown,
    pub(super) browser: Digest,
}

impl Call<'_> {
    pub(super) async fn show_consent(&self) -> Response<Body> {
        let ticket = match self.query() {
            Ok(form) => form.get("ticket").unwrap_or_default().to_owned(),
            Err(fault) => return page::wrong(&fault),
        };
        match self.gateway.find::<Asking>(KeptKind::Login, &ticket).await {
            Ok(Some(asking)) if !self.is_browser(&asking.browser) => page::elsewhere(),
            Ok(Some(asking)) => page::consent(&asking.shown, &ticket, &asking.asked.redirect),
            Ok(None) => page::over(),
            Err(Silence) => page::broken(),
        }
    }

    pub(super) async fn decide(&self, body: Bytes) -> Response<Body> {
        let form = match self.form(&body) {
            Ok(form) => form,
            Err(fault) => return refuse(&fault),
        };
        let ticket = form.get("ticket").unwrap_or_default();
        // Looked at first: another browser must not be able to use a question up.
        match self.gateway.find::<Asking>(KeptKind::Login, ticket).await {
            Ok(Some(asking)) if !self.is_browser(&asking.browser) => return page::elsewhere(),
            Ok(Some(_)) => {}
            Ok(None) => return page::over(),
            Err(Silence) => return page::broken(),
        }
        let asking = match self.gateway.take::<Asking>(KeptKind::Login, ticket).await {
            Ok(Some(asking)) => asking,
            Ok(None) => return page::over(),
            Err(Silence) => return page::broken(),
        };
        if form.get("answer") != Some("allow") {
            let fault = Fault::new(Code::AccessDenied, "the person said no");
            return self.refuse_at(&asking.asked.redirect, asking.asked.state.as_deref(), &fault);
        }
        let (redirect, state) = (asking.asked.redirect.clone(), asking.asked.state.clone());
        match self.allow(asking, &form).await {
            Ok(response) => response,
            Err(fault) => self.refuse_at(&redirect, state.as_deref(), &fault),
        }
    }

    async fn allow(&self, asking: Asking, form: &Form) -> Result<Response<Body>, Fault> {
        let Asking { asked, client, human, shown, browser: _ } = asking;
        let denied = |why: NoChoice| Fault::new(Code::AccessDenied, why.to_string());
        let seen =
            form.get("seen").and_then(|seen| seen.parse::<Digest>().ok()).ok_or_else(|| denied(NoChoice::Other))?;
        let servers = form.all("server").into_iter().map(str::parse).collect::<Result<_, _>>();
        let hours = form.get("hours").and_then(|hours| hours.parse().ok()).ok_or_else(|| denied(NoChoice::Foreign))?;
        let choice = Choice { servers: servers.map_err(|_| denied(NoChoice::Foreign))?, hours };
        let now = self.gateway.clock.now();
        let id = format!("d_{}", self.draw());
        let mut delegation = choice.delegation(&shown, &seen, &human, id, now).map_err(denied)?;
        delegation.agent.issuer = Some(self.authority.realm.issuer.clone());
        let until = delegation.expires.unwrap_or(now);
        let broken = |_| Fault::new(Code::ServerError, "the gateway cannot keep what was granted");
        self.gateway.hand_over(&delegation, Some(&human)).await.map_err(broken)?;
        if client.origin == doorward_oauth::Origin::Dynamic {
            // One that a person said yes to stays as long as people may want to say yes again.
            self.gateway
                .hold(KeptKind::Client, &client.id, now.plus(super::register::USED), &client)
                .await
                .map_err(broken)?;
        }
        tracing::info!(client = %client.id, human = %human.id, delegation = %delegation.id, "granted");
        let granted = Granted {
            client: client.id.clone(),
            client_name: client.name.clone(),
            actors: vec![Actor { id: client.id.clone(), issuer: None, class: client.class.clone() }],
            human: Some(human),
            delegation: delegation.id.clone(),
            resource: asked.resource.clone(),
            scopes: asked.scopes.clone(),
            proved: Proved::of(&client),
            key: None,
            work: format!("w_{}", self.draw()).into(),
            until,
        };
        let name = self.draw();
        let fresh = code::Code::Fresh(Box::new(code::Fresh { asked: asked.clone(), granted }));
        let end = now.plus(self.authority.realm.lifetimes.code);
        self.gateway.hold(KeptKind::Code, &name, end, &fresh).await.map_err(broken)?;
        Ok(go(&authorize::granted(&asked, &name, &self.authority.realm.issuer)))
    }
}
