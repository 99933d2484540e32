use crate::{
    Detector, Findings, Hit, Reads, Sighting, View,
    scanner::CONTENT,
    text::{spend, window},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_vocab::{Channel, FindingKind, Severity};

/// # What it does
/// Finds text of the shape of a secret: keys and tokens of known makers, private keys, signed tokens and addresses,
/// passwords in addresses and connection strings, and values of high entropy that are called a password, secret or key. Placeholders of documentation are passed over.
///
/// # Why that is bad
/// A secret that reaches a model reaches its logs, its provider and whatever it calls next.
///
/// # Example
/// `ghp_` and 36 letters and digits; `client_secret = "…"`
pub(crate) struct SecretShape;

mod context;
mod makers;

use makers::{SHAPES, Set, Shape};

const PEM: &str = "-----BEGIN ";
const JWT: &str = "eyJ";
/// Addresses to which everybody may post who knows them.
const HOOKS: &[(&str, &str)] = &[
    ("hooks.slack.com/services/T", "a Slack webhook address"),
    ("discord.com/api/webhooks/", "a Discord webhook address"),
    ("discordapp.com/api/webhooks/", "a Discord webhook address"),
];
/// What people call a secret, before an equals sign or colon.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "password", "passwd", "passphrase", "secret", "api_key", "apikey", "api-key", "access_key", "accesskey",
    "access_token", "auth_token", "authtoken", "api_token", "bot_token", "session_token", "sessiontoken",
    "client_secret", "secret_key", "private_token", "account_key", "bearer", "authorization",
];

type Look = fn(&str, &Hit) -> Option<Sighting>;

/// What each literal leads to.
enum Rule {
    Shape(&'static Shape),
    /// Something else, with the case as it is.
    Exact(Look),
    /// Something else, in any case.
    Any(Look),
    Hook(&'static str),
}

static RULES: std::sync::LazyLock<Vec<(&'static str, Rule)>> = std::sync::LazyLock::new(|| {
    let exact = [
        (PEM, pem as Look),
        (JWT, jwt),
        ("Q~", context::azure),
        (":AA", context::telegram),
        ("T3BlbkFJ", context::openai),
    ];
    let any = [
        ("://", context::address as Look),
        ("basic ", context::basic),
        ("accountkey=", context::account_key),
        ("sharedaccesskey=", context::account_key),
        ("password=", context::connection),
        ("pwd=", context::connection),
        ("x-amz-signature=", context::signed),
        ("x-goog-signature=", context::signed),
        ("sig=", context::signed),
    ];
    let shapes = SHAPES.iter().map(|shape| (shape.prefix, Rule::Shape(shape)));
    let hooks = HOOKS.iter().map(|(host, name)| (*host, Rule::Hook(name)));
    let exact = exact.into_iter().map(|(text, look)| (text, Rule::Exact(look)));
    let any = any.into_iter().chain(KEYWORDS.iter().map(|word| (*word, assigned as Look)));
    shapes.chain(hooks).chain(exact).chain(any.map(|(text, look)| (text, Rule::Any(look)))).collect()
});
static LITERALS: std::sync::LazyLock<Vec<&'static str>> =
    std::sync::LazyLock::new(|| RULES.iter().map(|(text, _)| *text).collect());

impl Detector for SecretShape {
    fn name(&self) -> &'static str {
        "secret-shape"
    }
    fn doc(&self) -> &'static str {
        "Finds keys and tokens of known makers, private keys, signed tokens, and values of high entropy that are called a secret."
    }
    fn channels(&self) -> &'static [Channel] {
        CONTENT
    }
    fn literals(&self) -> &'static [&'static str] {
        &LITERALS
    }
    fn reads(&self) -> Reads {
        Reads::Itself
    }
    fn scan(&self, view: &View<'_>, out: &mut Findings) {
        let text = view.text.text;
        // Where one secret ended the next may begin; nothing inside a secret is looked at again.
        let mut done = 0;
        for hit in view.hits.iter() {
            if hit.start < done {
                continue;
            }
            let Some((literal, rule)) = RULES.get(hit.literal) else { continue };
            // The pass over the literals ignores case; the makers do not.
            let exact = text.get(hit.start..hit.end) == Some(literal);
            let found = match rule {
                Rule::Shape(shape) if exact => of_shape(text, hit, shape),
                Rule::Exact(look) if exact => look(text, hit),
                Rule::Any(look) => look(text, hit),
                Rule::Hook(name) => hook(text, hit, name),
                Rule::Shape(_) | Rule::Exact(_) => None,
            };
            if let Some(found) = found {
                done = found.span.end;
                out.add(found);
            }
        }
    }
}

fn sighting(severity: Severity, confidence: f32, span: std::ops::Range<usize>, note: &'static str) -> Sighting {
    Sighting { kind: FindingKind::SecretShape, severity, confidence, span, note: note.into() }
}

/// How many bytes from `start` on are in `set`, at most `most`.
fn run(text: &str, start: usize, most: usize, set: Set) -> usize {
    let length =
        text.as_bytes().get(start..).unwrap_or_default().iter().take(most).take_while(|b| set.holds(**b)).count();
    spend(length + 1);
    length
}

/// Whether no word character stands before `start`. So a run of word characters is looked at once, whatever it holds.
fn begins_word(text: &str, start: usize) -> bool {
    !start.checked_sub(1).and_then(|at| text.as_bytes().get(at)).is_some_and(|b| Set::Word.holds(*b))
}

fn of_shape(text: &str, hit: &Hit, shape: &Shape) -> Option<Sighting> {
    if !begins_word(text, hit.start) {
        return None;
    }
    let (least, most) = shape.length;
    let length = run(text, hit.end, most + 1, shape.set);
    let body = text.get(hit.end..hit.end + length)?;
    if !(least..=most).contains(&length) || placeholder(body) {
        return None;
    }
    let mut end = hit.end + length;
    if shape.prefix == "ghs_" {
        // The claims and the signature of the token inside.
        for _ in 0..2 {
            let part = if text.as_bytes().get(end) == Some(&b'.') { run(text, end + 1, 4096, Set::Word) } else { 0 };
            end += if part >= 16 { part + 1 } else { 0 };
        }
    }
    let severity = if shape.confidence < 0.6 { Severity::Low } else { Severity::High };
    Some(sighting(severity, shape.confidence, hit.start..end, shape.name))
}

/// A private key with a body; the bare header is what documentation shows.
fn pem(text: &str, hit: &Hit) -> Option<Sighting> {
    let (_, head) = window(text, hit.end..hit.end, 0, 64);
    let label =
        head.split("-----").next().filter(|l| l.ends_with("PRIVATE KEY") || l.ends_with("PRIVATE KEY BLOCK"))?;
    let start = hit.end + label.len() + 5;
    let rest = text.get(start..)?;
    let body = rest.bytes().take(8192).take_while(|b| !matches!(b, b'-')).count();
    spend(body);
    let letters = rest.bytes().take(body).filter(u8::is_ascii_alphanumeric).count();
    let end = rest.get(body..).and_then(|r| r.starts_with("-----END ").then(|| r.get(9..)?.find("-----")).flatten());
    let end = end.filter(|e| *e < 64).map_or(start + body, |e| start + body + 9 + e + 5);
    (letters >= 64).then(|| sighting(Severity::Critical, 0.98, hit.start..end, "a private key"))
}

/// A signed token: three parts, of which the first is a header. Each part is looked at only when the one before it is
/// right.
fn jwt(text: &str, hit: &Hit) -> Option<Sighting> {
    if !begins_word(text, hit.start) {
        return None;
    }
    let part = |start: usize, most: usize| {
        let length = run(text, start, most, Set::Word);
        Some((start + length, text.get(start..start + length)?))
    };
    let dot = |at: usize| (text.as_bytes().get(at) == Some(&b'.')).then_some(at + 1);
    let (end, header) = part(hit.start, 1024)?;
    let decoded = URL_SAFE_NO_PAD.decode(header).ok().filter(|h| memchr::memmem::find(h, b"\"alg\"").is_some());
    let claims = decoded.and_then(|_| dot(end))?;
    let (end, claims) = part(claims, 8192)?;
    let (end, signature) = part(dot(end)?, 2048)?;
    (claims.len() >= 16 && signature.len() >= 32)
        .then(|| sighting(Severity::Medium, 0.8, hit.start..end, "a signed token"))
}

fn hook(text: &str, hit: &Hit, name: &'static str) -> Option<Sighting> {
    let path = text.as_bytes().get(hit.end..)?.iter().take(120);
    let length = path.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-')).count();
    let body = text.get(hit.end..hit.end + length)?;
    (length >= 30 && !placeholder(body)).then(|| sighting(Severity::High, 0.9, hit.start..hit.end + length, name))
}

/// A value of high entropy that is called a secret: `client_secret = "…"`, `"password": "…"`, `Bearer …`.
fn assigned(text: &str, hit: &Hit) -> Option<Sighting> {
    let rest = text.as_bytes().get(hit.end..)?;
    let gap = rest.iter().take(16).take_while(|b| matches!(b, b' ' | b'"' | b'\'' | b'`' | b':' | b'=' | b'>')).count();
    let between = rest.get(..gap)?;
    let bearer = text.get(hit.start..hit.end).is_some_and(|w| w.eq_ignore_ascii_case("bearer"));
    let assigns = between.iter().any(|b| matches!(b, b':' | b'='));
    if !assigns && (!bearer || gap != 1) {
        return None;
    }
    let value = rest.get(gap..)?.iter().take(257);
    let length = value.take_while(|b| b.is_ascii_alphanumeric() || b"+/_=.-~!@#%^&*".contains(b)).count();
    spend(gap + length);
    let start = hit.end + gap;
    let value = text.get(start..start + length)?.trim_end_matches(['.', ',']);
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let random = (16..=256).contains(&value.len()) && digits >= 2 && letters >= 4 && entropy(value) >= 3.4;
    // Code (`password=request.headers.get1`) and addresses are not values.
    let code = value.contains("://") || value.matches('.').count() >= 2;
    if placeholder(value) {
        return None;
    }
    let span = start..start + value.len();
    if let Some(name) = context::maker(text, hit, value) {
        return Some(sighting(Severity::High, 0.9, span, name));
    }
    (random && !code).then(|| sighting(Severity::Medium, 0.6, span, "a value of high entropy that is called a secret"))
}

/// What documentation puts in the place of a secret.
fn placeholder(body: &str) -> bool {
    let lower = body.to_ascii_lowercase();
    const WORDS: &[&str] = &[
        "example",
        "xxxx",
        "your",
        "placeholder",
        "changeme",
        "redacted",
        "dummy",
        "sample",
        "insert",
        "1234567890",
        "abcdef",
        "000000",
        "****",
        "....",
    ];
    WORDS.iter().any(|w| lower.contains(w)) || distinct(body) <= 5
}

fn distinct(body: &str) -> u32 {
    let seen = body.bytes().fold(0_u128, |seen, b| seen | 1 << (b & 127));
    seen.count_ones()
}

/// Shannon entropy in bits per byte.
fn entropy(value: &str) -> f32 {
    let mut counts = [0_u16; 128];
    for b in value.bytes() {
        if let Some(n) = counts.get_mut(usize::from(b & 127)) {
            *n += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a value has at most 257 bytes")]
    let total = value.len() as f32;
    counts.iter().filter(|n| **n > 0).map(|n| f32::from(*n) / total).map(|p| -p * p.log2()).sum()
}
