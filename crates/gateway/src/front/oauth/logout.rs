//! A provider says that a person signed out there (OpenID Connect Back-Channel Logout 1.0): what they granted here, and what
//! agents made from it, ends at once.

use super::{Call, exchange::MAX_LIFE, private, refuse, token::silent};
use bytes::Bytes;
use doorward_identity::{
    PartyId,
    assertion::{Expected, KeyIds, Opened},
};
use doorward_oauth::{Code, Fault};
use doorward_transport::serve::Body;
use http::Response;

/// What the token must be about (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl Call<'_> {
    pub(super) async fn logout(&self, body: &Bytes) -> Response<Body> {
        match self.signed_out(body).await {
            Ok(()) => private(Response::new(Body::empty())),
            Err(fault) => refuse(&fault),
        }
    }

    async fn signed_out(&self, body: &Bytes) -> Result<(), Fault> {
        let bad = |why: &'static str| Fault::new(Code::InvalidRequest, why);
        let form = self.form(body)?;
        let text = form.need("logout_token")?;
        let issuer = self.other_issuer(text)?;
        let provider = self.authority.providers.iter().find(|provider| provider.issuer == issuer);
        let provider = provider.ok_or_else(|| bad("nobody signs in there"))?;
        let expected = Expected {
            issuer: &issuer,
            audiences: &[&provider.client],
            types: &["jwt", "logout+jwt"],
            longest: Some(MAX_LIFE),
            kids: KeyIds::Required,
        };
        let opened = self.stated(text, &expected, "logout_token").await?;
        if !is_logout(&opened) {
            return Err(bad("`logout_token` is none"));
        }
        // By session alone nobody is found here: what was granted is a person's, in all their browsers.
        let human = opened.human().map_err(|_| bad("`logout_token` names nobody by `sub`"))?;
        let id = opened.text("jti").ok_or_else(|| bad("`logout_token` has no `jti`"))?;
        let once = format!("logout\n{issuer}\n{id}");
        if !self.gateway.first_time(&once, opened.expires).await.map_err(silent)? {
            return Err(bad("`logout_token` was used before"));
        }
        // Another gateway may have granted something a moment ago.
        self.gateway.watch_delegations().await;
        let who = PartyId { issuer: Some(human.issuer), id: human.id };
        let all = self.gateway.delegations().book().all();
        for granted in all.iter().filter(|granted| granted.human.as_ref() == Some(&who)) {
            self.gateway.withdraw(&granted.id, "the person signed out at their provider").await.map_err(silent)?;
        }
        Ok(())
    }
}

/// §2.6: it says what it is, and is nobody's identity token.
fn is_logout(opened: &Opened) -> bool {
    let event = opened.claims.get("events").and_then(|events| events.get(EVENT));
    event.is_some_and(serde_json::Value::is_object) && !opened.claims.contains_key("nonce")
}
