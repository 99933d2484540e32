//! Agents with a role of AWS, by a `GetCallerIdentity` request that they signed and the gateway sends (AWS Signature
//! Version 4; STS API reference, `GetCallerIdentity`).
//!
//! The secret key never leaves the agent: what it hands over can do nothing but say who signed it. Where the request
//! goes, its method and its body are fixed here. The signature covers a header with our audience, so that what was signed
//! for somebody else is worth nothing here, and one with a nonce of ours, so that it is worth something once.

use super::{Attestation, Method};
use doorward_vocab::{Assurance, Digest, Glob, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

/// The body of the request; its method is POST and its path `/`.
pub const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
/// The header with the audience.
pub const AUDIENCE: &str = "x-doorward-audience";
/// The header with the nonce.
pub const NONCE: &str = "x-doorward-nonce";

/// Headers that may be handed over; all others are refused, as they could change what is asked.
const ALLOWED: [&str; 7] =
    ["authorization", "content-type", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", AUDIENCE, NONCE];
/// The type of the body, which is the only one that is sent.
const FORM: &str = "application/x-www-form-urlencoded";
/// The longest header, in bytes: session tokens are long.
const MAX: usize = 8 << 10;

/// Which roles are which agents.
#[derive(Clone, Debug)]
pub struct AwsRules {
    /// What the signed audience must be.
    pub audience: Arc<str>,
    /// The known roles.
    pub roles: Vec<RoleRule>,
}

/// A role that is an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRule {
    /// The agent's id.
    pub agent: Arc<str>,
    /// The number of the account.
    pub account: Arc<str>,
    /// The name of the role, without its path: STS does not say that.
    pub role: Glob,
    /// The name of the session, where not every one will do.
    pub session: Option<Glob>,
}

/// A signed request that may be sent: everything but the signature, which only AWS can check, holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The nonce; it must be one of ours, and be taken out of use before anything is sent.
    pub nonce: String,
    /// The headers to send.
    pub headers: Vec<(String, String)>,
    evidence: Digest,
}

/// Who signed, as STS says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    account: String,
    role: String,
    session: String,
    arn: String,
}

/// Why there is no attestation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// A header that must not be there, is there twice, or cannot be sent.
    #[error("the header `{0}` cannot be part of it")]
    Header(String),
    /// `Authorization` is not of Signature Version 4, or not for STS.
    #[error("it is not signed for STS")]
    Form,
    /// A header that the signature must cover.
    #[error("the signature does not cover `{0}`")]
    Unsigned(&'static str),
    /// It was signed for somebody else.
    #[error("it is signed for another audience")]
    Audience,
    /// The nonce is not ours, over, or was used before.
    #[error("its nonce is not one of ours, or was used")]
    Nonce,
    /// STS does not know it.
    #[error("AWS refuses it: status {0}")]
    Refused(u16),
    /// STS cannot be reached.
    #[error("AWS cannot be asked: {0}")]
    Unreachable(String),
    /// What STS said is not an answer to this.
    #[error("the answer of AWS cannot be read")]
    Answer,
    /// Nobody knows this role.
    #[error("no rule knows `{0}`")]
    Unknown(String),
}

impl AwsRules {
    /// Checks what an agent handed over.
    ///
    /// # Errors
    /// [`AwsError`]; nothing may be sent then.
    pub fn check(&self, headers: &[(String, String)]) -> Result<Signed, AwsError> {
        let mut found: BTreeMap<String, &str> = BTreeMap::new();
        for (name, value) in headers {
            let lower = name.to_ascii_lowercase();
            let fits = value.len() <= MAX && value.bytes().all(|b| (0x20..0x7f).contains(&b));
            let fits = fits && (lower != "content-type" || value == FORM);
            if !ALLOWED.contains(&lower.as_str()) || !fits || found.insert(lower, value).is_some() {
                return Err(AwsError::Header(name.clone()));
            }
        }
        let authorization = found.get("authorization").ok_or(AwsError::Form)?;
        let covered = covered(authorization).ok_or(AwsError::Form)?;
        for name in ["host", "x-amz-date", AUDIENCE, NONCE] {
            if !covered.contains(&name) {
                return Err(AwsError::Unsigned(name));
            }
        }
        if found.contains_key("x-amz-security-token") && !covered.contains(&"x-amz-security-token") {
            return Err(AwsError::Unsigned("x-amz-security-token"));
        }
        // What is covered and not handed over would be made up by us.
        if let Some(missing) = covered.iter().find(|name| **name != "host" && !found.contains_key(**name)) {
            return Err(AwsError::Header((*missing).to_owned()));
        }
        if found.get(AUDIENCE) != Some(&&*self.audience) {
            return Err(AwsError::Audience);
        }
        let nonce = (*found.get(NONCE).ok_or(AwsError::Nonce)?).to_owned();
        let evidence = Digest::of(authorization.as_bytes());
        found.remove("content-type");
        let headers = found.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        Ok(Signed { nonce, headers, evidence })
    }

    /// What the answer of STS proves; with the agent's id.
    ///
    /// # Errors
    /// [`AwsError::Unknown`] where no rule knows the role.
    pub fn judge(&self, signed: &Signed, caller: &Caller, at: Timestamp) -> Result<(Arc<str>, Attestation), AwsError> {
        let fits = |rule: &&RoleRule| {
            *rule.account == *caller.account
                && rule.role.matches(&caller.role)
                && rule.session.as_ref().is_none_or(|session| session.matches(&caller.session))
        };
        let rule = self.roles.iter().find(fits).ok_or_else(|| AwsError::Unknown(caller.arn.clone()))?;
        let attestation = Attestation {
            subject: caller.arn.as_str().into(),
            method: Method::AwsCallerIdentity,
            assurance: Assurance::PlatformToken,
            issuer: Some(format!("aws:{}", caller.account).into()),
            evidence: signed.evidence,
            measured: BTreeMap::new(),
            posture: BTreeMap::from([
                ("account".into(), caller.account.as_str().into()),
                ("role".into(), caller.role.as_str().into()),
                ("session".into(), caller.session.as_str().into()),
            ]),
            key: None,
            at,
            expires: None,
        };
        Ok((rule.agent.clone(), attestation))
    }
}

/// The headers that a signature for STS covers.
fn covered(authorization: &str) -> Option<Vec<&str>> {
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let (mut credential, mut headers, mut signature) = (None, None, None);
    for field in fields.split(',') {
        let (name, value) = field.trim().split_once('=')?;
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut headers,
            "Signature" => &mut signature,
            _ => return None,
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    let mut scope = credential?.rsplit('/');
    let for_sts = (scope.next(), scope.next()) == (Some("aws4_request"), Some("sts"));
    let signature = signature?;
    let is_hex = signature.len() == 64 && signature.bytes().all(|b| b.is_ascii_hexdigit());
    (for_sts && is_hex).then(|| headers.unwrap_or_default().split(';').collect())
}

impl Caller {
    /// Reads the answer of STS. Only the session of a role is an agent: users have keys that never end.
    ///
    /// # Errors
    /// [`AwsError::Answer`] where it is not the answer; [`AwsError::Unknown`] where it names no role.
    pub fn read(xml: &[u8]) -> Result<Self, AwsError> {
        let text = std::str::from_utf8(xml).map_err(|_| AwsError::Answer)?;
        if !text.contains("<GetCallerIdentityResponse") {
            return Err(AwsError::Answer);
        }
        let (arn, account) = (element(text, "Arn")?, element(text, "Account")?);
        let unknown = || AwsError::Unknown(arn.to_owned());
        // arn:partition:sts::account:assumed-role/role/session
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "sts", "", owner, name] = parts.as_slice() else { return Err(unknown()) };
        if !["aws", "aws-cn", "aws-us-gov"].contains(partition) || *owner != account {
            return Err(AwsError::Answer);
        }
        let (role, session) = name.strip_prefix("assumed-role/").and_then(|n| n.split_once('/')).ok_or_else(unknown)?;
        if role.is_empty() || session.is_empty() || session.contains('/') {
            return Err(unknown());
        }
        let own = str::to_owned;
        Ok(Self { account: own(account), role: own(role), session: own(session), arn: own(arn) })
    }
}

/// The text of the one element of this name. Ids of AWS hold nothing that XML would escape.
fn element<'a>(text: &'a str, name: &str) -> Result<&'a str, AwsError> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut after = text.split(open.as_str());
    let (Some(_), Some(rest), None) = (after.next(), after.next(), after.next()) else { return Err(AwsError::Answer) };
    let (value, _) = rest.split_once(close.as_str()).ok_or(AwsError::Answer)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@:/_-".contains(&b);
    if value.is_empty() || value.len() > 2048 || !value.bytes().all(plain) { Err(AwsError::Answer) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> AwsRules {
        let rule = |agent: &str, role: &str, session: Option<&str>| RoleRule {
            agent: agent.into(),
            account: "123456789012".into(),
            role: Glob::new(role),
            session: session.map(Glob::new),
        };
        AwsRules { audience: "gw".into(), roles: vec![rule("etl", "agent", None), rule("ci", "ci-*", Some("run-*"))] }
    }

    fn headers(covered: &str) -> Vec<(String, String)> {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/sts/aws4_request, SignedHeaders={covered}, Signature={}",
            "a".repeat(64)
        );
        [
            ("Authorization", authorization.as_str()),
            ("X-Amz-Date", "20260101T000000Z"),
            ("X-Doorward-Audience", "gw"),
            ("X-Doorward-Nonce", "n-1"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .to_vec()
    }

    const COVERED: &str = "host;x-amz-date;x-doorward-audience;x-doorward-nonce";

    #[test]
    fn only_what_can_do_no_harm_is_sent() {
        let rules = rules();
        let good = rules.check(&headers(COVERED)).unwrap();
        assert_eq!((good.nonce.as_str(), good.headers.len()), ("n-1", 4));
        for (covered, name) in [
            ("x-amz-date;x-doorward-audience;x-doorward-nonce", "host"),
            ("host;x-amz-date;x-doorward-nonce", AUDIENCE),
            ("host;x-amz-date;x-doorward-audience", NONCE),
        ] {
            assert_eq!(rules.check(&headers(covered)), Err(AwsError::Unsigned(name)));
        }
        let with = |name: &str, value: &str| {
            let mut headers = headers(COVERED);
            headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
            headers.push((name.to_owned(), value.to_owned()));
            rules.check(&headers).unwrap_err()
        };
        assert_eq!(with("X-Doorward-Audience", "other"), AwsError::Audience);
        assert_eq!(with("Host", "evil.example"), AwsError::Header("Host".into()));
        assert_eq!(with("X-Amz-Target", "x"), AwsError::Header("X-Amz-Target".into()));
        assert_eq!(with("X-Amz-Security-Token", "t"), AwsError::Unsigned("x-amz-security-token"));
        assert_eq!(with("Content-Type", "a\r\nb"), AwsError::Header("Content-Type".into()));
        assert_eq!(with("Authorization", "Bearer x"), AwsError::Form);
        let other = headers(COVERED)[0].1.replace("/sts/", "/s3/");
        assert_eq!(with("Authorization", &other), AwsError::Form);
        let mut twice = headers(COVERED);
        twice.push(("x-doorward-nonce".into(), "n-2".into()));
        assert_eq!(rules.check(&twice), Err(AwsError::Header("x-doorward-nonce".into())));
        assert_eq!(rules.check(&headers(&format!("{COVERED};x-more"))), Err(AwsError::Header("x-more".into())));
    }

    #[test]
    fn reads_who_signed() {
        let answer = |arn: &str, account: &str| {
            let xml = format!(
                "<GetCallerIdentityResponse xmlns=\"x\"><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>A:b</UserId><Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            );
            Caller::read(xml.as_bytes())
        };
        let (rules, account) = (rules(), "123456789012");
        let signed = rules.check(&headers(COVERED)).unwrap();
        let caller = answer("arn:aws:sts::123456789012:assumed-role/agent/run-7", account).unwrap();
        let (agent, proof) = rules.judge(&signed, &caller, Timestamp::default()).unwrap();
        assert_eq!((&*agent, &*proof.posture["session"], proof.assurance), ("etl", "run-7", Assurance::PlatformToken));
        let other = answer("arn:aws:sts::123456789012:assumed-role/agents/run-7", account).unwrap();
        assert!(matches!(rules.judge(&signed, &other, Timestamp::default()), Err(AwsError::Unknown(_))));
        let of = |name: &str| {
            let caller = answer(&format!("arn:aws:sts::123456789012:assumed-role/{name}"), account).unwrap();
            rules.judge(&signed, &caller, Timestamp::default()).ok().map(|(agent, _)| agent.to_string())
        };
        assert_eq!(of("ci-main/run-1").as_deref(), Some("ci"));
        assert_eq!((of("ci-main/console"), of("main-ci/run-1")), (None, None));
        let stranger = answer("arn:aws:sts::210987654321:assumed-role/agent/run-7", "210987654321").unwrap();
        assert!(matches!(rules.judge(&signed, &stranger, Timestamp::default()), Err(AwsError::Unknown(_))));
        for (arn, account) in [
            ("arn:aws:sts::123456789012:assumed-role/agent/run-7", "999999999999"),
            ("arn:evil:sts::123456789012:assumed-role/agent/run-7", account),
            ("arn:aws:iam::123456789012:user/agent", account),
            ("arn:aws:sts::123456789012:assumed-role/agent", account),
            ("arn:aws:sts::123456789012:assumed-role/agent/a/b", account),
            ("&lt;", account),
            ("", account),
            ("a</Arn><Arn>b", account),
        ] {
            assert!(answer(arn, account).is_err(), "{arn}");
        }
        assert_eq!(Caller::read(b"<html>"), Err(AwsError::Answer));
    }
}
