//! What a host reports beside turns, so that calls are found to belong to them: `POST /v1/uses` says which use of a tool
//! belongs to which conversation, `POST /v1/pauses` that the agent waits for its human.

use crate::{
    Gateway, Live,
    front::{host::Told, plain::plain},
    hosted::{self, MOST_BYTES},
};
use doorward_transport::serve::{Body, Peer};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    Use,
    Pause,
}

pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    live: &Arc<Live>,
    report: Report,
    request: Request<Incoming>,
    peer: &Peer,
) -> Response<Body> {
    let what = match report {
        Report::Use => "uses of tools",
        Report::Pause => "pauses",
    };
    let heard = match Told::hear(gateway, live, request, peer, what).await {
        Ok(told) => take(gateway, report, &told),
        Err(refusal) => Err(refusal),
    };
    heard.err().unwrap_or_else(|| {
        let mut done = Response::new(Body::empty());
        *done.status_mut() = StatusCode::NO_CONTENT;
        done
    })
}

fn take(gateway: &Gateway, report: Report, told: &Told) -> Result<(), Response<Body>> {
    let conversation = told.conversation()?;
    let key = match report {
        Report::Use => told.required("tool_use_id")?,
        Report::Pause => told.required("client")?,
    };
    if key.is_empty() || key.len() > MOST_BYTES {
        return Err(plain(StatusCode::BAD_REQUEST, &format!("an id or a name has 1 to {MOST_BYTES} bytes")));
    }
    let owner = gateway.agent_of(told.host.get());
    match report {
        Report::Use => gateway.hosted.uses(owner, &key, &conversation),
        Report::Pause => gateway.under_way(owner, |all| hosted::pauses(all, &key, &conversation)),
    }
    Ok(())
}
