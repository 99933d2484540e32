//! A client registers itself (RFC 7591). It gets a name, and nothing that proves anything.

use super::{Call, Silence, private, refuse};
use crate::front::plain::json;
use doorward_oauth::{Client, Code, Fault};
use doorward_store::KeptKind;
use doorward_transport::serve::Body;
use http::Response;
use std::time::Duration;

/// How long a registration that no human said yes to is kept.
const UNUSED: Duration = Duration::from_secs(24 * 3600);
/// How long one that a human said yes to is kept, from the last yes.
pub(super) const USED: Duration = Duration::from_secs(90 * 24 * 3600);

impl Call<'_> {
    pub(super) async fn register(&self, body: &[u8]) -> Response<Body> {
        if !self.authority.realm.registers {
            return refuse(&Fault::new(Code::InvalidRequest, "clients do not register themselves here"));
        }
        let now = self.gateway.clock.now();
        let client = match Client::register(format!("c_{}", self.draw()), body) {
            Ok(client) => client,
            Err(fault) => return refuse(&fault),
        };
        match self.gateway.hold(KeptKind::Client, &client.id, now.plus(UNUSED), &client).await {
            Ok(()) => private(json(201, client.registered(now.secs()).into())),
            Err(Silence) => {
                refuse(&Fault::new(Code::TemporarilyUnavailable, "the gateway cannot keep the registration"))
            }
        }
    }
}
