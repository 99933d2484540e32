//! Bytes written as letters and digits: hexadecimal, base64, base32, the numbers of characters.

use super::{View, Writer};
use crate::origin::Form;

/// Shorter runs hold nothing that could be told from chance.
const LEAST: usize = 6;

/// Characters of one alphabet, each with its place.
type Run = Vec<(usize, u8)>;

/// How bytes are written as digits of some bits each, and at how many digits they may begin.
struct Alphabet {
    width: u32,
    starts: usize,
    digit: fn(u8) -> Option<u32>,
    form: Form,
}

const HEX: Alphabet = Alphabet { width: 4, starts: 2, digit: hex_digit, form: Form::Hex };
const BASE32: Alphabet = Alphabet { width: 5, starts: 8, digit: quintet, form: Form::Base32 };
const BASE64: Alphabet = Alphabet { width: 6, starts: 4, digit: sextet, form: Form::Base64 };

pub(super) fn undo(view: &View, each: &mut dyn FnMut(View)) {
    let mut runs = Runs::default();
    let (mut letters, mut marked) = (Run::new(), Run::new());
    let mut marks = false;
    for (at, byte) in view.text.bytes().chain([b' ']).enumerate() {
        if byte.is_ascii_alphanumeric() {
            letters.push((at, byte));
            marked.push((at, byte));
        } else if !byte.is_ascii_whitespace() && sextet(byte).is_some() {
            marks = true;
            marked.push((at, byte));
        } else {
            // A value may have marks between its letters, or marks that are letters of base64: both are tried.
            let marked = std::mem::take(&mut marked);
            if std::mem::take(&mut marks) && marked.len() >= LEAST {
                runs.marked.push(marked);
            }
            if byte.is_ascii_whitespace() {
                runs.sort(std::mem::take(&mut letters));
            }
        }
    }
    HEX.undo(view, &runs.hex, each);
    BASE64.undo(view, &runs.sixty_four, each);
    BASE64.undo(view, &runs.marked, each);
    BASE32.undo(view, &runs.thirty_two, each);
    listed(view, each);
}

/// What may be written in which alphabet.
#[derive(Default)]
struct Runs {
    hex: Vec<Run>,
    thirty_two: Vec<Run>,
    sixty_four: Vec<Run>,
    marked: Vec<Run>,
}

impl Runs {
    /// Puts the letters and digits of a text without spaces where they may belong.
    fn sort(&mut self, run: Run) {
        if run.len() < LEAST {
            return;
        }
        let (mut digits, mut lower, mut upper) = (0, 0, 0);
        for (_, byte) in &run {
            digits += usize::from(byte.is_ascii_digit());
            lower += usize::from(byte.is_ascii_lowercase());
            upper += usize::from(byte.is_ascii_uppercase());
        }
        if digits > 1 {
            let parts = run.split(|(_, b)| !b.is_ascii_hexdigit()).filter(|part| part.len() >= LEAST);
            self.hex.extend(parts.map(<[_]>::to_vec));
        }
        if (digits > 0 || run.len() >= 16) && lower.min(upper) * 8 < run.len() {
            let parts = run.split(|(_, b)| quintet(*b).is_none()).filter(|part| part.len() > LEAST);
            self.thirty_two.extend(parts.map(<[_]>::to_vec));
        }
        // A word in small letters is no base64, but for one in a million.
        if digits + upper > 0 || run.len() >= 24 {
            self.sixty_four.push(run);
        }
    }
}

impl Alphabet {
    /// Tells, for each digit that bytes may begin with, what reads like text then.
    fn undo(&self, view: &View, runs: &[Run], each: &mut dyn FnMut(View)) {
        for start in 0..if runs.is_empty() { 0 } else { self.starts } {
            let mut all = Writer::default();
            for run in runs {
                let mut writer = self.read(run.get(start..).unwrap_or_default());
                if writer.only_text() {
                    all.part(writer);
                }
            }
            if !all.bytes.is_empty() {
                each(all.view(view, self.form));
            }
        }
    }

    fn read(&self, run: &[(usize, u8)]) -> Writer {
        let (mut writer, mut bits, mut held, mut first) = (Writer::default(), 0_u32, 0, None);
        for (at, byte) in run {
            let Some(value) = (self.digit)(*byte) else { break };
            first.get_or_insert(*at);
            bits = bits << self.width | value;
            held += self.width;
            if held >= 8 {
                held -= 8;
                let from = if held == 0 { first.take() } else { first.replace(*at) };
                writer.push(u8::try_from(bits >> held & 0xff).unwrap_or_default(), from.unwrap_or(*at)..at + 1);
                bits &= (1 << held) - 1;
            }
        }
        writer
    }
}

fn hex_digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

fn sextet(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn quintet(byte: u8) -> Option<u32> {
    Some(match byte.to_ascii_uppercase() {
        upper @ b'A'..=b'Z' => u32::from(upper - b'A'),
        b'2'..=b'7' => u32::from(byte - b'2') + 26,
        _ => return None,
    })
}

/// Characters one by one as numbers, with marks between them: `41 6e`, `\x41\x6e`, `65,110`, `&#65;`, `u0041`.
fn listed(view: &View, each: &mut dyn FnMut(View)) {
    for (form, read) in [(Form::Hex, hex_code as fn(&str) -> Option<char>), (Form::Codes, decimal_code)] {
        let (mut all, mut writer, mut at) = (Writer::default(), Writer::default(), 0);
        for token in view.text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let bare = token.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            match read(bare) {
                Some(c) => writer.push_char(c, at..at + bare.len()),
                None if bare.is_empty() => {}
                None => all.part_of(&mut writer),
            }
            at += token.len();
        }
        all.part_of(&mut writer);
        if !all.bytes.is_empty() {
            each(all.view(view, form));
        }
    }
}

fn hex_code(token: &str) -> Option<char> {
    let digits = match token.as_bytes() {
        [_, _] => token,
        [b'x' | b'X', _, _] => token.get(1..)?,
        [b'0', b'x' | b'X', _, _] => token.get(2..)?,
        [b'u' | b'U', _, _, _, _] => token.get(1..)?,
        _ => return None,
    };
    char::from_u32(u32::from_str_radix(digits, 16).ok()?).filter(|c| *c >= ' ')
}

fn decimal_code(token: &str) -> Option<char> {
    let good = (2..=4).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_digit());
    good.then(|| token.parse().ok().and_then(char::from_u32)).flatten().filter(|c| *c >= ' ')
}
