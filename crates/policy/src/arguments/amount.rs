//! Amounts of money in hundredths of their unit. Where a notation is open to two readings the larger one counts,
//! so that a limit holds. The sign is dropped: a refund of a million is a large amount too.

/// Signs and codes that make a number money whatever the argument is called.
const SIGNS: &[char] = &['$', '€', '£', '¥', '₹', '₩', '₽', '₪', '₺', '฿', '₿', '₫', '₦'];
#[rustfmt::skip]
const CODES: [u32; 34] = [
    packed("USD"), packed("EUR"), packed("GBP"), packed("JPY"), packed("CNY"), packed("RMB"), packed("INR"),
    packed("KRW"), packed("RUB"), packed("TRY"), packed("BRL"), packed("MXN"), packed("CAD"), packed("AUD"),
    packed("NZD"), packed("CHF"), packed("SEK"), packed("NOK"), packed("DKK"), packed("PLN"), packed("CZK"),
    packed("HUF"), packed("ILS"), packed("ZAR"), packed("SGD"), packed("HKD"), packed("THB"), packed("IDR"),
    packed("AED"), packed("SAR"), packed("BTC"), packed("ETH"), packed("USDC"), packed("USDT"),
];

/// A number as JSON writes it, in units.
pub(super) fn of_number(text: &str) -> Option<i64> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { -400 } else { 400 });
    scale(whole.trim_start_matches(['-', '+']), fraction, exponent.clamp(-400, 400))
}

/// A text that holds nothing but an amount: `$1,234.56`, `1.234,56 EUR`, `5k`.
/// Without a sign or code of a currency it counts only if the argument's name says so.
pub(super) fn of_text(text: &str, named: bool) -> Option<i64> {
    if text.len() > 64 {
        return None;
    }
    let first = text.find(|c: char| c.is_ascii_digit())?;
    let signed = text.contains('$') || !text.is_ascii() && text.contains(SIGNS);
    let marked = signed || text.split(|c: char| !c.is_ascii_alphabetic()).any(is_code);
    if !marked && !named {
        return None;
    }
    let number = text.get(first..)?;
    let end =
        number.find(|c: char| !(c.is_ascii_digit() || ".,'’ _\u{a0}\u{202f}".contains(c))).unwrap_or(number.len());
    let (number, rest) = number.split_at_checked(end)?;
    if named && (rest.starts_with(['e', 'E'])) {
        return of_number(text.trim());
    }
    let power = match rest.trim_start().to_ascii_lowercase().as_str() {
        r if r.starts_with("bn") || r.starts_with("billion") => 9,
        r if r.starts_with("mio") || r.starts_with("million") || r == "m" || r.starts_with("m ") => 6,
        r if r.starts_with("k ") || r == "k" || r.starts_with("thousand") => 3,
        _ => 0,
    };
    let number: String = number.trim_end_matches(|c: char| !c.is_ascii_digit()).chars().collect();
    let (whole, fraction) = point(&number);
    let digits = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
    scale(&digits(whole), &digits(fraction), power)
}

fn is_code(word: &str) -> bool {
    matches!(word.len(), 3 | 4) && CODES.contains(&packed(word))
}

/// The letters of a short word as one number, large or small, so that it is compared with all codes at once.
const fn packed(word: &str) -> u32 {
    let (mut rest, mut all) = (word.as_bytes(), 0);
    while let [letter, after @ ..] = rest {
        all = all << 8 | letter.to_ascii_uppercase() as u32;
        rest = after;
    }
    all
}

/// Splits at the decimal point. The last of two different marks is the point; a single mark before three digits, or
/// one that comes twice, groups thousands.
fn point(number: &str) -> (&str, &str) {
    let Some(at) = number.rfind(['.', ',']) else { return (number, "") };
    let (whole, rest) = (number.get(..at).unwrap_or_default(), number.get(at..).unwrap_or_default());
    let mark = if rest.starts_with('.') { '.' } else { ',' };
    let fraction = rest.get(1..).unwrap_or_default();
    let groups = whole.contains(mark) || (fraction.len() == 3 && !whole.contains(['.', ',']));
    if groups { (number, "") } else { (whole, fraction) }
}

/// `whole.fraction × 10^power` in hundredths, rounded up; what is too large is as large as can be.
fn scale(whole: &str, fraction: &str, power: i64) -> Option<i64> {
    let digits = || whole.bytes().chain(fraction.bytes());
    if !digits().all(|b| b.is_ascii_digit()) || digits().next().is_none() {
        return None;
    }
    let kept = i64::try_from(whole.len()).ok()?.saturating_add(power).saturating_add(2);
    let mut value: i64 = 0;
    let mut rest = false;
    let padded = digits().map(Some).chain(std::iter::repeat(None));
    for (n, digit) in (0..).zip(padded) {
        let digit = digit.map(|b| i64::from(b - b'0'));
        if n < kept {
            match digit {
                None if value == 0 => break,
                _ => value = value.saturating_mul(10).saturating_add(digit.unwrap_or(0)),
            }
        } else {
            match digit {
                None => break,
                Some(d) => rest |= d != 0,
            }
        }
    }
    Some(value.saturating_add(i64::from(rest)))
}

#[cfg(test)]
mod tests {
    use super::{of_number, of_text};
    use proptest::prelude::*;

    #[test]
    fn numbers() {
        for (text, cents) in [
            ("12", 1200),
            ("12.5", 1250),
            ("12.345", 1235),
            ("-7", 700),
            ("1e3", 100_000),
            ("1.5E2", 15_000),
            ("25e-1", 250),
            ("0", 0),
            ("1e-9", 1),
            ("1e400", i64::MAX),
            ("99999999999999999999", i64::MAX),
            ("0e999999", 0),
        ] {
            assert_eq!(of_number(text), Some(cents), "{text}");
        }
    }

    #[test]
    fn texts() {
        for (text, cents) in [
            ("$1,234.56", 123_456),
            ("1.234,56 €", 123_456),
            ("EUR 12", 1200),
            ("12 usd", 1200),
            ("CHF 1'000.50", 100_050),
            ("£5k", 500_000),
            ("$2 million", 200_000_000),
            ("$1,234", 123_400),
            ("1.234 EUR", 123_400),
            ("$0.5", 50),
            ("1.234.567 EUR", 123_456_700),
            ("-$3", 300),
        ] {
            assert_eq!(of_text(text, false), Some(cents), "{text}");
        }
        for no in ["12", "ISO 9001", "$", "five EUR"] {
            assert_eq!(of_text(no, false), None, "{no}");
        }
        assert_eq!(of_text("12.50", true), Some(1250));
        assert_eq!(of_text("1e6", true), Some(100_000_000));
    }

    proptest! {
        #[test]
        fn cents_come_back(cents in 0..1_000_000_000_000_i64) {
            let plain = format!("{}.{:02}", cents / 100, cents % 100);
            prop_assert_eq!(of_number(&plain), Some(cents));
            prop_assert_eq!(of_text(&format!("${plain}"), false), Some(cents));
        }
        #[test]
        fn any_text_is_read_or_not(text in "\\PC{0,70}", named: bool) {
            let _ = (of_number(&text), of_text(&text, named));
        }
    }
}
