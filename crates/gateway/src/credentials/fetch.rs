use super::wanted::Wanted;
use crate::{
    Gateway, Live,
    fetching::{self, Whence},
};
use doorward_credential::{Answer, Body, Failure, Issued, Named, Order, Request, Step};
use doorward_transport::{upstream::Payload, workload};
use http::StatusCode;
use std::time::Duration;

/// How long the Workload API may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests that one credential may take.
const STEPS: usize = 12;
/// The largest answer, in bytes.
const MAX: usize = 256 << 10;

impl Gateway {
    /// Does what the provider wants done, one request after the other.
    pub(super) async fn run<'a>(&self, wanted: &'a Wanted, order: &'a Order<'a>) -> Result<Issued, Failure> {
        let provider = wanted.configured.digest;
        let pause = |wait: Duration| Failure::Unavailable(format!("left alone for {} ms", wait.as_millis()).into());
        self.desk.breakers.enter(&provider, order.now).map_err(pause)?;
        let result = self.steps(wanted, order).await;
        match &result {
            Err(failure) if failure.is_passing() => self.desk.breakers.failed(&provider, self.clock.now()),
            _ => self.desk.breakers.answered(&provider),
        }
        result
    }

    async fn steps<'a>(&self, wanted: &'a Wanted, order: &'a Order<'a>) -> Result<Issued, Failure> {
        follow(&wanted.live, wanted.configured.provider.begin(order)?).await
    }
}

/// Does what a step wants done, and those that follow.
pub(super) async fn follow<'a>(live: &Live, mut step: Step<'a>) -> Result<Issued, Failure> {
    for _ in 0..STEPS {
        match step {
            Step::Have(issued) => return Ok(issued),
            Step::Ask(request, then) => {
                let fetched = ask(live, *request).await?;
                step = then(&Answer { status: fetched.status, body: &fetched.body })?;
            }
            Step::Svid(svid, then) => {
                let svid = workload::jwt_svid(&svid.socket, &svid.audience, svid.id.as_deref(), PATIENCE).await;
                let svid = svid.map_err(|why| Failure::Unavailable(why.to_string().into()))?;
                step = svid.reveal(|text| then(&Answer { status: StatusCode::OK, body: text.as_bytes() }))?;
            }
        }
    }
    Err(Failure::Unusable("it takes too many requests".into()))
}

/// Where an address may lead: a provider says of each who named it.
const fn whence(named: Named) -> Whence {
    match named {
        Named::Operator => Whence::Operator,
        Named::Document => Whence::Stranger,
    }
}

/// Asks a provider.
pub(super) async fn ask(live: &Live, request: Request) -> Result<doorward_transport::upstream::Fetched, Failure> {
    let Request { url, body, headers, certificate, named } = request;
    let whence = whence(named);
    let payload = match body {
        Body::Nothing => None,
        Body::Form(form) => Some(Payload::Form(form)),
        Body::Json(json) => Some(Payload::Json(json)),
    };
    let fetched = match &certificate {
        None => fetching::ask(live, &url, whence, payload, &headers, MAX).await,
        Some((chain, key)) => fetching::ask_proving(live, (chain, key), &url, whence, payload, &headers, MAX).await,
    };
    fetched.map_err(|why| Failure::Unavailable(why.into()))
}
