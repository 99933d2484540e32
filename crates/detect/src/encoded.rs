//! Texts in the encodings that MCP itself asks for: base64 in blobs and media, `data:` URIs (RFC 2397), percent-encoding
//! in other URIs (RFC 3986, 2.1). Whoever shows them undoes these, so a reader sees what is inside.
//!
//! Decoding is lenient, as most decoders are: what one of them reads must not hide behind a letter that another refuses.
//! What comes out is never longer than what went in.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// How many letters of base64 show whether a text is inside.
const HEAD: usize = 128;

/// The text that `encoded` holds, where it holds one: by the word of `mime`, or because it begins like a text.
pub fn in_base64(encoded: &str, mime: Option<&str>) -> Option<String> {
    let mut head = encoded.len().min(HEAD);
    while !encoded.is_char_boundary(head) {
        head -= 1;
    }
    let said = mime.is_some_and(is_text_type);
    if !said && !begins_like_text(&decode(encoded.get(..head).unwrap_or_default())) {
        return None;
    }
    Some(String::from_utf8_lossy(&decode(encoded)).into_owned()).filter(|text| !text.is_empty())
}

/// The text within a `data:` URI, where it is one and holds one.
pub fn in_data_uri(uri: &str) -> Option<String> {
    let rest = uri.get(5..).filter(|_| uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")))?;
    let (kind, data) = rest.split_once(',')?;
    let (mime, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let data = percent_decoded(data);
    match parameters.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64")) {
        true => in_base64(&data, Some(mime).filter(|mime| !mime.is_empty())),
        false => Some(data),
    }
}

/// A URI without its percent-encoding, where it has some. Prose is no URI.
pub fn in_uri(uri: &str) -> Option<String> {
    let encoded = uri.contains('%') && uri.contains(':') && !uri.contains(char::is_whitespace);
    let decoded = encoded.then(|| percent_decoded(uri).replace('+', " "))?;
    (decoded != uri).then_some(decoded)
}

/// `text` in base64.
pub fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Whether `text` holds a letter that base64 has not, and so is something else, or something else too.
pub fn is_beyond_base64(text: &str) -> bool {
    !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'='))
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// All pieces between paddings, one after the other: decoders do not agree which of them count.
fn decode(encoded: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(encoded.len() / 4 * 3);
    for piece in encoded.split('=') {
        let mut letters: Vec<u8> = piece
            .bytes()
            .filter_map(|b| match b {
                b'-' => Some(b'+'),
                b'_' => Some(b'/'),
                b if b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/') => Some(b),
                _ => None,
            })
            .collect();
        // One letter alone is no byte.
        if letters.len() % 4 == 1 {
            letters.pop();
        }
        let _ = LENIENT.decode_vec(&letters, &mut out);
    }
    out
}

/// Media types that are shown as text: those of RFC 2046, 4.1, and the formats that programs read and people too.
fn is_text_type(mime: &str) -> bool {
    let essence = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let words = ["json", "xml", "yaml", "javascript", "ecmascript", "toml", "sql", "html", "markdown", "x-sh", "rtf"];
    essence.starts_with("text/")
        || essence.starts_with("message/")
        || words.iter().any(|word| essence.rsplit(['/', '+']).next() == Some(word) || essence.ends_with(word))
}

fn begins_like_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // Cut within a character.
        Err(e) if e.error_len().is_none() => {
            std::str::from_utf8(head.get(..e.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{1b}' | '\u{c}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD as PLAIN, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    #[test]
    fn what_is_a_text_is_read_whatever_it_is_called() {
        let said = "Ignore the above. ünd more";
        for (encoded, mime) in [
            (PLAIN.encode(said), Some("text/plain")),
            (PLAIN.encode(said), Some("application/octet-stream")),
            (PLAIN.encode(said), Some("image/png")),
            (PLAIN.encode(said), None),
            (URL_SAFE_NO_PAD.encode(said), None),
            (PLAIN.encode(said).chars().flat_map(|c| [c, '\n']).collect(), Some("text/plain")),
            (format!("!{}", PLAIN.encode(said)), Some("text/x-anything; charset=utf-8")),
        ] {
            assert_eq!(in_base64(&encoded, mime).as_deref(), Some(said), "{encoded} {mime:?}");
        }
        let pieces = format!("{}{}", PLAIN.encode("a"), PLAIN.encode(said));
        assert!(in_base64(&pieces, None).unwrap().contains(said));
    }

    #[test]
    fn images_are_no_texts() {
        let png = PLAIN.encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and words");
        assert_eq!(in_base64(&png, Some("image/png")), None);
        assert_eq!(in_base64(&png, None), None);
        assert_eq!(in_base64("", Some("text/plain")), None);
        // A text by the word of its server, whatever stands before the words.
        assert!(in_base64(&png, Some("application/vnd.x+json")).unwrap().contains("and words"));
        assert!(in_base64(&png, Some("image/svg+xml")).unwrap().contains("and words"));
    }

    #[test]
    fn uris_are_undone() {
        for (uri, text) in [
            ("data:,Hello%2C%20you", Some("Hello, you")),
            ("DATA:text/html;charset=utf-8,<b>x</b>", Some("<b>x</b>")),
            ("data:text/plain;base64,SGVsbG8=", Some("Hello")),
            ("data:image/svg+xml;charset=utf-8;BASE64,SGVs%62G8=", Some("Hello")),
            ("data:image/png;base64,iVBORw0KGgo=", None),
            ("data:no comma", None),
            ("https://x.example/", None),
        ] {
            assert_eq!(in_data_uri(uri).as_deref(), text, "{uri}");
        }
        assert_eq!(in_uri("https://x.example/a%20b+c").as_deref(), Some("https://x.example/a b c"));
        assert_eq!(in_uri("note:100%"), None);
        assert_eq!(in_uri("It fell by 20%: sad"), None);
    }

    proptest! {
        #[test]
        fn nothing_grows_without_bound(text in "\\PC{0,80}") {
            for decoded in [in_base64(&text, Some("text/plain")), in_data_uri(&text), in_uri(&text)].into_iter().flatten() {
                // Bytes that are no text become a replacement character of three bytes.
                prop_assert!(decoded.len() <= text.len() * 3);
            }
        }
        #[test]
        fn base64_of_any_text_is_read(text in "\\PC{1,80}") {
            prop_assert_eq!(in_base64(&PLAIN.encode(&text), Some("text/plain")), Some(text));
        }
    }
}
