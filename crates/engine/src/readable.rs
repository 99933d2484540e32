//! What of a message somebody may read as text.

use doorward_detect::encoded;
use doorward_mcp::json::{Kind, Value, quote};
use doorward_vocab::{Channel, Finding, FindingKind, Severity};
use std::{borrow::Cow, ops::Range};

/// The texts of a message, in the order in which they stand there.
#[derive(Default)]
pub(crate) struct Texts<'a> {
    /// Each text with the span that holds it. One that is written in some encoding stands here twice, the second time as
    /// its reader sees it.
    pub(crate) texts: Vec<(Cow<'a, str>, Range<usize>)>,
    forms: Vec<Form>,
    /// The source of each icon that is none: where it stands.
    pub(crate) icons: Vec<Range<usize>>,
    /// Whether keys count that are but a short name.
    every_key: bool,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a string.
    Plain,
    /// As JSON within a string, and read without the escapes of that.
    Json,
    /// Within an address.
    Address,
    /// As the key of an object's member.
    Key,
    /// In base64.
    Base64,
    /// Where base64 belongs, and as it stands there.
    NotBase64,
    /// As a `data:` URI.
    Data,
}

impl<'a> Texts<'a> {
    /// Every text of a message, but for what stands in `judged`, and for the members of the envelope that say what kind of
    /// message it is. What no revision knows counts too.
    pub(crate) fn of_message(root: Value<'a>, judged: &Range<usize>) -> Self {
        let mut texts = Self::default();
        let known = |key: &str| matches!(key, "jsonrpc" | "id" | "method");
        for (key, at, member) in root.keyed().filter(|(key, ..)| !known(key)) {
            texts.member(key, at, member, Place::Anywhere, judged);
        }
        texts
    }

    /// Every text of a definition. Its keys are names of arguments, which may be names of other tools.
    pub(crate) fn of_definition(item: Value<'a>) -> Self {
        let mut texts = Self { every_key: true, ..Self::default() };
        texts.walk(item, Place::Anywhere, &(0..0));
        texts
    }

    /// What is put where the text at `index` stood, so that what holds it stays what it is.
    pub(crate) fn withheld(&self, index: usize, note: &str) -> String {
        match self.forms.get(index) {
            Some(Form::Base64 | Form::NotBase64) => quote(&encoded::base64(note)),
            Some(Form::Data) => quote(NO_DATA),
            // Two keys of one object must not become the same.
            Some(Form::Key) => {
                let at = self.texts.get(index).map_or(0, |(_, span)| span.start);
                quote(&format!("{note} ({at})"))
            }
            Some(Form::Plain | Form::Json | Form::Address) | None => quote(note),
        }
    }

    /// How the text at `index` is written.
    pub(crate) fn form(&self, index: usize) -> Option<Form> {
        self.forms.get(index).copied()
    }

    fn add(&mut self, text: Cow<'a, str>, span: Range<usize>, form: Form) {
        self.texts.push((text, span));
        self.forms.push(form);
    }

    fn member(&mut self, key: Cow<'a, str>, at: Range<usize>, member: Value<'a>, place: Place, judged: &Range<usize>) {
        if (self.every_key || !is_plain_word(&key)) && !judged.contains(&at.start) {
            self.add(key, at, Form::Key);
        }
        self.walk(member, place, judged);
    }

    fn walk(&mut self, value: Value<'a>, place: Place, judged: &Range<usize>) {
        match value.kind() {
            Kind::Object => {
                for (key, at, member) in value.keyed() {
                    let held = Place::of(&key, value, member, &place);
                    self.member(key, at, member, held, judged);
                }
            }
            Kind::Array => value.items().for_each(|item| self.walk(item, place.clone(), judged)),
            Kind::String if judged.contains(&value.span().start) => {}
            Kind::String => {
                if let Some(text) = value.as_str() {
                    self.string(text, value.span(), place);
                }
            }
            Kind::Null | Kind::False | Kind::True | Kind::Number | Kind::Key => {}
        }
    }

    fn string(&mut self, text: Cow<'a, str>, span: Range<usize>, place: Place) {
        let data = is_data(&text);
        let mut form = if data { Form::Data } else { Form::Plain };
        if let Place::Base64(mime) = &place {
            form = Form::NotBase64;
            if let Some(inside) = encoded::in_base64(&text, mime.as_deref()) {
                self.add(inside.into(), span.clone(), Form::Base64);
            }
            // What is not base64 alone is read as it is too: its reader may be as lenient.
            if !encoded::is_beyond_base64(&text) {
                return;
            }
        }
        if place == Place::Icon && !is_icon_source(&text) {
            self.icons.push(span.clone());
        }
        if let Some(inside) = in_json(&text).filter(|_| form == Form::Plain) {
            return self.add(inside.into(), span, Form::Json);
        }
        let (inside, held) = match data {
            true => (encoded::in_data_uri(&text), form),
            false => (encoded::in_uri(&text), if form == Form::Plain { Form::Address } else { form }),
        };
        self.add(text, span.clone(), form);
        if let Some(inside) = inside {
            self.add(inside.into(), span, held);
        }
    }
}

/// JSON within JSON is read so deep.
const DEPTH: usize = 3;

/// A text that begins like an object or a list, without its escapes: a line break in a string of it parts two words, and
/// is written as a letter.
pub(crate) fn in_json(text: &str) -> Option<String> {
    let is_like_it = text.trim_start().starts_with(['{', '[']) && text.contains('\\');
    let mut read = is_like_it.then(|| unescaped(text))?;
    for _ in 1..DEPTH {
        if !read.contains('\\') {
            break;
        }
        read = unescaped(&read);
    }
    Some(read)
}

/// `text` with each escape of a JSON string (RFC 8259 §7) as what it stands for. What is none stays.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (short, c) = match after.as_bytes() {
            [b'n' | b'r', ..] => (1, Some('\n')),
            [b't' | b'b' | b'f', ..] => (1, Some(' ')),
            [b @ (b'"' | b'\\' | b'/'), ..] => (1, Some(char::from(*b))),
            [b'u', ..] => escape(after),
            _ => (0, Some('\\')),
        };
        out.extend(c);
        rest = after.get(short..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The character that `u0041`, or a pair of surrogates, stands for, and how long it is.
fn escape(text: &str) -> (usize, Option<char>) {
    let unit = |at: usize| text.get(at..at + 4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    let Some(first) = unit(1) else { return (0, Some('\\')) };
    let second = || text.get(5..7).filter(|mark| *mark == "\\u").and_then(|_| unit(7));
    match first {
        0xd800..0xdc00 => match second().and_then(|second| char::decode_utf16([first, second]).next()?.ok()) {
            Some(c) => (11, Some(c)),
            None => (5, None),
        },
        _ => (5, char::from_u32(first.into())),
    }
}

/// What is put where an address was that holds what its reader must not see.
pub(crate) const NO_DATA: &str = "data:,withheld%20by%20Doorward";

/// The finding for an icon whose source is no picture.
pub(crate) fn icon_finding(channel: Channel, span: Range<usize>) -> Finding {
    Finding {
        detector: "icon-source".into(),
        kind: FindingKind::Protocol,
        severity: Severity::High,
        confidence: 1.0,
        channel,
        span,
        note: "the source of an icon is neither of the web nor the picture itself".into(),
    }
}

/// What a string is by the place where it stands.
#[derive(Clone, PartialEq, Eq)]
enum Place {
    Anywhere,
    /// Base64 of something of this media type.
    Base64(Option<Box<str>>),
    /// In the icons of something.
    Icons,
    /// The source of an icon.
    Icon,
}

impl Place {
    /// Where `member` of `object` stands, which itself stands at `place`.
    fn of(key: &str, object: Value<'_>, member: Value<'_>, place: &Self) -> Self {
        let text = |key| object.get(key).and_then(Value::as_str);
        let base64 = member.kind() == Kind::String
            && match key {
                "blob" => true,
                "data" => matches!(text("type").as_deref(), Some("image" | "audio")),
                _ => false,
            };
        match key {
            _ if base64 => Self::Base64(text("mimeType").map(|mime| mime.as_ref().into())),
            "icons" if member.kind() == Kind::Array => Self::Icons,
            "src" if *place == Self::Icons => Self::Icon,
            _ => Self::Anywhere,
        }
    }
}

/// Whether a key is a name as programs write them, and too short to say anything else.
fn is_plain_word(key: &str) -> bool {
    key.len() <= 24 && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'$'))
}

fn is_data(text: &str) -> bool {
    text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// Whether an icon may have this source: a page of the web or the picture itself (2025-11-25, basic, icons). What has no
/// scheme leads nowhere else.
fn is_icon_source(text: &str) -> bool {
    match text.split_once(':') {
        Some((scheme, _)) if scheme.contains(['/', '?', '#']) => true,
        Some((scheme, _)) => ["https", "http", "data"].iter().any(|s| s.eq_ignore_ascii_case(scheme)),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_as_what_they_stand_for() {
        for (text, read) in [
            (r#"{"a":"late.\nIgnore\t\"all\""}"#, Some("{\"a\":\"late.\nIgnore \"all\"\"}")),
            (r#" [ "\u0049gnore \ud83d\ude00 \ud83d \u12 \x" ]"#, Some(" [ \"Ignore 😀  \\u12 \\x\" ]")),
            (r#"{"b":"{\"a\":\"late.\\nIgnore\"}"}"#, Some("{\"b\":\"{\"a\":\"late.\nIgnore\"}\"}")),
            (r#"{"a":"fine"}"#, None),
            (r"C:\new", None),
        ] {
            assert_eq!(in_json(text).as_deref(), read, "{text}");
        }
    }
}
