//! Whether a reply is the one that was asked for.

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Era;
use crate::wire::{Fault, Incoming, events};

/// Replies above this size are read to the last byte once in [`SAMPLE`] times, and at their ends always: the driver
/// shares its cores with what it measures.
const LARGE: usize = 16 << 10;
const SAMPLE: u64 = 32;
/// Where id, tag and error flag of a large reply are looked for, from either end.
const ENDS: usize = 1024;

#[derive(Deserialize)]
struct Envelope<'a> {
    jsonrpc: &'a str,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct CallResult<'a> {
    #[serde(default, rename = "isError")]
    is_error: bool,
    #[serde(rename = "resultType")]
    result_type: Option<&'a str>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

/// Checks the replies of one client.
#[derive(Debug)]
pub(crate) struct Checker {
    era: Era,
    large: u64,
    /// The smallest large reply so far that was read whole.
    whole: usize,
}

impl Checker {
    pub(crate) fn new(era: Era) -> Self {
        Self { era, large: 0, whole: 0 }
    }

    /// The reply answers request `id` with a result.
    pub(crate) fn envelope(&self, reply: &Incoming, id: u64) -> Result<(), Fault> {
        with_message(reply, |message| result_of(message, id).map(|_| ()))
    }

    /// The reply is the good result of call `id`, which was given `text`.
    pub(crate) fn call(&mut self, reply: &Incoming, id: u64, text: &str) -> Result<(), Fault> {
        with_message(reply, |message| {
            if message.len() > LARGE {
                self.large += 1;
                if self.large % SAMPLE != 1 {
                    return self.ends(message, id, text);
                }
                self.whole = message.len();
            }
            self.result(result_of(message, id)?, text)
        })
    }

    fn result(&self, result: &RawValue, text: &str) -> Result<(), Fault> {
        let parsed: CallResult<'_> =
            serde_json::from_str(result.get()).map_err(|error| format!("a result that is none: {error}"))?;
        if parsed.is_error {
            return Err(format!("the call failed: {:.300}", result.get()));
        }
        if self.era == Era::Stateless && parsed.result_type != Some("complete") {
            return Err(format!("not a complete result: {:.300}", result.get()));
        }
        let content = parsed.content.map_or("", RawValue::get);
        if memmem::find(content.as_bytes(), text.as_bytes()).is_none() {
            return Err(format!("the result of another call, or none: {:.300}", result.get()));
        }
        Ok(())
    }

    fn ends(&self, message: &[u8], id: u64, text: &str) -> Result<(), Fault> {
        let (start, end) = (message.get(..ENDS).unwrap_or(message), message.len().saturating_sub(ENDS));
        let end = message.get(end..).unwrap_or(message);
        let either =
            |what: &str| memmem::find(start, what.as_bytes()).is_some() || memmem::find(end, what.as_bytes()).is_some();
        // Ids and tags differ by a few digits.
        let alike = message.len().abs_diff(self.whole) < 64 && message.ends_with(b"}}");
        if alike && either(&format!(r#""id":{id}"#)) && either(text) && !either(r#""isError":true"#) {
            return Ok(());
        }
        self.result(result_of(message, id)?, text)
    }
}

fn result_of(message: &[u8], id: u64) -> Result<&RawValue, Fault> {
    let envelope: Envelope<'_> = serde_json::from_slice(message).map_err(|error| {
        format!("not a message: {error}: {}", String::from_utf8_lossy(message.get(..200).unwrap_or(message)))
    })?;
    if envelope.jsonrpc != "2.0" || envelope.id.is_none_or(|got| got.get().parse() != Ok(id)) {
        return Err(format!("the reply to another request than {id}"));
    }
    match (envelope.result, envelope.error) {
        (Some(result), None) => Ok(result),
        (_, error) => Err(format!("refused: {:.300}", error.map_or("neither result nor error", RawValue::get))),
    }
}

/// The response message of a reply: its JSON body, or the last event of its stream.
fn with_message<T>(reply: &Incoming, check: impl FnOnce(&[u8]) -> Result<T, Fault>) -> Result<T, Fault> {
    if reply.field("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
        let last = events(reply.body()).filter(|data| !data.is_empty()).last();
        return check(&last.ok_or("an event stream without a message")?);
    }
    check(reply.body())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(era: Era, body: &str) -> Result<(), Fault> {
        let mut reply = Incoming::default();
        reply
            .space()
            .extend_from_slice(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        assert!(reply.complete().unwrap());
        Checker::new(era).call(&reply, 7, "tag 7")
    }

    fn good(text: &str) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"result":{{"content":[{{"type":"text","text":"{text}"}}],"resultType":"complete"}}}}"#
        )
    }

    #[test]
    fn only_the_result_of_this_call_passes() {
        let right = good("tag 7");
        check(Era::Stateless, &right).unwrap();
        check(Era::Sessions, &right).unwrap();
        for (from, to) in [
            (":7,", ":8,"),
            ("tag 7", "tag 6"),
            ("2.0", "1.0"),
            ("\"result\"", "\"error\""),
            ("complete", "input_required"),
            ("\"resultType\"", "\"isError\":true,\"resultType\""),
        ] {
            assert!(check(Era::Stateless, &right.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn large_results_are_judged_at_their_ends_and_in_samples() {
        let mut checker = Checker::new(Era::Sessions);
        let mut call = |body: String| {
            let mut reply = Incoming::default();
            reply.space().extend_from_slice(
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes(),
            );
            assert!(reply.complete().unwrap());
            checker.call(&reply, 7, "tag 7")
        };
        let right = good(&format!("tag 7 {}", "x".repeat(LARGE)));
        call(right.clone()).unwrap();
        call(right.clone()).unwrap();
        assert!(call(right.replace("tag 7", "tag 8")).is_err());
        assert!(call(right.replace(":7,", ":8,")).is_err());
        assert!(call(right.replace("\"resultType\"", "\"isError\":true,\"resultType\"")).is_err());
        assert!(call(right.replace("xx", "x")).is_ok(), "a shorter result is read whole");
        assert!(call(right[..right.len() - 2].to_owned()).is_err(), "a result that is cut");
    }

    #[test]
    fn event_streams_are_read() {
        let stream = format!(
            "event: message\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}}\n\nevent: message\ndata: {}\n\n",
            good("tag 7")
        );
        let mut reply = Incoming::default();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {}\r\n\r\n", stream.len());
        reply.space().extend_from_slice([head.as_bytes(), stream.as_bytes()].concat().as_slice());
        assert!(reply.complete().unwrap());
        Checker::new(Era::Sessions).call(&reply, 7, "tag 7").unwrap();
    }
}
