use serde::Serializer;
use std::time::Duration;

const TIMES: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("KB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
];

/// A duration from `30s`, `1500ms`, `5m`, `2h`, `7d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    quantity(text, &TIMES).map(Duration::from_millis)
}

/// Bytes from `512B`, `64KiB`, `4MiB`, `1GiB`, and decimal `KB`, `MB`, `GB`.
pub(crate) fn size(text: &str) -> Option<u64> {
    quantity(text, &SIZES)
}

/// `30s`, `1500ms`: the largest unit that divides it.
pub(crate) fn show_duration(d: Duration) -> String {
    let ms = u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
    let fits = |unit: u64| ms != 0 && ms.is_multiple_of(unit);
    let (name, unit) = TIMES.iter().rev().find(|(_, unit)| fits(*unit)).unwrap_or(&("s", 1_000));
    format!("{}{name}", ms / unit)
}

/// `4MiB`: the largest binary unit that divides it.
pub(crate) fn show_size(bytes: u64) -> String {
    let fits = |unit: u64| bytes != 0 && bytes.is_multiple_of(unit);
    let (name, unit) = SIZES.iter().rev().find(|(n, unit)| n.contains('i') && fits(*unit)).unwrap_or(&("B", 1));
    format!("{}{name}", bytes / unit)
}

pub(crate) fn write_duration<S: Serializer>(d: &Duration, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&show_duration(*d))
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
pub(crate) fn write_optional_duration<S: Serializer>(d: &Option<Duration>, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_some(&d.map(show_duration))
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shown_and_read_again(n in 0u64..1 << 40) {
            prop_assert_eq!(size(&show_size(n)), Some(n));
            let d = Duration::from_millis(n);
            prop_assert_eq!(duration(&show_duration(d)), Some(d));
        }
    }

    #[test]
    fn bad_quantities() {
        for bad in ["", "30", "s", "30 parsecs", "-1s", "1.5h", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
        assert_eq!(size("4 MiB"), Some(4 << 20));
        assert_eq!(size("4mib"), None);
    }
}
