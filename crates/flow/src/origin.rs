//! The answer: which parts of a text came from where.

use crate::{
    sources::{SourceId, Zone},
    unit::Kind,
};
use doorward_vocab::{Integrity, Label, Standing};
use std::ops::Range;

/// How a value was written where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it is, whatever the case of its letters and whatever stands between its symbols.
    Plain,
    /// Symbol by symbol, with something between them.
    Spread,
    /// A number, perhaps with its digits grouped otherwise.
    Number,
    /// A day, perhaps in another order.
    Date,
    /// Base64 (RFC 4648 §4 or §5), at any alignment.
    Base64,
    /// Base32 (RFC 4648 §6).
    Base32,
    /// Hexadecimal, with or without marks between the bytes.
    Hex,
    /// Percent-encoded (RFC 3986 §2.1).
    Url,
    /// With entities of HTML.
    Entities,
    /// With escapes of JSON.
    Json,
    /// As the numbers of its characters.
    Codes,
    /// Backwards.
    Reversed,
    /// With each letter moved by thirteen.
    Rotated,
}

impl Form {
    /// The word used in policy and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Spread => "spread",
            Self::Number => "number",
            Self::Date => "date",
            Self::Base64 => "base64",
            Self::Base32 => "base32",
            Self::Hex => "hex",
            Self::Url => "url",
            Self::Entities => "entities",
            Self::Json => "json",
            Self::Codes => "codes",
            Self::Reversed => "reversed",
            Self::Rotated => "rotated",
        }
    }
    /// Whether honest programs write values so without being asked.
    pub const fn is_usual(self) -> bool {
        matches!(self, Self::Plain | Self::Number | Self::Date | Self::Url | Self::Json)
    }
}

/// A place that a value stood in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub(crate) source: SourceId,
    pub(crate) zone: Zone,
}

impl Place {
    /// The source.
    pub const fn source(&self) -> SourceId {
        self.source
    }
    /// The record of the source, counted in the order of the text. Record 0 is what belongs to no item.
    pub const fn record(&self) -> u16 {
        self.zone.record
    }
}

/// A part of a text that came from somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The bytes of the text.
    pub span: Range<usize>,
    /// Where it stood; several places where it could be any of them. Never empty.
    pub places: Vec<Place>,
    /// How it was written.
    pub form: Form,
    /// What was found.
    pub(crate) kind: Kind,
    /// How many encodings lie around that one.
    pub layers: u8,
    /// Whether it came together only with other texts: of the same call, or of calls before.
    pub split: bool,
    /// How many bits say so: one in 2^bits texts would match by chance.
    pub bits: f32,
    /// The standing of what it may come from: believed if any of the places is, for then it was known from there; and as
    /// confidential as all of them.
    pub standing: Standing,
}

/// Where the parts of a text came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// What came from somewhere, ordered, without overlaps.
    pub parts: Vec<Part>,
    /// What says something and stood nowhere that is remembered: made up by the model, computed, or forgotten.
    pub unknown: Vec<Range<usize>>,
    /// The join of the standings of what was forgotten, if anything was: what is unknown may come from there.
    pub forgotten: Option<Standing>,
}

impl Origin {
    /// The standing of the text. What is unknown is untrusted, and as confidential as what was forgotten.
    pub fn standing(&self) -> Standing {
        let unknown = (!self.unknown.is_empty()).then(|| {
            let made_up = Standing::of(Label::new(Integrity::Untrusted, Label::BOTTOM.confidentiality));
            self.forgotten.as_ref().map_or(made_up.clone(), |f| f.join(&made_up))
        });
        self.parts.iter().map(|p| &p.standing).chain(&unknown).fold(Standing::BOTTOM, |all, s| all.join(s))
    }
    /// The label of the text, as [`Self::standing`] has it.
    pub fn label(&self) -> Label {
        self.standing().label
    }
    /// Whether the text says nothing that could come from anywhere.
    pub fn is_insignificant(&self) -> bool {
        self.parts.is_empty() && self.unknown.is_empty()
    }
    /// The parts from one source.
    pub fn from(&self, source: SourceId) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |p| p.places.iter().any(|place| place.source() == source))
    }
}
