//! Escapes that stand within other text: of URLs, of HTML, of JSON.

use super::{View, Writer};
use crate::origin::Form;

/// Tells the text without its escapes, for each language that it has some of.
pub(super) fn undo(view: &View, each: &mut dyn FnMut(View)) {
    let bytes = view.text.as_bytes();
    let (mut percent, mut entity, mut slash) = (false, false, false);
    for byte in bytes {
        percent |= *byte == b'%';
        entity |= *byte == b'&';
        slash |= *byte == b'\\';
    }
    for (there, form, escape) in [
        (percent, Form::Url, percent_at as fn(&[u8]) -> Option<(char, usize)>),
        (entity, Form::Entities, entity_at),
        (slash, Form::Json, slash_at),
    ] {
        if there {
            without(view, form, escape, each);
        }
    }
}

fn without(view: &View, form: Form, escape: fn(&[u8]) -> Option<(char, usize)>, each: &mut dyn FnMut(View)) {
    let bytes = view.text.as_bytes();
    let (mut writer, mut at, mut any) = (Writer::default(), 0, false);
    while let Some(rest) = bytes.get(at..).filter(|r| !r.is_empty()) {
        match escape(rest) {
            Some((c, len)) => {
                any = true;
                match u8::try_from(c as u32) {
                    // Bytes of a character that was escaped byte by byte.
                    Ok(byte) if form == Form::Url => writer.push(byte, at..at + len),
                    _ => writer.push_char(c, at..at + len),
                }
                at += len;
            }
            None => {
                writer.push(rest.first().copied().unwrap_or_default(), at..at + 1);
                at += 1;
            }
        }
    }
    if any {
        each(writer.view(view, form));
    }
}

fn hex(digits: Option<&[u8]>) -> Option<u32> {
    digits.filter(|d| !d.is_empty())?.iter().try_fold(0, |n, d| Some(n << 4 | char::from(*d).to_digit(16)?))
}

fn percent_at(text: &[u8]) -> Option<(char, usize)> {
    (text.first() == Some(&b'%')).then_some(())?;
    Some((char::from_u32(hex(text.get(1..3))?)?, 3))
}

fn entity_at(text: &[u8]) -> Option<(char, usize)> {
    (text.first() == Some(&b'&')).then_some(())?;
    let end = text.iter().take(10).position(|b| *b == b';')?;
    let name = text.get(1..end)?;
    let c = match name {
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(Some(digits))?)?,
        [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok().and_then(char::from_u32)?,
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        b"nbsp" => ' ',
        b"commat" => '@',
        b"period" => '.',
        _ => return None,
    };
    Some((c, end + 1))
}

fn slash_at(text: &[u8]) -> Option<(char, usize)> {
    (text.first() == Some(&b'\\')).then_some(())?;
    Some(match text.get(1)? {
        b'u' => (char::from_u32(hex(text.get(2..6))?)?, 6),
        b'x' => (char::from_u32(hex(text.get(2..4))?)?, 4),
        b'n' => ('\n', 2),
        b't' => ('\t', 2),
        b'r' => ('\r', 2),
        c @ (b'"' | b'\\' | b'/' | b'\'') => (char::from(*c), 2),
        _ => return None,
    })
}
