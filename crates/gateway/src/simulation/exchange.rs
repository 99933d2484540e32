//! One client's end of the door: what HTTP would carry, without a socket.

use crate::{
    Endpoint, Gateway,
    front::{http, legacy},
    passage::Caller,
    simulation::world::HOST_TOKEN,
};
use ::http::{HeaderMap, HeaderName, HeaderValue, Response};
use doorward_identity::Presented;
use doorward_mcp::{Message, Revision, Side, decode, json::Limits, mirror};
use doorward_transport::serve::Body;
use http_body_util::BodyExt;
use serde_json::Value;
use std::{collections::VecDeque, sync::Arc};

/// A way from a client to the gateway.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) gateway: Arc<Gateway>,
    pub(super) endpoint: Endpoint,
    pub(super) principal: usize,
}

/// One answer, as it comes. Dropping it is hanging up.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) status: u16,
    pub(super) session: Option<String>,
    body: Body,
    stream: bool,
    text: String,
    events: VecDeque<Event>,
}

/// One event of a stream, or a whole answer.
#[derive(Debug)]
pub(super) struct Event {
    /// The stream and the number that the gateway gave it.
    pub(super) number: Option<(u64, u64)>,
    pub(super) data: Option<Value>,
}

impl Line {
    pub(super) async fn caller(&self) -> Caller {
        let token = format!("Bearer {HOST_TOKEN}");
        let authorization = (self.principal == 1).then_some(token.as_str());
        let live = self.gateway.live.load_full();
        let presented = Presented { authorization, loopback: true, ..Presented::default() };
        self.gateway.authenticate(&live, presented).await.unwrap()
    }

    /// Sends a message; one that stands alone with the headers that mirror it.
    pub(super) async fn post(&self, headers: &[(&str, &str)], body: &Value) -> Exchange {
        let bytes = bytes::Bytes::from(body.to_string());
        let mut all = map(headers);
        if let Ok(Message::Request(request)) = decode(bytes.clone(), &Limits::default(), Side::Client)
            && request.era() == doorward_mcp::Era::Modern
        {
            let target = request.target();
            let arguments = request.params().and_then(|p| p.get("arguments"));
            for (name, value) in mirror(request.method, Revision::LATEST, target.as_deref(), arguments, &[]) {
                all.insert(HeaderName::try_from(&*name).unwrap(), HeaderValue::from_str(&value).unwrap());
            }
        }
        let (caller, live) = (self.caller().await, self.gateway.live.load_full());
        let answer = http::message(&self.gateway, live, self.endpoint.clone(), caller, all, bytes);
        Exchange::of(Box::pin(answer).await)
    }
    pub(super) async fn get(&self, headers: &[(&str, &str)]) -> Exchange {
        Exchange::of(legacy::get(&self.gateway, &self.endpoint, &self.caller().await, &map(headers)).await)
    }
    pub(super) async fn delete(&self, headers: &[(&str, &str)]) -> u16 {
        Exchange::of(legacy::delete(&self.gateway, &self.endpoint, &self.caller().await, &map(headers)).await).status
    }
}

fn map(headers: &[(&str, &str)]) -> HeaderMap {
    let pair = |(n, v): &(&str, &str)| (HeaderName::try_from(*n).unwrap(), HeaderValue::from_str(v).unwrap());
    headers.iter().map(pair).collect()
}

impl Exchange {
    fn of(response: Response<Body>) -> Self {
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        Self {
            status: response.status().as_u16(),
            session: header("mcp-session-id"),
            stream: header("content-type").is_some_and(|t| t.starts_with("text/event-stream")),
            body: response.into_body(),
            text: String::new(),
            events: VecDeque::new(),
        }
    }

    /// The next event, or the answer itself; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            match self.body.frame().await {
                Some(frame) => {
                    self.text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
                    while self.stream
                        && let Some(end) = self.text.find("\n\n")
                    {
                        let event: String = self.text.drain(..end + 2).collect();
                        self.events.extend(Event::read(&event));
                    }
                }
                None if self.stream || self.text.is_empty() => return None,
                None => {
                    let text = std::mem::take(&mut self.text);
                    return serde_json::from_str(&text).ok().map(|data| Event { number: None, data: Some(data) });
                }
            }
        }
    }
}

impl Event {
    /// `None` for a comment.
    fn read(text: &str) -> Option<Self> {
        let field = |name: &str| text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "));
        let number = field("id").and_then(|id| {
            let (stream, event) = id.strip_prefix("doorward/")?.split_once('.')?;
            Some((stream.parse().ok()?, event.parse().ok()?))
        });
        let data = field("data").and_then(|d| serde_json::from_str(d).ok());
        (number.is_some() || data.is_some()).then_some(Self { number, data })
    }
}
