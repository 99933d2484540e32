//! Records to canonical JSON (RFC 8785) without a tree of values between: one pass, keys written in order by hand.

mod approval;
mod json;
mod life;
mod parts;
mod ruling;

use crate::{Event, Payload, Record, Ruling, record::FORMAT};
use doorward_vocab::Timestamp;
use json::{Caps, Object};

/// The longest record in bytes: what the length prefix of an entry bundle can say (C2SP tlog-tiles).
pub const MAX_RECORD: usize = 65_535;

/// Appends the canonical text of a decision at `time` to `out`, without building a [`Record`].
pub fn encode_ruling(time: Timestamp, ruling: &Ruling, out: &mut Vec<u8>) {
    bounded(Envelope { time, trimmed: None }, ruling, out);
}

/// Appends what others said of a decision to `out`: JSON with its texts alone. Digests, ids, words and numbers are made
/// here, and hold nothing that must not be kept.
pub fn encode_ruling_texts(ruling: &Ruling, out: &mut Vec<u8>) {
    write(ruling, &Envelope { time: Timestamp::default(), trimmed: None }, Caps::TEXTS, out);
}

impl Record {
    /// Appends what others said in the record to `out`, like [`encode_ruling_texts`].
    pub fn encode_texts(&self, out: &mut Vec<u8>) {
        self.with_members(|envelope, event| write(event, &envelope, Caps::TEXTS, out));
    }

    /// Appends the canonical text to `out`. It never exceeds [`MAX_RECORD`] bytes: a longer record loses detail (long
    /// texts and long lists are cut) and says so in `trimmed`. Numbers beyond 2^53 are written as 2^53 - 1, since
    /// JSON numbers are exact only up to there.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.with_members(|envelope, event| bounded(envelope, event, out));
    }

    fn with_members<R>(&self, act: impl FnOnce(Envelope, &dyn Members) -> R) -> R {
        let envelope = Envelope { time: self.time, trimmed: self.trimmed };
        let event: &dyn Members = match &self.event {
            Event::Start(e) => e,
            Event::Ruling(e) => &**e,
            Event::Outcome(e) => &**e,
            Event::Definition(e) => e,
            Event::Delegation(e) => &**e,
            Event::Credential(e) => &**e,
            Event::Approval(e) => &**e,
            Event::Turn(e) => e,
            Event::Config(e) => e,
            Event::Access(e) => e,
            Event::Finding(e) => e,
            Event::Recovered(e) => e,
            Event::Stop(e) => e,
        };
        act(envelope, event)
    }
}

/// An event that writes its members, and those of the envelope, in the order of their keys.
trait Members {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope);
}

/// What every record has beside its event.
struct Envelope {
    time: Timestamp,
    trimmed: Option<Payload>,
}

impl Envelope {
    fn time(&self, o: &mut Object<'_>) {
        o.number("time", self.time.micros());
    }
    fn trimmed(&self, o: &mut Object<'_>) {
        if let Some(p) = &self.trimmed {
            parts::payload(o, "trimmed", p);
        }
    }
    fn v(o: &mut Object<'_>) {
        o.number("v", u64::from(FORMAT));
    }
}

fn bounded(mut envelope: Envelope, event: &(impl Members + ?Sized), out: &mut Vec<u8>) {
    let start = out.len();
    write(event, &envelope, Caps::NONE, out);
    // The second caps fit whatever the record holds: no event has more than 11 texts, three lists with 7 texts per
    // row and one with one, so at most 43 texts of 256 bytes, each byte six long when escaped. Ids and server names stay whole.
    for caps in [Caps { text: 1024, list: 32, ..Caps::NONE }, Caps { text: 256, list: 4, ..Caps::NONE }] {
        let Some(whole) = out.get(start..).filter(|w| w.len() > MAX_RECORD) else { return };
        if envelope.trimmed.is_none() {
            envelope.trimmed = Some(Payload::of(whole));
        }
        out.truncate(start);
        write(event, &envelope, caps, out);
    }
}

fn write(event: &(impl Members + ?Sized), envelope: &Envelope, caps: Caps, out: &mut Vec<u8>) {
    let mut o = Object::open(out, caps);
    event.members(&mut o, envelope);
    o.close();
}

#[cfg(test)]
mod tests;
