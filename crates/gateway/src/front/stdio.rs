//! The door of `doorward wrap`: one client on our own stdin and stdout, in front of one server.

use crate::{
    Endpoint, Gateway,
    front::pipe::{Client, Outlet},
    refusal::Refusal,
};
use bytes::Bytes;
use doorward_identity::Presented;
use doorward_mcp::{Era, Message, Side, decode};
use doorward_transport::{
    LinkError,
    stdio::{StdioOutput, StdioServer},
};
use doorward_vocab::ServerName;
use std::sync::Arc;

/// Serves the client on `pipes` until it closes its end; `name` is the server behind.
///
/// # Errors
/// The pipe's own failure.
pub async fn serve(gateway: Arc<Gateway>, pipes: StdioServer, name: ServerName) -> Result<(), LinkError> {
    let StdioServer { mut input, output } = pipes;
    let most = gateway.live.load().settings.limits.in_flight;
    let client = Client::new(gateway.clone(), output.clone(), Endpoint::One(name.clone()), most);
    let mut ended = Ok(());
    while let Some(line) = input.recv().await {
        ended = match line {
            Ok(line) => take(&gateway, &client, &output, &name, line).await,
            Err(error) => Err(error),
        };
        if ended.is_err() {
            break;
        }
    }
    client.leave().await;
    ended
}

async fn take(
    gateway: &Arc<Gateway>,
    client: &Arc<Client<StdioOutput>>,
    output: &StdioOutput,
    name: &ServerName,
    line: Bytes,
) -> Result<(), LinkError> {
    let live = gateway.live.load_full();
    let here = Presented { loopback: true, server: Some(name), ..Presented::default() };
    let caller = match gateway.authenticate(&live, here).await {
        Ok(caller) => caller,
        Err(refusal) => {
            tracing::error!("the local user is not known here: {refusal}");
            return Ok(());
        }
    };
    let message = match decode(line, &live.limits, Side::Client) {
        Ok(message) => message,
        Err(error) => {
            gateway.note_malformed(&caller, &error);
            let told = Refusal::Decode(error).told(None, None, Era::Legacy);
            return Outlet::send(output, told.message.into_bytes()).await;
        }
    };
    let request = match message {
        Message::Request(request) => request,
        message => {
            if let Err(refusal) = client.tell(live, caller, message).await {
                gateway.refused(&refusal);
            }
            return Ok(());
        }
    };
    let (id, method, era) = (request.id.clone(), request.method, request.era());
    match client.begin(live, caller, request) {
        Ok(begun) if client.in_order(&begun) => client.clone().serve(begun).await,
        Ok(begun) => drop(tokio::spawn(client.clone().serve(begun))),
        Err(refusal) => {
            gateway.refused(&refusal);
            return Outlet::send(output, refusal.told(Some(&id), Some(method), era).message.into_bytes()).await;
        }
    }
    Ok(())
}

impl Outlet for StdioOutput {
    async fn send(&self, message: Bytes) -> Result<(), LinkError> {
        Self::send(self, crate::admit::on_one_line(message)).await
    }
}

/// The endpoint of a wrapped server.
#[must_use]
pub fn endpoint(name: &ServerName) -> Endpoint {
    Endpoint::One(name.clone())
}
