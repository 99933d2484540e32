//! Letters that look like, or stand for, letters of ASCII.

use super::invisible::{Class, class};
use std::sync::LazyLock;
use unicode_normalization::char::{canonical_combining_class, decompose_compatible};
use unicode_security::confusable_detection::skeleton;

/// What a character beyond ASCII is to a reader who only knows ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letter {
    /// It stands for itself.
    Plain,
    /// A letter or digit in another shape: full-width, mathematical, circled (UAX 15, compatibility).
    Shape(u8),
    /// A letter of another script that looks like this one (UTS 39 §4), where it stands among these.
    Alike(u8),
    /// A mark on the letter before it.
    Mark,
    /// It is not seen.
    Hidden(Class),
}

/// Characters from here on are plain, or looked up one by one.
const TABLE: u32 = 0x3_0000;
const PAGE: usize = 256;

/// The letters by pages of 256 characters; most pages are the one that is all plain.
struct Pages {
    index: Vec<u8>,
    pages: Vec<[Letter; PAGE]>,
}

static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    let mut all = Pages { index: vec![0; (TABLE as usize) / PAGE], pages: vec![[Letter::Plain; PAGE]] };
    for (number, slot) in all.index.iter_mut().enumerate() {
        let first = u32::try_from(number * PAGE).unwrap_or_default();
        if !FOLDED.iter().any(|(from, to)| *from < first + 256 && first <= *to) {
            continue;
        }
        let mut page = [Letter::Plain; PAGE];
        for (c, letter) in (first..).filter_map(char::from_u32).zip(&mut page) {
            *letter = look_up(c);
        }
        *slot = u8::try_from(all.pages.len()).unwrap_or_default();
        all.pages.push(page);
    }
    all
});

/// The blocks in which such characters are.
const FOLDED: &[(u32, u32)] = &[
    (0x80, 0x58f),
    (0x600, 0x6ff),
    (0x1100, 0x11ff),
    (0x13a0, 0x13ff),
    (0x1780, 0x17ff),
    (0x1800, 0x18ff),
    (0x1ab0, 0x1aff),
    (0x1d00, 0x1fff),
    (0x2000, 0x20ff),
    (0x2100, 0x214f),
    (0x2460, 0x24ff),
    (0x2800, 0x28ff),
    (0x2c60, 0x2dff),
    (0x3100, 0x31ff),
    (0xa4d0, 0xa4ff),
    (0xa700, 0xa7ff),
    (0xab30, 0xabbf),
    (0xfb00, 0xfb06),
    (0xfe00, 0xfeff),
    (0xff00, 0xffff),
    (0x1_0400, 0x1_044f),
    (0x1_d100, 0x1_d1ff),
    (0x1_d400, 0x1_d7ff),
    (0x1_f100, 0x1_f1ff),
];

/// What `c` is, which is beyond ASCII.
#[inline]
pub(super) fn letter(c: char) -> Letter {
    let code = c as usize;
    if code >= TABLE as usize {
        return match class(c) {
            Class::Plain => Letter::Plain,
            hidden => Letter::Hidden(hidden),
        };
    }
    let page = PAGES.index.get(code / PAGE).and_then(|at| PAGES.pages.get(usize::from(*at)));
    page.and_then(|page| page.get(code % PAGE)).copied().unwrap_or(Letter::Plain)
}

fn look_up(c: char) -> Letter {
    if c.is_ascii() {
        return Letter::Plain;
    }
    match class(c) {
        Class::Plain => {}
        hidden => return Letter::Hidden(hidden),
    }
    if canonical_combining_class(c) != 0
        && matches!(u32::from(c), 0x300..=0x36f | 0x1ab0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
    {
        return Letter::Mark;
    }
    if let Some(letter) = drawn(c) {
        return Letter::Shape(letter);
    }
    if let Some(letter) = shape(c) {
        return Letter::Shape(letter);
    }
    if c.is_alphabetic() && !latin_with_mark(c) {
        let mut seen = skeleton(c.encode_utf8(&mut [0; 4])).collect::<String>().into_bytes();
        // The skeleton knows `I` and `l` as one; which of them it is shows in the case.
        if seen == b"l" && c.is_uppercase() {
            seen = b"I".to_vec();
        }
        if let [letter] = seen.as_slice()
            && letter.is_ascii_alphabetic()
        {
            return Letter::Alike(*letter);
        }
    }
    small_capital(c).map_or(Letter::Plain, Letter::Alike)
}

/// One letter, digit or sign of markup by compatibility. What honest texts are full of stays: superscripts, fractions,
/// full-width punctuation.
fn shape(c: char) -> Option<u8> {
    if matches!(u32::from(c), 0x80..=0x2b8 | 0x2100..=0x2109 | 0x2116..=0x2122 | 0x2460..=0x249b) && c != 'ſ' {
        return None;
    }
    let (mut out, mut count) = (None, 0);
    decompose_compatible(c, |d| {
        count += 1;
        out = out.or(u8::try_from(d).ok());
    });
    let brackets = |b: u8| count == 3 && b == b'(';
    match out {
        Some(b) if count == 1 && (b.is_ascii_alphanumeric() || b"<>|[]{}/\\@#%&_=".contains(&b)) => Some(b),
        // `⒜` is a letter in brackets.
        Some(b) if brackets(b) => {
            u8::try_from(u32::from(c).checked_sub(0x249c)?).ok().filter(|n| *n < 26).map(|n| b'a' + n)
        }
        _ => None,
    }
}

/// Letters that were drawn as signs and have no compatibility mapping: circled, squared, regional; and braille.
fn drawn(c: char) -> Option<u8> {
    const BRAILLE: &[u8; 26] = &[
        0x01, 0x03, 0x09, 0x19, 0x11, 0x0b, 0x1b, 0x13, 0x0a, 0x1a, 0x05, 0x07, 0x0d, 0x1d, 0x15, 0x0f, 0x1f, 0x17,
        0x0e, 0x1e, 0x25, 0x27, 0x3a, 0x2d, 0x3d, 0x35,
    ];
    let place = |from: u32| u8::try_from(u32::from(c) - from).unwrap_or_default();
    match u32::from(c) {
        0x1_f130..=0x1_f149 => Some(b'a' + place(0x1_f130)),
        0x1_f150..=0x1_f169 => Some(b'a' + place(0x1_f150)),
        0x1_f170..=0x1_f189 => Some(b'a' + place(0x1_f170)),
        0x24b6..=0x24cf => Some(b'A' + place(0x24b6)),
        0x24d0..=0x24e9 => Some(b'a' + place(0x24d0)),
        0x2800 => Some(b' '),
        0x2801..=0x283f => {
            let dots = place(0x2800);
            BRAILLE.iter().position(|b| *b == dots).and_then(|at| u8::try_from(at).ok()).map(|at| b'a' + at)
        }
        _ => None,
    }
}

/// Whether it is an ASCII letter with marks, or one that languages write.
fn latin_with_mark(c: char) -> bool {
    let mut first = None;
    unicode_normalization::char::decompose_canonical(c, |d| first = first.or(Some(d)));
    first.is_some_and(|d| d.is_ascii_alphabetic()) || "ßæœøłđðþı".contains(c)
}

fn small_capital(c: char) -> Option<u8> {
    const CAPITALS: &str = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡ";
    let at = CAPITALS
        .chars()
        .position(|x| x == c)
        .or_else(|| (c == 'ʏ').then_some(24))
        .or_else(|| (c == 'ᴢ').then_some(25))?;
    u8::try_from(at).ok().map(|at| b'a' + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_look_alikes() {
        for (c, letter) in [
            ('ａ', Letter::Shape(b'a')),
            ('𝐈', Letter::Shape(b'I')),
            ('𝓮', Letter::Shape(b'e')),
            ('ⓘ', Letter::Shape(b'i')),
            ('🅘', Letter::Shape(b'i')),
            ('⒤', Letter::Shape(b'i')),
            ('＜', Letter::Shape(b'<')),
            ('⠊', Letter::Shape(b'i')),
            ('о', Letter::Alike(b'o')),
            ('е', Letter::Alike(b'e')),
            ('Ι', Letter::Alike(b'I')),
            ('ο', Letter::Alike(b'o')),
            ('ɢ', Letter::Alike(b'g')),
            ('ᴛ', Letter::Alike(b't')),
            ('\u{336}', Letter::Mark),
            ('\u{200b}', Letter::Hidden(Class::ZeroWidth)),
            ('é', Letter::Plain),
            ('，', Letter::Plain),
            ('я', Letter::Plain),
            ('²', Letter::Plain),
            ('语', Letter::Plain),
        ] {
            assert_eq!(self::letter(c), letter, "{c} {:x}", u32::from(c));
        }
    }

    #[test]
    fn no_hidden_character_is_outside_of_the_blocks() {
        for c in ('\u{80}'..=char::MAX).filter(|c| class(*c) != Class::Plain) {
            assert!(matches!(letter(c), Letter::Hidden(_)), "{:x}", u32::from(c));
        }
    }
}
