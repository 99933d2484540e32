use crate::{
    Detector, Findings, Hit, Sighting, View,
    scanner::CONTENT,
    text::{spend, window},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_vocab::{Channel, FindingKind, Severity};

/// # What it does
/// Finds text of the shape of a secret: keys and tokens of known makers, private keys, signed tokens, and values of
/// high entropy that are called a password, secret or key. Placeholders of documentation are passed over.
///
/// # Why that is bad
/// A secret that reaches a model reaches its logs, its provider and whatever it calls next.
///
/// # Example
/// `ghp_` and 36 letters and digits; `client_secret = "…"`
pub(crate) struct SecretShape;

/// The shape of a secret after its prefix.
struct Shape {
    prefix: &'static str,
    /// How many characters of `set` must follow, prefix not counted.
    length: (usize, usize),
    set: Set,
    name: &'static str,
    confidence: f32,
}

#[derive(Clone, Copy)]
enum Set {
    Upper32,
    Alnum,
    /// Letters, digits, `_` and `-`.
    Word,
    /// As `Word`, and `.`.
    Dotted,
    Hex,
}

impl Set {
    const fn holds(self, b: u8) -> bool {
        match self {
            Self::Upper32 => b.is_ascii_uppercase() || matches!(b, b'2'..=b'7'),
            Self::Alnum => b.is_ascii_alphanumeric(),
            Self::Word => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'),
            Self::Dotted => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'),
            Self::Hex => b.is_ascii_hexdigit(),
        }
    }
}

const fn shape(prefix: &'static str, length: (usize, usize), set: Set, name: &'static str, confidence: f32) -> Shape {
    Shape { prefix, length, set, name, confidence }
}

/// The makers' shapes, longer prefixes first where one begins like another.
const SHAPES: &[Shape] = &[
    shape("AKIA", (16, 16), Set::Upper32, "an AWS access key id", 0.9),
    shape("ASIA", (16, 16), Set::Upper32, "an AWS temporary access key id", 0.9),
    shape("github_pat_", (60, 100), Set::Word, "a GitHub token", 0.97),
    shape("ghp_", (36, 40), Set::Alnum, "a GitHub token", 0.97),
    shape("gho_", (36, 40), Set::Alnum, "a GitHub token", 0.97),
    shape("ghu_", (36, 40), Set::Alnum, "a GitHub token", 0.97),
    shape("ghr_", (36, 80), Set::Alnum, "a GitHub token", 0.97),
    // Installation tokens: 36 letters and digits, since 2026 also the app's number and a signed token, see `of_shape`.
    shape("ghs_", (25, 1024), Set::Word, "a GitHub installation token", 0.97),
    shape("glpat-", (20, 64), Set::Dotted, "a GitLab token", 0.95),
    shape("gldt-", (20, 64), Set::Word, "a GitLab deploy token", 0.95),
    shape("glrt-", (20, 64), Set::Word, "a GitLab runner token", 0.95),
    shape("xoxb-", (24, 256), Set::Word, "a Slack token", 0.95),
    shape("xoxp-", (24, 256), Set::Word, "a Slack token", 0.95),
    shape("xoxa-", (24, 256), Set::Word, "a Slack token", 0.95),
    shape("xoxr-", (24, 256), Set::Word, "a Slack token", 0.95),
    shape("xoxs-", (24, 256), Set::Word, "a Slack token", 0.95),
    shape("xapp-", (24, 256), Set::Word, "a Slack app token", 0.95),
    shape("AIza", (35, 35), Set::Word, "a Google API key", 0.9),
    shape("ya29.", (40, 2048), Set::Word, "a Google access token", 0.9),
    shape("GOCSPX-", (28, 28), Set::Word, "a Google client secret", 0.95),
    shape("sk_live_", (24, 128), Set::Alnum, "a Stripe key", 0.97),
    shape("rk_live_", (24, 128), Set::Alnum, "a Stripe key", 0.97),
    shape("whsec_", (32, 64), Set::Alnum, "a Stripe webhook secret", 0.9),
    shape("sk_test_", (24, 128), Set::Alnum, "a Stripe test key", 0.5),
    shape("sk-ant-", (80, 160), Set::Word, "an Anthropic key", 0.97),
    shape("sk-proj-", (40, 200), Set::Word, "an OpenAI key", 0.95),
    shape("npm_", (36, 36), Set::Alnum, "an npm token", 0.9),
    shape("pypi-AgEI", (50, 256), Set::Word, "a PyPI token", 0.97),
    shape("hf_", (34, 40), Set::Alnum, "a Hugging Face token", 0.9),
    shape("dop_v1_", (64, 64), Set::Hex, "a DigitalOcean token", 0.97),
    shape("shpat_", (32, 32), Set::Hex, "a Shopify token", 0.95),
    shape("hvs.", (24, 256), Set::Word, "a Vault token", 0.9),
    shape("SG.", (60, 80), Set::Dotted, "a SendGrid key", 0.9),
    shape("lin_api_", (40, 40), Set::Alnum, "a Linear key", 0.95),
    shape("ntn_", (40, 60), Set::Alnum, "a Notion token", 0.9),
];
const PEM: &str = "-----BEGIN ";
const JWT: &str = "eyJ";
const SLACK_HOOK: &str = "hooks.slack.com/services/T";
/// What people call a secret, before an equals sign or colon.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "password", "passwd", "secret", "api_key", "apikey", "api-key", "access_key", "access_token", "auth_token",
    "client_secret", "secret_key", "private_token", "bearer", "authorization",
];

static LITERALS: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
    SHAPES.iter().map(|s| s.prefix).chain([PEM, JWT, SLACK_HOOK]).chain(KEYWORDS.iter().copied()).collect()
});

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
    fn scan(&self, view: &View<'_>, out: &mut Findings) {
        let text = view.text.text;
        // Where one secret ended the next may begin; nothing inside a secret is looked at again.
        let mut done = 0;
        for hit in view.hits.iter() {
            if hit.start < done {
                continue;
            }
            let literal = LITERALS.get(hit.literal).copied().unwrap_or_default();
            // The pass over the literals ignores case; the makers do not.
            let exact = text.get(hit.start..hit.end) == Some(literal);
            let found = match hit.literal.checked_sub(SHAPES.len()) {
                None if exact => SHAPES.get(hit.literal).and_then(|shape| of_shape(text, hit, shape)),
                Some(0) if exact => pem(text, hit),
                Some(1) if exact => jwt(text, hit),
                Some(2) => slack_hook(text, hit),
                Some(n) if n > 2 => assigned(text, hit),
                _ => None,
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

fn slack_hook(text: &str, hit: &Hit) -> Option<Sighting> {
    let path = text.as_bytes().get(hit.end..)?.iter().take(80);
    let length = path.take_while(|b| b.is_ascii_alphanumeric() || **b == b'/').count();
    let body = text.get(hit.end..hit.end + length)?;
    (length >= 30 && !placeholder(body))
        .then(|| sighting(Severity::High, 0.9, hit.start..hit.end + length, "a Slack webhook address"))
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
    let code = value.contains("://") || value.matches('.').count() >= 2 || placeholder(value);
    (random && !code).then(|| {
        sighting(Severity::Medium, 0.6, start..start + value.len(), "a value of high entropy that is called a secret")
    })
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
