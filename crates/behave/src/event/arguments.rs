use super::Origin;
use crate::{Key, Sum};
use doorward_mcp::json::{self, Value};

/// What a call was called with: shapes, and sums of the whole.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// The sum of all of it, byte by byte.
    pub same: Sum,
    /// The sum of it with every run of digits taken for one, so that a counter makes no difference.
    pub alike: Sum,
    /// Bytes.
    pub bytes: u32,
    /// Each argument in the order in which it was written; at most [`Arguments::MOST`].
    pub list: Vec<Argument>,
}

/// One argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: Sum,
    /// What its value is.
    pub kind: Kind,
    /// The length of its value: characters of a string, digits of a number, items of what holds items.
    pub length: u32,
    /// Where its value comes from.
    pub origin: Origin,
}

/// What a value is, as far as the habits of its writer show in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`, where nothing at all would have done.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number, as it is written.
    Number(Numeral),
    /// A string, as it begins and ends.
    Text {
        /// How it begins.
        case: Case,
        /// Whether it ends like a sentence.
        ended: bool,
        /// Whether it has spaces.
        spaced: bool,
        /// Whether it has line ends.
        lines: bool,
    },
    /// A list.
    List,
    /// An object.
    Object,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Numeral {
    /// `12`
    Whole,
    /// `12.5`
    Fraction,
    /// `12.0`
    Padded,
    /// `1e3`
    Exponent,
}

/// How a string begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Case {
    /// Nothing to begin with.
    Empty,
    /// A small letter.
    Lower,
    /// A capital, and then small letters.
    Upper,
    /// Capitals.
    Capitals,
    /// A digit.
    Digit,
    /// Something else.
    Sign,
}

impl Arguments {
    /// Of how many arguments the shape is kept.
    pub const MOST: usize = 32;

    /// The shape of arguments as they were sent. Where their values come from is filled in by who knows.
    pub fn of(key: &Key, arguments: Option<Value<'_>>) -> Self {
        let Some(value) = arguments else { return Self::default() };
        let members = value.members().take(Self::MOST);
        let list = members.map(|(name, value)| Argument::of(key.sum(&name), value)).collect();
        Self { list, ..Self::sums(key, arguments) }
    }

    /// The sums alone, which is all that loops are seen by.
    pub fn sums(key: &Key, arguments: Option<Value<'_>>) -> Self {
        let Some(value) = arguments else { return Self::default() };
        let raw = value.raw();
        let (same, bytes) = (key.sum(raw), u32::try_from(raw.len()).unwrap_or(u32::MAX));
        let numbered = raw.bytes().any(|byte| byte.is_ascii_digit());
        let alike = if numbered { key.sum_pieces(folded(raw.as_bytes())) } else { same };
        Self { same, alike, bytes, list: Vec::new() }
    }

    /// The names of the arguments, in their order.
    pub fn names(&self) -> Sum {
        self.list.iter().fold(Sum::default(), |all, argument| all.and(argument.name.bits()))
    }
}

impl Argument {
    fn of(name: Sum, value: Value<'_>) -> Self {
        let (kind, length) = match value.kind() {
            json::Kind::Null | json::Kind::Key => (Kind::Null, 0),
            json::Kind::True | json::Kind::False => (Kind::Bool, 1),
            json::Kind::Number => (Kind::Number(Numeral::of(value.raw())), value.raw().len()),
            json::Kind::String => text(&value.as_str().unwrap_or_default()),
            json::Kind::Array => (Kind::List, value.items().count()),
            json::Kind::Object => (Kind::Object, value.members().count()),
        };
        Self { name, kind, length: u32::try_from(length).unwrap_or(u32::MAX), origin: Origin::Untold }
    }
}

impl Numeral {
    fn of(raw: &str) -> Self {
        match raw {
            _ if raw.contains(['e', 'E']) => Self::Exponent,
            _ if raw.ends_with(".0") => Self::Padded,
            _ if raw.contains('.') => Self::Fraction,
            _ => Self::Whole,
        }
    }
}

fn text(text: &str) -> (Kind, usize) {
    let mut chars = text.chars();
    let case = match (chars.next(), chars.next()) {
        (None, _) => Case::Empty,
        (Some(first), Some(second)) if first.is_uppercase() && second.is_uppercase() => Case::Capitals,
        (Some(first), _) if first.is_uppercase() => Case::Upper,
        (Some(first), _) if first.is_lowercase() => Case::Lower,
        (Some(first), _) if first.is_ascii_digit() => Case::Digit,
        _ => Case::Sign,
    };
    let kind = Kind::Text {
        case,
        ended: text.ends_with(['.', '!', '?']),
        spaced: text.contains(' '),
        lines: text.contains('\n'),
    };
    (kind, text.chars().count())
}

/// The text with each run of digits as one zero, in pieces.
fn folded(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut runs = raw.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
    std::iter::from_fn(move || {
        let run = runs.next()?;
        Some(if run.first().is_some_and(u8::is_ascii_digit) { b"0" } else { run })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_mcp::json::{Document, Limits, Strictness};

    fn of(text: &'static str) -> Arguments {
        let document = Document::parse(text.into(), &Limits::default(), Strictness::Request).unwrap();
        Arguments::of(&Key::new(&[1; 16]), Some(document.root()))
    }

    #[test]
    fn habits_show() {
        let kinds = |text| of(text).list.into_iter().map(|a| (a.kind, a.length)).collect::<Vec<_>>();
        assert_eq!(kinds(r#"{"a":1.0,"b":null}"#), [(Kind::Number(Numeral::Padded), 3), (Kind::Null, 0)]);
        let sentence = Kind::Text { case: Case::Upper, ended: true, spaced: true, lines: false };
        assert_eq!(kinds(r#"{"a":"Two words."}"#), [(sentence, 10)]);
    }

    #[test]
    fn a_counter_makes_no_difference_and_an_order_does() {
        assert_eq!(of(r#"{"page":9}"#).alike, of(r#"{"page":10}"#).alike);
        assert_ne!(of(r#"{"page":9}"#).same, of(r#"{"page":10}"#).same);
        assert_ne!(of(r#"{"a":1,"b":2}"#).names(), of(r#"{"b":2,"a":1}"#).names());
    }
}
