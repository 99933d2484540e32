//! What a text is about: cheap signs of personal data, secrets, money and source code. They raise a label; that none is seen
//! proves nothing. Work is linear in the text.

mod secrets;

pub use secrets::in_text as secrets;

use doorward_vocab::{Class, Classes};

/// As much of a text is looked at, in bytes.
const LOOKED_AT: usize = 64 * 1024;

/// The classes of which a text has signs.
pub fn of(text: &str) -> Classes {
    let text = text.get(..text.floor_char_boundary(LOOKED_AT)).unwrap_or_default();
    let mut classes = Classes::NONE;
    for (class, seen) in [
        (Class::Personal, personal as fn(&str) -> bool),
        (Class::Secret, |text| secrets::in_text(text).next().is_some()),
        (Class::Financial, financial),
        (Class::Code, code),
    ] {
        if seen(text) {
            classes = classes.with(class);
        }
    }
    classes
}

/// Runs without spaces and quotes.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '<' | '>' | '(' | ')' | '|' | '='))
        .map(|w| w.trim_matches(['.', ':', '!', '?']))
        .filter(|w| !w.is_empty())
}

/// Addresses of mail, and telephone numbers with their country.
fn personal(text: &str) -> bool {
    let mail = |w: &str| {
        w.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !name.contains('/'))
    };
    let phone = |at: usize| {
        let rest = text.get(at + 1..).unwrap_or_default();
        let digits =
            rest.bytes().take(20).take_while(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-' | b'/' | b'(' | b')'));
        (9..=15).contains(&digits.filter(u8::is_ascii_digit).count())
    };
    text.contains('@') && words(text).any(mail) || text.match_indices('+').any(|(at, _)| phone(at))
}

/// International account numbers and card numbers whose check digits are right (ISO 13616, ISO/IEC 7812).
fn financial(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut before = b' ';
    for (at, byte) in bytes.iter().enumerate() {
        // An international number has two digits behind its country.
        let country =
            || matches!(bytes.get(at + 1..at + 4), Some([a, b'0'..=b'9', b'0'..=b'9']) if a.is_ascii_alphabetic());
        let begins =
            !before.is_ascii_alphanumeric() && (byte.is_ascii_digit() || byte.is_ascii_alphabetic() && country());
        if begins && account(bytes.get(at..).unwrap_or_default()) {
            return true;
        }
        before = *byte;
    }
    false
}

/// Whether a text begins with the number of an account or card, perhaps in groups.
fn account(text: &[u8]) -> bool {
    let mut run: Vec<u8> = Vec::new();
    for (at, byte) in text.iter().take(42).enumerate() {
        match byte {
            b' ' | b'-' => continue,
            b if b.is_ascii_alphanumeric() => run.push(b.to_ascii_uppercase()),
            _ => return false,
        }
        let begins = |run: &[u8]| {
            matches!(run, [b'A'..=b'Z', b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9']) || run.iter().all(u8::is_ascii_digit)
        };
        if run.len() == 4 && !begins(&run) {
            return false;
        }
        // Words behind the number stand behind a space.
        let ends = text.get(at + 1).is_none_or(|b| !b.is_ascii_alphanumeric());
        if ends && run.len() >= 15 && (iban(&run) || card(&run)) {
            return true;
        }
    }
    false
}

fn iban(text: &[u8]) -> bool {
    let Some((head, rest)) = text.split_at_checked(4) else { return false };
    let good = matches!(head, [b'A'..=b'Z', b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9']);
    let digit = |b: u8| if b.is_ascii_digit() { u32::from(b - b'0') } else { u32::from(b - b'A') + 10 };
    let sum = rest.iter().chain(head).fold(0, |sum, b| {
        let value = digit(*b);
        if value > 9 { (sum * 100 + value) % 97 } else { (sum * 10 + value) % 97 }
    });
    good && sum == 1
}

fn card(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, b)| {
            let value = u32::from(b.wrapping_sub(b'0')) * if at % 2 == 1 { 2 } else { 1 };
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    let known = matches!((digits.first(), digits.len()), (Some(b'3'), 15) | (Some(b'4'..=b'6'), 16));
    known && digits.iter().all(u8::is_ascii_digit) && sum.is_multiple_of(10)
}

/// Lines that end or begin as those of programs do.
fn code(text: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "fn ", "pub ", "def ", "class ", "import ", "from ", "#include", "func ", "const ", "let ", "var ", "return ",
        "package ", "use ", "if (", "for (",
    ];
    let is_code = |line: &str| {
        let line = line.trim();
        line.ends_with([';', '{', '}'])
            || (BEGINNINGS.iter().any(|b| line.starts_with(b)) && line.ends_with([':', ')', '"', '\'']))
    };
    let (mut lines, mut like) = (0, 0);
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        lines += 1;
        like += usize::from(is_code(line));
    }
    like >= 3 && like * 3 >= lines
}

#[cfg(test)]
mod tests {
    use super::of;
    use doorward_vocab::{Class, Classes};

    #[test]
    fn signs_are_seen_and_plain_texts_have_none() {
        let just = |class| Classes::NONE.with(class);
        for (text, expected) in [
            ("Write to ann.miller@example.org.", just(Class::Personal)),
            ("Call +49 30 901820 5544 today", just(Class::Personal)),
            ("the key is ghp_0123456789abcdefABCD", just(Class::Secret)),
            ("password: hunter2hunter2", just(Class::Secret)),
            ("IBAN DE89 3704 0044 0532 0130 00, thanks", just(Class::Financial)),
            ("card 4111 1111 1111 1111 expires", just(Class::Financial)),
            ("fn main() {\n    let x = 1;\n    run(x);\n}\n", just(Class::Code)),
            ("The password is changed every month; 10 + 10 = 20.", Classes::NONE),
            ("Order 4111 1111 1111 1112 on 2026-03-14, DE89 3704 0044 0532 0130 01", Classes::NONE),
            ("The harbour office moved in spring.\nNobody complained.\n", Classes::NONE),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
