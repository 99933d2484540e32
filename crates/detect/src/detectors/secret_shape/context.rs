//! Secrets that are known by what stands around them.

use super::makers::Set;
use super::{Hit, Sighting, entropy, placeholder, run, sighting};
use crate::text::{spend, window};
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward_vocab::Severity;

/// What stands before a value (without `_`, `-` and case), its characters, how many there are, and what it is.
type Named = (&'static [&'static str], Set, (usize, usize), &'static str);
/// Values whose form says nothing without their name.
const NAMED: &[Named] = &[
    (&["secretaccesskey", "awssecret", "awssecretkey"], Set::Base64, (40, 40), "an AWS secret key"),
    (&["awssessiontoken", "sessiontoken"], Set::Base64, (100, 2048), "an AWS session token"),
    (&["twilio"], Set::Hex, (32, 32), "a Twilio token"),
    (&["cloudflare", "cfapi"], Set::Word, (37, 40), "a Cloudflare token"),
    (&["heroku"], Set::Word, (36, 36), "a Heroku key"),
    (&["mailgun"], Set::Word, (32, 50), "a Mailgun key"),
    (&["discord"], Set::Dotted, (57, 80), "a Discord token"),
    (&["snowflake"], Set::Dotted, (20, 2048), "a Snowflake token"),
    (&["paypal"], Set::Word, (60, 90), "a PayPal secret"),
    (&["docker"], Set::Word, (32, 64), "a Docker token"),
];

/// Whose secret `value` is by the name that it has.
pub(super) fn maker(text: &str, hit: &Hit, value: &str) -> Option<&'static str> {
    let (_, before) = window(text, hit.start..hit.end, 24, 0);
    let name: String = before.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let random = value.bytes().any(|b| b.is_ascii_digit()) && entropy(value) >= 3.0;
    NAMED.iter().find_map(|(names, set, (least, most), maker)| {
        let fits = (*least..=*most).contains(&value.len()) && value.bytes().all(|b| set.holds(b));
        (random && fits && names.iter().any(|n| name.contains(n))).then_some(*maker)
    })
}

/// A client secret of Azure: three characters, a digit, `Q~`, and some more.
pub(super) fn azure(text: &str, hit: &Hit) -> Option<Sighting> {
    let set = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'~' | b'.' | b'-');
    let start = hit.start.checked_sub(4)?;
    let [first @ .., digit] = text.as_bytes().get(start..hit.start)? else { return None };
    let after = text.as_bytes().get(hit.end..)?.iter().take(40).take_while(|b| set(b)).count();
    spend(after + 4);
    let bare = !start.checked_sub(1).and_then(|at| text.as_bytes().get(at)).is_some_and(set);
    (bare && first.iter().all(set) && digit.is_ascii_digit() && (31..=34).contains(&after))
        .then(|| sighting(Severity::High, 0.97, start..hit.end + after, "an Azure client secret"))
}

/// A token of a Telegram bot: its number, a colon, and 35 characters that begin with `AA`.
pub(super) fn telegram(text: &str, hit: &Hit) -> Option<Sighting> {
    let digits = text.as_bytes().get(..hit.start)?.iter().rev().take(11).take_while(|b| b.is_ascii_digit()).count();
    let after = run(text, hit.end, 34, Set::Word);
    let fits = (8..=10).contains(&digits) && after == 33 && !placeholder(text.get(hit.end..hit.end + after)?);
    fits.then(|| sighting(Severity::High, 0.95, hit.start - digits..hit.end + after, "a Telegram token"))
}

/// An older key of OpenAI: twenty characters on both sides of a fixed part.
pub(super) fn openai(text: &str, hit: &Hit) -> Option<Sighting> {
    let start = hit.start.checked_sub(23)?;
    let before = text.get(start..hit.start)?.strip_prefix("sk-")?;
    let after = run(text, hit.end, 21, Set::Alnum);
    (before.bytes().all(|b| b.is_ascii_alphanumeric()) && after == 20)
        .then(|| sighting(Severity::High, 0.97, start..hit.end + after, "an OpenAI key"))
}

/// A password in an address (RFC 3986 §3.2.1): of a database, a queue, a repository.
pub(super) fn address(text: &str, hit: &Hit) -> Option<Sighting> {
    const MOST: usize = 256;
    let rest = text.as_bytes().get(hit.end..)?.iter().take(MOST);
    let length = rest.take_while(|b| b.is_ascii_graphic() && !b"/?#\"'<>`".contains(b)).count();
    spend(length);
    let authority = text.get(hit.end..hit.end + length)?;
    let (userinfo, host) = authority.rsplit_once('@')?;
    let (user, password) = userinfo.split_once(':')?;
    let start = hit.end + user.len() + 1;
    (password.len() >= 6 && !host.is_empty() && !stands_for(password))
        .then(|| sighting(Severity::High, 0.85, start..start + password.len(), "a password in an address"))
}

/// User name and password of a request (RFC 7617).
pub(super) fn basic(text: &str, hit: &Hit) -> Option<Sighting> {
    let length = run(text, hit.end, 257, Set::Base64);
    let value = text.get(hit.end..hit.end + length).filter(|v| (12..=256).contains(&v.len()))?;
    let decoded = STANDARD.decode(value).ok().and_then(|d| String::from_utf8(d).ok())?;
    let (user, password) = decoded.split_once(':')?;
    let plain = decoded.chars().all(|c| !c.is_control());
    (plain && !user.is_empty() && password.len() >= 4 && !stands_for(password))
        .then(|| sighting(Severity::High, 0.9, hit.end..hit.end + length, "a user name and a password"))
}

/// The key of a storage account, of a queue or of a hub in Azure: so many bytes in base64.
pub(super) fn account_key(text: &str, hit: &Hit) -> Option<Sighting> {
    let length = run(text, hit.end, 90, Set::Base64);
    let value = text.get(hit.end..hit.end + length)?;
    (matches!(length, 44 | 88) && value.ends_with('=') && !placeholder(value))
        .then(|| sighting(Severity::High, 0.97, hit.end..hit.end + length, "an Azure account key"))
}

/// A password of a connection string, which says with what it connects before.
pub(super) fn connection(text: &str, hit: &Hit) -> Option<Sighting> {
    let (_, before) = window(text, hit.start..hit.start, 200, 0);
    let before = before.rsplit('\n').next()?.to_ascii_lowercase();
    let connects = ["server=", "data source=", "host=", "uid=", "user id=", "username=", "dsn="];
    let (_, after) = window(text, hit.end..hit.end, 0, 130);
    let value = after.split([';', '\n', '"', '\'', ' ']).next()?;
    let length = value.len();
    (before.contains(';')
        && connects.iter().any(|c| before.contains(c))
        && (6..=128).contains(&length)
        && !stands_for(value))
    .then(|| sighting(Severity::High, 0.85, hit.end..hit.end + length, "a password in a connection string"))
}

/// The signature of an address that opens something without anything else.
pub(super) fn signed(text: &str, hit: &Hit) -> Option<Sighting> {
    let (least, most, others): (_, _, &[&str]) = match text.get(hit.start..hit.start + 5)? {
        amazon if amazon.eq_ignore_ascii_case("x-amz") => (64, 64, &["X-Amz-Credential="]),
        google if google.eq_ignore_ascii_case("x-goo") => (256, 1024, &["X-Goog-Credential="]),
        _ => (43, 60, &["sv=20", "se=20"]),
    };
    let set = |b: &u8| b.is_ascii_alphanumeric() || b"%+/_-".contains(b);
    let length = text.as_bytes().get(hit.end..)?.iter().take(most + 1).take_while(|b| set(b)).count();
    spend(length);
    if !(least..=most).contains(&length) || placeholder(text.get(hit.end..hit.end + length)?) {
        return None;
    }
    let (_, around) = window(text, hit.start..hit.end + length, 1024, 512);
    let signed = others.iter().all(|parameter| around.contains(parameter));
    signed.then(|| sighting(Severity::Medium, 0.8, hit.end..hit.end + length, "the signature of an address"))
}

/// What documentation and programs put in the place of a password.
fn stands_for(password: &str) -> bool {
    let lower = password.to_ascii_lowercase();
    let variable = |p: &str| p.starts_with(['$', '{', '<', '%', '[', '*', '(']) || p.ends_with(['}', '>', ']']);
    placeholder(password)
        || variable(password)
        || ["password", "passwd", "secret", "pass", "token", "user", "admin", "root", "foobar", "test"]
            .iter()
            .any(|word| lower.trim_matches(|c: char| !c.is_ascii_alphabetic()) == *word)
}
