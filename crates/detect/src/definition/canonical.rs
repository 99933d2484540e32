use doorward_mcp::json::{Document, JsonError, Kind, Limits, Strictness, Value, quote_into};
use doorward_vocab::Digest;
use std::fmt::Write as _;

/// Why a definition has no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// Not one JSON text, or one that parsers read differently.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Not an object.
    #[error("a definition is a JSON object")]
    NotAnObject,
    /// A number that no 64-bit float comes near.
    #[error("the number `{0}` is out of range")]
    Number(String),
}

/// The digest of a definition: of its [`canonical`] text, so that the order of members and spaces do not count.
///
/// # Errors
/// [`CanonicalError`] when the bytes are not one unambiguous JSON object.
pub fn digest(definition: &[u8]) -> Result<Digest, CanonicalError> {
    canonical(definition).map(|text| Digest::of(text.as_bytes()))
}

/// The canonical text of a definition: RFC 8785, except that an integer beyond 2^53 keeps its digits. Where RFC 8785
/// rounds, two different definitions would have one digest.
///
/// # Errors
/// [`CanonicalError`] when the bytes are not one unambiguous JSON object.
pub fn canonical(definition: &[u8]) -> Result<String, CanonicalError> {
    let limits = Limits { depth: 64, nodes: 100_000 };
    let document = Document::parse(definition.to_vec().into(), &limits, Strictness::Result)?;
    if !document.root().is_object() {
        return Err(CanonicalError::NotAnObject);
    }
    let mut out = String::with_capacity(definition.len());
    write_value(document.root(), &mut out)?;
    Ok(out)
}

/// Recursion is bounded by the depth limit of the parser.
fn write_value(value: Value<'_>, out: &mut String) -> Result<(), CanonicalError> {
    match value.kind() {
        Kind::Object => {
            let mut members: Vec<_> = value.members().collect();
            // RFC 8785 §3.2.3: by UTF-16 code units.
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (at, (key, member)) in members.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                quote_into(&key, out);
                out.push(':');
                write_value(member, out)?;
            }
            out.push('}');
        }
        Kind::Array => {
            out.push('[');
            for (at, item) in value.items().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(item, out)?;
            }
            out.push(']');
        }
        Kind::String => quote_into(&value.as_str().unwrap_or_default(), out),
        Kind::Number => write_number(value.raw(), out)?,
        Kind::Null | Kind::False | Kind::True | Kind::Key => out.push_str(value.raw()),
    }
    Ok(())
}

/// The shortest text of the same number, laid out as ECMAScript does (RFC 8785 §3.2.2.3).
fn write_number(raw: &str, out: &mut String) -> Result<(), CanonicalError> {
    let number: f64 =
        raw.parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(|| CanonicalError::Number(raw.to_owned()))?;
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    let whole = digits.bytes().all(|b| b.is_ascii_digit());
    if number == 0.0 {
        out.push('0');
        return Ok(());
    }
    if whole && number.abs() >= 9_007_199_254_740_992.0 {
        out.push_str(raw);
        return Ok(());
    }
    // `{:e}` gives the shortest digits that read back as the same number: `d.ddde±x`.
    let text = format!("{:e}", number.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // The decimal point stands after `point` digits.
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    if number < 0.0 {
        out.push('-');
    }
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let split = digits.split_at_checked(usize::try_from(point).unwrap_or(0));
    match (point, split) {
        (p, _) if (count..=21).contains(&p) => {
            out.push_str(&digits);
            out.push_str(&zeros(p - count));
        }
        (p, Some((head, tail))) if (1..=21).contains(&p) => {
            let _ = write!(out, "{head}.{tail}");
        }
        (p, _) if (-5..=0).contains(&p) => {
            let _ = write!(out, "0.{}{digits}", zeros(-p));
        }
        (p, _) => {
            let (head, tail) = digits.split_at_checked(1).unwrap_or((&digits, ""));
            let sign = if p > 0 { "+" } else { "-" };
            let dot = if tail.is_empty() { "" } else { "." };
            let _ = write!(out, "{head}{dot}{tail}e{sign}{}", (p - 1).abs());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn order_spaces_and_escapes_do_not_count() {
        let a = r#"{ "name":"a\u0062c", "inputSchema":{"type":"object","x":[1,2.50,1e2]} }"#;
        let b = r#"{"inputSchema":{"x":[1.0,2.5,100],"type":"object"},"name":"abc"}"#;
        assert_eq!(
            canonical(a.as_bytes()).unwrap(),
            r#"{"inputSchema":{"type":"object","x":[1,2.5,100]},"name":"abc"}"#
        );
        assert_eq!(digest(a.as_bytes()), digest(b.as_bytes()));
        assert_ne!(digest(b.as_bytes()), digest(b.replace("abc", "abd").as_bytes()));
    }

    #[test]
    fn keys_sort_by_utf16() {
        // U+FB33 sorts after U+1F600 in UTF-16 and before it in UTF-8.
        assert_eq!(
            canonical("{\"\u{fb33}\":1,\"\u{1f600}\":2,\"a\":3}".as_bytes()).unwrap(),
            "{\"a\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}"
        );
    }

    #[test]
    fn numbers() {
        for (raw, text) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1.0", "1"),
            ("-1.50", "-1.5"),
            ("1e21", "1e+21"),
            ("1e20", "100000000000000000000"),
            ("123e-8", "0.00000123"),
            ("1e-7", "1e-7"),
            ("1.5e-9", "1.5e-9"),
            ("4.50", "4.5"),
            ("2e-3", "0.002"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("333333333.33333329", "333333333.3333333"),
            ("9007199254740993", "9007199254740993"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("0.000001", "0.000001"),
            ("1E30", "1e+30"),
        ] {
            let mut out = String::new();
            write_number(raw, &mut out).unwrap();
            assert_eq!(out, text, "{raw}");
        }
        assert!(canonical(br#"{"a":1e999}"#).is_err());
    }

    #[test]
    fn what_has_no_digest() {
        for bad in ["", "[]", "1", r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#, "{", r#"{"a":"\ud800"}"#] {
            assert!(digest(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn canonical_is_a_fixed_point(n in any::<f64>().prop_filter("finite", |n| n.is_finite()), i in any::<i64>(), s in any::<String>(), k in any::<String>()) {
            let key = serde_json::to_string(&format!("{k}_")).unwrap();
            let text = format!("{{{key}:[{n:e},{i},{}]}}", serde_json::to_string(&s).unwrap());
            let once = canonical(text.as_bytes()).unwrap();
            prop_assert_eq!(canonical(once.as_bytes()).unwrap(), once.clone());
            // Read back digit by digit: serde_json reads some floats one unit off.
            type Items = (Box<serde_json::value::RawValue>, i64, String);
            let back: std::collections::HashMap<String, Items> = serde_json::from_str(&once).unwrap();
            let (number, integer, string) = &back[&format!("{k}_")];
            prop_assert_eq!(number.get().parse::<f64>().unwrap(), if n == 0.0 { 0.0 } else { n });
            prop_assert_eq!((*integer, string), (i, &s));
        }
    }
}
