use super::error::broken;
use crate::{Delivery, LinkError, egress::Connection, serve::DEFAULT_MAX_HEADERS, turn::Turn};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
};
use tokio::time::Instant;

/// The body of a request.
pub(super) type Payload = Full<Bytes>;

type Driver = http1::Connection<TokioIo<Connection>, Payload>;

/// One HTTP/1.1 connection. Nobody drives it in the background: whoever waits for its answer does.
pub(super) struct Wire {
    sender: SendRequest<Payload>,
    driver: Option<Pin<Box<Driver>>>,
    turn: Turn,
    pub(super) idle_since: Instant,
    max_head: usize,
}

/// A request that did not get its answer.
pub(super) struct Unanswered {
    pub(super) error: LinkError,
    /// The request, where not one byte of it was written.
    pub(super) unsent: Option<Request<Payload>>,
}

impl Wire {
    pub(super) async fn open(io: Connection, max_head: usize, max_headers: usize) -> Result<Self, LinkError> {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(max_head.max(8192));
        if max_headers != DEFAULT_MAX_HEADERS {
            builder.max_headers(max_headers);
        }
        let opened = builder.handshake(TokioIo::new(io)).await;
        let (sender, driver) = opened.map_err(|_| LinkError::Closed { delivery: Delivery::Never })?;
        Ok(Self { sender, driver: Some(Box::pin(driver)), turn: Turn::new(), idle_since: Instant::now(), max_head })
    }

    /// Whether a new request can go out: the last answer was read to its end, and the server has not hung up.
    pub(super) async fn is_reusable(&mut self) -> bool {
        poll_fn(|cx| Poll::Ready(self.poll_reusable(cx))).await
    }

    pub(super) fn poll_reusable(&mut self, cx: &mut Context<'_>) -> bool {
        drive(&mut self.driver, cx) && self.sender.is_ready()
    }

    /// Nobody uses the connection for now.
    pub(super) fn rest(&mut self) {
        self.idle_since = Instant::now();
        self.turn.forget();
    }

    /// Sends a request and waits for the head of the answer.
    pub(super) async fn exchange(&mut self, request: Request<Payload>) -> Result<Response<Incoming>, Unanswered> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let (driver, turn) = (&mut self.driver, &self.turn);
        let mut poll = |cx: &mut Context<'_>| {
            if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
                return Poll::Ready(answer);
            }
            drive(driver, cx);
            answer.as_mut().poll(cx)
        };
        let result = poll_fn(|cx| turn.poll(cx, &mut poll)).await;
        result.map_err(|mut failed| {
            let unsent = failed.take_message();
            let error = match &unsent {
                Some(_) => LinkError::Closed { delivery: Delivery::Never },
                None => broken(failed.error(), self.max_head),
            };
            Unanswered { error, unsent }
        })
    }

    /// The next piece of an answer's body.
    pub(super) fn poll_data(
        &mut self,
        body: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, LinkError>>> {
        let Self { driver, turn, max_head, .. } = self;
        turn.poll(cx, |cx| {
            loop {
                // Polled first, so that the connection knows that somebody wants the body.
                let mut frame = Pin::new(&mut *body).poll_frame(cx);
                if frame.is_pending() && driver.is_some() {
                    drive(driver, cx);
                    frame = Pin::new(&mut *body).poll_frame(cx);
                }
                match std::task::ready!(frame) {
                    None => return Poll::Ready(None),
                    Some(Err(error)) => return Poll::Ready(Some(Err(broken(&error, *max_head)))),
                    Some(Ok(frame)) => {
                        // Trailers mean nothing here.
                        if let Ok(data) = frame.into_data() {
                            return Poll::Ready(Some(Ok(data)));
                        }
                    }
                }
            }
        })
    }
}

/// Lets the connection do what it can now. Gives whether it is still open.
fn drive(driver: &mut Option<Pin<Box<Driver>>>, cx: &mut Context<'_>) -> bool {
    if driver.as_mut().is_some_and(|d| d.as_mut().poll(cx).is_ready()) {
        *driver = None;
    }
    driver.is_some()
}
