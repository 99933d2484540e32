use crate::Failure;
use doorward_vocab::Timestamp;

/// A moment as providers write it (RFC 3339).
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(moment.as_microsecond()).ok().map(Timestamp::from_micros)
}

/// The end of a credential that was given at `now`.
///
/// # Errors
/// [`Failure::Unusable`] for one that is over already, or has no end that can be read.
pub(crate) fn end(end: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Failure> {
    let end = end.ok_or_else(|| Failure::Unusable("it does not say when it ends".into()))?;
    if end > now { Ok(end) } else { Err(Failure::Unusable("it is over already".into())) }
}

/// `20150830T123600Z`, as AWS writes moments.
pub(crate) fn compact(now: Timestamp) -> String {
    let moment = jiff::Timestamp::from_second(i64::try_from(now.secs()).unwrap_or_default()).unwrap_or_default();
    moment.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let at = Timestamp::from_micros(1_440_938_160_000_000);
        assert_eq!(compact(at), "20150830T123600Z");
        assert_eq!(read("2015-08-30T12:36:00Z"), Some(at));
        assert_eq!(read("2015-08-30T14:36:00.000+02:00"), Some(at));
        for wrong in ["", "tomorrow", "2015-08-30", "1440938160", "1915-08-30T12:36:00Z"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(end(Some(at), Timestamp::from_micros(1)), Ok(at));
        assert!(end(Some(at), at).is_err() && end(None, at).is_err());
    }
}
