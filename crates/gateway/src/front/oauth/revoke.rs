//! A client takes its tokens back (RFC 7009).

use super::{Call, private, refuse};
use bytes::Bytes;
use doorward_identity::assertion::{Expected, KeyIds};
use doorward_oauth::{Family, Fault, family, issue};
use doorward_store::KeptKind;
use doorward_transport::serve::Body;
use http::Response;

impl Call<'_> {
    pub(super) async fn revoke(&self, body: Bytes) -> Response<Body> {
        match self.take_back(&body).await {
            // RFC 7009 §2.2: also for a token that nobody knows.
            Ok(()) => private(Response::new(Body::empty())),
            Err(fault) => refuse(&fault),
        }
    }

    async fn take_back(&self, body: &Bytes) -> Result<(), Fault> {
        let form = self.form(body)?;
        let client = self.proved(&form).await?;
        let token = form.need("token")?;
        let broken = |_| Fault::new(doorward_oauth::Code::TemporarilyUnavailable, "nothing can be taken back now");
        if let Some((id, _)) = family::split(token) {
            let found: Option<Family> = self.gateway.find(KeptKind::Family, id).await.map_err(broken)?;
            if let Some(family) = found.filter(|family| family.granted.client == client.id) {
                self.gateway.take::<Family>(KeptKind::Family, id).await.map_err(broken)?;
                self.gateway.withdraw(&family.granted.delegation, "by its client").await.map_err(broken)?;
            }
            return Ok(());
        }
        let resources: Vec<&str> = self.authority.realm.resources.keys().map(|r| &**r).collect();
        let expected = Expected {
            issuer: &self.authority.realm.issuer,
            audiences: &resources,
            types: &[issue::TYPE],
            longest: None,
            kids: KeyIds::Required,
        };
        if let Ok(opened) = self.opened(token, &expected).await
            && opened.text("client_id") == Some(&client.id)
            && let Some(delegation) = opened.text("dlg")
        {
            self.gateway.withdraw(delegation, "by its client").await.map_err(broken)?;
        }
        Ok(())
    }
}
